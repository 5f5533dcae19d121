// log, log2, log10, log1p. Bounds: float64 1 ULP, log by tables 1.05; through Precision::Single,
// float32 0.51 ULP.
//
// x = 2^k m with m in [sqrt(1/2), sqrt(2)), f = m - 1, s = f / (2 + f): then
// log(m) = 2 atanh(s), an odd series in s, and |s| <= 0.172. For full precision it is summed as
// f - f^2/2 + s (f^2/2 + R(s^2)), where the leading terms are exact (Tang 1990; Muller, Elementary
// Functions, ch. 11).
#pragma once

#include "cpu/math/by_tables.h"
#include "cpu/math/pair.h"
#include "cpu/math/polynomial.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

struct Decomposed {
  f64 m, k;
};

// x > 0. In single precision x was a float, or is at least a normal double.
template <Precision P>
NDTAPE_INLINE Decomposed decompose(f64 x) {
  constexpr int64_t kRootHalf = 0x3fe6a09e667f3bcd;
  constexpr int64_t kMantissa = 0x000fffffffffffff;
  f64 offset = splat(0x1p52 + 1023.0);
  if constexpr (P == Precision::Double) {
    const i64 tiny = x < 0x1p-1022;
    x = select(tiny, x * 0x1p54, x);
    offset = select(tiny, splat(0x1p52 + 1077.0), offset);
  }
  const i64 moved = wrapping_add(bits(x), -kRootHalf);
  const i64 exponent = (i64)((u64)wrapping_add(moved, int64_t{1023} << 52) >> 52);
  // Reading the exponent as the low bits of 2^52 + exponent converts it to double.
  const f64 k = from_bits(exponent | 0x4330000000000000) - offset;
  return {from_bits((moved & kMantissa) + kRootHalf), k};
}

// log(m) for m = 1 + f, times 1 + c for a small correction c (Single: f and c of any ratio).
NDTAPE_INLINE f64 log_mantissa_single(f64 f, f64 c = f64{}) {
  const f64 s = f / (2.0 + f);
  const f64 z = s * s;
  return fma(s * z, polynomial(z, kLogSingle), s + s) + c;
}

NDTAPE_INLINE Pair log_mantissa(f64 f, f64 c = f64{}) {
  const f64 s = f / (2.0 + f);
  const f64 z = s * s;
  const f64 r = z * polynomial(z, kLogDouble);
  const f64 half = 0.5 * f;
  const f64 h = half * f;
  const Pair top = fast_two_sum(f, -h);
  const f64 low = (top.lo - product_error(half, f, h)) + fma(s, h + r, c);
  return fast_two_sum(top.hi, low);
}

// k log(2) + l, for l from log_mantissa.
NDTAPE_INLINE Pair add_exponent(f64 k, Pair l) {
  const Pair sum = fast_two_sum(k * 0x1.62e42fefa3800p-1, l.hi);  // a product without rounding
  return fast_two_sum(sum.hi, sum.lo + fma(k, 0x1.ef35793c76730p-45, l.lo));
}

// The values that polynomials know nothing of, for logarithms of x.
NDTAPE_INLINE f64 log_special(f64 x, f64 result) {
  const f64 edge = select(x == 0.0, -kInfinity, select(x < 0.0, splat(kNan), x));
  return select((x > 0.0) & (x < kInfinity), result, edge);
}

template <Precision P>
NDTAPE_INLINE f64 log(f64 x) {
#if defined(__AVX512F__)
  if constexpr (P == Precision::Double) return log_by_table(x);
#endif
  const Decomposed d = decompose<P>(x);
  const f64 f = d.m - 1.0;
  if constexpr (P == Precision::Single) {
    return log_special(x, fma(d.k, kLn2, log_mantissa_single(f)));
  }
  const f64 s = f / (2.0 + f);
  const f64 z = s * s;
  const f64 r = z * polynomial(z, kLogDouble);
  const f64 h = 0.5 * f * f;
  const f64 low = fma(d.k, 0x1.ef35793c76730p-45, s * (h + r));
  return log_special(x, fma(d.k, 0x1.62e42fefa3800p-1, f - (h - low)));
}

// log(x) times the constant hi + lo, plus k times the constant that belongs to it.
template <Precision P>
NDTAPE_INLINE f64 log_to_base(f64 x, double hi, double lo, double k_hi, double k_lo) {
  const Decomposed d = decompose<P>(x);
  if constexpr (P == Precision::Single) {
    return log_special(x, fma(d.k, k_hi + k_lo, log_mantissa_single(d.m - 1.0) * hi));
  }
  const Pair l = multiply(log_mantissa(d.m - 1.0), {splat(hi), splat(lo)});
  const Pair sum = fast_two_sum(d.k * k_hi, l.hi);
  return log_special(x, sum.hi + (sum.lo + fma(d.k, k_lo, l.lo)));
}

template <Precision P>
NDTAPE_INLINE f64 log2(f64 x) {
  return log_to_base<P>(x, 0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56, 1, 0);
}

template <Precision P>
NDTAPE_INLINE f64 log10(f64 x) {
  return log_to_base<P>(x, 0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57, 0x1.34413509f7800p-2,
                        0x1.fef311f12b358p-46);
}

// log(1 + u + low) as a pair, for u > -1 and finite.
NDTAPE_INLINE Pair log1p_pair(f64 u, f64 low = f64{}) {
  const Pair sum = two_sum(splat(1.0), u);
  const Decomposed d = decompose<Precision::Double>(sum.hi);
  return add_exponent(d.k, log_mantissa(d.m - 1.0, (sum.lo + low) / sum.hi));
}

// log of a pair, 0 < x < inf.
NDTAPE_INLINE Pair log_pair(Pair x) {
  const Decomposed d = decompose<Precision::Double>(x.hi);
  return add_exponent(d.k, log_mantissa(d.m - 1.0, x.lo / x.hi));
}

NDTAPE_INLINE f64 log1p_single(f64 u) {
  const f64 sum = 1.0 + u;
  const Decomposed d = decompose<Precision::Single>(sum);
  const f64 c = ((u > 1.0) ? (1.0 - (sum - u)) : (u - (sum - 1.0))) / sum;
  return fma(d.k, kLn2, log_mantissa_single(d.m - 1.0, c));
}

template <Precision P>
NDTAPE_INLINE f64 log1p(f64 x) {
  f64 r;
  if constexpr (P == Precision::Single) {
    r = log1p_single(x);
  } else {
    r = log1p_pair(x).hi;
  }
  return select(x == 0.0, x, log_special(1.0 + x, r));
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
