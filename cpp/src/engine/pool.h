// Pooling: what the values in a window of a plane come to.
#pragma once

#include <cstdint>

#include "ndtape/dtype.h"

namespace ndtape::engine {

// What an output position sees of an axis: `count` values from `begin` on, each of which counts for
// `share` in a mean.
struct PoolWindow {
  int64_t begin, count;
  double share;
};

// One of three spatial axes. A window of `kernel` values, `dilation` apart, goes along in steps of
// `stride` from `padding` before the image, at whose borders it is cut; where padding counts, in a
// share only. A kernel of 0: the axis is divided as evenly as may be; neighbours may share a value.
struct PoolAxis {
  int64_t input = 1, output = 1;
  int64_t kernel = 0, stride = 1, padding = 0, dilation = 1;
  bool padding_counts = false;
  PoolWindow window(int64_t o) const;
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
