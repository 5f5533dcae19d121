// sigmoid, softplus, logaddexp. Bounds: float64 1 ULP; through Precision::Single, float32 0.51 ULP.
#pragma once

#include "cpu/math/exponential.h"
#include "cpu/math/logarithm.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// 1 / (1 + exp(-x)), by exp(-|x|) on either side so that nothing overflows or cancels.
template <Precision P>
NDTAPE_INLINE f64 sigmoid(f64 x) {
  const i64 negative = x < 0.0;
  if constexpr (P == Precision::Single) {
    const f64 e = exp<P>(-abs(x));
    return select(negative, e, splat(1.0)) / (1.0 + e);
  }
  const f64 a = -abs(x);
  const Pair e = exp_pair(a);
  const Pair sum = fast_two_sum(splat(1.0), e.hi);
  const Pair d = {sum.hi, sum.lo + e.lo};
  const Pair n = {select(negative, e.hi, splat(1.0)), select(negative, e.lo, 0.0)};
  const Pair q = divide(n, d);
  // Far below 0 the quotient is exp(x), whose low part has underflowed.
  return select(a > -600.0, q.hi + q.lo, select(negative, e.hi, select(x == x, splat(1.0), x)));
}

// log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)).
template <Precision P>
NDTAPE_INLINE f64 softplus(f64 x) {
  if constexpr (P == Precision::Single) {
    const f64 e = exp<P>(-abs(x));
    const f64 s = e / (2.0 + e);  // log1p(e) = 2 atanh(s), s <= 1/3
    const f64 z = s * s;
    const f64 l = fma(s * z, polynomial(z, kLogOnePlusSingle), s + s);
    return select(x == x, select(x > 0.0, x + l, l), x);
  }
  const f64 a = -abs(x);
  const Pair e = exp_pair(a);
  const Pair l = log1p_pair(e.hi, select(a > -600.0, e.lo, 0.0));
  const Pair sum = two_sum(x, l.hi);
  const f64 above = select(x > 40.0, x, sum.hi + (sum.lo + l.lo));
  const f64 below = select(a > -600.0, l.hi, e.hi);
  return select(x == x, select(x > 0.0, above, below), x);
}

// max + log1p(exp(min - max)). Where the two terms cancel (only if both arguments are in
// (-log(2), 0], or one is just above), the error is 2^-57 of the terms, not of the result.
// In single precision the same steps are taken, so that the error there stays under that too.
template <Precision P>
NDTAPE_INLINE f64 logaddexp(f64 x, f64 y) {
  const f64 high = max(x, y);
  const f64 low = min(x, y);
  const Pair d = two_sum(low, -high);
  const i64 apart = d.hi > -750.0;
  const Pair e = exp_pair(select(apart, d.hi, 0.0), select(apart, d.lo, 0.0));
  const Pair l = log1p_pair(e.hi, select(d.hi > -600.0, e.lo, 0.0));
  const Pair sum = two_sum(high, l.hi);
  const f64 r = sum.hi + (sum.lo + l.lo);
  // From here on equal infinities, infinities and NaN.
  const f64 far = select(x == y, x, high) + 0.0;
  const i64 finite = apart & (abs(x) < kInfinity);
  return select((x == x) & (y == y), select(finite, r, far), x + y);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
