// exp, exp2, expm1 in float lanes. Bound: 0.9 ULP. Needs FMA.
#pragma once

#include "cpu/math/float32/lookup_tables.h"
#include "cpu/math/polynomial.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// exp(x) = 2^floor(k) (hi + lo), for |x| <= 1000: 1 + r + r^2 p(r) with a whole k, or, where powers
// of 2 are looked up, 2^(j/16) (1 + r + r^2 p(r)) with k in sixteenths, and a shorter p.
struct FloatExp {
  f32 hi, lo, k;
};

NDTAPE_INLINE FloatExp scaled_exp(f32 x) {
  if constexpr (kHasLookup) {
    constexpr float kMagicSixteenth = 0x1.8p19f;  // adding it leaves sixteenths in the low bits
    const f32 t = fma(x, 0x1.715476p+0f, kMagicSixteenth);
    const f32 k = t - kMagicSixteenth;
    const f32 r0 = fma(k, -0x1.62e4p-1f, x);  // exact
    const f32 r = fma(k, -0x1.7f7d1cp-20f, r0);
    const f32 q = fma(r * r, polynomial(r, kExpSixteenth), r);
    const f32 hi = lookup(kPowerOf2, bits(t));
    return {hi, fma(hi, q, lookup(kPowerOf2Low, bits(t))), k};
  }
  constexpr float kMagic = 0x1.8p23f;
  const f32 k = fma(x, 0x1.715476p+0f, kMagic) - kMagic;
  const f32 r0 = fma(k, -0x1.62e4p-1f, x);  // exact: k times the first part has 23 bits
  const f32 r = fma(k, -0x1.7f7d1cp-20f, r0);
  const f32 s = 1.0f + r;
  const f32 lost = r - (s - 1.0f);
  return {s, fma(r * r, polynomial(r, kExpFloat), lost), k};
}

NDTAPE_INLINE f32 clamp(f32 x, float low, float high) {  // keeps NaN
  return min(splat(high), max(splat(low), x));
}

NDTAPE_INLINE f32 exp(f32 x) {
  const FloatExp e = scaled_exp(clamp(x, -110, 95));
  return scale_by_power(e.hi + e.lo, e.k);
}

// 2^(f + k) for |f| <= 1/2 and whole k.
NDTAPE_INLINE f32 scaled_exp2(f32 f, f32 k) {
  constexpr float kLn2Float = 0x1.62e43p-1f, kLn2FloatLow = -0x1.05c61p-29f;
  const f32 s = fma(f, kLn2Float, 1.0f);
  const f32 lost = fma(f, kLn2Float, 1.0f - s);
  const f32 q = fma(f, polynomial(f, kExp2Float), kLn2FloatLow);
  return scale_by_power(s + fma(f, q, lost), k);
}

NDTAPE_INLINE f32 exp2(f32 x) {
  constexpr float kMagic = 0x1.8p23f;
  const f32 y = clamp(x, -160, 140);
  const f32 k = (y + kMagic) - kMagic;
  return scaled_exp2(y - k, k);  // an exact difference
}

NDTAPE_INLINE f32 expm1(f32 x) {
  constexpr float kMagic = 0x1.8p23f;
  const f32 y = clamp(x, -30, 88.9f);
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
  const f32 half = s + fma(power, rest, lost + ((power - whole) - 0.5f));
  return select(abs(x) < 0x1p-30f, x, half + half);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
