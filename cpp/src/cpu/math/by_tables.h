// exp, log and tanh in double lanes by tables of sixteen entries, for instruction sets that look
// those up in registers (Tang 1989). Bounds: exp and tanh 1 ULP, log 1.05.
#pragma once

#include "cpu/math/float32/lookup_tables.h"
#include "cpu/math/polynomial.h"

#if defined(__AVX512F__)
namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// exp(x) = 2^k exp(r), k in sixteenths and |r| <= log(2) / 32, for 2^k as it stands in a table: r
// makes good what the entry lost. The low bits of t are those of k.
struct Sixteenths {
  i64 t;
  f64 k, r;
};
NDTAPE_INLINE Sixteenths in_sixteenths(f64 x) {
  constexpr double kMagic = 0x1.8p48;
  const f64 t = fma(x, 0x1.71547652b82fep+0, kMagic);
  const f64 k = t - kMagic;
  const f64 high = fma(k, -0x1.62e42fefa3800p-1, x);  // exact
  const f64 low = fma(k, -0x1.ef35793c76730p-45, lookup(kDoublePowerOf2Error, bits(t)));
  return {bits(t), k, high + low};
}

NDTAPE_INLINE f64 exp_by_table(f64 x) {
  const Sixteenths s = in_sixteenths(min(splat(760.0), max(splat(-760.0), x)));  // NaN stays
  const f64 square = s.r * s.r;
  const f64 p = fma(square, polynomial(s.r, square, kExpSixteenthDouble), s.r);
  const f64 entry = lookup(kDoublePowerOf2, s.t);
  return scale_by_power(fma(entry, p, entry), s.k);
}

// x = 2^k m, m = (1 + f) / entry: log(x) = k log(2) - log(entry) + log(1 + f). The first two terms
// have so few digits that their sum is exact; around 1 both are 0.
NDTAPE_INLINE f64 log_by_table(f64 x) {
  const MantissaExponent s = split_any(x);
  const i64 j = bits(s.m) >> 48;
  const f64 f = fma(s.m, lookup(kReciprocal, j), -1.0);
  const f64 high = fma(s.exponent, 0x1.62e42fefa3800p-1, lookup(kReciprocalLog, j));
  const f64 low = fma(s.exponent, 0x1.ef35793c76730p-45, lookup(kReciprocalLogLow, j));
  const f64 square = f * f;
  return high + (f + fma(square, polynomial(f, square, kLogSixteenthDouble), low));
}

// m / (m + 2), m = exp(2a) - 1 = (e - 1) + e (r + v) as a pair, e = 2^k, v = exp(r) - 1 - r.
NDTAPE_INLINE f64 tanh_by_table(f64 x) {
  const f64 a = min(splat(19.1), abs(x));  // 1 from there on; NaN stays
  const Sixteenths s = in_sixteenths(a + a);
  const f64 square = s.r * s.r;
  const f64 v = square * polynomial(s.r, square, kExpm1SixteenthDouble);
  const f64 e = from_bits(wrapping_add(lookup(kPowerOf2Bits, s.t), s.t << 48));
  const f64 whole = e - 1.0;
  const f64 whole_low = (e - whole) - 1.0;
  const f64 m = fma(e, s.r + v, whole);
  const f64 m_low = fma(e, s.r, whole - m) + fma(e, v, whole_low);
  const f64 larger = max(splat(2.0), m);
  const f64 smaller = min(splat(2.0), m);
  const f64 d = larger + smaller;
  const f64 d_low = (smaller - (d - larger)) + m_low;
  // One step of Newton's method makes the estimate good enough for the quotient's correction.
  const f64 estimate = reciprocal_estimate(d);
  const f64 inverse = fma(estimate, fnma(estimate, d, splat(1.0)), estimate);
  const f64 q = m * inverse;
  const f64 remainder = fnma(q, d, m) + fnma(q, d_low, m_low);
  return copysign(fma(remainder, inverse, q), x);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
#endif
