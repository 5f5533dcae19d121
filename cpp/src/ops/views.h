// The derivatives of views and picks: a gradient put back where they lay.
#pragma once

#include <memory>
#include <vector>

#include "ndtape/ops.h"
#include "tape/saved.h"

namespace ndtape {

// Zeros of `shape` with g added at `layout`, a view of a row-major tensor of that shape. Where the
// view names an element several times, what falls on it is summed.
Tensor embed(const Tensor& g, const Dims& shape, const Layout& layout);

// The view of x, made row-major, at such a layout: the derivative of embed.
Tensor extract(const Tensor& x, const Layout& layout);

// Where a view lies in its base. A gradient, of the base's shape, is row-major; a base need not be.
// Then the gradient is first laid out as the base is, in a flat piece of memory of its own.
struct Place {
  struct Memory {
    Layout base;
    int64_t size = 0;  // in elements
  };
  Layout part;  // in the gradient, or in that memory
  std::shared_ptr<const Memory> memory = {};
};
Place place_of(const Tensor& base, const Layout& view);
// Throws TapeError, naming `what`, for a base that has no places: one that names one element
// several times.
void check_places(const char* what, const Tensor& base, const Layout& view);

// The part of x, which has the base's shape; and its derivative: zeros of that shape beside g.
Tensor read_part(const Tensor& x, const Place& place);
Tensor write_part(const Tensor& g, const Dims& shape, const Place& place);
// A gradient without the part.
Tensor clear_part(const Tensor& g, const Place& place);

// Zeros of `shape` with `values` added at positions along an axis; the derivative of
// take_along_axis.
Tensor add_along_axis(const Dims& shape, const Tensor& indices, const Tensor& values, int axis);

// x itself when row-major, else a copy.
Tensor contiguous(const Tensor& x);

// Throws ValueError for memory that must not be changed: read-only, or an element named twice.
void check_writable(const char* what, const Tensor& x);

// Throws IndexError unless it is a mask of that shape.
void check_mask(const Tensor& mask, const Dims& shape);

// Positions and masks are kept in memory of our own: the array that a caller gave as a key is the
// caller's to change.
Saved save_key(const Tensor& key);

// The layout a basic index gives. Throws IndexError for a position out of range or too many
// entries, ValueError for a step of 0.
Layout index_layout(const Layout& layout, const std::vector<Index>& index);

}  // namespace ndtape
