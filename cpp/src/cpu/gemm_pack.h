// Packing: panels of W values a step, in the order the micro-kernel reads them.
#pragma once

#include "cpu/shuffle.h"
#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// Writes the transpose of a 4 x 4 block: dst[j * width + i] = src[i * lane + j].
inline void transpose4(const float* a, const float* b, const float* c, const float* d, float* dst,
                       int width) {
  using V = Vec<float, 16>;
  const V r0 = load<V>(a), r1 = load<V>(b), r2 = load<V>(c), r3 = load<V>(d);
  const V lo01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
  const V hi01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
  const V lo23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
  const V hi23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
  store(dst, V(__builtin_shufflevector(lo01, lo23, 0, 1, 4, 5)));
  store(dst + width, V(__builtin_shufflevector(lo01, lo23, 2, 3, 6, 7)));
  store(dst + 2 * width, V(__builtin_shufflevector(hi01, hi23, 0, 1, 4, 5)));
  store(dst + 3 * width, V(__builtin_shufflevector(hi01, hi23, 2, 3, 6, 7)));
}

inline void transpose2(const double* a, const double* b, double* dst, int width) {
  using V = Vec<double, 16>;
  const V r0 = load<V>(a), r1 = load<V>(b);
  store(dst, V(__builtin_shufflevector(r0, r1, 0, 2)));
  store(dst + width, V(__builtin_shufflevector(r0, r1, 1, 3)));
}

inline void transpose4(const double* a, const double* b, const double* c, const double* d,
                       double* dst, int width) {
  transpose2(a, b, dst, width);
  transpose2(a + 2, b + 2, dst + 2 * width, width);
  transpose2(c, d, dst + 2, width);
  transpose2(c + 2, d + 2, dst + 2 * width + 2, width);
}

// Lanes are contiguous: each step is a copy.
template <class T, int W>
inline void pack_copy(const T* src, int64_t step, int64_t k, int lanes, T* panel) {
  if (lanes == W) {
    for (int64_t p = 0; p < k; ++p, src += step, panel += W) {
      __builtin_memcpy(panel, src, W * sizeof(T));
    }
    return;
  }
  for (int64_t p = 0; p < k; ++p, src += step, panel += W) {
    for (int i = 0; i < lanes; ++i) panel[i] = src[i];
    for (int i = lanes; i < W; ++i) panel[i] = T(0);
  }
}

// Lanes are every second value: loads stop short of the one after the last, which may not be ours.
template <class T, int W>
inline void pack_every_second(const T* src, int64_t step, int64_t k, T* panel) {
  constexpr int kBytes = kVectorBytes < 32 ? kVectorBytes : 32;
  constexpr int N = kBytes / static_cast<int>(sizeof(T));
  using V = Vec<T, kBytes>;
  for (int64_t p = 0; p < k; ++p, src += step, panel += W) {
#pragma GCC unroll 8
    for (int i = 0; i + N <= W; i += N) {
      const T* const s = src + 2 * i;
      store(panel + i, Pattern<N>::template even_then_odd<V>(load<V>(s), load<V>(s + N - 1)));
    }
    for (int i = W / N * N; i < W; ++i) panel[i] = src[2 * i];
  }
}

template <class T, int W>
inline void pack_strided(const T* src, int64_t step, int64_t lane, int64_t k, int lanes, T* panel) {
  if (lane == 2 && lanes == W) return pack_every_second<T, W>(src, step, k, panel);
  for (int64_t p = 0; p < k; ++p, src += step, panel += W) {
    for (int i = 0; i < lanes; ++i) panel[i] = src[i * lane];
    for (int i = lanes; i < W; ++i) panel[i] = T(0);
  }
}

// Steps are contiguous: the panel is a transpose, taken a cache line of each lane at a time, since
// the lines of many lanes may compete for one set of the cache.
template <class T, int W>
inline void pack_transpose(const T* src, int64_t lane, int64_t k, int lanes, T* panel) {
  constexpr int kLine = 64 / sizeof(T);
  const int fours = lanes / 4 * 4;
  int64_t p = 0;
  for (; p + kLine <= k; p += kLine) {
    for (int i = 0; i < fours; i += 4) {
      for (int q = 0; q < kLine; q += 4) {
        const T* s = src + i * lane + p + q;
        transpose4(s, s + lane, s + 2 * lane, s + 3 * lane, panel + (p + q) * W + i, W);
      }
    }
  }
  for (int i = 0; i < fours; ++i) {
    for (int64_t q = p; q < k; ++q) panel[q * W + i] = src[i * lane + q];
  }
  for (int i = fours; i < W; ++i) {
    for (int64_t q = 0; q < k; ++q) panel[q * W + i] = i < lanes ? src[i * lane + q] : T(0);
  }
}

template <class T, int W>
void pack(const void* src_, int64_t step, int64_t lane, int64_t k, int lanes, void* panel_) {
  const T* src = static_cast<const T*>(src_);
  T* panel = static_cast<T*>(panel_);
  if (lane == 1) return pack_copy<T, W>(src, step, k, lanes, panel);
  if (step == 1) return pack_transpose<T, W>(src, lane, k, lanes, panel);
  pack_strided<T, W>(src, step, lane, k, lanes, panel);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
