// Fourier transforms whose lengths are powers of two.
#pragma once

#include "ndtape/tensor.h"

namespace ndtape::engine {

inline constexpr int64_t kFftDirect = 2048;                   // lengths that stay in the L2 cache
inline constexpr int64_t kFftMost = kFftDirect * kFftDirect;  // of lines that lie together

// The transforms of x, (outer, n, inner), along its second axis, times factor, to out; both
// row-major and of one complex dtype. n is a power of two from 16 to kFftDirect, with inner 1 to
// kFftMost.
void fft(const Tensor& x, bool inverse, double factor, const Tensor& out);

// The transforms of lines of n real numbers, (lines, n), to (lines, n / 2 + 1), and back; n a power
// of two from 32 to 2 kFftMost.
void rfft(const Tensor& x, double factor, const Tensor& out);
void irfft(const Tensor& x, double factor, const Tensor& out);

}  // namespace ndtape::engine
