// Fourier transforms: of many numbers, for lengths that are powers of two, and of few.
#pragma once

#include "ndtape/tensor.h"

namespace ndtape::engine {

inline constexpr int64_t kFftMany = 4096;    // numbers from which on these kernels are worth it
inline constexpr int64_t kFftDirect = 2048;  // lengths that stay in the L2 cache
inline constexpr int64_t kFftMost = kFftDirect * kFftDirect;  // of lines that lie together

// The transforms of x, (outer, n, inner), along its second axis, times factor, to out; both
// row-major and of one complex dtype. n is a power of two from 16 to kFftDirect, with inner 1 to
// kFftMost.
void fft(const Tensor& x, bool inverse, double factor, const Tensor& out);

// The transforms of lines of n real numbers, (lines, n), to (lines, n / 2 + 1), and back; n a power
// of two from 32 to 2 kFftMost.
void rfft(const Tensor& x, double factor, const Tensor& out);
void irfft(const Tensor& x, double factor, const Tensor& out);

// Whether `lines` transforms of length n are so few operations that fft_few makes them at once.
bool is_few_fft(int64_t n, int64_t lines);
// Transforms of length n along an axis, times factor. x is real or complex. Where out has length
// n / 2 + 1 it is the half that says it all of x's, which is real; where out is real x is such a
// half. Strides are any.
void fft_few(const Tensor& x, int axis, int64_t n, bool inverse, double factor, const Tensor& out);

// exp(-2 pi i k / n) for 0 <= k < n, rounded once; exact at multiples of a quarter.
void root_of_unity(int64_t k, int64_t n, long double& re, long double& im);

}  // namespace ndtape::engine
