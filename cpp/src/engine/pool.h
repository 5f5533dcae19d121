// Pooling: what the values in a window of a plane come to.
#pragma once

#include <cstdint>
#include <vector>

#include "ndtape/dtype.h"

namespace ndtape::engine {

// One of three spatial axes: output position o sees the input from begin[o] on, every `step`,
// count[o] values; share[o] is what one of them counts for in a mean.
struct PoolAxis {
  int64_t input;
  int64_t step;
  std::vector<int64_t> begin, count;
  std::vector<double> share;
  int64_t output() const { return static_cast<int64_t>(begin.size()); }
};

// All row-major: x (planes, *input), y and positions (planes, *output). Windows are not empty.

// y: the maximum of each window, NaN if there is one; positions, if not null: where in the plane it
// lies, the first of several. A plane has fewer than 2^31 elements.
void max_pool(DType dtype, int64_t planes, const PoolAxis (&axes)[3], const void* x, void* y,
              int32_t* positions);
// y[i] = x[positions[i]] and x[positions[i]] += y[i], plane by plane.
void gather_planes(DType dtype, int64_t planes, int64_t input, int64_t output, const void* x,
                   const int32_t* positions, void* y);
void scatter_planes(DType dtype, int64_t planes, int64_t input, int64_t output, const void* y,
                    const int32_t* positions, void* x);

// y: the weighted sum of each window, and its transpose.
void mean_pool(DType dtype, int64_t planes, const PoolAxis (&axes)[3], const void* x, void* y);
void mean_spread(DType dtype, int64_t planes, const PoolAxis (&axes)[3], const void* y, void* x);

}  // namespace ndtape::engine
