// What kernels on rows share: exp in the lanes of a vector, and the sum of its lanes.
#pragma once

#include "cpu/math/exponential.h"
#include "cpu/math/float32/exponential.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

NDTAPE_INLINE f64 exponential(f64 x) { return exp<Precision::Double>(x); }
NDTAPE_INLINE f32 exponential(f32 x) {
  if constexpr (kHasFma) return exp(x);
  return in_double(x, [](f64 v) NDTAPE_LAMBDA { return exp<Precision::Single>(v); });
}

template <class T>
inline T sum_lanes(Vec<T> v) {
  T lane[kLanes<T>];
  store(lane, v);
  for (int half = kLanes<T> / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lane[i] += lane[i + half];
  }
  return lane[0];
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
