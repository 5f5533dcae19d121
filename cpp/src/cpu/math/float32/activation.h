// sigmoid in float lanes. Bound: 0.9 ULP. Needs FMA.
#pragma once

#include "cpu/math/float32/exponential.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// e / (1 + e) or 1 / (1 + e), e = exp(-|x|), with all of them as pairs.
NDTAPE_INLINE f32 sigmoid(f32 x) {
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
