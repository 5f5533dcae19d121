// sin, cos, tan. Bounds: float64 1 ULP; through Precision::Single, float32 0.51 ULP.
//
// x = n pi/2 + r, |r| <= pi/4, with r as a pair. Up to a bound pi/2 is taken away in parts short
// enough for their products with n to be exact (Cody and Waite); larger arguments go one by one
// to reduce_large.
#pragma once

#include "cpu/math/pair.h"
#include "cpu/math/polynomial.h"
#include "cpu/math/reduction.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

struct Reduced {
  Pair r;
  i64 n;  // the quadrant, in the two low bits
};

template <Precision P>
NDTAPE_INLINE Reduced reduce(f64 x) {
  constexpr double kMagic = 0x1.8p52;
  constexpr double kTwoPerPi = 0x1.45f306dc9c883p-1;
  constexpr double kLimit = P == Precision::Single ? 0x1p28 : 0x1.9p19;
  const f64 moved = fma(x, kTwoPerPi, kMagic);
  const f64 n = moved - kMagic;
  Reduced result;
  result.n = bits(moved);
  if constexpr (P == Precision::Single) {
    f64 r = fma(n, -0x1.921fb50000000p+0, x);
    r = fma(n, -0x1.110b460000000p-26, r);
    result.r = {fma(n, -0x1.1a62633145c07p-54, r), f64{}};
  } else {
    const f64 a = fma(n, -0x1.921fb54400000p+0, x);
    const Pair b = two_sum(a, n * -0x1.0b4611a600000p-34);
    const Pair c = two_sum(b.hi, n * -0x1.3198a2e000000p-69);
    result.r = fast_two_sum(c.hi, fma(n, -0x1.b839a252049c1p-104, b.lo + c.lo));
  }
  const i64 large = ~(abs(x) < kLimit);  // NaN goes the slow way as well
  if (__builtin_expect(any(large), 0)) {
    for (int i = 0; i < kLanes<double>; ++i) {
      if (!large[i]) continue;
      const LargeReduced one = reduce_large(x[i]);
      result.r.hi[i] = one.hi;
      result.r.lo[i] = one.lo;
      result.n[i] = one.n;
    }
  }
  return result;
}

template <Precision P>
NDTAPE_INLINE Pair sin_pair(Pair r) {
  const f64 z = r.hi * r.hi;
  const f64 p = polynomial<P>(z, kSinDouble, kSinSingle);
  if constexpr (P == Precision::Single) return {fma(r.hi * z, p, r.hi), f64{}};
  // d sin = cos(r) d r, and cos(r) is 1 - z/2 as far as it matters.
  return fast_two_sum(r.hi, fma(r.hi * z, p, fma(-0.5 * z, r.lo, r.lo)));
}

template <Precision P>
NDTAPE_INLINE Pair cos_pair(Pair r) {
  const f64 z = r.hi * r.hi;
  const f64 q = polynomial<P>(z, kCosDouble, kCosSingle);
  if constexpr (P == Precision::Single) return {fma(z * z, q, 1.0 - 0.5 * z), f64{}};
  const f64 half = 0.5 * z;
  const f64 half_low = 0.5 * product_error(r.hi, r.hi, z);
  const Pair top = fast_two_sum(splat(1.0), -half);
  return fast_two_sum(top.hi, fma(z * z, q, top.lo - fma(r.hi, r.lo, half_low)));
}

template <Precision P>
NDTAPE_INLINE f64 sin_or_cos(Reduced x, int64_t shift) {
  const i64 n = x.n + shift;
  const f64 s = sin_pair<P>(x.r).hi;
  const f64 c = cos_pair<P>(x.r).hi;
  return xor_sign(select((n & 1) != 0, c, s), n << 62);
}

template <Precision P>
NDTAPE_INLINE f64 sin(f64 x) {
  return select(x == 0.0, x, sin_or_cos<P>(reduce<P>(x), 0));
}

template <Precision P>
NDTAPE_INLINE f64 cos(f64 x) {
  return sin_or_cos<P>(reduce<P>(x), 1);
}

template <Precision P>
NDTAPE_INLINE f64 tan(f64 x) {
  const Reduced reduced = reduce<P>(x);
  const Pair s = sin_pair<P>(reduced.r);
  const Pair c = cos_pair<P>(reduced.r);
  const i64 swap = (reduced.n & 1) != 0;  // tan(r + pi/2) = -1 / tan(r)
  const Pair n = {select(swap, -c.hi, s.hi), select(swap, -c.lo, s.lo)};
  const Pair d = {select(swap, s.hi, c.hi), select(swap, s.lo, c.lo)};
  if constexpr (P == Precision::Single) {
    return select(x == 0.0, x, n.hi / d.hi);
  }
  const Pair q = divide(n, d);
  return select(x == 0.0, x, q.hi + q.lo);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
