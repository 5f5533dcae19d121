// tanh, erf and gelu in float lanes by piecewise polynomials, for instruction sets that look up
// 32 floats in registers (kHasLookup). Bounds: 0.7 ULP, gelu 0.95.
#pragma once

#include "cpu/math/float32/exponential.h"
#include "cpu/math/float32/lookup_tables.h"
#include "cpu/math/polynomial.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// Of an odd function, in interval i of |x| < top: value[i] + y q(y) for y = |x| - centre[i].
template <int Rows>
NDTAPE_INLINE f32 piecewise(f32 x, int base, float top, const float (&table)[Rows][32]) {
  const f32 a = min(splat(top), abs(x));  // NaN stays
  i32 i = (bits(a) >> 21) - base;
  const i32 first = i <= 0;
  i = first ? i32{} : i;
  const f32 y = a - lookup(table[0], i);
  const f32 value = select(first, a, lookup(table[1], i));
  f32 q = lookup(table[Rows - 1], i);
#pragma GCC unroll 16
  for (int row = Rows - 2; row >= 2; --row) q = fma(q, y, lookup(table[row], i));
  return copysign(fma(q, y, value), x);
}

NDTAPE_INLINE f32 tanh(f32 x) { return piecewise(x, kTanhBase, 9.5f, kTanhTable); }
NDTAPE_INLINE f32 erf(f32 x) { return piecewise(x, kErfBase, 3.999f, kErfTable); }

// x (1 - Q(x)), or x Q(-x) below 0, where Q(t) = exp(-t^2 / 2) g(t) is the normal tail.
NDTAPE_INLINE f32 gelu(f32 x) {
  const f32 t = min(splat(14.9f), abs(x));  // Q(14.9) t is 0 in float
  const f32 square = t * t;
  const f32 square_low = fma(t, t, -square);
  const FloatExp e = scaled_exp(square * -0.5f);
  const f32 e_low = fma(square_low * -0.5f, e.hi + e.lo, e.lo);
  const f32 m = e.hi + e_low;
  const f32 m_low = e_low - (m - e.hi);

  i32 i = (bits(t) >> 21) - kTailBase;
  i = i < 0 ? i32{} : i;
  const f32 y = t - lookup(kTailTable[0], i);
  const f32 value = lookup(kTailTable[1], i);
  constexpr int kRows = sizeof(kTailTable) / sizeof(kTailTable[0]);
  f32 q = lookup(kTailTable[kRows - 1], i);
#pragma GCC unroll 16
  for (int row = kRows - 2; row >= 2; --row) q = fma(q, y, lookup(kTailTable[row], i));
  const f32 g = fma(q, y, value);
  const f32 g_low = fma(q, y, value - g);

  const f32 p = g * m;
  const f32 p_low = fma(g, m, -p) + fma(g, m_low, g_low * m);
  const f32 tail = scale_by_power(p, e.k);
  const f32 body = 1.0f - tail;
  const f32 body_low = ((1.0f - body) - tail) - scale_by_power(p_low, e.k);
  const i32 negative = x < 0.0f;
  const f32 factor = select(negative, p, body);
  const f32 factor_low = select(negative, p_low, body_low);
  const f32 r = t * factor;
  const f32 sum = r + (fma(t, factor, -r) + t * factor_low);
  const f32 scaled = scale_by_power(sum, from_bits(bits(e.k) & negative));
  return select(x > 14.0f, x, xor_sign(scaled, bits(x)));
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
