// Shuffles of vectors by fixed rules, for any number of lanes N that a vector may have.
#pragma once

#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// The lanes of a and b in turn: the first halves of both, or the second halves.
template <int N>
struct Interleave;
#define NDTAPE_INTERLEAVE(n, low_lanes, high_lanes)                  \
  template <>                                                        \
  struct Interleave<n> {                                             \
    template <class V>                                               \
    static V low(V a, V b) {                                         \
      return __builtin_shufflevector(a, b, NDTAPE_LANES low_lanes);  \
    }                                                                \
    template <class V>                                               \
    static V high(V a, V b) {                                        \
      return __builtin_shufflevector(a, b, NDTAPE_LANES high_lanes); \
    }                                                                \
  };
#define NDTAPE_LANES(...) __VA_ARGS__
NDTAPE_INTERLEAVE(2, (0, 2), (1, 3))
NDTAPE_INTERLEAVE(4, (0, 4, 1, 5), (2, 6, 3, 7))
NDTAPE_INTERLEAVE(8, (0, 8, 1, 9, 2, 10, 3, 11), (4, 12, 5, 13, 6, 14, 7, 15))
NDTAPE_INTERLEAVE(16, (0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23),
                  (8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31))
#undef NDTAPE_LANES
#undef NDTAPE_INTERLEAVE

// Lanes of two vectors by a rule, as the compiler's shuffle wants them.
template <int N>
struct Pattern;
template <>
struct Pattern<2> {
  template <class V>
  static V even(V a, V b) {
    return __builtin_shufflevector(a, b, 0, 2);
  }
  template <class V>
  static V reversed(V a) {
    return __builtin_shufflevector(a, a, 1, 0);
  }
};
template <>
struct Pattern<4> {
  template <class V>
  static V even(V a, V b) {
    return __builtin_shufflevector(a, b, 0, 2, 4, 6);
  }
  template <class V>
  static V reversed(V a) {
    return __builtin_shufflevector(a, a, 3, 2, 1, 0);
  }
};
template <>
struct Pattern<8> {
  template <class V>
  static V even(V a, V b) {
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14);
  }
  template <class V>
  static V reversed(V a) {
    return __builtin_shufflevector(a, a, 7, 6, 5, 4, 3, 2, 1, 0);
  }
};

// v's lanes moved up by some, lanes of `in` before them; v's last lane everywhere.
template <int N>
struct ShiftIn;
template <>
struct ShiftIn<2> {
  template <class V>
  static V by1(V v, V in) {
    return __builtin_shufflevector(in, v, 0, 2);
  }
  template <class V>
  static V last(V v) {
    return __builtin_shufflevector(v, v, 1, 1);
  }
};
template <>
struct ShiftIn<4> {
  template <class V>
  static V by1(V v, V in) {
    return __builtin_shufflevector(in, v, 0, 4, 5, 6);
  }
  template <class V>
  static V by2(V v, V in) {
    return __builtin_shufflevector(in, v, 0, 1, 4, 5);
  }
  template <class V>
  static V last(V v) {
    return __builtin_shufflevector(v, v, 3, 3, 3, 3);
  }
};
template <>
struct ShiftIn<8> {
  template <class V>
  static V by1(V v, V in) {
    return __builtin_shufflevector(in, v, 0, 8, 9, 10, 11, 12, 13, 14);
  }
  template <class V>
  static V by2(V v, V in) {
    return __builtin_shufflevector(in, v, 0, 1, 8, 9, 10, 11, 12, 13);
  }
  template <class V>
  static V by4(V v, V in) {
    return __builtin_shufflevector(in, v, 0, 1, 2, 3, 8, 9, 10, 11);
  }
  template <class V>
  static V last(V v) {
    return __builtin_shufflevector(v, v, 7, 7, 7, 7, 7, 7, 7, 7);
  }
};

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
