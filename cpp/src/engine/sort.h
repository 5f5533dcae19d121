// Sorting by the digits of keys.
#pragma once

#include "ndtape/tensor.h"

namespace ndtape::engine {

// x: (lines, n) row-major, of a real dtype. Each line in ascending or descending order, NaN above
// all else; elements that are equal, as 0.0 and -0.0 are, and NaN too, keep their order.
void sort_lines(const Tensor& x, bool descending, const Tensor& out);
// Where the elements of that order stand in their lines; out is int64.
void argsort_lines(const Tensor& x, bool descending, const Tensor& out);

}  // namespace ndtape::engine
