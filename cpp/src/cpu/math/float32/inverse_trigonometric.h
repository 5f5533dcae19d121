// asin, acos, atan in float lanes, by the same steps as in double. Bound: 0.95 ULP. Needs FMA.
#pragma once

#include "cpu/math/polynomial.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

inline constexpr float kHalfPiFloat = 0x1.921fb6p+0f, kHalfPiFloatLow = -0x1.777a5cp-25f;

// asin(x) = x + x^3 p(x^2) up to 1/2; above, pi/2 - 2 asin(s), s = sqrt((1 - x) / 2).
struct FloatArcSine {
  f32 s;     // the argument that p was evaluated for
  f32 tail;  // what is missing to the arc sine of the unrounded s
  i32 far;   // |x| > 1/2
};

NDTAPE_INLINE FloatArcSine arc_sine(f32 x) {
  const f32 a = abs(x);
  FloatArcSine r;
  r.far = a > 0.5f;
  const f32 z = select(r.far, (1.0f - a) * 0.5f, a * a);
  const f32 root = sqrt(z);
  r.s = select(r.far, root, a);
  const f32 rest = fma(-root, root, z) / max(root + root, splat(0x1p-60f));  // 0 for a = 1
  const f32 low = from_bits(bits(rest) & r.far);
  r.tail = fma(r.s * z, polynomial(z, kAsinFloat), low);
  return r;
}

NDTAPE_INLINE f32 asin(f32 x) {
  const FloatArcSine a = arc_sine(x);
  const f32 twice = a.s + a.s;
  const f32 top = kHalfPiFloat - twice;
  const f32 lost = (kHalfPiFloat - top) - twice;
  const f32 far = top + fma(a.tail, splat(-2.0f), lost + kHalfPiFloatLow);
  return copysign(select(a.far, far, a.s + a.tail), x);
}

NDTAPE_INLINE f32 acos(f32 x) {
  const FloatArcSine a = arc_sine(x);
  const i32 negative = x < 0.0f;
  // |x| <= 1/2: pi/2 - asin(x); x > 1/2: 2 asin(s); x < -1/2: pi - 2 asin(s).
  const f32 s = select(a.far, a.s + a.s, a.s);
  const f32 tail = select(a.far, a.tail + a.tail, a.tail);
  const i32 minus = a.far ^ ~negative;  // whether asin is taken away from the base
  const f32 outer = select(negative, splat(2 * kHalfPiFloat), f32{});
  const f32 outer_low = select(negative, splat(2 * kHalfPiFloatLow), f32{});
  const f32 base = select(a.far, outer, splat(kHalfPiFloat));
  const f32 base_low = select(a.far, outer_low, splat(kHalfPiFloatLow));
  const f32 signed_s = xor_sign(s, minus);
  const f32 top = base + signed_s;
  const f32 lost = (base - top) + signed_s;
  return top + (lost + (base_low + xor_sign(tail, minus)));
}

// t + t^3 p(t^2) for t = |x| up to 1; beyond, pi/2 less that for t = 1 / |x|.
NDTAPE_INLINE f32 atan(f32 x) {
  const f32 a = min(splat(0x1p100f), abs(x));  // NaN stays
  const i32 far = a > 1.0f;
  const f32 n = min(splat(1.0f), a);
  const f32 d = max(splat(1.0f), a);
  const f32 t = n / d;
  const f32 z = t * t;
  // What t lost to rounding, 1 / d being t, times the slope of atan a little below 1.
  const f32 low = fma(-t, d, n) * t * -0.6f;
  const f32 base = from_bits(bits(splat(kHalfPiFloat)) & far);
  const f32 base_low = from_bits(bits(splat(kHalfPiFloatLow)) & far);
  const f32 signed_t = xor_sign(t, far);
  const f32 top = base + signed_t;
  const f32 rest = ((base - top) + signed_t) + (base_low + low);
  return copysign(top + fma(signed_t * z, polynomial(z, kAtanFloat), rest), x);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
