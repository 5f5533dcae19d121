// floor_divide and remainder with Python's signs. Bounds: the remainder is exact before it is
// moved to the divisor's side of zero, 0.5 ULP after; floor_divide is exact below 2^24 (float32)
// and 2^53 (float64), and within 1 ULP above.
#pragma once

#include "cpu/math/pair.h"
#include "cpu/math/polynomial.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

inline constexpr int64_t kExponent64 = 0x7ff0000000000000;

// The power of two that brings d to about r / 2^Digits, at least 1. For 0 < d <= r.
// As two factors, for it may exceed the largest double.
struct Power {
  f64 first, second;
};

template <int Digits>
NDTAPE_INLINE Power power_between(f64 r, f64 d) {
  // Work from normal numbers: subnormal divisors are first scaled up.
  const i64 tiny = d < 0x1p-1022;
  const f64 normal = select(tiny, d * 0x1p54, d);
  const i64 d_field = (bits(normal) & kExponent64) - (tiny & (int64_t{54} << 52));
  const i64 r_field = bits(r) & kExponent64;
  i64 shift = (i64)((u64)r_field - (u64)d_field - (uint64_t{Digits} << 52));
  shift = shift > 0 ? shift : i64{};
  const i64 half = (shift >> 53) << 52;
  constexpr int64_t kOne = int64_t{1023} << 52;
  return {from_bits(wrapping_add(half, kOne)), from_bits(wrapping_add(shift - half, kOne))};
}

// C's division of finite x by y != 0: remainder is that of fmod, exact and with the sign of x;
// quotient is |x| / |y| rounded towards 0, exact below 2^53.
struct Truncated {
  f64 quotient, remainder;
};

// Each turn takes away a multiple of y with Digits + 1 bits, so that the product and the
// difference are exact; ordinary operands need one turn. With Digits 28 operands must be floats.
template <int Digits>
NDTAPE_INLINE Truncated divide_truncated(f64 x, f64 y) {
  f64 r = abs(x);
  const f64 d = abs(y);
  f64 quotient = {};
  i64 again = r >= d;
  while (any(again)) {
    const Power p = power_between<Digits>(r, d);
    const f64 unit = select(again, d * p.first * p.second, 1.0);
    f64 q = select(again, trunc(r / unit), 0.0);
    f64 next;
    if constexpr (Digits < 30) {
      next = r - q * unit;  // at most 53 bits
    } else if constexpr (kHasFma) {
      next = fma(-q, unit, r);
    } else {
      const i64 huge = r > 0x1p900;  // splitting must not overflow
      const f64 down = select(huge, splat(0x1p-100), splat(1.0));
      const f64 up = select(huge, splat(0x1p100), splat(1.0));
      next = remainder_of(r * down, q, unit * down) * up;
    }
    const i64 over = next < 0.0;  // the quotient was rounded up to one too many
    r = select(over, next + unit, next);
    q = select(over, q - 1.0, q);
    quotient += select(q == 0.0, q, q * p.first * p.second);
    again = r >= d;
  }
  return {quotient, copysign(r, x)};
}

struct Division {
  f64 quotient, remainder;  // floored
};

// Infinite x and NaN give NaN; of y = 0 only the remainder means something, NaN.
template <Precision P>
NDTAPE_INLINE Division divide_floored(f64 x, f64 y) {
  constexpr int kDigits = P == Precision::Single ? 28 : 51;
  const i64 defined = (abs(x) < kInfinity) & (y == y) & (y != 0.0);
  const i64 finite = defined & (abs(y) < kInfinity);
  const Truncated t = divide_truncated<kDigits>(select(finite, x, 0.0), select(finite, y, 1.0));
  const f64 r = select(finite, t.remainder, x);  // all of x is left by an infinite y
  const i64 apart = (r != 0.0) & ((bits(r) ^ bits(y)) < 0);
  const f64 remainder = select(r == 0.0, copysign(f64{}, y), select(apart, r + y, r));
  const f64 q = xor_sign(t.quotient, bits(x) ^ bits(y));
  const f64 quotient = select(apart, q - 1.0, q);
  return {select(defined, quotient, kNan), select(defined, remainder, kNan)};
}

template <Precision P>
NDTAPE_INLINE f64 remainder(f64 x, f64 y) {
  return divide_floored<P>(x, y).remainder;
}

template <Precision P>
NDTAPE_INLINE f64 floor_divide(f64 x, f64 y) {
  // By zero, and where one is infinite: the quotient is an infinity, a zero or NaN, and floor would
  // leave it as it is. The array API standard prefers this to Python's -1.0 for 1.0 // -inf.
  const i64 plain = (y == 0.0) | (abs(x) == kInfinity) | (abs(y) == kInfinity);
  return select(plain, x / y, divide_floored<P>(x, y).quotient);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
