// Kernels on rows with operands of one number: what softmax, layer norm and their kin are made of.
// Sums are made in an order set by n alone.
#include "cpu/isa.h"
#include "cpu/lanes.h"
#include "cpu/row_math.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

template <class T>
inline T number(const void* p) {
  return *static_cast<const T*>(p);
}

// Sums f(vector) over a row, four vectors at a time; f also gets the position, and the last one how
// many of its lanes count.
template <class T, class F>
NDTAPE_INLINE T sum_over(const T* x, int64_t n, F f) {
  using V = Vec<T>;
  constexpr int L = kLanes<T>;
  V part[4] = {};
  int64_t i = 0;
  for (; i + 4 * L <= n; i += 4 * L) {
#pragma GCC unroll 4
    for (int s = 0; s < 4; ++s) {
      // What the next tile reads is asked for while this one is worked on.
      __builtin_prefetch(reinterpret_cast<const char*>(x + i + s * L) + kRowTileBytes, 0, 2);
      part[s] += f(load<V>(x + i + s * L), i + s * L, L);
    }
  }
  for (; i + L <= n; i += L) part[0] += f(load<V>(x + i), i, L);
  if (i < n) {
    const int64_t rest = n - i;
    part[1] += keep_part(f(load_part<V>(x + i, rest), i, rest), rest);
  }
  return fold_lanes<T>((part[0] + part[1]) + (part[2] + part[3]),
                       [](auto a, auto b) NDTAPE_LAMBDA { return a + b; });
}

template <class T>
void exp_sum(const void* const* args, void* out_, void* total, int64_t n) {
  using V = Vec<T>;
  const T* x = static_cast<const T*>(args[0]);
  const V shift = splat(number<T>(args[1]));
  T* sum = static_cast<T*>(total);
  T* out = static_cast<T*>(out_);
  if (!out) {
    *sum =
        sum_over(x, n, [&](V v, int64_t, int64_t) NDTAPE_LAMBDA { return exponential(v - shift); });
    return;
  }
  *sum = sum_over(x, n, [&](V v, int64_t i, int64_t count) NDTAPE_LAMBDA {
    const V e = exponential(v - shift);
    if (count == kLanes<T>) {
      store(out + i, e);
    } else {
      store_part(out + i, e, count);
    }
    return e;
  });
}

template <class T>
void square_sum(const void* const* args, void*, void* total, int64_t n) {
  using V = Vec<T>;
  const V shift = splat(number<T>(args[1]));
  *static_cast<T*>(total) =
      sum_over(static_cast<const T*>(args[0]), n, [&](V x, int64_t, int64_t) NDTAPE_LAMBDA {
        const V d = x - shift;
        return d * d;
      });
}

// Stores f's elements 0..n: vectors on the boundaries of cache lines, for rows begin anywhere. The
// first two overlap; both are computed before either is stored, as out may be an operand.
template <class T, class F>
NDTAPE_INLINE void map_row(void* out_, int64_t n, F f) {
  using V = Vec<T>;
  constexpr int64_t L = kLanes<T>;
  T* out = static_cast<T*>(out_);
  int64_t i = 0;
  if (n >= 2 * L) {
    const auto past = reinterpret_cast<uintptr_t>(out) % kVectorBytes;
    i = past == 0 ? L : static_cast<int64_t>((kVectorBytes - past) / sizeof(T));
    const V first = f.template at<V>(0);
    const V second = f.template at<V>(i);
    store(out, first);
    store(out + i, second);
    i += L;
  }
  for (; i + L <= n; i += L) store(out + i, f.template at<V>(i));
  for (; i < n; ++i) out[i] = f.template at<T>(i);
}

template <class T>
struct Add {
  const T* x;
  T y;
  template <class V>
  V at(int64_t i) const {
    return load<V>(x + i) + y;
  }
};

template <class T>
struct Subtract {
  const T* x;
  T y;
  template <class V>
  V at(int64_t i) const {
    return load<V>(x + i) - y;
  }
};

template <class T>
struct SubtractBoth {
  const T* x;
  T y, z;
  template <class V>
  V at(int64_t i) const {
    return (load<V>(x + i) - y) - z;
  }
};

template <class T>
struct Multiply {
  const T* x;
  T y;
  template <class V>
  V at(int64_t i) const {
    return load<V>(x + i) * y;
  }
};

template <template <class> class F, class T>
void with_number(const void* const* args, void* out, void*, int64_t n) {
  map_row<T>(out, n, F<T>{static_cast<const T*>(args[0]), number<T>(args[1])});
}

template <class T>
void subtract_both(const void* const* args, void* out, void*, int64_t n) {
  map_row<T>(
      out, n,
      SubtractBoth<T>{static_cast<const T*>(args[0]), number<T>(args[1]), number<T>(args[2])});
}

template <class T, bool Weight, bool Bias>
struct Normalize {
  const T* x;
  T shift, scale;
  const T *weight, *bias;
  template <class V>
  V at(int64_t i) const {
    V v = (load<V>(x + i) - shift) * scale;
    if constexpr (Weight) v = v * load<V>(weight + i);
    if constexpr (Bias) v = v + load<V>(bias + i);
    return v;
  }
};

template <class T>
void normalize(const void* const* args, void* out, void*, int64_t n) {
  const T* x = static_cast<const T*>(args[0]);
  const T shift = number<T>(args[1]), scale = number<T>(args[2]);
  const T* weight = static_cast<const T*>(args[3]);
  const T* bias = static_cast<const T*>(args[4]);
  if (weight && bias) {
    map_row<T>(out, n, Normalize<T, true, true>{x, shift, scale, weight, bias});
  } else if (weight) {
    map_row<T>(out, n, Normalize<T, true, false>{x, shift, scale, weight, bias});
  } else if (bias) {
    map_row<T>(out, n, Normalize<T, false, true>{x, shift, scale, weight, bias});
  } else {
    map_row<T>(out, n, Normalize<T, false, false>{x, shift, scale, weight, bias});
  }
}

template <class T>
void add_dtype(KernelTable& table, DType dtype) {
  const auto at = [&](RowOp op) -> RowKernel& {
    return table.row[static_cast<int>(op)][static_cast<int>(dtype)];
  };
  at(RowOp::add) = with_number<Add, T>;
  at(RowOp::subtract) = with_number<Subtract, T>;
  at(RowOp::subtract_both) = subtract_both<T>;
  at(RowOp::multiply) = with_number<Multiply, T>;
  at(RowOp::exp_sum) = exp_sum<T>;
  at(RowOp::square_sum) = square_sum<T>;
  at(RowOp::normalize) = normalize<T>;
}

}  // namespace

void add_rows(KernelTable& table) {
  add_dtype<float>(table, DType::Float32);
  add_dtype<double>(table, DType::Float64);
}

}  // namespace ndtape::cpu::NDTAPE_ISA
