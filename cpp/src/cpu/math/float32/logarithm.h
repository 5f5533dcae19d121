// log, log2, log10, log1p in float lanes. Bound: 0.9 ULP. Needs FMA.
//
// x = 2^k (1 + f); then log(x) = k log(2) + f + f^2 p(f), where the sum of the first two terms is
// kept as a pair. What is not a normal positive number is rare, and left to the double lanes.
#pragma once

#include "cpu/math/float32/rare.h"
#include "cpu/math/logarithm.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

__attribute__((noinline)) f32 rare_log(f32 x) {
  return in_double(x, [](f64 v) NDTAPE_LAMBDA { return log<Precision::Single>(v); });
}
__attribute__((noinline)) f32 rare_log2(f32 x) {
  return in_double(x, [](f64 v) NDTAPE_LAMBDA { return log2<Precision::Single>(v); });
}
__attribute__((noinline)) f32 rare_log10(f32 x) {
  return in_double(x, [](f64 v) NDTAPE_LAMBDA { return log10<Precision::Single>(v); });
}
__attribute__((noinline)) f32 rare_log1p(f32 x) {
  return in_double(x, [](f64 v) NDTAPE_LAMBDA { return log1p<Precision::Single>(v); });
}

// x = 2^k m, 2/3 < m < 4/3 or so, for normal x > 0. At the exact 4/3, log10 would come close to
// its bound: the logarithm is just below 1/8 there, where floats are denser.
struct Normalized {
  f32 m, k;
};

NDTAPE_INLINE Normalized normalize(f32 x) {
  constexpr int32_t kLeast = 0x3f2ab368;  // 0.6668
  const i32 moved = wrapping_add(bits(x), -kLeast);
  const i32 k = moved >> 23;
  return {from_bits((moved & 0x007fffff) + kLeast), __builtin_convertvector(k, f32)};
}

NDTAPE_INLINE i32 is_normal_positive(f32 x) { return (x >= 0x1p-126f) & (x < kInfinityFloat); }

inline constexpr float kLn2High = 0x1.62e4p-1f, kLn2Rest = 0x1.7f7d1cp-20f;  // 15 + 24 bits

NDTAPE_INLINE f32 log(f32 x) {
  const Normalized n = normalize(x);
  const f32 f = n.m - 1.0f;
  const f32 high = n.k * kLn2High;
  const f32 s = high + f;
  const f32 lost = f - (s - high);
  const f32 r = s + fma(f * f, polynomial(f, kLogFloat), fma(n.k, kLn2Rest, lost));
  return unless_rare(is_normal_positive(x), x, r, rare_log);
}

// To a base b: c = 1 / log(b) and the logarithm of 2 in two parts each.
template <int N>
NDTAPE_INLINE f32 log_to_base(f32 x, const float (&p)[N], float c, float c_low, float of2,
                              float of2_low) {
  const Normalized n = normalize(x);
  const f32 f = n.m - 1.0f;
  const f32 product = f * c;
  const f32 product_low = fma(f, c_low, fma(f, splat(c), -product));
  const f32 high = n.k * of2;  // exact
  const f32 s = high + product;
  const f32 lost = (product - (s - high)) + product_low;
  return s + fma(f * f, polynomial(f, p), fma(n.k, of2_low, lost));
}

NDTAPE_INLINE f32 log2(f32 x) {
  const f32 r = log_to_base(x, kLog2Float, 0x1.715476p+0f, 0x1.4ae0c0p-26f, 1, 0);
  return unless_rare(is_normal_positive(x), x, r, rare_log2);
}

NDTAPE_INLINE f32 log10(f32 x) {
  const f32 r =
      log_to_base(x, kLog10Float, 0x1.bcb7b2p-2f, -0x1.5b235ep-27f, 0x1.3440p-2f, 0x1.3509f8p-18f);
  return unless_rare(is_normal_positive(x), x, r, rare_log10);
}

NDTAPE_INLINE f32 log1p(f32 x) {
  // 1 + x = sum + c exactly.
  const f32 sum = 1.0f + x;
  const f32 t = sum - 1.0f;
  const f32 c = (1.0f - (sum - t)) + (x - t);
  const Normalized n = normalize(sum);
  const f32 f = n.m - 1.0f;
  const f32 square = f * f;
  // log(1 + f + d) is log(1 + f) + d / (1 + f), and d is tiny.
  const f32 d = scale_by_power(c, -n.k);
  const f32 low = fma(d, square - f, d);
  const f32 high = n.k * kLn2High;
  const f32 s = high + f;
  const f32 lost = (f - (s - high)) + low;
  const f32 sign_lost = s + fma(square, polynomial(f, kLogFloat), fma(n.k, kLn2Rest, lost));
  const f32 r = copysign(sign_lost, x);
  return unless_rare((x > -1.0f) & (x < 0x1p126f), x, r, rare_log1p);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
