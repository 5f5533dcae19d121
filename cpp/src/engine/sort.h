// Sorting by the digits of keys.
#pragma once

#include "ndtape/tensor.h"

namespace ndtape::engine {

// x: row-major, of a real dtype, with lines along its last axis. Each line in ascending or
// descending order, NaN above all else; elements that are equal, as 0.0 and -0.0 are, and NaN too,
// keep their order. values and positions (int64) are of x's shape; one of them may be null. With
// both, the position p of an element that is equal to the one before it is written as ~p.
void sort_lines(const Tensor& x, bool descending, const Tensor* values, const Tensor* positions);

}  // namespace ndtape::engine
