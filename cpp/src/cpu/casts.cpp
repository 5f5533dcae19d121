// Conversions between dtypes, all of them defined for every input.
//
// Integers keep their low bits. Floats are truncated to a 32-bit integer (to a 64-bit one for
// int64 and uint64), whose lowest value stands for NaN and for all that does not fit; of that
// integer the low bits are kept. To uint32 and uint64, values of the upper half of the range are
// moved down by it for the truncation. This is what NumPy gives on x86, on every machine.
// To bool is "is it non-zero", which NaN is. Of a complex number other dtypes get the real part.
#include "cpu/isa.h"
#include "cpu/lanes.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

template <int Bytes, class F>
inline auto truncate(F x) {
  if constexpr (Bytes == 4) {
    const bool fits = x >= F(-2147483648.0) && x < F(2147483648.0);
    return fits ? static_cast<int32_t>(x) : kLowest<int32_t>;
  } else {
    const bool fits = x >= F(-9223372036854775808.0) && x < F(9223372036854775808.0);
    return fits ? static_cast<int64_t>(x) : kLowest<int64_t>;
  }
}

template <class From, class To>
struct Cast {
  static To apply(From x) {
    if constexpr (!kFloating<From> || kFloating<To>) {
      return static_cast<To>(x);
    } else if constexpr (sizeof(To) >= 4 && !kSigned<To>) {
      constexpr To kHalf = kLowest<To>;
      const bool high = x >= static_cast<From>(kHalf);
      const From moved = high ? x - static_cast<From>(kHalf) : x;
      const To bits = static_cast<To>(truncate<sizeof(To)>(moved));
      return high ? bits + kHalf : bits;
    } else if constexpr (sizeof(To) == 8) {
      return truncate<8>(x);
    } else {
      return static_cast<To>(truncate<4>(x));
    }
  }
};

template <class From, class T>
struct Cast<From, Complex<T>> {
  static Complex<T> apply(From x) { return {static_cast<T>(x), T{0}}; }
};

template <class F, class To>
struct Cast<Complex<F>, To> {
  static To apply(Complex<F> z) { return Cast<F, To>::apply(z.re); }
};

template <class F, class T>
struct Cast<Complex<F>, Complex<T>> {
  static Complex<T> apply(Complex<F> z) { return {static_cast<T>(z.re), static_cast<T>(z.im)}; }
};

struct NonZero {
  template <class T>
  static bool apply(T x) {
    return x != 0;
  }
  template <class T>
  static bool apply(Complex<T> z) {
    return (z.re != 0) | (z.im != 0);
  }
};

template <int Bytes>
void copy(const void* a, const void*, const void*, void* out, int64_t n) {
  if (a != out) __builtin_memcpy(out, a, static_cast<size_t>(n) * Bytes);
}

template <DType From, DType To>
constexpr BlockKernel cast_of() {
  if constexpr (From == To) {
    return copy<sizeof(Storage<From>)>;
  } else if constexpr (To == DType::Bool) {
    return unary_loop<NonZero, Storage<From>, uint8_t>;
  } else if constexpr (From == DType::Bool) {
    return unary_loop<Cast<uint8_t, Storage<To>>, uint8_t, Storage<To>>;
  } else if constexpr (is_integer(From) && is_integer(To) &&
                       sizeof(Storage<From>) == sizeof(Storage<To>)) {
    return copy<sizeof(Storage<From>)>;  // only the sign's meaning changes
  } else {
    return unary_loop<Cast<Storage<From>, Storage<To>>, Storage<From>, Storage<To>>;
  }
}

template <DType From>
void add_casts_from(KernelTable& table) {
#define NDTAPE_X(id, name, type, kind) \
  table.cast[kIndex<From>][kIndex<DType::id>] = cast_of<From, DType::id>();
  NDTAPE_DTYPES(NDTAPE_X)
#undef NDTAPE_X
}

}  // namespace

void add_casts(KernelTable& table) {
#define NDTAPE_X(id, name, type, kind) add_casts_from<DType::id>(table);
  NDTAPE_DTYPES(NDTAPE_X)
#undef NDTAPE_X
}

}  // namespace ndtape::cpu::NDTAPE_ISA
