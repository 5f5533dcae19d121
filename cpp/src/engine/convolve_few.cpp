// Convolution of few elements, as its definition says it.
#include "engine/convolve.h"

namespace ndtape::engine {
namespace {

// The place that weight i of an output meets along an axis, or -1 beyond the input.
int64_t met(const ConvAxis& axis, int64_t output, int64_t i) {
  const int64_t at = output * axis.stride + i * axis.dilation - axis.padding;
  return at < axis.input ? at : -1;
}

// What an output meets of one channel, whose weights lie in a row.
template <class T>
T sum_of_channel(const ConvShape& s, const ConvImages& x, const T* channel, const T* w,
                 const int64_t (&output)[kSpatial]) {
  const auto [a0, a1, a2] = s.axes;
  T sum = 0;
  for (int64_t i = 0; i < a0.kernel; ++i) {
    const int64_t at0 = met(a0, output[0], i);
    for (int64_t j = 0; j < a1.kernel; ++j) {
      const int64_t at1 = met(a1, output[1], j);
      for (int64_t k = 0; k < a2.kernel; ++k, ++w) {
        const int64_t at2 = met(a2, output[2], k);
        const bool inside = (at0 | at1 | at2) >= 0;
        sum += *w * (inside ? channel[at0 * x.axes[0] + at1 * x.axes[1] + at2 * x.axes[2]] : T(0));
      }
    }
  }
  return sum;
}

template <class T>
void convolve_few(const ConvShape& s, const ConvImages& x, const T* weights, const T* bias, T* y) {
  const int64_t taps = s.axes[0].kernel * s.axes[1].kernel * s.axes[2].kernel;
  for (int64_t image = 0; image < s.images; ++image) {
    for (int64_t o = 0; o < s.groups * s.out_channels; ++o) {
      const T* const first = static_cast<const T*>(x.data) + image * x.image +
                             o / s.out_channels * s.in_channels * x.channel;
      int64_t at[kSpatial];
      for (at[0] = 0; at[0] < s.axes[0].output; ++at[0]) {
        for (at[1] = 0; at[1] < s.axes[1].output; ++at[1]) {
          for (at[2] = 0; at[2] < s.axes[2].output; ++at[2]) {
            const T* w = weights + o * s.in_channels * taps;
            T sum = bias ? bias[o] : T(0);
            for (int64_t c = 0; c < s.in_channels; ++c, w += taps) {
              sum += sum_of_channel(s, x, first + c * x.channel, w, at);
            }
            *y++ = sum;
          }
        }
      }
    }
  }
}

}  // namespace

void convolve_few(DType dtype, const ConvShape& shape, const ConvImages& x, const void* w,
                  const void* bias, void* y) {
  const auto run = [&]<class T>(T) {
    convolve_few(shape, x, static_cast<const T*>(w), static_cast<const T*>(bias),
                 static_cast<T*>(y));
  };
  dtype == DType::Float32 ? run(float()) : run(double());
}

}  // namespace ndtape::engine
