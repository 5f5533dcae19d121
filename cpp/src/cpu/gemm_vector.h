// Dot products and matrix-vector kernels: these wait for memory, so they keep many streams going.
#pragma once

#include "cpu/gemm_tile.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// Sum of the lanes of a vector, half on half.
template <class T, class V>
inline T sum_lanes(V v) {
  if constexpr (sizeof(V) == 2 * sizeof(T)) {
    return v[0] + v[1];
  } else {
    using Half = Vec<T, sizeof(V) / 2>;
    Half low, high;
    __builtin_memcpy(&low, &v, sizeof(Half));
    __builtin_memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof(Half), sizeof(Half));
    return sum_lanes<T>(low + high);
  }
}

// Dot products of ROWS rows of a with x, by SUMS vectors of partial sums a row.
template <class T, int ROWS, int SUMS>
inline void dot_rows(const T* a, int64_t a_row, const T* x, int64_t n, T* out) {
  using V = Vec<T>;
  constexpr int L = kLanes<T>;
  V acc[ROWS][SUMS] = {};
  int64_t i = 0;
  for (; i + SUMS * L <= n; i += SUMS * L) {
#pragma GCC unroll 8
    for (int s = 0; s < SUMS; ++s) {
      const V xv = load<V>(x + i + s * L);
#pragma GCC unroll 8
      for (int r = 0; r < ROWS; ++r) {
        acc[r][s] = multiply_add(load<V>(a + r * a_row + i + s * L), xv, acc[r][s]);
      }
    }
  }
  for (; i + L <= n; i += L) {
    const V xv = load<V>(x + i);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; ++r) {
      acc[r][0] = multiply_add(load<V>(a + r * a_row + i), xv, acc[r][0]);
    }
  }
  if (i < n) {
    const Mask<T> mask(static_cast<int>(n - i));
    const V xv = mask.load(x + i);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; ++r) {
      acc[r][SUMS - 1] = multiply_add(mask.load(a + r * a_row + i), xv, acc[r][SUMS - 1]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
#pragma GCC unroll 8
    for (int half = SUMS / 2; half > 0; half /= 2) {
#pragma GCC unroll 8
      for (int s = 0; s < half; ++s) acc[r][s] += acc[r][s + half];
    }
    out[r] = sum_lanes<T>(acc[r][0]);
  }
}

template <class T>
void dot(const void* x, const void* y, int64_t n, void* out) {
  dot_rows<T, 1, 8>(static_cast<const T*>(x), 0, static_cast<const T*>(y), n, static_cast<T*>(out));
}

// A row's sum has one order whether it is taken alone or with others.
template <class T>
void gemv_rows(int64_t m, int64_t k, const void* a_, int64_t a_row, const void* x_, void* out_) {
  const T* a = static_cast<const T*>(a_);
  const T* x = static_cast<const T*>(x_);
  T* out = static_cast<T*>(out_);
  int64_t i = 0;
  for (; i + 4 <= m; i += 4) dot_rows<T, 4, 2>(a + i * a_row, a_row, x, k, out + i);
  for (; i < m; ++i) dot_rows<T, 1, 2>(a + i * a_row, a_row, x, k, out + i);
}

// out[0..m) += COLS columns, one after another.
template <class T, int COLS>
inline void add_columns(int64_t m, const T* a, int64_t a_col, const T* x, int64_t x_stride,
                        T* out) {
  using V = Vec<T>;
  constexpr int L = kLanes<T>;
  V xv[COLS];
  for (int j = 0; j < COLS; ++j) xv[j] = x[j * x_stride] - V{};
  int64_t i = 0;
  for (; i + L <= m; i += L) {
    V sum = load<V>(out + i);
#pragma GCC unroll 8
    for (int j = 0; j < COLS; ++j) sum = multiply_add(load<V>(a + j * a_col + i), xv[j], sum);
    store(out + i, sum);
  }
  if (i < m) {
    const Mask<T> mask(static_cast<int>(m - i));
    V sum = mask.load(out + i);
#pragma GCC unroll 8
    for (int j = 0; j < COLS; ++j) sum = multiply_add(mask.load(a + j * a_col + i), xv[j], sum);
    mask.store(out + i, sum);
  }
}

template <class T>
void gemv_cols(int64_t m, int64_t k, const void* a_, int64_t a_col, const void* x_,
               int64_t x_stride, void* out_, bool accumulate) {
  const T* a = static_cast<const T*>(a_);
  const T* x = static_cast<const T*>(x_);
  T* out = static_cast<T*>(out_);
  if (!accumulate) {
    for (int64_t i = 0; i < m; ++i) out[i] = T(0);
  }
  int64_t j = 0;
  for (; j + 8 <= k; j += 8) {
    add_columns<T, 8>(m, a + j * a_col, a_col, x + j * x_stride, x_stride, out);
  }
  for (; j < k; ++j) add_columns<T, 1>(m, a + j * a_col, a_col, x + j * x_stride, x_stride, out);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
