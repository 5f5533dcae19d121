// Vectors of the width this build has, by the compiler's vector extensions (GCC and Clang).
// The only file beside the gemm micro-kernels that may name an intrinsic.
//
// Comparisons of vectors give integer vectors of 0 and -1 (masks), as the extensions define.
#pragma once

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define NDTAPE_INLINE inline __attribute__((always_inline))
#define NDTAPE_LAMBDA __attribute__((always_inline))  // after the parameters of a lambda

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif

// Whether fma() rounds once. Where it does not, it is a * b + c.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
inline constexpr bool kHasFma = true;
#else
inline constexpr bool kHasFma = false;
#endif

template <class T, int Bytes = kVectorBytes>
using Vec __attribute__((vector_size(Bytes))) = T;

template <class T>
inline constexpr int kLanes = kVectorBytes / static_cast<int>(sizeof(T));

using f32 = Vec<float>;
using f64 = Vec<double>;
using i32 = Vec<int32_t>;
using i64 = Vec<int64_t>;
using u32 = Vec<uint32_t>;
using u64 = Vec<uint64_t>;
using f32_half = Vec<float, kVectorBytes / 2>;  // as many floats as f64 has doubles

// Unaligned load and store of one vector.
template <class V, class T>
inline V load(const T* p) {
  V v;
  __builtin_memcpy(&v, p, sizeof(V));
  return v;
}

template <class V, class T>
inline void store(T* p, V v) {
  __builtin_memcpy(p, &v, sizeof(V));
}

// The first n lanes, 0 < n < all of them; those after them are those of `rest`.
template <class V, class T>
NDTAPE_INLINE V load_part(const T* p, int64_t n, V rest = V{}) {
#if defined(__AVX512F__)
  const unsigned lanes = (1u << n) - 1;
  if constexpr (sizeof(V) == 64 && sizeof(T) == 4) {
    return (V)_mm512_mask_loadu_epi32((__m512i)rest, static_cast<__mmask16>(lanes), p);
  } else if constexpr (sizeof(V) == 64 && sizeof(T) == 8) {
    return (V)_mm512_mask_loadu_epi64((__m512i)rest, static_cast<__mmask8>(lanes), p);
  }
#endif
  __builtin_memcpy(&rest, p, static_cast<size_t>(n) * sizeof(T));
  return rest;
}

template <class V, class T>
NDTAPE_INLINE void store_part(T* p, V v, int64_t n) {
#if defined(__AVX512F__)
  const unsigned lanes = (1u << n) - 1;
  if constexpr (sizeof(V) == 64 && sizeof(T) == 4) {
    return _mm512_mask_storeu_epi32(p, static_cast<__mmask16>(lanes), (__m512i)v);
  } else if constexpr (sizeof(V) == 64 && sizeof(T) == 8) {
    return _mm512_mask_storeu_epi64(p, static_cast<__mmask8>(lanes), (__m512i)v);
  }
#endif
  __builtin_memcpy(p, &v, static_cast<size_t>(n) * sizeof(T));
}

// Lanes from n on set to 0.
template <class V>
NDTAPE_INLINE V keep_part(V v, int64_t n) {
  using T = decltype(v[0] + v[0]);
#if defined(__AVX512F__)
  const unsigned lanes = (1u << n) - 1;
  if constexpr (sizeof(V) == 64 && sizeof(T) == 4) {
    return (V)_mm512_maskz_mov_epi32(static_cast<__mmask16>(lanes), (__m512i)v);
  } else if constexpr (sizeof(V) == 64 && sizeof(T) == 8) {
    return (V)_mm512_maskz_mov_epi64(static_cast<__mmask8>(lanes), (__m512i)v);
  }
#endif
  V kept = {};
  __builtin_memcpy(&kept, &v, static_cast<size_t>(n) * sizeof(T));
  return kept;
}

// f of all lanes of type T, f(a, b) combining vectors: halves are combined until one lane is left.
template <class T, class V, class F>
NDTAPE_INLINE T fold_lanes(V v, F f) {
  if constexpr (sizeof(V) == sizeof(T)) {
    return v[0];
  } else {
    Vec<T, sizeof(V) / 2> half[2];
    __builtin_memcpy(half, &v, sizeof(V));
    return fold_lanes<T>(f(half[0], half[1]), f);
  }
}

// Stores an aligned vector past the caches; stream_fence makes all such stores visible.
NDTAPE_INLINE void stream(char* p, Vec<uint8_t> v) {
#if defined(__AVX512F__)
  _mm512_stream_si512((__m512i*)p, (__m512i)v);
#elif defined(__AVX2__)
  _mm256_stream_si256((__m256i*)p, (__m256i)v);
#elif defined(__SSE2__)
  _mm_stream_si128((__m128i*)p, (__m128i)v);
#else
  store(p, v);
#endif
}
NDTAPE_INLINE void stream_fence() {
#if defined(__SSE2__)
  _mm_sfence();
#endif
}

// Products of the lower halves of 64-bit lanes; the upper halves are ignored.
NDTAPE_INLINE u64 multiply_halves(u64 a, u64 b) {
#if defined(__AVX512F__)
  return (u64)_mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
  return (u64)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__x86_64__)
  return (u64)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
  return (a & 0xffffffffu) * (b & 0xffffffffu);
#endif
}

NDTAPE_INLINE f32 splat(float x) { return x - f32{}; }
NDTAPE_INLINE f64 splat(double x) { return x - f64{}; }

// The bits of a vector, and back.
NDTAPE_INLINE i32 bits(f32 x) { return (i32)x; }
NDTAPE_INLINE i64 bits(f64 x) { return (i64)x; }
NDTAPE_INLINE f32 from_bits(i32 x) { return (f32)x; }
NDTAPE_INLINE f64 from_bits(i64 x) { return (f64)x; }

// Sums that wrap, as those of bits do.
NDTAPE_INLINE i32 wrapping_add(i32 a, i32 b) { return (i32)((u32)a + (u32)b); }
NDTAPE_INLINE i64 wrapping_add(i64 a, i64 b) { return (i64)((u64)a + (u64)b); }
NDTAPE_INLINE i32 wrapping_add(i32 a, int32_t b) { return wrapping_add(a, i32{} + b); }
NDTAPE_INLINE i64 wrapping_add(i64 a, int64_t b) { return wrapping_add(a, i64{} + b); }

// yes where the mask is set, else no.
NDTAPE_INLINE f32 select(i32 mask, f32 yes, f32 no) { return mask ? yes : no; }
NDTAPE_INLINE f64 select(i64 mask, f64 yes, f64 no) { return mask ? yes : no; }
NDTAPE_INLINE f32 select(i32 mask, float yes, f32 no) { return mask ? splat(yes) : no; }
NDTAPE_INLINE f64 select(i64 mask, double yes, f64 no) { return mask ? splat(yes) : no; }
NDTAPE_INLINE f32 select(i32 mask, f32 yes, float no) { return mask ? yes : splat(no); }
NDTAPE_INLINE f64 select(i64 mask, f64 yes, double no) { return mask ? yes : splat(no); }
NDTAPE_INLINE f64 select(i64 mask, double yes, double no) { return mask ? splat(yes) : splat(no); }

// Whether any lane of a mask is set.
NDTAPE_INLINE bool any(i64 mask) {
#if defined(__AVX512DQ__)
  return _mm512_movepi64_mask((__m512i)mask) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_pd((__m256d)mask) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_pd((__m128d)mask) != 0;
#else
  int64_t seen = 0;
  for (int i = 0; i < kLanes<int64_t>; ++i) seen |= mask[i];
  return seen != 0;
#endif
}
NDTAPE_INLINE bool any(i32 mask) {
#if defined(__AVX512DQ__)
  return _mm512_movepi32_mask((__m512i)mask) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_ps((__m256)mask) != 0;
#elif defined(__SSE2__)
  return _mm_movemask_ps((__m128)mask) != 0;
#else
  int32_t seen = 0;
  for (int i = 0; i < kLanes<int32_t>; ++i) seen |= mask[i];
  return seen != 0;
#endif
}

// Whether any lane of x is NaN or at most the bound: a mask that GCC would first make a vector of.
NDTAPE_INLINE bool any_not_above(f32 x, float bound) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask((__m512)x, _mm512_set1_ps(bound), _CMP_NGT_UQ) != 0;
#else
  return any(~(i32)(x > bound));
#endif
}

NDTAPE_INLINE bool any_equal(f32 a, f32 b) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_EQ_OQ) != 0;
#else
  return any((i32)(a == b));
#endif
}

NDTAPE_INLINE f32 fma(f32 a, f32 b, f32 c) {
#if defined(__AVX512F__)
  return (f32)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
  return (f32)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
  if constexpr (!kHasFma) return a * b + c;
  f32 r;
  for (int i = 0; i < kLanes<float>; ++i) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return r;
#endif
}

NDTAPE_INLINE f64 fma(f64 a, f64 b, f64 c) {
#if defined(__AVX512F__)
  return (f64)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__FMA__)
  return (f64)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
  if constexpr (!kHasFma) return a * b + c;
  f64 r;
  for (int i = 0; i < kLanes<double>; ++i) r[i] = __builtin_fma(a[i], b[i], c[i]);
  return r;
#endif
}

NDTAPE_INLINE f32 fma(f32 a, f32 b, float c) { return fma(a, b, splat(c)); }
NDTAPE_INLINE f32 fma(f32 a, float b, f32 c) { return fma(a, splat(b), c); }
NDTAPE_INLINE f32 fma(f32 a, float b, float c) { return fma(a, splat(b), splat(c)); }
NDTAPE_INLINE f64 fma(f64 a, f64 b, double c) { return fma(a, b, splat(c)); }
NDTAPE_INLINE f64 fma(f64 a, double b, f64 c) { return fma(a, splat(b), c); }
NDTAPE_INLINE f64 fma(f64 a, double b, double c) { return fma(a, splat(b), splat(c)); }

// c - a * b, rounded as by fma.
NDTAPE_INLINE f32 fnma(f32 a, f32 b, f32 c) {
#if defined(__AVX512F__)
  return (f32)_mm512_fnmadd_ps((__m512)a, (__m512)b, (__m512)c);
#else
  return fma(-a, b, c);
#endif
}
NDTAPE_INLINE f64 fnma(f64 a, f64 b, f64 c) {
#if defined(__AVX512F__)
  return (f64)_mm512_fnmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#else
  return fma(-a, b, c);
#endif
}

// Of AVX-512 the masked forms are used, all lanes set: GCC warns of the plain ones' insides.
NDTAPE_INLINE f32 sqrt(f32 x) {
#if defined(__AVX512F__)
  return (f32)_mm512_maskz_sqrt_ps(0xffff, (__m512)x);
#elif defined(__AVX2__)
  return (f32)_mm256_sqrt_ps((__m256)x);
#elif defined(__SSE2__)
  return (f32)_mm_sqrt_ps((__m128)x);
#else
  for (int i = 0; i < kLanes<float>; ++i) x[i] = __builtin_sqrtf(x[i]);
  return x;
#endif
}

NDTAPE_INLINE f64 sqrt(f64 x) {
#if defined(__AVX512F__)
  return (f64)_mm512_maskz_sqrt_pd(0xff, (__m512d)x);
#elif defined(__AVX2__)
  return (f64)_mm256_sqrt_pd((__m256d)x);
#elif defined(__SSE2__)
  return (f64)_mm_sqrt_pd((__m128d)x);
#else
  for (int i = 0; i < kLanes<double>; ++i) x[i] = __builtin_sqrt(x[i]);
  return x;
#endif
}

// table[i % 16], where that is one instruction.
#if defined(__AVX512F__)
inline constexpr bool kHasLookup = true;
NDTAPE_INLINE f32 lookup(const float (&table)[16], i32 i) {
  return (f32)_mm512_maskz_permutexvar_ps(0xffff, (__m512i)i, _mm512_load_ps(table));
}
// The same of doubles, and the sixteen's equals of bits.
NDTAPE_INLINE f64 lookup(const double (&table)[16], i64 i) {
  return (f64)_mm512_permutex2var_pd(_mm512_load_pd(table), (__m512i)i, _mm512_load_pd(table + 8));
}
NDTAPE_INLINE i64 lookup(const uint64_t (&table)[16], i64 i) {
  return (i64)_mm512_permutex2var_epi64(_mm512_load_epi64(table), (__m512i)i,
                                        _mm512_load_epi64(table + 8));
}

// x = 2^exponent m for normal x > 0, m in [3/4, 3/2).
struct MantissaExponent {
  f64 m, exponent;
};
NDTAPE_INLINE MantissaExponent split(f64 x) {
  const __m512d v = (__m512d)x;
  return {(f64)_mm512_maskz_getmant_pd(0xff, v, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_zero),
          (f64)_mm512_maskz_getexp_pd(0xff, (__m512d)(x * 0x1.5555555556p+0))};
}
// The same for any x, subnormals too, m NaN below 0. Of 0 and infinity m is 1 and the exponent
// infinite.
NDTAPE_INLINE MantissaExponent split_any(f64 x) {
  const __m512d v = (__m512d)x;
  const __m512d m = _mm512_maskz_getmant_pd(0xff, v, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
  return {(f64)m, (f64)_mm512_maskz_getexp_pd(0xff, v) - (f64)_mm512_maskz_getexp_pd(0xff, m)};
}
// x brought into [-bound, bound]; x is a number.
NDTAPE_INLINE f64 bounded(f64 x, double bound) {
  constexpr int kSmallerMagnitudeWithSignOfFirst = 2;
  return (f64)_mm512_maskz_range_pd(0xff, (__m512d)x, _mm512_set1_pd(bound),
                                    kSmallerMagnitudeWithSignOfFirst);
}
#else
inline constexpr bool kHasLookup = false;
NDTAPE_INLINE f32 lookup(const float (&table)[16], i32 i) {
  f32 r = {};
  for (int lane = 0; lane < kLanes<float>; ++lane) r[lane] = table[i[lane] & 15];
  return r;
}
#endif

// About 1 / x, to 2^-14 or better.
NDTAPE_INLINE f32 reciprocal_estimate(f32 x) {
#if defined(__AVX512F__)
  return (f32)_mm512_maskz_rcp14_ps(0xffff, (__m512)x);
#else
  return 1.0f / x;
#endif
}

#if defined(__AVX512F__)
NDTAPE_INLINE f64 reciprocal_estimate(f64 x) {
  return (f64)_mm512_maskz_rcp14_pd(0xff, (__m512d)x);
}
#endif

// Towards zero.
NDTAPE_INLINE f32 trunc(f32 x) {
#if defined(__AVX512F__)
  return (f32)_mm512_maskz_roundscale_ps(0xffff, (__m512)x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
  return (f32)_mm256_round_ps((__m256)x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
#elif defined(__SSE4_1__)
  return (f32)_mm_round_ps((__m128)x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
#else
  for (int i = 0; i < kLanes<float>; ++i) x[i] = __builtin_truncf(x[i]);
  return x;
#endif
}

NDTAPE_INLINE f64 trunc(f64 x) {
#if defined(__AVX512F__)
  return (f64)_mm512_maskz_roundscale_pd(0xff, (__m512d)x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
  return (f64)_mm256_round_pd((__m256d)x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
#elif defined(__SSE4_1__)
  return (f64)_mm_round_pd((__m128d)x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
#else
  for (int i = 0; i < kLanes<double>; ++i) x[i] = __builtin_trunc(x[i]);
  return x;
#endif
}

NDTAPE_INLINE f64 floor(f64 x) {
#if defined(__AVX512F__)
  return (f64)_mm512_maskz_roundscale_pd(0xff, (__m512d)x,
                                         _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#elif defined(__AVX2__)
  return (f64)_mm256_round_pd((__m256d)x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#elif defined(__SSE4_1__)
  return (f64)_mm_round_pd((__m128d)x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
#else
  for (int i = 0; i < kLanes<double>; ++i) x[i] = __builtin_floor(x[i]);
  return x;
#endif
}

// The second operand where either is NaN, as of a < b ? a : b. (GCC makes two instructions of it.)
NDTAPE_INLINE f32 min(f32 a, f32 b) {
#if defined(__AVX512F__)
  return (f32)_mm512_maskz_min_ps(0xffff, (__m512)a, (__m512)b);
#elif defined(__AVX2__)
  return (f32)_mm256_min_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (f32)_mm_min_ps((__m128)a, (__m128)b);
#else
  return a < b ? a : b;
#endif
}

NDTAPE_INLINE f64 min(f64 a, f64 b) {
#if defined(__AVX512F__)
  return (f64)_mm512_maskz_min_pd(0xff, (__m512d)a, (__m512d)b);
#elif defined(__AVX2__)
  return (f64)_mm256_min_pd((__m256d)a, (__m256d)b);
#elif defined(__SSE2__)
  return (f64)_mm_min_pd((__m128d)a, (__m128d)b);
#else
  return a < b ? a : b;
#endif
}

NDTAPE_INLINE f32 max(f32 a, f32 b) {
#if defined(__AVX512F__)
  return (f32)_mm512_maskz_max_ps(0xffff, (__m512)a, (__m512)b);
#elif defined(__AVX2__)
  return (f32)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
  return (f32)_mm_max_ps((__m128)a, (__m128)b);
#else
  return a > b ? a : b;
#endif
}

NDTAPE_INLINE f64 max(f64 a, f64 b) {
#if defined(__AVX512F__)
  return (f64)_mm512_maskz_max_pd(0xff, (__m512d)a, (__m512d)b);
#elif defined(__AVX2__)
  return (f64)_mm256_max_pd((__m256d)a, (__m256d)b);
#elif defined(__SSE2__)
  return (f64)_mm_max_pd((__m128d)a, (__m128d)b);
#else
  return a > b ? a : b;
#endif
}

inline constexpr int32_t kSign32 = INT32_MIN;
inline constexpr int64_t kSign64 = INT64_MIN;

NDTAPE_INLINE f32 abs(f32 x) { return from_bits(bits(x) & ~kSign32); }
NDTAPE_INLINE f64 abs(f64 x) { return from_bits(bits(x) & ~kSign64); }
NDTAPE_INLINE f32 copysign(f32 x, f32 sign) {
  return from_bits((bits(x) & ~kSign32) | (bits(sign) & kSign32));
}
NDTAPE_INLINE f64 copysign(f64 x, f64 sign) {
  return from_bits((bits(x) & ~kSign64) | (bits(sign) & kSign64));
}
// Changes x's sign where the other's sign bit is set.
NDTAPE_INLINE f32 xor_sign(f32 x, i32 sign) { return from_bits(bits(x) ^ (sign & kSign32)); }
NDTAPE_INLINE f64 xor_sign(f64 x, i64 sign) { return from_bits(bits(x) ^ (sign & kSign64)); }

NDTAPE_INLINE f64 widen(f32_half x) {
#if defined(__AVX512F__)
  return (f64)_mm512_maskz_cvtps_pd(0xff, (__m256)x);
#elif defined(__AVX2__)
  return (f64)_mm256_cvtps_pd((__m128)x);
#else
  return __builtin_convertvector(x, f64);
#endif
}
NDTAPE_INLINE f32_half narrow(f64 x) { return __builtin_convertvector(x, f32_half); }

// The halves of a vector, and a vector of halves: in registers, for through memory they would wait
// for both stores.
NDTAPE_INLINE f32_half lower_half(f32 x) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(x, x, 0, 1, 2, 3, 4, 5, 6, 7);
#elif defined(__AVX2__)
  return (f32_half)_mm256_castps256_ps128((__m256)x);
#else
  f32_half r;
  __builtin_memcpy(&r, &x, sizeof(r));
  return r;
#endif
}
NDTAPE_INLINE f32_half upper_half(f32 x) {
#if defined(__AVX512F__)
  return (f32_half)_mm512_maskz_extractf32x8_ps(0xff, (__m512)x, 1);
#elif defined(__AVX2__)
  return (f32_half)_mm256_extractf128_ps((__m256)x, 1);
#else
  f32_half r;
  __builtin_memcpy(&r, reinterpret_cast<const char*>(&x) + sizeof(r), sizeof(r));
  return r;
#endif
}
NDTAPE_INLINE f32 join(f32_half low, f32_half high) {
#if defined(__AVX512F__)
  return __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#elif defined(__AVX2__)
  return (f32)_mm256_insertf128_ps(_mm256_castps128_ps256((__m128)low), (__m128)high, 1);
#else
  const f32_half both[2] = {low, high};
  f32 r;
  __builtin_memcpy(&r, both, sizeof(r));
  return r;
#endif
}

// f(x, y) for float lanes, computed in double lanes.
template <class F>
NDTAPE_INLINE f32 in_double(f32 x, f32 y, F f) {
  const f64 low = f(widen(lower_half(x)), widen(lower_half(y)));
  const f64 high = f(widen(upper_half(x)), widen(upper_half(y)));
  return join(narrow(low), narrow(high));
}

// f(x) for float lanes, computed in double lanes. f maps f64 to f64.
template <class F>
NDTAPE_INLINE f32 in_double(f32 x, F f) {
  const f64 low = f(widen(lower_half(x)));
  const f64 high = f(widen(upper_half(x)));
  return join(narrow(low), narrow(high));
}

// x * 2^k for whole k of at most a few thousand, rounded once where the hardware can, else twice.
NDTAPE_INLINE f64 scale_by_power(f64 x, f64 k) {
#if defined(__AVX512F__)
  return (f64)_mm512_maskz_scalef_pd(0xff, (__m512d)x, (__m512d)k);
#else
  constexpr double kMagic = 0x1.8p52;  // adding it leaves a whole number in the low bits
  const f64 half = (k * 0.5 + kMagic) - kMagic;
  const i64 first = wrapping_add(bits(half + kMagic), int64_t{1023}) << 52;
  const i64 second = wrapping_add(bits((k - half) + kMagic), int64_t{1023}) << 52;
  return x * from_bits(first) * from_bits(second);
#endif
}

NDTAPE_INLINE f32 scale_by_power(f32 x, f32 k) {
#if defined(__AVX512F__)
  return (f32)_mm512_maskz_scalef_ps(0xffff, (__m512)x, (__m512)k);
#else
  constexpr float kMagic = 0x1.8p23f;
  const f32 half = (k * 0.5f + kMagic) - kMagic;
  const i32 first = wrapping_add(bits(half + kMagic), 127) << 23;
  const i32 second = wrapping_add(bits((k - half) + kMagic), 127) << 23;
  return x * from_bits(first) * from_bits(second);
#endif
}

// The same where 2^k and the result are normal numbers.
NDTAPE_INLINE f64 scale_normal(f64 x, f64 k) {
  constexpr double kMagic = 0x1.8p52;
  return from_bits(wrapping_add(bits(x), bits(k + kMagic) << 52));
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
