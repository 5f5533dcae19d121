// sinh and cosh in float lanes. Bound: 0.95 ULP. Needs FMA.
#pragma once

#include "cpu/math/float32/exponential.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// exp(a) / 2 as a pair, for a >= 0.
struct FloatPair {
  f32 hi, lo;
};

NDTAPE_INLINE FloatPair half_exp(f32 a) {
  const FloatExp e = scaled_exp(min(splat(95.0f), a));  // NaN stays
  const f32 m = e.hi + e.lo;
  const f32 k = e.k - 1.0f;
  return {scale_by_power(m, k), scale_by_power(e.lo - (m - e.hi), k)};
}

NDTAPE_INLINE f32 sinh(f32 x) {
  const f32 a = abs(x);
  const f32 z = x * x;
  const f32 near = fma(a * z, polynomial(z, kSinhFloat), a);
  const FloatPair e = half_exp(a);
  const f32 inverse = 0.25f / e.hi;
  const f32 top = e.hi - inverse;
  const f32 far = top + (((e.hi - top) - inverse) + e.lo);
  // An infinite e.hi leaves NaN in the low parts.
  const f32 finite = select(e.hi < kInfinityFloat, far, e.hi);
  return copysign(select(a < 1.0f, near, finite), x);
}

NDTAPE_INLINE f32 cosh(f32 x) {
  const FloatPair e = half_exp(abs(x));
  const f32 inverse = 0.25f / e.hi;
  const f32 top = e.hi + inverse;
  const f32 sum = top + (((e.hi - top) + inverse) + e.lo);
  return select(e.hi < kInfinityFloat, sum, e.hi);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
