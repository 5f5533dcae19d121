// sigmoid in float lanes. Bound: 0.9 ULP. Needs FMA.
#pragma once

#include "cpu/math/activation.h"
#include "cpu/math/float32/exponential.h"
#include "cpu/math/float32/rare.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

__attribute__((noinline)) f32 rare_sigmoid(f32 x) {
  return in_double(x, [](f64 v) NDTAPE_LAMBDA { return sigmoid<Precision::Single>(v); });
}

// 1 / d for d = 1 + exp(-x) as a pair: one step of Newton's method from an estimate.
NDTAPE_INLINE f32 sigmoid_by_estimate(f32 x) {
  const FloatExp e = scaled_exp(-clamp(x, -88, 30));
  const f32 power = scale_by_power(splat(1.0f), e.k);
  const f32 high = power * e.hi;
  const f32 larger = max(splat(1.0f), high);
  const f32 smaller = min(splat(1.0f), high);
  const f32 d = larger + smaller;
  const f32 d_low = fma(power, e.lo, smaller - (d - larger));
  const f32 q = reciprocal_estimate(d + d_low);
  const f32 r = fma(q, fma(-q, d_low, fma(-q, d, splat(1.0f))), q);
  if (__builtin_expect(any_not_above(x, -87.0f), 0)) {  // d may overflow, and 1 / d underflow
    return select(x > -87.0f, r, rare_sigmoid(x));
  }
  return r;
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
