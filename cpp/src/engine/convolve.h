// Convolution and its two derivatives, as matrix products whose panels are packed from images.
#pragma once

#include <cstdint>

#include "ndtape/dtype.h"

namespace ndtape::engine {

// Spatial axes are always three; those that an image lacks come first and have length 1.
inline constexpr int kSpatial = 3;

struct ConvAxis {
  int64_t input, output, kernel;
  int64_t stride, padding, dilation;  // padding is what precedes the input
};

// Output position o meets input position o * stride + i * dilation - padding with weight i; beyond
// the input there are zeros.
struct ConvShape {
  int64_t images, groups;
  int64_t in_channels, out_channels;  // of a group
  ConvAxis axes[kSpatial];
};

// Images to read, with strides in elements, of any sign.
struct ConvImages {
  const void* data;
  int64_t image, channel, axes[kSpatial];
};

// All operands of one float dtype: x (images, groups * in, *input), w (groups * out, in, *kernel),
// y (images, groups * out, *output). What is not ConvImages is row-major. No length is 0.
// bias, if not null, has a value an output channel.
void convolve(DType dtype, const ConvShape& shape, const ConvImages& x, const void* w,
              const void* bias, void* y);
// The same for up to kFewProducts of an element and a weight, one after another: tables of places
// and packed panels would take longer.
inline constexpr int64_t kFewProducts = 512;
void convolve_few(DType dtype, const ConvShape& shape, const ConvImages& x, const void* w,
                  const void* bias, void* y);
// x from y: the derivative of `convolve` by x, a transposed convolution.
void convolve_input(DType dtype, const ConvShape& shape, const ConvImages& y, const void* w,
                    void* x);
// w from x and y: the derivative by w. The positions of y must lie at one stride, axes[2].
void convolve_weight(DType dtype, const ConvShape& shape, const ConvImages& x, const ConvImages& y,
                     void* w);

}  // namespace ndtape::engine
