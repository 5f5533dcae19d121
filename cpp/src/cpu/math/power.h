// pow and hypot. Bounds: float64 1 ULP; through Precision::Single, float32 0.51 ULP.
#pragma once

#include "cpu/math/exponential.h"
#include "cpu/math/logarithm.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// log(x) to about 2^-64 for finite x > 0: the series 2 s + 2/3 s^3 + ... with its first two terms
// summed as pairs. (A power multiplies the error by up to 745.)
NDTAPE_INLINE Pair log_accurate(f64 x) {
  const Decomposed d = decompose<Precision::Double>(x);
  const f64 f = d.m - 1.0;
  const Pair s = divide({f, f64{}}, two_sum(splat(2.0), f));
  Pair z = two_product(s.hi, s.hi);
  z.lo = fma(s.hi + s.hi, s.lo, z.lo);
  Pair w = multiply(z, {splat(0x1.5555555555555p-1), splat(0x1.5555555555555p-55)});
  const Pair c = fast_two_sum(w.hi, z.hi * z.hi * polynomial(z.hi, kLogPairDouble));
  w = multiply({c.hi, c.lo + w.lo}, s);
  const Pair l = fast_two_sum(s.hi + s.hi, w.hi);
  const f64 l_low = l.lo + fma(splat(2.0), s.lo, w.lo);
  const Pair sum = fast_two_sum(d.k * 0x1.62e42fefa3800p-1, l.hi);
  const Pair k_low = two_product(d.k, splat(0x1.ef35793c76730p-45));
  const Pair low = two_sum(k_low.hi, sum.lo);
  return fast_two_sum(sum.hi, low.hi + (low.lo + (k_low.lo + l_low)));
}

// |x|^y for ordinary values; the caller puts in what C99 Annex F says of the rest.
template <Precision P>
NDTAPE_INLINE f64 pow_positive(f64 x, f64 y) {
  if constexpr (P == Precision::Single) {
    // 150 times the error of the logarithm must stay below 2^-30, hence its own polynomial.
    const Decomposed d = decompose<P>(x);
    const f64 f = d.m - 1.0;
    const f64 s = f / (2.0 + f);
    const f64 z = s * s;
    const f64 l = fma(d.k, kLn2, fma(s * z, polynomial(z, kLogPower), s + s));
    return exp<P>(y * l);
  }
  y = clamp(y, -0x1p80, 0x1p80);  // the result is 0, 1 or infinite long before
  const Pair l = log_accurate(x);
  const f64 p = y * l.hi;
  const f64 low = fma(y, l.lo, product_error(y, l.hi, p));
  const i64 ordinary = abs(p) < 750.0;
  const ScaledExp e = scaled_exp<P>(clamp(p, -760, 760), select(ordinary, low, 0.0));
  const Pair m = fast_two_sum(splat(1.0), e.s.hi);
  return scale_by_power(m.hi + (m.lo + e.s.lo), e.k);
}

// What C99 Annex F says where x <= 0 or an argument is not finite; r is |x|^y if both are.
// For vectors of floats or doubles.
template <class V>
NDTAPE_INLINE V pow_special(V x, V y, V r) {
  using T = decltype(x[0] + x[0]);
  const V zero = {};
  const V one = splat(T{1});
  const V infinity = splat(static_cast<T>(kInfinity));
  const V a = abs(x);
  const V b = abs(y);
  r = select((a == zero) | (a == infinity), select((a == zero) == (y < zero), infinity, zero), r);
  r = select(b == infinity, select((a > one) == (y > zero), infinity, zero), r);
  // Negative bases: the sign goes by the parity of a whole y; large enough y are all even.
  const auto whole = (trunc(y) == y) | (b == infinity);
  const V half = y * splat(static_cast<T>(0.5));
  const auto odd = whole & (trunc(half) != half) & (b < infinity);
  r = xor_sign(r, bits(x) & odd);
  r = select((x < zero) & ~whole & (a < infinity), splat(static_cast<T>(kNan)), r);
  r = select((a == one) & (b == infinity), one, r);
  r = select((x == x) & (y == y), r, x + y);
  return select((x == one) | (y == zero), one, r);
}

// x^3 rounded but once, where it is finite.
NDTAPE_INLINE f32 cube(f32 x) {
  if constexpr (!kHasFma) return in_double(x, [](f64 v) NDTAPE_LAMBDA { return v * v * v; });
  const f32 square = x * x;
  const f32 low = fma(x, x, -square);
  const f32 rough = square * x;
  return select(abs(rough) < static_cast<float>(kInfinity), fma(square, x, low * x), rough);
}
NDTAPE_INLINE f64 cube(f64 x) {
  const f64 square = x * x;
  const f64 low = product_error(x, x, square);
  const f64 rough = square * x;
  return select(abs(rough) < kInfinity, fma(square, x, low * x), rough);
}

// Exponents that people write: x^2, x^3, 1 / x and the root are a few instructions. Without FMA the
// cube of a double may be two roundings off.
template <class V>
inline constexpr bool kQuickCube = sizeof(V{}[0]) == 4 || kHasFma;

template <class V>
NDTAPE_INLINE auto is_quick_power(V y) {
  using T = decltype(y[0] + y[0]);
  using Mask = decltype(bits(y));
  const Mask known = (y == splat(T{2})) | (y == splat(static_cast<T>(0.5))) | (y == splat(T{-1}));
  if constexpr (kQuickCube<V>) return known | (Mask)(y == splat(T{3}));
  return known;
}

template <class V>
NDTAPE_INLINE V pow_quick(V x, V y) {
  using T = decltype(x[0] + x[0]);
  using Mask = decltype(bits(x));
  const V one = splat(T{1});
  const V infinity = splat(static_cast<T>(kInfinity));
  V value = x * x;
  if constexpr (kQuickCube<V>) value = select((Mask)(y == splat(T{3})), cube(x), value);
  // The root of -0 is 0, and that of minus infinity infinity, as C99 has it for pow.
  const V root = select((Mask)(x == -infinity), infinity, sqrt(x + splat(T{0})));
  value = select((Mask)(y == splat(static_cast<T>(0.5))), root, value);
  return select((Mask)(y == splat(T{-1})), one / x, value);
}

template <class V>
NDTAPE_INLINE V pow_with_special(V x, V y, V r) {
  const V infinity = splat(static_cast<decltype(x[0] + x[0])>(kInfinity));
  const auto ordinary = (x > V{}) & (x < infinity) & (abs(y) < infinity);
  if (any((decltype(bits(x)))~ordinary)) return select(ordinary, r, pow_special(x, y, r));
  return r;
}

NDTAPE_INLINE f64 pow(f64 x, f64 y) {
  const i64 quick = is_quick_power(y);
  if (!any(~quick)) return pow_quick(x, y);
  const f64 r = pow_with_special(x, y, pow_positive<Precision::Double>(abs(x), y));
  return any(quick) ? select(quick, pow_quick(x, y), r) : r;
}

template <Precision P>
NDTAPE_INLINE f64 hypot(f64 x, f64 y) {
  f64 a = abs(x);
  f64 b = abs(y);
  const i64 infinite = (a == kInfinity) | (b == kInfinity);
  if constexpr (P == Precision::Single) {
    return select(infinite, kInfinity, sqrt(fma(a, a, b * b)));
  }
  const f64 large = max(a, b);
  const f64 small = min(b, a);
  // Bring the larger near 1, and back at the end; both factors are powers of two.
  const f64 up = power_to_one(large);
  const f64 back = 1.0 / up;
  a = large * up;
  b = small * up;
  const Pair aa = two_product(a, a);
  const Pair bb = two_product(b, b);
  const Pair sum = fast_two_sum(aa.hi, bb.hi);
  const Pair root = square_root({sum.hi, sum.lo + (aa.lo + bb.lo)});
  const f64 r = (root.hi + root.lo) * back;
  const f64 nonzero = select(large == 0.0, 0.0, r);  // the root of 0 leaves NaN
  return select(infinite, kInfinity, select((x == x) & (y == y), nonzero, x + y));
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
