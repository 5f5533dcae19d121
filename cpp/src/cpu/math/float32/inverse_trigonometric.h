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

// base + atan(q), with base 0, pi/4 or pi/2 and |q| <= tan(pi/8): see arc_tangent for doubles.
NDTAPE_INLINE f32 atan(f32 x) {
  const f32 a = min(splat(0x1p100f), abs(x));  // NaN stays
  const i32 low = a <= 0x1.a8279ap-2f;         // tan(pi/8)
  const i32 high = a > 0x1.3504f4p+1f;         // tan(3 pi/8)
  const f32 difference = a - 1.0f;
  const f32 sum = a + 1.0f;
  const f32 top = select(low, a, select(high, splat(-1.0f), difference));
  const f32 bottom = select(low, splat(1.0f), select(high, a, sum));
  const i32 middle = ~(low | high);
  const f32 top_low = a - (difference + 1.0f);
  const f32 bottom_low = min(a, splat(1.0f)) - (sum - max(a, splat(1.0f)));
  const f32 inverse = 1.0f / bottom;
  const f32 q = top * inverse;
  const f32 lost = from_bits(bits(fma(-q, bottom_low, top_low)) & middle);
  const f32 q_low = (fma(-q, bottom, top) + lost) * inverse;
  const f32 z = q * q;
  const f32 tail = fma(q * z, polynomial(z, kAtanFloat), q_low);
  const f32 base = select(low, f32{}, select(high, splat(kHalfPiFloat), splat(kHalfPiFloat / 2)));
  const f32 base_low = base * (kHalfPiFloatLow / kHalfPiFloat);
  const f32 whole = base + q;
  const f32 rest = ((base - whole) + q) + (base_low + tail);
  return copysign(whole + rest, x);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
