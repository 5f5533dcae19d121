// The micro-kernels: a tile of c in registers, updated by one outer product per step along k.
#pragma once

#include "cpu/simd.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// A tile is kMr rows by kNv vectors. The accumulators leave room for kNv vectors of b and a
// broadcast value of a: 24 of 32 registers, or 12 of 16.
#if defined(__AVX512F__) || defined(__aarch64__)
inline constexpr int kMr = 12;
#else
inline constexpr int kMr = 6;
#endif
inline constexpr int kNv = 2;

template <class T>
inline constexpr int kNr = kNv * kLanes<T>;

inline constexpr int kPrefetchSteps = 64;  // shorter loops are over before c could arrive

inline float multiply_add(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

inline double multiply_add(double a, double b, double c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

#if defined(__AVX512F__)
inline f32 multiply_add(f32 a, f32 b, f32 c) { return (f32)_mm512_fmadd_ps(a, b, c); }
inline f64 multiply_add(f64 a, f64 b, f64 c) { return (f64)_mm512_fmadd_pd(a, b, c); }
#elif defined(__FMA__)
inline f32 multiply_add(f32 a, f32 b, f32 c) { return (f32)_mm256_fmadd_ps(a, b, c); }
inline f64 multiply_add(f64 a, f64 b, f64 c) { return (f64)_mm256_fmadd_pd(a, b, c); }
#elif defined(__aarch64__)
inline f32 multiply_add(f32 a, f32 b, f32 c) {
  return (f32)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
}
inline f64 multiply_add(f64 a, f64 b, f64 c) {
  return (f64)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
}
#else
inline f32 multiply_add(f32 a, f32 b, f32 c) { return a * b + c; }
inline f64 multiply_add(f64 a, f64 b, f64 c) { return a * b + c; }
#endif

// The first n lanes of a vector in memory, 1 <= n <= kLanes<T>. Lanes beyond n are read as zero
// and never touched in memory.
#if defined(__AVX512F__)
struct Mask32 {
  __mmask16 bits;
  explicit Mask32(int n) : bits(static_cast<__mmask16>(0xffffu >> (16 - n))) {}
  f32 load(const float* p) const { return (f32)_mm512_maskz_loadu_ps(bits, p); }
  void store(float* p, f32 v) const { _mm512_mask_storeu_ps(p, bits, (__m512)v); }
};
struct Mask64 {
  __mmask8 bits;
  explicit Mask64(int n) : bits(static_cast<__mmask8>(0xffu >> (8 - n))) {}
  f64 load(const double* p) const { return (f64)_mm512_maskz_loadu_pd(bits, p); }
  void store(double* p, f64 v) const { _mm512_mask_storeu_pd(p, bits, (__m512d)v); }
};
inline constexpr bool kMaskedLoads = true;  // in a loop they cost no more than others
#elif defined(__AVX2__)
// Masked stores are slow on some AVX2 processors, so stores go by halves.
struct Mask32 {
  __m256i bits;
  int n;
  explicit Mask32(int count)
      : bits(_mm256_cmpgt_epi32(_mm256_set1_epi32(count),
                                _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))),
        n(count) {}
  f32 load(const float* p) const { return (f32)_mm256_maskload_ps(p, bits); }
  void store(float* p, f32 v) const {
    if (n == 8) return _mm256_storeu_ps(p, (__m256)v);
    __m128 part = _mm256_castps256_ps128((__m256)v);
    if (n & 4) {
      _mm_storeu_ps(p, part);
      part = _mm256_extractf128_ps((__m256)v, 1);
      p += 4;
    }
    if (n & 2) {
      _mm_storel_pi(reinterpret_cast<__m64*>(p), part);
      part = _mm_movehl_ps(part, part);
      p += 2;
    }
    if (n & 1) _mm_store_ss(p, part);
  }
};
struct Mask64 {
  __m256i bits;
  int n;
  explicit Mask64(int count)
      : bits(_mm256_cmpgt_epi64(_mm256_set1_epi64x(count), _mm256_setr_epi64x(0, 1, 2, 3))),
        n(count) {}
  f64 load(const double* p) const { return (f64)_mm256_maskload_pd(p, bits); }
  void store(double* p, f64 v) const {
    if (n == 4) return _mm256_storeu_pd(p, (__m256d)v);
    __m128d part = _mm256_castpd256_pd128((__m256d)v);
    if (n & 2) {
      _mm_storeu_pd(p, part);
      part = _mm256_extractf128_pd((__m256d)v, 1);
      p += 2;
    }
    if (n & 1) _mm_store_sd(p, part);
  }
};
inline constexpr bool kMaskedLoads = true;
#else
template <class T>
struct MaskByLanes {
  int n;
  explicit MaskByLanes(int count) : n(count) {}
  Vec<T> load(const T* p) const {
    if (n == kLanes<T>) return NDTAPE_ISA::load<Vec<T> >(p);
    Vec<T> v = {};
    for (int i = 0; i < n; ++i) v[i] = p[i];
    return v;
  }
  void store(T* p, Vec<T> v) const {
    if (n == kLanes<T>) return NDTAPE_ISA::store(p, v);
    for (int i = 0; i < n; ++i) p[i] = v[i];
  }
};
using Mask32 = MaskByLanes<float>;
using Mask64 = MaskByLanes<double>;
inline constexpr bool kMaskedLoads = false;
#endif

template <class T>
struct MaskOf;
template <>
struct MaskOf<float> {
  using type = Mask32;
};
template <>
struct MaskOf<double> {
  using type = Mask64;
};
template <class T>
using Mask = typename MaskOf<T>::type;

// c is wanted after a loop along k, and its rows are too many streams for the processor.
template <class T, int M, int NV>
NDTAPE_INLINE void prefetch_tile(int64_t k, const T* c, int64_t c_row) {
  if (k < kPrefetchSteps) return;
  for (int i = 0; i < M; ++i, c += c_row) {
    for (int j = 0; j < NV; ++j) __builtin_prefetch(c + j * kLanes<T>, 1);
  }
}

// Writes a tile, or adds it to what is there.
template <class T, int M, int NV>
NDTAPE_INLINE void write_tile(Vec<T> (&acc)[M][NV], T* c, int64_t c_row, const Mask<T>& mask,
                              bool accumulate) {
  using V = Vec<T>;
  constexpr int L = kLanes<T>;
  if (accumulate) {
    const T* from = c;
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i, from += c_row) {
#pragma GCC unroll 4
      for (int j = 0; j < NV - 1; ++j) acc[i][j] += load<V>(from + j * L);
      acc[i][NV - 1] += mask.load(from + (NV - 1) * L);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i, c += c_row) {
#pragma GCC unroll 4
    for (int j = 0; j < NV - 1; ++j) store(c + j * L, acc[i][j]);
    mask.store(c + (NV - 1) * L, acc[i][NV - 1]);
  }
}

// Where a tile kernel finds its operands. Strides in elements; b and c have unit column stride.
template <class T>
struct Tile {
  int64_t k;
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row;
  T* c;
  int64_t c_row;
  int last;  // columns in the last vector of c
  bool accumulate;
};

// One tile of M rows by NV vectors, of which the last may be partial; without masked loads, b must
// be readable beyond it. Packed: a and b are panels of kMr and kNr values a step, padded with
// zeros.
template <class T, int M, int NV, bool Packed>
void tile_kernel(const Tile<T>& t) {
  using V = Vec<T>;
  constexpr int L = kLanes<T>;
  const Mask<T> mask(t.last);
  V acc[M][NV] = {};

  // Rows are reached from every third by an index register, scaled: few pointers are kept.
  // The compiler is not to know how the stride came about, lest it make a second loop for
  // a_col == 1.
  constexpr int kGroups = (M + 2) / 3;
  const int64_t a_row = t.a_row;
  int64_t a_step = t.a_col * static_cast<int64_t>(sizeof(T));
  asm("" : "+r"(a_step));
  const T* panel = t.a;
  const T* a[kGroups];
  a[0] = panel;
  for (int g = 1; g < kGroups; ++g) a[g] = a[g - 1] + 3 * a_row;
  const T* b = t.b;
  const int64_t b_row = Packed ? kNr<T> : t.b_row;

  prefetch_tile<T, M, NV>(t.k, t.c, t.c_row);
  for (int64_t p = t.k; p > 0; --p) {
    V bv[NV];
#pragma GCC unroll 4
    for (int j = 0; j < NV; ++j) {
      const bool whole = Packed || !kMaskedLoads || j < NV - 1;
      bv[j] = whole ? load<V>(b + j * L) : mask.load(b + j * L);
    }
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) {
      const T value = Packed ? panel[i] : a[i / 3][i % 3 * a_row];
      const V av = value - V{};
#pragma GCC unroll 4
      for (int j = 0; j < NV; ++j) acc[i][j] = multiply_add(av, bv[j], acc[i][j]);
    }
    b += b_row;
    if (Packed) {
      panel += kMr;
    } else {
#pragma GCC unroll 8
      for (int g = 0; g < kGroups; ++g) {
        a[g] = reinterpret_cast<const T*>(reinterpret_cast<const char*>(a[g]) + a_step);
      }
    }
  }

  write_tile<T, M, NV>(acc, t.c, t.c_row, mask, t.accumulate);
}

template <class T>
using TileKernel = void (*)(const Tile<T>&);

// kernels.at[v - 1][m - 1] computes m rows by v vectors on operands as they lie.
template <class T>
struct DirectKernels {
  TileKernel<T> at[kNv][kMr];
};

template <class T, int NV, int M>
constexpr void fill_row(DirectKernels<T>& kernels) {
  kernels.at[NV - 1][M - 1] = &tile_kernel<T, M, NV, false>;
  if constexpr (M > 1) fill_row<T, NV, M - 1>(kernels);
}

template <class T>
constexpr DirectKernels<T> make_direct_kernels() {
  DirectKernels<T> kernels = {};
  fill_row<T, 1, kMr>(kernels);
  fill_row<T, 2, kMr>(kernels);
  return kernels;
}

template <class T>
constexpr DirectKernels<T> kDirect = make_direct_kernels<T>();

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
