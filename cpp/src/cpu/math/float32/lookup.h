// tanh, erf and gelu in float lanes by piecewise polynomials, for instruction sets that look up
// 16 floats in a register (kHasLookup). Bounds: 0.75 ULP, gelu 0.95.
#pragma once

#include "cpu/math/float32/exponential.h"
#include "cpu/math/float32/lookup_tables.h"
#include "cpu/math/polynomial.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// Of f in the interval of x >= 0 that bits 21 to 24 of x + shift number: f(x) = value + y q, for
// the distance y to the interval's centre.
struct Piece {
  f32 y, value, q;
};

template <int Rows>
NDTAPE_INLINE Piece piece(f32 x, f32 shifted, const float (&table)[Rows][16]) {
  const i32 i = bits(shifted) >> 21;
  const f32 y = x - lookup(table[0], i);
  f32 q = lookup(table[Rows - 1], i);
#pragma GCC unroll 16
  for (int row = Rows - 2; row >= 2; --row) q = fma(q, y, lookup(table[row], i));
  return {y, lookup(table[1], i), q};
}

// An odd function that has reached 1 at `top`. Its first interval has the value x.
template <int Rows>
NDTAPE_INLINE f32 odd_piecewise(f32 x, float top, float shift, float first,
                                const float (&table)[Rows][16]) {
  const f32 a = min(splat(top), abs(x));  // NaN stays
  const f32 shifted = a + shift;
  const Piece p = piece(a, shifted, table);
  const f32 r = fma(p.q, p.y, select(shifted < first, a, p.value));
  return from_bits(bits(r) | (bits(x) & kSign32));
}

NDTAPE_INLINE f32 tanh(f32 x) { return odd_piecewise(x, 9.3f, kTanhShift, kTanhFirst, kTanhTable); }
NDTAPE_INLINE f32 erf(f32 x) { return odd_piecewise(x, 4.6f, kErfShift, kErfFirst, kErfTable); }

// x (1 - Q(x)), or x Q(-x) below 0, where Q(t) = exp(-t^2 / 2) g(t) is the normal tail.
NDTAPE_INLINE f32 gelu(f32 x) {
  const f32 t = min(splat(14.9f), abs(x));  // Q(14.9) t is 0 in float
  const f32 square = t * t;
  const f32 square_low = fma(t, t, -square);
  const FloatExp e = scaled_exp(square * -0.5f);
  const f32 e_low = fma(square_low * -0.5f, e.hi + e.lo, e.lo);
  const f32 m = e.hi + e_low;
  const f32 m_low = e_low - (m - e.hi);

  const Piece tail_piece = piece(t, t + kTailShift, kTailTable);
  const f32 g = fma(tail_piece.q, tail_piece.y, tail_piece.value);
  const f32 g_low = fma(tail_piece.q, tail_piece.y, tail_piece.value - g);

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
