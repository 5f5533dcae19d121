// asin, acos, atan, atan2. Bounds: float64 1 ULP, 1.5 where atan2 is below 2^-900; through
// Precision::Single, float32 0.51 ULP.
#pragma once

#include "cpu/math/pair.h"
#include "cpu/math/polynomial.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// asin(x) = x + x^3 p(x^2) up to 1/2; above, pi/2 - 2 asin(sqrt((1 - x) / 2)).
struct ArcSine {
  Pair s;    // the argument that p was evaluated for
  f64 tail;  // asin(s) - s
  i64 far;   // |x| > 1/2
};

template <Precision P>
NDTAPE_INLINE ArcSine arc_sine(f64 x) {
  const f64 a = abs(x);
  ArcSine r;
  r.far = a > 0.5;
  const f64 z = select(r.far, (1.0 - a) * 0.5, a * a);
  const f64 root = sqrt(z);
  r.s.hi = select(r.far, root, a);
  r.s.lo = f64{};
  if constexpr (P == Precision::Double) {
    const i64 rounded = r.far & (z > 0.0);
    r.s.lo = select(rounded, remainder_of(z, root, root) / (root + root), 0.0);
  }
  r.tail = r.s.hi * z * polynomial<P>(z, kAsinDouble, kAsinSingle);
  return r;
}

template <Precision P>
NDTAPE_INLINE f64 asin(f64 x) {
  const ArcSine a = arc_sine<P>(x);
  const f64 near = a.s.hi + a.tail;
  const Pair top = fast_two_sum(splat(kPi / 2), -2.0 * a.s.hi);
  const f64 far = top.hi + (top.lo + (kPiLow / 2 - 2.0 * (a.s.lo + a.tail)));
  return copysign(select(a.far, far, near), x);
}

template <Precision P>
NDTAPE_INLINE f64 acos(f64 x) {
  const ArcSine a = arc_sine<P>(x);
  const i64 negative = x < 0.0;
  // |x| <= 1/2: pi/2 - asin(x); x > 1/2: 2 asin(s); x < -1/2: pi - 2 asin(s).
  const f64 s = select(a.far, a.s.hi + a.s.hi, a.s.hi);
  const f64 tail = select(a.far, 2.0 * (a.s.lo + a.tail), a.tail);
  const i64 minus = a.far ^ ~negative;  // whether asin is taken away from the base
  const f64 base = select(a.far, select(negative, kPi, 0.0), splat(kPi / 2));
  const f64 base_low = select(a.far, select(negative, kPiLow, 0.0), splat(kPiLow / 2));
  const f64 signed_s = xor_sign(s, minus);
  const f64 signed_tail = xor_sign(tail, minus);
  const Pair top = fast_two_sum(base, signed_s);
  return top.hi + (top.lo + (base_low + signed_tail));
}

// atan(n / d) for finite n, d >= 0, not both 0, taken from pi or not, as a pair.
// The quotient is brought below tan(pi/8) by atan(q) = pi/4 + atan((q - 1) / (q + 1)) and
// atan(q) = pi/2 - atan(1 / q); one division serves all three cases.
template <Precision P>
NDTAPE_INLINE f64 arc_tangent(f64 n, f64 d, i64 from_pi) {
  constexpr double kTanPi8 = 0x1.a827999fcef32p-2;
  constexpr double kTan3Pi8 = 0x1.3504f333f9de6p+1;
  const i64 low = n <= d * kTanPi8;
  const i64 high = n > d * kTan3Pi8;
  const f64 top = select(low, n, select(high, -d, n - d));
  const f64 bottom = select(low, d, select(high, n, n + d));
  const f64 inverse = 1.0 / bottom;
  const f64 q = top * inverse;
  f64 base = select(low, 0.0, select(high, kPi / 2, splat(kPi / 4)));
  f64 base_low = select(low, 0.0, select(high, kPiLow / 2, splat(kPiLow / 4)));
  base = select(from_pi, kPi - base, base);  // these differences are exact
  base_low = select(from_pi, kPiLow - base_low, base_low);
  const f64 z = q * q;
  const f64 p = polynomial<P>(z, kAtanDouble, kAtanSingle);
  if constexpr (P == Precision::Single) {
    return base + xor_sign(fma(q * z, p, q), from_pi);
  }
  const i64 middle = ~(low | high);
  const f64 top_low = select(middle, two_sum(n, -d).lo, 0.0);
  const f64 bottom_low = select(middle, two_sum(n, d).lo, 0.0);
  f64 q_low = (remainder_of(top, q, bottom) + (top_low - q * bottom_low)) * inverse;
  q_low = select(abs(q) > 0x1p-900, q_low, 0.0);  // drops what underflow spoilt
  const f64 tail = fma(q * z, p, q_low);
  const Pair sum = fast_two_sum(base, xor_sign(q, from_pi));
  return sum.hi + (sum.lo + (base_low + xor_sign(tail, from_pi)));
}

template <Precision P>
NDTAPE_INLINE f64 atan(f64 x) {
  const f64 a = min(splat(0x1p400), abs(x));  // NaN stays
  return copysign(arc_tangent<P>(a, splat(1.0), i64{}), x);
}

template <Precision P>
NDTAPE_INLINE f64 atan2(f64 y, f64 x) {
  f64 n = abs(y);
  f64 d = abs(x);
  const i64 nan = (x != x) | (y != y);
  n = select((d == kInfinity) & (n < kInfinity), 0.0, n);  // nothing beside infinity
  if constexpr (P == Precision::Double) {
    // Bring the larger near 1, for sums that do not overflow and exact products.
    const f64 scale = power_to_one(max(n, d));
    n *= scale;
    d *= scale;
  }
  n = min(splat(0x1p400), n);
  d = min(splat(0x1p400), d);
  d = select((n == 0.0) & (d == 0.0), 1.0, d);
  const f64 r = arc_tangent<P>(n, d, bits(x) < 0);
  return select(nan, x + y, copysign(r, y));
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
