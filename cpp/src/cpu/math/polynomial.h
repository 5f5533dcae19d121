// Polynomials, and the two precisions functions are written for.
#pragma once

#include "cpu/math/coefficients.h"
#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// What the result of a function evaluated in double is for. Single: it will be rounded to float
// and the operands were floats, so a relative error of 2^-30 does. Double: at most 1.5 ULP.
enum class Precision { Single, Double };

// c[0] + c[1] x + ... by Horner's rule. Blocks are long enough to hide its latency.
template <class V, class T, int N>
NDTAPE_INLINE V polynomial(V x, const T (&c)[N]) {
  V p = splat(c[N - 1]);
#pragma GCC unroll 32
  for (int i = N - 2; i >= 0; --i) p = fma(p, x, c[i]);
  return p;
}

// The same with half the latency, by Horner's rule on pairs of coefficients, where x^2 is at hand.
template <class V, class T, int N>
NDTAPE_INLINE V polynomial(V x, V square, const T (&c)[N]) {
  constexpr int kLast = (N - 1) / 2 * 2;
  V p = splat(c[kLast]);
  if constexpr (kLast < N - 1) p = fma(x, c[kLast + 1], c[kLast]);
#pragma GCC unroll 16
  for (int i = kLast - 2; i >= 0; i -= 2) p = fma(p, square, fma(x, c[i + 1], c[i]));
  return p;
}

// The same for the precision asked for.
template <Precision P, int N, int M>
NDTAPE_INLINE f64 polynomial(f64 x, const double (&for_double)[N], const double (&for_single)[M]) {
  if constexpr (P == Precision::Double) {
    return polynomial(x, for_double);
  } else {
    return polynomial(x, for_single);
  }
}

inline constexpr double kInfinity = __builtin_inf();
inline constexpr float kInfinityFloat = __builtin_inff();
inline constexpr double kNan = __builtin_nan("");

// Constants whose second part holds the digits that the first had no room for.
inline constexpr double kPi = 0x1.921fb54442d18p+1, kPiLow = 0x1.1a62633145c07p-53;
inline constexpr double kLn2 = 0x1.62e42fefa39efp-1, kLn2Low = 0x1.abc9e3b39803fp-56;

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
