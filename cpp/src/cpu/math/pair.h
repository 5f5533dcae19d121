// Numbers to twice the precision: the unevaluated sum of two doubles (Dekker 1971, Knuth TAOCP 2,
// 4.2.2), for the few steps of a function where one rounding would already be too much.
#pragma once

#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

struct Pair {
  f64 hi, lo;
};

// a + b exactly, where |a| >= |b| or a is 0.
NDTAPE_INLINE Pair fast_two_sum(f64 a, f64 b) {
  const f64 s = a + b;
  return {s, b - (s - a)};
}

NDTAPE_INLINE Pair two_sum(f64 a, f64 b) {
  const f64 s = a + b;
  const f64 t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}

// a * b - p for p the rounded product. Without FMA by Dekker's splitting, which needs
// |a|, |b| < 2^996 and loses bits where the product is below 2^-968.
NDTAPE_INLINE f64 product_error(f64 a, f64 b, f64 p) {
  if constexpr (kHasFma) return fma(a, b, -p);
  constexpr double kSplit = 134217729;  // 2^27 + 1
  const f64 ca = a * kSplit;
  const f64 cb = b * kSplit;
  const f64 ah = ca - (ca - a);
  const f64 bh = cb - (cb - b);
  const f64 al = a - ah;
  const f64 bl = b - bh;
  return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
}

NDTAPE_INLINE Pair two_product(f64 a, f64 b) {
  const f64 p = a * b;
  return {p, product_error(a, b, p)};
}

// n - q * d, where q is about n / d: exact but for the last rounding.
NDTAPE_INLINE f64 remainder_of(f64 n, f64 q, f64 d) {
  if constexpr (kHasFma) return fma(-q, d, n);
  const Pair p = two_product(q, d);
  return (n - p.hi) - p.lo;
}

NDTAPE_INLINE Pair multiply(Pair a, Pair b) {
  const Pair p = two_product(a.hi, b.hi);
  return {p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi)};
}

// n / d for d whose reciprocal is normal; the low parts may be rounding errors of the high ones.
NDTAPE_INLINE Pair divide(Pair n, Pair d) {
  const f64 inverse = 1.0 / d.hi;
  const f64 q = n.hi * inverse;  // may be off by an ULP, which the low part makes good
  return {q, (remainder_of(n.hi, q, d.hi) + (n.lo - q * d.lo)) * inverse};
}

// The root of t > 0.
NDTAPE_INLINE Pair square_root(Pair t) {
  const f64 s = sqrt(t.hi);
  return {s, (remainder_of(t.hi, s, s) + t.lo) / (s + s)};
}

// A power of two that brings x > 0 into [1, 4), where there is a normal one.
NDTAPE_INLINE f64 power_to_one(f64 x) {
  const i64 kLow = i64{} + (int64_t{1} << 52);
  const i64 kHigh = i64{} + (int64_t{2045} << 52);
  i64 field = bits(x) & int64_t{0x7ff0000000000000};
  field = field < kLow ? kLow : field;
  field = field > kHigh ? kHigh : field;
  return from_bits((int64_t{2046} << 52) - field);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
