// Shuffles of vectors by fixed rules, for any number of lanes N that a vector may have.
#pragma once

#include <utility>

#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// Lane i of a result is lane Rule(i) of a and b, counted through.
template <auto Rule, class V, int... I>
NDTAPE_INLINE V shuffled(V a, V b, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(a, b, Rule(I)...);
}
#define NDTAPE_SHUFFLE(a, b, rule) \
  shuffled<[]([[maybe_unused]] int i) { return rule; }>(a, b, std::make_integer_sequence<int, N>())

// The lanes of a and b in turn: the first halves of both, or the second halves.
template <int N>
struct Interleave {
  template <class V>
  static V low(V a, V b) {
    return NDTAPE_SHUFFLE(a, b, i / 2 + i % 2 * N);
  }
  template <class V>
  static V high(V a, V b) {
    return NDTAPE_SHUFFLE(a, b, N / 2 + i / 2 + i % 2 * N);
  }
};

// Every second lane of a and then of b, from the first on, the second, or the first of a and the
// second of b; a's lanes from the last to the first.
template <int N>
struct Pattern {
  template <class V>
  static V even(V a, V b) {
    return NDTAPE_SHUFFLE(a, b, 2 * i);
  }
  template <class V>
  static V odd(V a, V b) {
    return NDTAPE_SHUFFLE(a, b, 2 * i + 1);
  }
  template <class V>
  static V even_then_odd(V a, V b) {
    return NDTAPE_SHUFFLE(a, b, i < N / 2 ? 2 * i : 2 * i + 1);
  }
  template <class V>
  static V reversed(V a) {
    return NDTAPE_SHUFFLE(a, a, N - 1 - i);
  }
};

// v's lanes moved up by some, lanes of `in` before them; v's last lane everywhere.
template <int N>
struct ShiftIn {
  template <class V>
  static V by1(V v, V in) {
    return NDTAPE_SHUFFLE(in, v, i < 1 ? i : N + i - 1);
  }
  template <class V>
  static V by2(V v, V in) {
    return NDTAPE_SHUFFLE(in, v, i < 2 ? i : N + i - 2);
  }
  template <class V>
  static V by4(V v, V in) {
    return NDTAPE_SHUFFLE(in, v, i < 4 ? i : N + i - 4);
  }
  template <class V>
  static V last(V v) {
    return NDTAPE_SHUFFLE(v, v, N - 1);
  }
};
#undef NDTAPE_SHUFFLE

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
