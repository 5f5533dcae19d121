// Reductions of contiguous blocks. The order of operations is set by n alone: kSums vectors of
// partial results, combined in a fixed tree; long blocks are halved until they are short.
#include "cpu/isa.h"
#include "cpu/lanes.h"
#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

inline constexpr int kSums = 8;

// Elements that are summed without halving: 128 to a lane, for their errors add up there.
template <class T>
inline constexpr int64_t kLongest = 128 * kSums * kLanes<T>;

struct Sum {
  template <class T>
  static T identity() {
    return T(0);
  }
  template <class V>
  static V apply(V a, V b) {
    return a + b;
  }
};

struct Prod {
  template <class T>
  static T identity() {
    return T(1);
  }
  template <class V>
  static V apply(V a, V b) {
    return a * b;
  }
};

// ---- sums and products of floats ----------------------------------------------------------------

template <class Op, class T>
NDTAPE_INLINE T combine_lanes(Vec<T> v) {
  return fold_lanes<T>(v, [](auto a, auto b) NDTAPE_LAMBDA { return Op::apply(a, b); });
}

template <class Op, class T>
T accumulate_short(const T* x, int64_t n) {
  using V = Vec<T>;
  constexpr int L = kLanes<T>;
  if (n < 4) {
    T total = x[0];
    for (int64_t i = 1; i < n; ++i) total = Op::apply(total, x[i]);
    return total;
  }
  const V identity = Op::template identity<T>() - V{};
  V part[kSums];
  int64_t i = 0;
  if (n >= kSums * L) {
#pragma GCC unroll 8
    for (int s = 0; s < kSums; ++s) part[s] = load<V>(x + s * L);
    for (i = kSums * L; i + kSums * L <= n; i += kSums * L) {
#pragma GCC unroll 8
      for (int s = 0; s < kSums; ++s) part[s] = Op::apply(part[s], load<V>(x + i + s * L));
    }
#pragma GCC unroll 8
    for (int s = 0; s < kSums / 2; ++s) part[s] = Op::apply(part[s], part[s + kSums / 2]);
  } else {
    part[0] = part[1] = part[2] = part[3] = identity;
  }
  for (; i + 2 * L <= n; i += 2 * L) {
    part[0] = Op::apply(part[0], load<V>(x + i));
    part[1] = Op::apply(part[1], load<V>(x + i + L));
  }
  if (i + L <= n) {
    part[2] = Op::apply(part[2], load<V>(x + i));
    i += L;
  }
  if (i < n) {
    V tail = identity;
    __builtin_memcpy(&tail, x + i, static_cast<size_t>(n - i) * sizeof(T));
    part[3] = Op::apply(part[3], tail);
  }
  return combine_lanes<Op, T>(Op::apply(Op::apply(part[0], part[2]), Op::apply(part[1], part[3])));
}

template <class Op, class T>
T accumulate(const T* x, int64_t n) {
  if (n <= kLongest<T>) return accumulate_short<Op, T>(x, n);
  const int64_t half = (n / 2 + kLongest<T> - 1) / kLongest<T> * kLongest<T>;
  return Op::apply(accumulate<Op, T>(x, half), accumulate<Op, T>(x + half, n - half));
}

template <class Op, class T>
void reduce_float(const void* x, void* out, int64_t n) {
  *static_cast<T*>(out) = accumulate<Op, T>(static_cast<const T*>(x), n);
}

// ---- integers: order does not matter, and overflow wraps ----------------------------------------

template <class Op, class T>
void reduce_wrapping(const void* x, void* out, int64_t n) {
  using U = Wrap<T>;
  const T* p = static_cast<const T*>(x);
  U total = Op::template identity<U>();
  for (int64_t i = 0; i < n; ++i) total = Op::apply(total, static_cast<U>(p[i]));
  *static_cast<T*>(out) = static_cast<T>(total);
}

// ---- extremes -----------------------------------------------------------------------------------

struct Max {
  template <class T>
  static bool better(T a, T b) {
    return a > b;
  }
  template <class V>
  static V pick(V a, V b) {
    return a > b ? a : b;
  }
};

struct Min {
  template <class T>
  static bool better(T a, T b) {
    return a < b;
  }
  template <class V>
  static V pick(V a, V b) {
    return a < b ? a : b;
  }
};

template <class Op, class T>
T extreme_integer(const T* x, int64_t n) {
  T best = x[0];
  for (int64_t i = 1; i < n; ++i) best = Op::pick(x[i], best);
  return best;
}

// Whether there is a NaN in x[0..n).
template <class T>
bool has_nan(const T* x, int64_t n) {
  unsigned char seen = 0;
  for (int64_t i = 0; i < n; ++i) seen |= static_cast<unsigned char>(x[i] != x[i]);
  return seen != 0;
}

// pick(x, best) passes NaN over, so something beside it must notice one: 0 * x, added up, is NaN if
// there is one, or an infinity, and then NaN is looked for.
template <class Op, class T>
T extreme_float(const T* x, int64_t n) {
  using V = Vec<T>;
  constexpr int L = kLanes<T>;
  constexpr int kBests = 4;
  const T nan = static_cast<T>(__builtin_nan(""));
  if (n < L) {
    T best = x[0];
    bool bad = best != best;
    for (int64_t i = 1; i < n; ++i) {
      best = Op::pick(x[i], best);
      bad |= x[i] != x[i];
    }
    return bad ? nan : best;
  }
  const V zero = {};
  V best[kBests], trap[kBests];
#pragma GCC unroll 4
  for (int s = 0; s < kBests; ++s) {
    best[s] = load<V>(x);
    trap[s] = best[s] * zero;
  }
  int64_t i = L;
  for (; i + kBests * L <= n; i += kBests * L) {
#pragma GCC unroll 4
    for (int s = 0; s < kBests; ++s) {
      const V v = load<V>(x + i + s * L);
      best[s] = Op::pick(v, best[s]);
      trap[s] = fma(v, zero, trap[s]);
    }
  }
  for (; i + L <= n; i += L) {
    const V v = load<V>(x + i);
    best[0] = Op::pick(v, best[0]);
    trap[0] = fma(v, zero, trap[0]);
  }
  // The last vector may see elements a second time, which changes nothing.
  const V last = load<V>(x + n - L);
  best[0] = Op::pick(last, best[0]);
  trap[0] = fma(last, zero, trap[0]);
  trap[0] += trap[1] + (trap[2] + trap[3]);
  if (any((decltype(bits(trap[0])))(trap[0] != trap[0])) && has_nan(x, n)) return nan;
  return fold_lanes<T>(Op::pick(Op::pick(best[0], best[1]), Op::pick(best[2], best[3])),
                       [](auto a, auto b) NDTAPE_LAMBDA { return Op::pick(a, b); });
}

template <class Op, class T>
inline T extreme(const T* x, int64_t n) {
  if constexpr (kFloating<T>) {
    return extreme_float<Op, T>(x, n);
  } else {
    return extreme_integer<Op, T>(x, n);
  }
}

template <class Op, class T>
void reduce_extreme(const void* x, void* out, int64_t n) {
  *static_cast<T*>(out) = extreme<Op, T>(static_cast<const T*>(x), n);
}

// The first position from `i` on that satisfies `found`; there is one before n. Some at a time, by
// a loop without exits.
template <class T, class Found>
inline int64_t search(const T* x, int64_t i, int64_t n, Found found) {
  constexpr int64_t kStep = 2 * kVectorBytes / static_cast<int64_t>(sizeof(T));
  for (; i + kStep <= n; i += kStep) {
    unsigned char seen = 0;
    for (int64_t k = 0; k < kStep; ++k) seen |= static_cast<unsigned char>(found(x[i + k]));
    if (seen) break;
  }
  while (!found(x[i])) ++i;
  return i;
}

// Finds the chunk with the extreme value at the speed of the reduction, then searches it alone.
template <class Op, class T>
int64_t arg_extreme(const void* p, int64_t n) {
  constexpr int64_t kChunk = 1024;
  const T* x = static_cast<const T*>(p);
  T best = x[0];
  int64_t chunk = 0;
  for (int64_t i = 0; i < n; i += kChunk) {
    const T value = extreme<Op, T>(x + i, n - i < kChunk ? n - i : kChunk);
    if (value != value) return search(x, i, n, [](T v) { return v != v; });
    if (i == 0 || Op::better(value, best)) {
      best = value;
      chunk = i;
    }
  }
  return search(x, chunk, n, [best](T v) { return v == best; });
}

// ---- rows on rows -------------------------------------------------------------------------------

struct FoldMax {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (kFloating<T>) {
      const T larger = a > b ? a : b;  // b if either is NaN
      return a == a ? larger : a;
    } else {
      return a > b ? a : b;
    }
  }
};

struct FoldMin {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (kFloating<T>) {
      const T smaller = a < b ? a : b;
      return a == a ? smaller : a;
    } else {
      return a < b ? a : b;
    }
  }
};

template <class Op>
struct Wrapping {
  template <class T>
  static T apply(T a, T b) {
    return static_cast<T>(Op::apply(static_cast<Wrap<T>>(a), static_cast<Wrap<T>>(b)));
  }
};

// Element x of `Rows` rows, halves at a time.
template <class Op, int Rows, class T>
NDTAPE_INLINE T fold_element(const char* x, int64_t row_stride) {
  if constexpr (Rows == 1) {
    return *reinterpret_cast<const T*>(x);
  } else {
    return Op::apply(fold_element<Op, Rows / 2, T>(x, row_stride),
                     fold_element<Op, Rows / 2, T>(x + Rows / 2 * row_stride, row_stride));
  }
}

// Short rows that lie side by side are read eight at a time, and each is over before the processor
// finds out what to fetch next: what follows the eight is asked for in the order of its addresses.
inline constexpr int64_t kShortRow = 2048;

template <class Op, int Rows, bool First, class T>
void fold_some(const char* x, int64_t row_stride, T* out, int64_t cols) {
  constexpr int64_t kSize = sizeof(T), kLine = 64 / kSize;
  const auto fold_at = [&](int64_t j) NDTAPE_LAMBDA {
    const T value = fold_element<Op, Rows, T>(x + j * kSize, row_stride);
    out[j] = First ? value : Op::apply(out[j], value);
  };
  int64_t j = 0;
  if (Rows == 8 && row_stride == cols * kSize && row_stride <= kShortRow) {
    const char* next = x + Rows * row_stride;
    for (; j + kLine <= cols; j += kLine) {
#pragma GCC unroll 8
      for (int line = 0; line < Rows; ++line, next += 64) __builtin_prefetch(next);
      NDTAPE_IVDEP
      for (int64_t i = 0; i < kLine; ++i) fold_at(j + i);
    }
  }
  NDTAPE_IVDEP
  for (; j < cols; ++j) fold_at(j);
}

// As wide a strip at a time as leaves it in the cache between the passes over eight rows each.
template <class Op, class T>
void fold(const void* x_, int64_t row_stride, void* out_, int64_t rows, int64_t cols) {
  constexpr int64_t kStrip = 8192 / static_cast<int64_t>(sizeof(T));
  for (int64_t j = 0; j < cols; j += kStrip) {
    const int64_t n = cols - j < kStrip ? cols - j : kStrip;
    const char* x = static_cast<const char*>(x_) + j * static_cast<int64_t>(sizeof(T));
    T* out = static_cast<T*>(out_) + j;
    int64_t left = rows;
    const auto advance = [&](int64_t by) {
      x += by * row_stride;
      left -= by;
    };
    if (left >= 8) {
      fold_some<Op, 8, true>(x, row_stride, out, n);
      advance(8);
    } else if (left >= 4) {
      fold_some<Op, 4, true>(x, row_stride, out, n);
      advance(4);
    } else if (left >= 2) {
      fold_some<Op, 2, true>(x, row_stride, out, n);
      advance(2);
    } else {
      fold_some<Op, 1, true>(x, row_stride, out, n);
      advance(1);
    }
    while (left >= 8) {
      fold_some<Op, 8, false>(x, row_stride, out, n);
      advance(8);
    }
    while (left >= 2) {
      fold_some<Op, 2, false>(x, row_stride, out, n);
      advance(2);
    }
    if (left > 0) fold_some<Op, 1, false>(x, row_stride, out, n);
  }
}

// ---- the table ----------------------------------------------------------------------------------

template <DType D>
void add_dtype(KernelTable& table) {
  // bool has the bytes 0 and 1, of which max and min are or and and.
  using T = typename StorageOf<D == DType::Bool ? DType::UInt8 : D>::Type;
  constexpr int d = kIndex<D>;
  const auto at = [&](ReduceOp op) -> ReduceKernel& {
    return table.reduce[static_cast<int>(op)][d];
  };
  const auto fold_at = [&](ReduceOp op) -> FoldKernel& {
    return table.fold[static_cast<int>(op)][d];
  };
  if constexpr (kFloating<T>) {
    at(ReduceOp::sum) = reduce_float<Sum, T>;
    at(ReduceOp::prod) = reduce_float<Prod, T>;
    fold_at(ReduceOp::sum) = fold<Sum, T>;
    fold_at(ReduceOp::prod) = fold<Prod, T>;
  } else if constexpr (D != DType::Bool) {
    at(ReduceOp::sum) = reduce_wrapping<Sum, T>;
    at(ReduceOp::prod) = reduce_wrapping<Prod, T>;
    fold_at(ReduceOp::sum) = fold<Wrapping<Sum>, T>;
    fold_at(ReduceOp::prod) = fold<Wrapping<Prod>, T>;
  }
  fold_at(ReduceOp::max) = fold<FoldMax, T>;
  fold_at(ReduceOp::min) = fold<FoldMin, T>;
  at(ReduceOp::max) = reduce_extreme<Max, T>;
  at(ReduceOp::min) = reduce_extreme<Min, T>;
  table.argmax[d] = arg_extreme<Max, T>;
  table.argmin[d] = arg_extreme<Min, T>;
}

}  // namespace

void add_reductions(KernelTable& table) {
  // Complex numbers have sums and products only: see complex.cpp.
#define NDTAPE_X(id, name, type, kind) \
  if constexpr (Kind::kind != Kind::Complex) add_dtype<DType::id>(table);
  NDTAPE_DTYPES(NDTAPE_X)
#undef NDTAPE_X
}

}  // namespace ndtape::cpu::NDTAPE_ISA
