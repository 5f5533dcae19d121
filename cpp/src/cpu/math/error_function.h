// erf and gelu. Bounds: float64 1.5 ULP; through Precision::Single, float32 0.51 ULP.
//
// The normal tail is Q(t) = erfc(t / sqrt(2)) / 2 = exp(-t^2 / 2) g(t); g falls smoothly from
// 1/2 like 1 / t, so (1 + 5/4 t) g(t) is a polynomial in (t - 4) / (t + 4), a variable that maps
// the half line to [-1, 1) (the idea is Schonfelder's, Math. Comp. 32, 1978).
#pragma once

#include "cpu/math/exponential.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// g(t) for 0 <= t <= 39.
template <Precision P>
NDTAPE_INLINE Pair tail_factor(f64 t) {
  const f64 sum = t + 4.0;
  const f64 line = fma(t, 1.25, 1.0);
  if constexpr (P == Precision::Single) {
    const f64 inverse = 1.0 / (sum * line);
    const f64 u = (t - 4.0) * (inverse * line);
    return {polynomial(u, kTailSingle) * (inverse * sum), f64{}};
  }
  // Roundings matter in u, in the line and in the last step of the polynomial: these are pairs.
  const Pair bottom = two_sum(t, splat(4.0));
  const Pair u = divide(two_sum(t, splat(-4.0)), bottom);
  constexpr int kLast = sizeof(kTailDouble) / sizeof(double) - 1;
  f64 p = splat(kTailDouble[kLast]);
#pragma GCC unroll 32
  for (int i = kLast - 1; i >= 1; --i) p = fma(p, u.hi, kTailDouble[i]);
  const Pair product = two_product(p, u.hi);
  const Pair value = fast_two_sum(splat(kTailDouble[0]), product.hi);
  const Pair slope = two_product(t, splat(1.25));
  const Pair top = two_sum(slope.hi, splat(1.0));
  const f64 inverse = 1.0 / top.hi;
  const f64 g = value.hi * inverse;
  // d value = derivative * d u, by g' = t g - 1 / sqrt(2 pi) and dt / du = (t + 4)^2 / 8.
  const f64 derivative = fma(t, value.hi, fma(top.hi, -0x1.9884533d43651p-2, 1.25 * g));
  const f64 from_u = u.lo * 0.125 * (bottom.hi * bottom.hi) * derivative;
  const f64 value_low = value.lo + (kTailDoubleLow + (product.lo + from_u));
  const f64 rest = remainder_of(value.hi, g, top.hi) + (value_low - g * (top.lo + slope.lo));
  return {g, rest * inverse};
}

// exp(-(t^2 + low) / 2) g(t) = 2^k times the pair, for 0 <= t <= 39.
struct ScaledPair {
  Pair m;
  f64 k;
};

NDTAPE_INLINE ScaledPair normal_tail(f64 t) {
  const Pair square = two_product(t, t);
  const ScaledExp e = scaled_exp<Precision::Double>(-0.5 * square.hi, -0.5 * square.lo);
  Pair m = fast_two_sum(splat(1.0), e.s.hi);
  m.lo += e.s.lo;
  return {multiply(m, tail_factor<Precision::Double>(t)), e.k};
}

template <Precision P>
NDTAPE_INLINE f64 erf(f64 x) {
  constexpr double kC = 0x1.20dd750429b6dp+0, kCLow = 0x1.1ae3a914fed80p-56;  // 2 / sqrt(pi)
  const f64 a = abs(x);
  const f64 z = x * x;
  const f64 root2 = min(splat(8.5), a) * 0x1.6a09e667f3bcdp+0;
  f64 near, far;
  if constexpr (P == Precision::Single) {
    near = x * fma(z, polynomial(z, kErfSingle), kC);
    const f64 b = min(splat(8.5), a);
    far = fma(exp<P>(-(b * b)) * tail_factor<P>(root2).hi, -2.0, 1.0);
  } else {
    const Pair lead = two_product(x, splat(kC));
    near = lead.hi + fma(x * z, polynomial(z, kErfDouble), fma(x, kCLow, lead.lo));
    // Subnormal products have no low part; one rounding is all there is to do.
    near = select(a < 0x1p-900, fma(x, splat(kC - 1), x), near);
    const f64 b = min(splat(8.5), a);
    const Pair square = two_product(b, b);
    const Pair e = exp_pair(-square.hi, -square.lo);
    const Pair g = tail_factor<P>(root2);
    const Pair q = multiply(e, g);
    const Pair r = fast_two_sum(splat(1.0), -2.0 * q.hi);
    far = r.hi + (r.lo - 2.0 * q.lo);
  }
  const f64 r = copysign(select(a < 0.5, near, far), x);
  return select(x == x, r, x);
}

// x (1 + erf(x / sqrt(2))) / 2: x Q(-x) below 0, x (1 - Q(x)) above.
template <Precision P>
NDTAPE_INLINE f64 gelu(f64 x) {
  const i64 negative = x < 0.0;
  f64 r;
  if constexpr (P == Precision::Single) {
    const f64 t = min(splat(20.0), abs(x));  // 0 for floats long before 20
    const f64 q = exp<P>(-0.5 * t * t) * tail_factor<P>(t).hi;
    r = x * select(negative, q, 1.0 - q);
  } else {
    const f64 t = min(splat(39.0), abs(x));
    const ScaledPair q = normal_tail(t);
    const Pair p = multiply({-t, f64{}}, q.m);
    const f64 below = scale_by_power(p.hi + p.lo, q.k);
    const Pair one = fast_two_sum(splat(1.0), -scale_by_power(q.m.hi, q.k));
    const Pair whole = multiply({x, f64{}}, {one.hi, one.lo - scale_by_power(q.m.lo, q.k)});
    r = select(negative, below, select(t < 9.0, whole.hi + whole.lo, x));
    r = select(t < 0x1p-900, 0.5 * x, r);
  }
  return select(x == -kInfinity, -0.0, select((x == x) & (x < kInfinity), r, x));
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
