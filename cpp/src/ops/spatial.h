// What convolution and pooling ask of their arguments.
#pragma once

#include "ndtape/ops.h"

namespace ndtape {

// Throws ValueError unless there is one value an axis, each at least `least`.
void check_per_axis(const char* what, const char* argument, const Dims& values, int axes,
                    int64_t least);

// x's dtype if that is a float one, the default one for integers and bool; others are TypeErrors.
DType real_float(const char* what, const Tensor& x);

// How many windows fit an axis with `padding` on both sides; ValueError when none does.
int64_t windows(const char* what, int64_t length, int64_t kernel, int64_t stride, int64_t padding,
                int64_t dilation);

}  // namespace ndtape
