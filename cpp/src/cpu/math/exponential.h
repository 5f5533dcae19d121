// exp, exp2, expm1. Bounds: float64 1 ULP; through Precision::Single, float32 0.51 ULP.
//
// exp(x) = 2^k exp(r), r = x - k log(2), |r| <= log(2) / 2 (Cody and Waite 1980, ch. 6): log(2)
// is taken in two parts, of which k times the first is exact.
#pragma once

#include "cpu/math/by_tables.h"
#include "cpu/math/pair.h"
#include "cpu/math/polynomial.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// exp(x) = 2^k (1 + s), s as a pair; s.hi alone for single precision.
struct ScaledExp {
  Pair s;
  f64 k;
};

// Of the sum x + low, |x| <= 2000, low much the smaller.
template <Precision P>
NDTAPE_INLINE ScaledExp scaled_exp(f64 x, f64 low = f64{}) {
  constexpr double kMagic = 0x1.8p52;  // adding and taking it away rounds to a whole number
  constexpr double kPerLn2 = 0x1.71547652b82fep+0;
  const f64 k = fma(x, kPerLn2, kMagic) - kMagic;
  if constexpr (P == Precision::Single) {
    const f64 r = fma(k, -kLn2, x);  // k is small enough for one part
    const f64 p = polynomial(r, kExpSingle);
    return {{fma(r * r, p, r), f64{}}, k};
  }
  const f64 r0 = fma(k, -0x1.62e42fefa3800p-1, x);
  const f64 tail = fma(k, -0x1.ef35793c76730p-45, low);
  const Pair r = fast_two_sum(r0, tail);
  const f64 q = fma(r.hi * r.hi, polynomial(r.hi, kExpDouble), r.lo);
  return {fast_two_sum(r.hi, q), k};
}

NDTAPE_INLINE f64 clamp(f64 x, double low, double high) {  // keeps NaN
  return min(splat(high), max(splat(low), x));
}

// exp of a pair, itself a pair with about 57 good bits; x at most 700, 0 from -746 downwards.
// The low part is only good above 2^-960.
NDTAPE_INLINE Pair exp_pair(f64 x, f64 low = f64{}) {
  const ScaledExp e = scaled_exp<Precision::Double>(max(splat(-760.0), x), low);
  const Pair m = fast_two_sum(splat(1.0), e.s.hi);
  return {scale_by_power(m.hi, e.k), scale_by_power(m.lo + e.s.lo, e.k)};
}

template <Precision P>
NDTAPE_INLINE f64 exp(f64 x) {
#if defined(__AVX512F__)
  if constexpr (P == Precision::Double) return exp_by_table(x);
#endif
  constexpr double kBound = P == Precision::Single ? 200 : 760;
  const ScaledExp e = scaled_exp<P>(clamp(x, -kBound, kBound));
  if constexpr (P == Precision::Single) return scale_normal(1.0 + e.s.hi, e.k);
  return scale_by_power(1.0 + e.s.hi, e.k);
}

template <Precision P>
NDTAPE_INLINE f64 exp2(f64 x) {
  constexpr double kMagic = 0x1.8p52;
  constexpr double kBound = P == Precision::Single ? 300 : 1100;
  const f64 y = clamp(x, -kBound, kBound);
  const f64 k = (y + kMagic) - kMagic;
  const f64 f = y - k;  // exact
  if constexpr (P == Precision::Single) {
    const f64 r = f * kLn2;
    return scale_normal(1.0 + fma(r * r, polynomial(r, kExpSingle), r), k);
  }
  const f64 r = f * kLn2;
  const f64 r_low = product_error(f, splat(kLn2), r) + f * kLn2Low;
  const f64 q = fma(r * r, polynomial(r, kExpDouble), r_low);
  return scale_by_power(1.0 + (r + q), k);
}

// expm1 as a pair, x in [-60, 700]. Its k is halved once so that 2^k itself cannot overflow.
NDTAPE_INLINE Pair expm1_pair(f64 x) {
  const ScaledExp e = scaled_exp<Precision::Double>(x);
  const f64 power = scale_normal(splat(1.0), e.k);
  const f64 whole = power - 1.0;
  const Pair sum = two_sum(whole, power * e.s.hi);
  const f64 low = sum.lo + (fma(power, e.s.lo, (power - whole) - 1.0));
  const Pair far = fast_two_sum(sum.hi, low);
  const i64 near = e.k == 0.0;
  return {select(near, e.s.hi, far.hi), select(near, e.s.lo, far.lo)};
}

template <Precision P>
NDTAPE_INLINE f64 expm1(f64 x) {
  if constexpr (P == Precision::Single) {
    const ScaledExp e = scaled_exp<P>(clamp(x, -60, 200));
    const f64 power = scale_normal(splat(1.0), e.k);
    return copysign(select(e.k == 0.0, e.s.hi, fma(power, e.s.hi, power - 1.0)), x);
  }
  // Above 700 the 1 does not matter, and exp's own scaling avoids overflow on the way.
  const f64 below = expm1_pair(clamp(x, -60, 700)).hi;
  const i64 huge = x > 700.0;
  f64 r = below;
  if (any(huge)) r = select(huge, exp<P>(x), below);
  return copysign(r, x);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
