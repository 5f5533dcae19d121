// How functions in float lanes leave rare arguments to the double lanes.
#pragma once

#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// r where x is ordinary, and f(x) elsewhere. f is not inlined, so that loops stay small.
template <class F>
NDTAPE_INLINE f32 unless_rare(i32 ordinary, f32 x, f32 r, F f) {
  if (__builtin_expect(any(~ordinary), 0)) return select(ordinary, r, f(x));
  return r;
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
