// Arithmetic: operators whose element is a handful of instructions.
//
// Signed integers wrap like unsigned ones. Nothing here traps: x / 0 and x % 0 are 0 for
// integers, and the lowest integer divided by -1 is itself.
#include "cpu/isa.h"
#include "cpu/lanes.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

struct Identity {
  template <class T>
  static T apply(T x) {
    return x;
  }
};

struct Zero {
  template <class T>
  static T apply(T) {
    return T{0};
  }
};

struct Abs {
  static float apply(float x) { return __builtin_fabsf(x); }
  static double apply(double x) { return __builtin_fabs(x); }
  template <class T>
  static T apply(T x) {
    return static_cast<T>(x < 0 ? Wrap<T>{0} - static_cast<Wrap<T>>(x) : static_cast<Wrap<T>>(x));
  }
};

struct Negative {
  static float apply(float x) { return -x; }
  static double apply(double x) { return -x; }
  template <class T>
  static T apply(T x) {
    return static_cast<T>(Wrap<T>{0} - static_cast<Wrap<T>>(x));
  }
};

struct Sign {
  template <class T>
  static T apply(T x) {
    if constexpr (kFloating<T>) {
      const T s = static_cast<T>(x > 0) - static_cast<T>(x < 0);
      return x == x ? s : x;
    } else {
      return static_cast<T>(static_cast<T>(x > 0) - static_cast<T>(x < 0));
    }
  }
};

struct Relu {
  template <class T>
  static T apply(T x) {
    return x < 0 ? T{0} : x;  // keeps NaN
  }
};

struct Ceil {
  static float apply(float x) { return __builtin_ceilf(x); }
  static double apply(double x) { return __builtin_ceil(x); }
};

struct Floor {
  static float apply(float x) { return __builtin_floorf(x); }
  static double apply(double x) { return __builtin_floor(x); }
};

struct Trunc {
  static float apply(float x) { return __builtin_truncf(x); }
  static double apply(double x) { return __builtin_trunc(x); }
};

struct Round {
  static float apply(float x) { return __builtin_rintf(x); }
  static double apply(double x) { return __builtin_rint(x); }
};

struct Add {
  template <class T>
  static T apply(T x, T y) {
    if constexpr (kFloating<T>) {
      return x + y;
    } else {
      return static_cast<T>(static_cast<Wrap<T>>(x) + static_cast<Wrap<T>>(y));
    }
  }
};

struct Subtract {
  template <class T>
  static T apply(T x, T y) {
    if constexpr (kFloating<T>) {
      return x - y;
    } else {
      return static_cast<T>(static_cast<Wrap<T>>(x) - static_cast<Wrap<T>>(y));
    }
  }
};

struct Multiply {
  template <class T>
  static T apply(T x, T y) {
    if constexpr (kFloating<T>) {
      return x * y;
    } else {
      return static_cast<T>(static_cast<Wrap<T>>(x) * static_cast<Wrap<T>>(y));
    }
  }
};

struct Square {
  template <class T>
  static T apply(T x) {
    return Multiply::apply(x, x);
  }
};

struct Maximum {
  template <class T>
  static T apply(T x, T y) {
    if constexpr (kFloating<T>) {
      const T larger = x > y ? x : y;  // y if either is NaN
      return x == x ? larger : x;
    } else {
      return x > y ? x : y;
    }
  }
};

struct Minimum {
  template <class T>
  static T apply(T x, T y) {
    if constexpr (kFloating<T>) {
      const T smaller = x < y ? x : y;
      return x == x ? smaller : x;
    } else {
      return x < y ? x : y;
    }
  }
};

struct Clip {
  template <class T>
  static T apply(T x, T lo, T hi) {
    return Minimum::apply(Maximum::apply(x, lo), hi);
  }
};

struct And {
  template <class T>
  static T apply(T x, T y) {
    return static_cast<T>(x & y);
  }
};

struct Or {
  template <class T>
  static T apply(T x, T y) {
    return static_cast<T>(x | y);
  }
};

struct Xor {
  template <class T>
  static T apply(T x, T y) {
    return static_cast<T>(x ^ y);
  }
};

struct Invert {
  template <class T>
  static T apply(T x) {
    return static_cast<T>(~x);
  }
};

struct InvertBool {
  static uint8_t apply(uint8_t x) { return x ^ 1; }
};

struct LeftShift {
  template <class T>
  static T apply(T x, T count) {
    constexpr Wrap<T> kWidth = 8 * sizeof(T);
    const Wrap<T> c = static_cast<Wrap<T>>(count);  // a negative count becomes a large one
    const Wrap<T> shifted = static_cast<Wrap<T>>(x) << (c & (kWidth - 1));
    return static_cast<T>(c < kWidth ? shifted : Wrap<T>{0});
  }
};

struct RightShift {
  template <class T>
  static T apply(T x, T count) {
    constexpr Wrap<T> kWidth = 8 * sizeof(T);
    const Wrap<T> c = static_cast<Wrap<T>>(count);
    if constexpr (kSigned<T>) {
      return static_cast<T>(x >> static_cast<int>(c < kWidth ? c : kWidth - 1));
    } else {
      const Wrap<T> shifted = static_cast<Wrap<T>>(x) >> (c & (kWidth - 1));
      return static_cast<T>(c < kWidth ? shifted : Wrap<T>{0});
    }
  }
};

// Types whose quotients a float type finds exactly. x / y is at least 1 / |y| away from any
// integer n that it does not equal, 2^-16 (2^-32) of n or more, so rounding cannot reach n.
template <class T>
struct QuotientOf {
  using Type = void;
};
template <>
struct QuotientOf<int8_t> {
  using Type = float;
};
template <>
struct QuotientOf<uint8_t> {
  using Type = float;
};
template <>
struct QuotientOf<int16_t> {
  using Type = float;
};
template <>
struct QuotientOf<uint16_t> {
  using Type = float;
};
template <>
struct QuotientOf<int32_t> {
  using Type = double;
};

inline float round_down(float x) { return __builtin_floorf(x); }
inline double round_down(double x) { return __builtin_floor(x); }

struct FloorDivide {
  template <class T>
  static T apply(T x, T y) {
    using Q = typename QuotientOf<T>::Type;
    const bool by_minus_one = kSigned<T> && y == static_cast<T>(-1);
    const T d = (y == 0 || by_minus_one) ? T{1} : y;
    T q;
    if constexpr (sizeof(T) < 4 || (sizeof(T) == 4 && kSigned<T>)) {
      q = static_cast<T>(static_cast<int32_t>(round_down(static_cast<Q>(x) / static_cast<Q>(d))));
    } else if constexpr (kSigned<T>) {
      const T truncated = x / d;
      q = truncated - static_cast<T>(truncated * d != x && (x < 0) != (d < 0));
    } else {
      q = x / d;
    }
    q = by_minus_one ? Negative::apply(x) : q;
    return y == 0 ? T{0} : q;
  }
};

struct Remainder {
  template <class T>
  static T apply(T x, T y) {
    const T r = Subtract::apply(x, Multiply::apply(FloorDivide::apply(x, y), y));
    return y == 0 ? T{0} : r;
  }
};

struct Power {
  template <class T>
  static T apply(T x, T y) {
    if (y < 0) return 0;  // refused before it gets here
    Wrap<T> e = static_cast<Wrap<T>>(y);
    Wrap<T> base = static_cast<Wrap<T>>(x);
    Wrap<T> result = 1;
    while (e != 0) {
      if (e & 1) result *= base;
      base *= base;
      e >>= 1;
    }
    return static_cast<T>(result);
  }
};

// T is an unsigned type of the element's size: where only moves bits.
template <class T>
void where_loop(const void* a, const void* b, const void* c, void* out, int64_t n) {
  const uint8_t* condition = static_cast<const uint8_t*>(a);
  const T* x = static_cast<const T*>(b);
  const T* y = static_cast<const T*>(c);
  T* r = static_cast<T*>(out);
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    const T yes = x[i];
    const T no = y[i];
    r[i] = condition[i] ? yes : no;
  }
}

struct Wide {
  uint64_t half[2];
};

template <int Bytes>
constexpr BlockKernel where_of() {
  if constexpr (Bytes == 1) return where_loop<uint8_t>;
  if constexpr (Bytes == 2) return where_loop<uint16_t>;
  if constexpr (Bytes == 4) return where_loop<uint32_t>;
  if constexpr (Bytes == 8) return where_loop<uint64_t>;
  if constexpr (Bytes == 16) return where_loop<Wide>;
}

template <DType... D>
void set_where(KernelTable& table, DTypes<D...>) {
  ((slot(table, Op::where, D) = where_of<sizeof(Storage<D>)>()), ...);
}

template <class T>
void add_at(void* out, int64_t length, const int64_t* positions, const void* values, int64_t n) {
  T* to = static_cast<T*>(out);
  const T* from = static_cast<const T*>(values);
  for (int64_t j = 0; j < n; ++j) {
    T& target = to[positions[j] < 0 ? positions[j] + length : positions[j]];
    target = Add::apply(target, from[j]);
  }
}

template <DType... D>
void set_add_at(KernelTable& t, DTypes<D...>) {
  ((t.add_at[kIndex<D>] = add_at<Storage<D>>), ...);
}

template <class List>
void add_numeric(KernelTable& t, List types) {
  set_unary<Abs>(t, Op::abs, types);
  set_unary<Identity>(t, Op::conj, types);
  set_unary<Identity>(t, Op::real, types);
  set_unary<Zero>(t, Op::imag, types);
  set_unary<Negative>(t, Op::negative, types);
  set_unary<Sign>(t, Op::sign, types);
  set_unary<Square>(t, Op::square, types);
  set_unary<Relu>(t, Op::relu, types);
  set_binary<Add>(t, Op::add, types);
  set_binary<Subtract>(t, Op::subtract, types);
  set_binary<Multiply>(t, Op::multiply, types);
  set_binary<Maximum>(t, Op::maximum, types);
  set_binary<Minimum>(t, Op::minimum, types);
  set_ternary<Clip>(t, Op::clip, types);
  set_where(t, types);
  set_add_at(t, types);
}

template <class List>
void add_integer(KernelTable& t, List types) {
  set_unary<Identity>(t, Op::ceil, types);
  set_unary<Identity>(t, Op::floor, types);
  set_unary<Identity>(t, Op::trunc, types);
  set_unary<Identity>(t, Op::round, types);
  set_binary<FloorDivide>(t, Op::floor_divide, types);
  set_binary<Remainder>(t, Op::remainder, types);
  set_binary<Power>(t, Op::pow, types);
  set_unary<Invert>(t, Op::bitwise_invert, types);
  set_binary<And>(t, Op::bitwise_and, types);
  set_binary<Or>(t, Op::bitwise_or, types);
  set_binary<Xor>(t, Op::bitwise_xor, types);
  set_binary<LeftShift>(t, Op::bitwise_left_shift, types);
  set_binary<RightShift>(t, Op::bitwise_right_shift, types);
}

void add_bool(KernelTable& t) {
  const BlockKernel any = binary_loop<Or, uint8_t, uint8_t>;
  const BlockKernel both = binary_loop<And, uint8_t, uint8_t>;
  slot(t, Op::add, DType::Bool) = any;
  slot(t, Op::maximum, DType::Bool) = any;
  slot(t, Op::bitwise_or, DType::Bool) = any;
  slot(t, Op::multiply, DType::Bool) = both;
  slot(t, Op::minimum, DType::Bool) = both;
  slot(t, Op::bitwise_and, DType::Bool) = both;
  slot(t, Op::bitwise_xor, DType::Bool) = binary_loop<Xor, uint8_t, uint8_t>;
  slot(t, Op::bitwise_invert, DType::Bool) = unary_loop<InvertBool, uint8_t, uint8_t>;
  slot(t, Op::where, DType::Bool) = where_loop<uint8_t>;
}

}  // namespace

void add_arithmetic(KernelTable& table) {
  add_bool(table);
  add_numeric(table, SignedInts{});
  add_numeric(table, UnsignedInts{});
  add_numeric(table, Floats{});
  set_where(table, Complexes{});
  add_integer(table, SignedInts{});
  add_integer(table, UnsignedInts{});
  set_unary<Ceil>(table, Op::ceil, Floats{});
  set_unary<Floor>(table, Op::floor, Floats{});
  set_unary<Trunc>(table, Op::trunc, Floats{});
  set_unary<Round>(table, Op::round, Floats{});
}

}  // namespace ndtape::cpu::NDTAPE_ISA
