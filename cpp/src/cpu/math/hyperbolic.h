// sinh, cosh, tanh and their inverses. Bounds: float64 1 ULP; through Precision::Single, float32
// 0.51 ULP.
#pragma once

#include "cpu/math/by_tables.h"
#include "cpu/math/exponential.h"
#include "cpu/math/logarithm.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// exp(a) / 2 as a pair for a >= 0, without overflow where exp(a) / 2 itself has none.
NDTAPE_INLINE Pair half_exp(f64 a) {
  const ScaledExp e = scaled_exp<Precision::Double>(clamp(a, 0, 760));
  const Pair m = fast_two_sum(splat(1.0), e.s.hi);
  return {scale_by_power(m.hi, e.k - 1.0), scale_by_power(m.lo + e.s.lo, e.k - 1.0)};
}

template <Precision P>
NDTAPE_INLINE f64 sinh(f64 x) {
  const f64 a = abs(x);
  if constexpr (P == Precision::Single) {
    const f64 e = expm1<P>(a);
    return copysign(0.5 * (e + e / (e + 1.0)), x);
  }
  const f64 z = x * x;
  const f64 near = fma(x * z, polynomial(z, kSinhDouble), x);
  const Pair e = half_exp(a);
  const Pair sum = fast_two_sum(e.hi, -0.25 / e.hi);
  const f64 far = sum.hi + (sum.lo + e.lo);
  // An infinite e.hi leaves NaN in the low parts.
  return copysign(select(a < 1.0, near, select(e.hi == kInfinity, e.hi, far)), x);
}

template <Precision P>
NDTAPE_INLINE f64 cosh(f64 x) {
  const f64 a = abs(x);
  if constexpr (P == Precision::Single) {
    const f64 e = exp<P>(a);
    return 0.5 * (e + 1.0 / e);
  }
  const Pair e = half_exp(a);
  const Pair sum = fast_two_sum(e.hi, 0.25 / e.hi);
  return select(e.hi == kInfinity, e.hi, sum.hi + (sum.lo + e.lo));
}

template <Precision P>
NDTAPE_INLINE f64 tanh(f64 x) {
#if defined(__AVX512F__)
  if constexpr (P == Precision::Double) return tanh_by_table(x);
#endif
  const f64 a = abs(x);
  if constexpr (P == Precision::Single) {
    const f64 e = expm1<P>(clamp(a + a, 0, 60));
    return copysign(e / (e + 2.0), x);
  }
  // n / (n + 2), n = exp(2a) - 1 = (2^k - 1) + 2^k s as a pair; 1 from 19.1 on.
  const f64 b = min(splat(19.1), a);
  const ScaledExp e = scaled_exp<Precision::Double>(b + b);
  const f64 power = scale_normal(splat(1.0), e.k);
  Pair n = fast_two_sum(power - 1.0, power * e.s.hi);
  n.lo = fma(power, e.s.lo, n.lo);
  const f64 larger = max(splat(2.0), n.hi);
  const f64 smaller = min(splat(2.0), n.hi);
  const Pair d = fast_two_sum(larger, smaller);
  const Pair q = divide(n, {d.hi, d.lo + n.lo});
  return copysign(q.hi + q.lo, x);
}

template <Precision P>
NDTAPE_INLINE f64 asinh(f64 x) {
  const f64 a = abs(x);
  if constexpr (P == Precision::Single) {
    const f64 r = log1p_single(a + a * a / (1.0 + sqrt(fma(a, a, 1.0))));
    return copysign(select(a < kInfinity, r, a), x);
  }
  const f64 z = x * x;
  const f64 near = fma(x * z, polynomial(z, kAsinhDouble), x);
  // log(a + sqrt(a^2 + 1)); far out log(2a) = log(a) + log(2).
  const i64 huge = a > 0x1p30;
  const f64 b = select(huge, 1.0, a);
  const Pair square = two_product(b, b);
  const Pair t = two_sum(square.hi, splat(1.0));
  const Pair root = square_root({t.hi, t.lo + square.lo});
  const Pair sum = fast_two_sum(root.hi, b);
  const Decomposed d = decompose<P>(select(huge, a, sum.hi));
  const f64 low = select(huge, 0.0, (sum.lo + root.lo) / sum.hi);
  const f64 k = select(huge, d.k + 1.0, d.k);
  const f64 far = add_exponent(k, log_mantissa(d.m - 1.0, low)).hi;
  return copysign(select(a < 0.5, near, select(a < kInfinity, far, a)), x);
}

template <Precision P>
NDTAPE_INLINE f64 acosh(f64 x) {
  const f64 t = x - 1.0;
  const i64 inside = (x >= 1.0) & (x < kInfinity);
  const f64 edge = select(x < 1.0, splat(kNan), x);
  if constexpr (P == Precision::Single) {
    return select(inside, log1p_single(t + sqrt(t * (t + 2.0))), edge);
  }
  // log1p(t + sqrt(2t + t^2)); far out log(2x).
  const i64 huge = x > 0x1p30;
  const f64 u = select(huge, 1.0, t);
  const Pair square = two_product(u, u);
  const f64 twice = u + u;
  const Pair w = two_sum(twice, square.hi);
  Pair root = square_root({w.hi, w.lo + square.lo});
  root.lo = select(u > 0.0, root.lo, 0.0);
  const Pair sum = two_sum(root.hi, u);
  const Pair one = two_sum(splat(1.0), sum.hi);
  const f64 one_low = one.lo + (sum.lo + root.lo);
  const Decomposed d = decompose<P>(select(huge, x, one.hi));
  const f64 low = select(huge, 0.0, one_low / one.hi);
  const f64 k = select(huge, d.k + 1.0, d.k);
  return select(inside, add_exponent(k, log_mantissa(d.m - 1.0, low)).hi, edge);
}

template <Precision P>
NDTAPE_INLINE f64 atanh(f64 x) {
  const f64 a = abs(x);
  const i64 inside = a < 1.0;
  const f64 edge = select(a == 1.0, kInfinity, splat(kNan));
  f64 r;
  if constexpr (P == Precision::Single) {
    r = 0.5 * log1p_single((a + a) / (1.0 - a));
  } else {
    const Pair d = two_sum(splat(1.0), -a);
    const Pair q = divide({a + a, f64{}}, d);
    // Tiny quotients lose their low part to underflow, and do not need it.
    r = 0.5 * log1p_pair(q.hi, select(a > 0x1p-500, q.lo, 0.0)).hi;
    r = select(a < 0x1p-30, a, r);
  }
  return copysign(select(inside, r, edge), x);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
