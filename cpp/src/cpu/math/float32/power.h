// pow in float lanes. Bound: 0.95 ULP. Without FMA the logarithm and the exponential are taken in
// double lanes.
#pragma once

#include "cpu/math/float32/exponential.h"
#include "cpu/math/float32/logarithm.h"
#include "cpu/math/power.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// log2(x) for finite x > 0 as a pair with about 2^-34 of relative error, by the series
// c (s + s^3/3 + ...), s = f / (2 + f), c = 2 / log(2), with its first two terms as pairs.
struct FloatLog2 {
  f32 hi, lo;
};

NDTAPE_INLINE FloatLog2 log2_accurate(f32 x) {
  constexpr float kC = 0x1.715476p+1f, kCLow = 0x1.4ae0c0p-25f;
  constexpr float kThird = 0x1.ec709ep-1f, kThirdLow = -0x1.e2fe02p-28f;
  const i32 tiny = x < 0x1p-126f;
  const Normalized n = normalize(select(tiny, x * 0x1p24f, x));
  const f32 k = select(tiny, n.k - 24.0f, n.k);
  const f32 f = n.m - 1.0f;
  const f32 d = 2.0f + f;
  const f32 d_low = f - (d - 2.0f);
  const f32 inverse = 1.0f / d;
  const f32 s = f * inverse;
  const f32 s_low = fma(-s, d_low, fma(-s, d, f)) * inverse;
  const f32 z = s * s;
  const f32 z_low = fma(s + s, s_low, fma(s, s, -z));
  // z (c/3 + z p(z))
  const f32 w = z * kThird;
  const f32 w_low = fma(z_low, kThird, fma(z, splat(kThird), -w));
  const f32 w_tail = fma(z, fma(z, polynomial(z, kLog2PairFloat), kThirdLow), w_low);
  const f32 first = s * kC;
  const f32 first_low = fma(s_low, kC, fma(s, kCLow, fma(s, splat(kC), -first)));
  const f32 second = s * w;
  const f32 second_low = fma(s, w_tail, fma(s_low, w, fma(s, w, -second)));
  const f32 sum = first + second;
  const f32 sum_low = (second - (sum - first)) + (first_low + second_low);
  const f32 whole = k + sum;
  const f32 low = (sum - (whole - k)) + sum_low;
  const f32 hi = whole + low;
  return {hi, low - (hi - whole)};
}

NDTAPE_INLINE f32 pow_positive(f32 x, f32 y) {
  const FloatLog2 l = log2_accurate(x);
  const f32 p = y * l.hi;
  const f32 p_low = fma(y, l.lo, fma(y, l.hi, -p));
  constexpr float kMagic = 0x1.8p23f;
  const f32 bounded = clamp(p, -200, 200);
  const f32 k = (bounded + kMagic) - kMagic;
  const f32 f = (bounded - k) + select(abs(p) < 200.0f, p_low, f32{});
  return scaled_exp2(f, k);
}

#if defined(__AVX512F__)
// x^y = 2^(y log2(x)) in double lanes, with tables of sixteen entries for either function. x and y
// are floats, x > 0.
NDTAPE_INLINE f64 pow_by_tables(f64 x, f64 y) {
  const MantissaExponent s = split(x);
  const i64 j = bits(x) >> 48;
  const f64 f = fma(s.m, lookup(kReciprocal, j), -1.0);
  const f64 whole = s.exponent + lookup(kReciprocalLog2, j);
  const f64 p = bounded(fma(y * f, polynomial(f, f * f, kLog2Power), y * whole), 1000);
  constexpr double kMagic = 0x1.8p48;  // adding it leaves sixteenths in the low bits
  const f64 t = p + kMagic;
  const f64 r = p - (t - kMagic);
  const f64 power = from_bits(wrapping_add(lookup(kPowerOf2Bits, bits(t)), bits(t) << 48));
  return fma(power, r * polynomial(r, kExp2Power), power);
}
#endif

// x^y for x > 0, both finite.
NDTAPE_INLINE f32 pow_ordinary(f32 x, f32 y) {
#if defined(__AVX512F__)
  return in_double(x, y, [](f64 a, f64 b) NDTAPE_LAMBDA { return pow_by_tables(a, b); });
#else
  if constexpr (kHasFma) return pow_positive(x, y);
  return in_double(
      x, y, [](f64 a, f64 b) NDTAPE_LAMBDA { return pow_positive<Precision::Single>(a, b); });
#endif
}

// Whether pow_ordinary will do for all lanes, without exponents that have a quicker way.
NDTAPE_INLINE bool is_ordinary_pow(f32 x, f32 y) {
  // NaN unless both are finite, else x.
  const f32 positive = fma(y, splat(0.0f), x) + x * 0.0f;
  if constexpr (kHasLookup) {
    // The quick powers differ in bits 22 to 25.
    alignas(64) static constexpr float kQuick[16] = {2, 3, 2, 2, 2,   2, 2,  2,
                                                     2, 2, 2, 2, .5f, 2, -1, 2};
    return !any_equal(lookup(kQuick, bits(y) >> 22), y) && !any_not_above(positive, 0.0f);
  } else {
    return !any(is_quick_power(y)) && !any_not_above(positive, 0.0f);
  }
}

__attribute__((noinline)) f32 pow(f32 x, f32 y) {
  const i32 quick = is_quick_power(y);
  if (!any(~quick)) return pow_quick(x, y);
  const f32 r = pow_with_special(x, y, pow_ordinary(abs(x), y));
  return any(quick) ? select(quick, pow_quick(x, y), r) : r;
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
