// exp, exp2, expm1 in float lanes. Bound: 0.9 ULP. Needs FMA.
#pragma once

#include "cpu/math/polynomial.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// exp(x) = 2^k (1 + r + r^2 p(r)). 1 + r is kept as the rounded sum and what it lost.
NDTAPE_INLINE f32 exp(f32 x) {
  constexpr float kMagic = 0x1.8p23f;
  const f32 y = min(splat(95.0f), max(splat(-110.0f), x));  // NaN stays
  const f32 k = fma(y, 0x1.715476p+0f, kMagic) - kMagic;
  const f32 r0 = fma(k, -0x1.62e4p-1f, y);  // exact: k times the first part has 23 bits
  const f32 r = fma(k, -0x1.7f7d1cp-20f, r0);
  const f32 s = 1.0f + r;
  const f32 lost = r - (s - 1.0f);
  return scale_by_power(s + fma(r * r, polynomial(r, kExpFloat), lost), k);
}

NDTAPE_INLINE f32 exp2(f32 x) {
  constexpr float kMagic = 0x1.8p23f;
  constexpr float kLn2Float = 0x1.62e43p-1f, kLn2FloatLow = -0x1.05c61p-29f;
  const f32 y = min(splat(140.0f), max(splat(-160.0f), x));
  const f32 k = (y + kMagic) - kMagic;
  const f32 f = y - k;  // exact
  const f32 s = fma(f, kLn2Float, 1.0f);
  const f32 lost = fma(f, kLn2Float, 1.0f - s);
  const f32 q = fma(f, polynomial(f, kExp2Float), kLn2FloatLow);
  return scale_by_power(s + fma(f, q, lost), k);
}

NDTAPE_INLINE f32 expm1(f32 x) {
  constexpr float kMagic = 0x1.8p23f;
  const f32 y = min(splat(95.0f), max(splat(-30.0f), x));
  const f32 k = fma(y, 0x1.715476p+0f, kMagic) - kMagic;
  const f32 r0 = fma(k, -0x1.62e4p-1f, y);
  const f32 r = fma(k, -0x1.7f7d1cp-20f, r0);
  const f32 r_low = fma(k, -0x1.7f7d1cp-20f, r0 - r);
  // Half of it is (2^(k-1) - 1/2) + 2^(k-1) (r + r^2 p); 2^(k-1) does not overflow.
  const f32 power = scale_by_power(splat(0.5f), k);
  const f32 whole = power - 0.5f;
  const f32 s = fma(power, r, whole);
  const f32 lost = fma(power, r, whole - s);
  const f32 rest = fma(r * r, polynomial(r, kExpm1Float), r_low);
  const f32 half = s + fma(power, rest, lost);
  return select(abs(x) < 0x1p-30f, x, half + half);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
