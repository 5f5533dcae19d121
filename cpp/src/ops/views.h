// The derivative of views: a gradient put back where the view lay.
#pragma once

#include "ndtape/ops.h"

namespace ndtape {

// Zeros of `shape` with g added at `layout`, a view of a row-major tensor of that shape. Where the
// view names an element several times, what falls on it is summed.
Tensor embed(const Tensor& g, const Dims& shape, const Layout& layout);

// The view of x, made row-major, at such a layout: the derivative of embed.
Tensor extract(const Tensor& x, const Layout& layout);

// `layout`, of a view of `base`, relative to base's first element. Throws TapeError unless base is
// row-major.
Layout within(const Tensor& base, const Layout& layout);

// x itself when row-major, else a copy.
Tensor contiguous(const Tensor& x);

// Throws ValueError for memory that must not be changed: read-only, or an element named twice.
void check_writable(const char* what, const Tensor& x);

// The layout a basic index gives. Throws IndexError for a position out of range or too many
// entries, ValueError for a step of 0.
Layout index_layout(const Layout& layout, const std::vector<Index>& index);

}  // namespace ndtape
