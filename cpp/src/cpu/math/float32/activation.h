// sigmoid in float lanes. Bound: 0.9 ULP. Needs FMA.
#pragma once

#include "cpu/math/float32/exponential.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// b / (b + b exp(-x)), where b is a number about exp(x) whose bits are those of k = x / log(2) in
// sixteenths: its first four fraction bits are those of k. So b exp(-x) is a number of a table
// times exp(r). Both are 2^26 times too large, so that b is normal where the result is not. One
// step of Newton's method corrects the estimated quotient.
NDTAPE_INLINE f32 sigmoid_by_estimate(f32 x) {
  constexpr float kMagic = 0x1.8p19f + 153;  // the exponent of 2^26, biased
  const f32 c = clamp(x, -104, 30);
  const f32 t = fma(c, 0x1.715476p+0f, kMagic);
  const f32 k = t - kMagic;
  const f32 r0 = fma(k, splat(0x1.62e4p-1f), -c);  // exact
  const f32 r = fma(k, 0x1.7f7d1cp-20f, r0);
  const f32 q = fma(r * r, polynomial(r, kExpSixteenth), r);
  const f32 b = from_bits(bits(t) << 19);
  const f32 hi = lookup(kSigmoidFactor, bits(t));
  const f32 lo = fma(hi, q, lookup(kSigmoidFactorLow, bits(t)));
  const f32 larger = max(b, hi);
  const f32 smaller = min(b, hi);
  const f32 inverse = reciprocal_estimate((larger + smaller) + lo);
  const f32 quotient = b * inverse;
  const f32 r1 = fnma(quotient, larger, b);
  const f32 remainder = fnma(quotient, lo, fnma(quotient, smaller, r1));
  return fma(remainder, inverse, quotient);
}

// e / (1 + e) or 1 / (1 + e), e = exp(-|x|), with all of them as pairs.
NDTAPE_INLINE f32 sigmoid(f32 x) {
  if constexpr (kHasLookup) return sigmoid_by_estimate(x);
  const FloatExp e = scaled_exp(max(splat(-110.0f), -abs(x)));
  const f32 m = e.hi + e.lo;
  const f32 power = scale_by_power(m, e.k);
  const f32 low = scale_by_power(e.lo - (m - e.hi), e.k);
  const f32 d = 1.0f + power;
  const f32 d_low = (power - (d - 1.0f)) + low;
  const i32 negative = x < 0.0f;
  const f32 n = select(negative, power, 1.0f);
  const f32 n_low = from_bits(bits(low) & negative);
  const f32 inverse = 1.0f / d;
  const f32 q = n * inverse;
  return fma(fma(-q, d, n) + fma(-q, d_low, n_low), inverse, q);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
