// Triangles of matrices.
#pragma once

#include <cstdint>

#include "ndtape/tensor.h"

namespace ndtape::engine {

// out = x on and below diagonal k of its matrices, the last two axes (`lower`), or on and above it;
// 0 elsewhere. out is row-major, of x's shape and dtype; -rows - 1 <= k <= columns + 1.
void triangle(const Tensor& x, int64_t k, bool lower, const Tensor& out);

}  // namespace ndtape::engine
