// sin, cos and tan in float lanes. Bound: 0.9 ULP. Needs FMA.
//
// The reduction is that of the double lanes: pi/2 in three parts of 24 bits, the argument left
// over as a pair. Arguments beyond a bound, infinities and NaN are left to the double lanes.
#pragma once

#include "cpu/math/float32/rare.h"
#include "cpu/math/trigonometric.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

inline constexpr float kReductionLimit = 0x1p15f;

struct FloatReduced {
  f32 r, low;
  i32 n;
};

NDTAPE_INLINE FloatReduced reduce(f32 x) {
  constexpr float kMagic = 0x1.8p23f;
  const f32 moved = fma(x, 0x1.45f306p-1f, kMagic);
  const f32 n = moved - kMagic;
  const f32 a = fma(n, -0x1.921fb6p+0f, x);  // exact: both are multiples of 2^-24
  const f32 w = n * -0x1.777a5cp-25f;
  const f32 w_low = fma(n, -0x1.777a5cp-25f, -w);
  const f32 r = a - w;
  // a is 0 or a multiple of the last bit of w, so this difference is exact whichever is larger.
  const f32 lost = (a - r) - w;
  return {r, fma(n, 0x1.ee59dap-50f, lost - w_low), bits(moved)};
}

NDTAPE_INLINE f32 sin_polynomial(f32 r, f32 low, f32 z) {
  return r + fma(r * z, polynomial(z, kSinFloat), low);
}

NDTAPE_INLINE f32 cos_polynomial(f32 r, f32 low, f32 z) {
  const f32 half = 0.5f * z;
  const f32 c = 1.0f - half;
  const f32 lost = (1.0f - c) - half;
  return c + fma(z * z, polynomial(z, kCosFloat), fma(-r, low, lost));
}

NDTAPE_INLINE f32 sin_or_cos(f32 x, int32_t shift) {
  const FloatReduced v = reduce(x);
  const i32 n = v.n + shift;
  const f32 z = v.r * v.r;
  const f32 s = sin_polynomial(v.r, v.low, z);
  const f32 c = cos_polynomial(v.r, v.low, z);
  return xor_sign(select((n & 1) != 0, c, s), n << 30);
}

__attribute__((noinline)) f32 rare_sin(f32 x) {
  return in_double(x, [](f64 v) NDTAPE_LAMBDA { return sin<Precision::Single>(v); });
}
__attribute__((noinline)) f32 rare_cos(f32 x) {
  return in_double(x, [](f64 v) NDTAPE_LAMBDA { return cos<Precision::Single>(v); });
}

NDTAPE_INLINE f32 sin(f32 x) {
  // The polynomial loses the sign of -0.
  const f32 r = xor_sign(sin_or_cos(abs(x), 0), bits(x));
  return unless_rare(abs(x) < kReductionLimit, x, r, rare_sin);
}

NDTAPE_INLINE f32 cos(f32 x) {
  return unless_rare(abs(x) < kReductionLimit, x, sin_or_cos(x, 1), rare_cos);
}

__attribute__((noinline)) f32 rare_tan(f32 x) {
  return in_double(x, [](f64 v) NDTAPE_LAMBDA { return tan<Precision::Single>(v); });
}

// sin / cos, or -cos / sin in odd quadrants, all of them pairs.
NDTAPE_INLINE f32 tan(f32 x) {
  const FloatReduced v = reduce(abs(x));
  const f32 z = v.r * v.r;
  const f32 half = 0.5f * z;
  const f32 s_tail = fma(v.r * z, polynomial(z, kSinFloat), fma(-half, v.low, v.low));
  const f32 s = v.r + s_tail;
  const f32 s_low = s_tail - (s - v.r);
  const f32 top = 1.0f - half;
  const f32 z_low = fma(v.r, v.r, -z);
  const f32 lost = fma(z_low, -0.5f, (1.0f - top) - half);
  const f32 c_tail = fma(z * z, polynomial(z, kCosFloat), fma(-v.r, v.low, lost));
  const f32 c = top + c_tail;
  const f32 c_low = c_tail - (c - top);
  const i32 swap = (v.n & 1) != 0;
  const f32 n = select(swap, -c, s);
  const f32 n_low = select(swap, -c_low, s_low);
  const f32 d = select(swap, s, c);
  const f32 d_low = select(swap, s_low, c_low);
  const f32 inverse = 1.0f / d;
  const f32 q = n * inverse;
  const f32 r = fma(fma(-q, d, n) + fma(-q, d_low, n_low), inverse, q);
  return unless_rare(abs(x) < kReductionLimit, x, xor_sign(r, bits(x)), rare_tan);
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
