// tanh and erf in float lanes by piecewise polynomials, for instruction sets that look up 32
// floats in registers (kHasLookup). Bound: 0.7 ULP.
#pragma once

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

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
