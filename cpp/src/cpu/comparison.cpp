// Questions: operators with a bool result.
#include "cpu/isa.h"
#include "cpu/lanes.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

struct Equal {
  template <class T>
  static bool apply(T x, T y) {
    return x == y;
  }
};

struct NotEqual {
  template <class T>
  static bool apply(T x, T y) {
    return x != y;
  }
};

struct Less {
  template <class T>
  static bool apply(T x, T y) {
    return x < y;
  }
};

struct LessEqual {
  template <class T>
  static bool apply(T x, T y) {
    return x <= y;
  }
};

struct Greater {
  template <class T>
  static bool apply(T x, T y) {
    return x > y;
  }
};

struct GreaterEqual {
  template <class T>
  static bool apply(T x, T y) {
    return x >= y;
  }
};

struct And {
  static uint8_t apply(uint8_t x, uint8_t y) { return x & y; }
};

struct Or {
  static uint8_t apply(uint8_t x, uint8_t y) { return x | y; }
};

struct Xor {
  static uint8_t apply(uint8_t x, uint8_t y) { return x ^ y; }
};

struct Not {
  static uint8_t apply(uint8_t x) { return x ^ 1; }
};

// |x| and +inf as bits, so that the tests below do not depend on floating-point flags.
inline uint32_t magnitude(float x) { return __builtin_bit_cast(uint32_t, x) & 0x7fffffffu; }
inline uint64_t magnitude(double x) {
  return __builtin_bit_cast(uint64_t, x) & 0x7fffffffffffffffu;
}
inline uint32_t infinity(float) { return 0x7f800000u; }
inline uint64_t infinity(double) { return 0x7ff0000000000000u; }

struct IsNan {
  template <class T>
  static bool apply(T x) {
    if constexpr (kFloating<T>) {
      return magnitude(x) > infinity(x);
    } else {
      return false;
    }
  }
};

struct IsInf {
  template <class T>
  static bool apply(T x) {
    if constexpr (kFloating<T>) {
      return magnitude(x) == infinity(x);
    } else {
      return false;
    }
  }
};

struct IsFinite {
  template <class T>
  static bool apply(T x) {
    if constexpr (kFloating<T>) {
      return magnitude(x) < infinity(x);
    } else {
      return true;
    }
  }
};

struct SignBit {
  template <class T>
  static bool apply(T x) {
    if constexpr (sizeof(T) == 4 && kFloating<T>) {
      return __builtin_bit_cast(int32_t, x) < 0;
    } else if constexpr (kFloating<T>) {
      return __builtin_bit_cast(int64_t, x) < 0;
    } else {
      return x < 0;
    }
  }
};

template <class List>
void add_compare(KernelTable& t, List types) {
  set_compare<Equal>(t, Op::equal, types);
  set_compare<NotEqual>(t, Op::not_equal, types);
  set_compare<Less>(t, Op::less, types);
  set_compare<LessEqual>(t, Op::less_equal, types);
  set_compare<Greater>(t, Op::greater, types);
  set_compare<GreaterEqual>(t, Op::greater_equal, types);
  set_test<IsNan>(t, Op::isnan, types);
  set_test<IsInf>(t, Op::isinf, types);
  set_test<IsFinite>(t, Op::isfinite, types);
  set_test<SignBit>(t, Op::signbit, types);
}

// bool compares as the bytes 0 and 1, in the kernels of uint8.
void add_bool(KernelTable& t) {
  constexpr Op kRows[] = {Op::equal,      Op::not_equal, Op::less,
                          Op::less_equal, Op::greater,   Op::greater_equal};
  for (const Op op : kRows) {
    slot(t, op, DType::Bool) = slot(t, op, DType::UInt8);
  }
  slot(t, Op::logical_and, DType::Bool) = binary_loop<And, uint8_t, uint8_t>;
  slot(t, Op::logical_or, DType::Bool) = binary_loop<Or, uint8_t, uint8_t>;
  slot(t, Op::logical_xor, DType::Bool) = binary_loop<Xor, uint8_t, uint8_t>;
  slot(t, Op::logical_not, DType::Bool) = unary_loop<Not, uint8_t, uint8_t>;
}

}  // namespace

void add_comparison(KernelTable& table) {
  add_compare(table, SignedInts{});
  add_compare(table, UnsignedInts{});
  add_compare(table, Floats{});
  add_bool(table);
}

}  // namespace ndtape::cpu::NDTAPE_ISA
