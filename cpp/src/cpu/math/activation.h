// sigmoid, softplus, logaddexp. Bounds: float64 1 ULP; through Precision::Single, float32 0.51
// ULP; logaddexp as said there.
#pragma once

#include "cpu/math/exponential.h"

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

// log(1 + e) = 2 atanh(e / (2 + e)) for 0 <= e <= 1, as a pair.
NDTAPE_INLINE Pair log_one_plus(Pair e) {
  const Pair sum = fast_two_sum(splat(2.0), e.hi);
  const Pair s = divide(e, {sum.hi, sum.lo + e.lo});
  const f64 z = s.hi * s.hi;
  const f64 tail = fma(s.hi * z, polynomial(z, kLogOnePlusDouble), s.lo + s.lo);
  return fast_two_sum(s.hi + s.hi, tail);
}

// log(1 + exp(x + x_low)) for x <= 0; far out that is exp(x), whose low part would underflow.
NDTAPE_INLINE Pair log_one_plus_exp(f64 x, f64 x_low = f64{}) {
  const i64 near = x > -600.0;
  const Pair e = exp_pair(x, select(near, x_low, 0.0));
  const Pair l = log_one_plus(e);
  return {select(near, l.hi, e.hi), select(near, l.lo, 0.0)};
}

// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)).
template <Precision P>
NDTAPE_INLINE f64 softplus(f64 x) {
  const f64 above = max(x, f64{});
  f64 r;
  if constexpr (P == Precision::Single) {
    const f64 e = exp<P>(-abs(x));
    const f64 s = e / (2.0 + e);
    const f64 z = s * s;
    r = above + fma(s * z, polynomial(z, kLogOnePlusSingle), s + s);
  } else {
    const Pair l = log_one_plus_exp(-abs(x));
    const Pair sum = two_sum(above, l.hi);
    r = sum.hi + (sum.lo + l.lo);
  }
  return select(abs(x) < kInfinity, r, select(x == x, above, x));
}

// max + log(1 + exp(min - max)). Where these two terms all but cancel, which needs arguments about
// -log(2) or one of them near 0, the error stays below 2^-56 (float32: 2^-51) of the larger term,
// rather than of the result.
template <Precision P>
NDTAPE_INLINE f64 logaddexp(f64 x, f64 y) {
  const f64 high = max(x, y);
  const f64 low = min(x, y);
  const i64 finite = abs(low - high) < kInfinity;
  f64 r;
  if constexpr (P == Precision::Single) {
    const f64 e = exp<Precision::Double>(low - high);
    const f64 s = e / (2.0 + e);
    const f64 z = s * s;
    r = high + fma(s * z, polynomial(z, kLogOnePlusDouble), s + s);
  } else {
    const Pair d = two_sum(low, -high);
    const Pair l = log_one_plus_exp(d.hi, d.lo);
    const Pair sum = two_sum(high, l.hi);
    r = sum.hi + (sum.lo + l.lo);
  }
  // Else one is infinite, or so far below the other that the difference overflows.
  const f64 rest = select(x == y, x, high) + 0.0;
  return select((x == x) & (y == y), select(finite, r, rest), x + y);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
