// Kernels of complex numbers. Special values follow Annex G of the C standard, but for the product,
// which is the plain formula.
//
// Transcendental functions are the C library's, in double precision for both dtypes. What is made
// of a few instructions is a loop that the compiler vectorises.
#include "cpu/isa.h"
#include "cpu/lanes.h"
#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// ---- parts and arithmetic -----------------------------------------------------------------------

template <class T>
inline T absolute(T x) {
  return x < 0 ? -x : x;
}
inline bool is_finite(double x) { return __builtin_isfinite(x); }
template <class T>
inline bool is_finite(Complex<T> z) {
  return is_finite(z.re) && is_finite(z.im);
}

struct Real {
  template <class T>
  static T apply(Complex<T> z) {
    return z.re;
  }
};

struct Imag {
  template <class T>
  static T apply(Complex<T> z) {
    return z.im;
  }
};

struct Conj {
  template <class T>
  static Complex<T> apply(Complex<T> z) {
    return {z.re, -z.im};
  }
};

// On parts, real and imaginary ones alike.
struct NegativePart {
  template <class T>
  static T apply(T x) {
    return -x;
  }
};

struct RoundPart {
  template <class T>
  static T apply(T x) {
    return static_cast<T>(__builtin_rint(x));
  }
};

struct AddPart {
  template <class T>
  static T apply(T x, T y) {
    return x + y;
  }
};

struct SubtractPart {
  template <class T>
  static T apply(T x, T y) {
    return x - y;
  }
};

template <class F, class T>
void unary_parts(const void* a, const void*, const void*, void* out, int64_t n) {
  unary_loop<F, T, T>(a, nullptr, nullptr, out, 2 * n);
}

template <class F, class T>
void binary_parts(const void* a, const void* b, const void*, void* out, int64_t n) {
  binary_loop<F, T, T>(a, b, nullptr, out, 2 * n);
}

struct Add {
  template <class T>
  static Complex<T> apply(Complex<T> z, Complex<T> w) {
    return {z.re + w.re, z.im + w.im};
  }
};

struct Multiply {
  template <class T>
  static Complex<T> apply(Complex<T> z, Complex<T> w) {
    return {z.re * w.re - z.im * w.im, z.re * w.im + z.im * w.re};
  }
};

struct Square {
  template <class T>
  static Complex<T> apply(Complex<T> z) {
    return {(z.re - z.im) * (z.re + z.im), 2 * z.re * z.im};
  }
};

// One over the power of two at or below x; what it scales loses no digit. For 2^-1000 to 2^1000.
inline double scale_of(double x) {
  const uint64_t exponent = __builtin_bit_cast(uint64_t, x) & 0x7ff0000000000000u;
  return __builtin_bit_cast(double, 0x7fe0000000000000u - exponent);
}

struct Divide {
  // In double precision: no product of two floats overflows or is lost there.
  static Complex<float> apply(Complex<float> z, Complex<float> w) {
    const double a = z.re, b = z.im, c = w.re, d = w.im;
    const double norm = c * c + d * d;
    const Complex<float> q = {static_cast<float>((a * c + b * d) / norm),
                              static_cast<float>((b * c - a * d) / norm)};
    return norm > 0 && is_finite(norm) && is_finite(a) && is_finite(b) ? q : careful(z, w);
  }
  // The divisor is scaled to the order of 1, where it is not so small that it cannot be.
  static Complex<double> apply(Complex<double> z, Complex<double> w) {
    const double larger = absolute(w.re) > absolute(w.im) ? absolute(w.re) : absolute(w.im);
    if (!(larger >= 0x1p-1000 && larger <= 0x1p1000)) return careful(z, w);
    if (w.im == 0) return {z.re / w.re, z.im / w.re};
    const double scale = scale_of(larger), c = w.re * scale, d = w.im * scale;
    const double norm = c * c + d * d;
    const Complex<double> q = {(z.re * c + z.im * d) / norm * scale,
                               (z.im * c - z.re * d) / norm * scale};
    return is_finite(q) ? q : careful(z, w);
  }

 private:
  // The compiler's own division, of Annex G.
  template <class T>
  __attribute__((noinline)) static Complex<T> careful(Complex<T> z, Complex<T> w) {
    __complex__ double n, d;
    __real__ n = z.re, __imag__ n = z.im;
    __real__ d = w.re, __imag__ d = w.im;
    const __complex__ double q = n / d;
    return {static_cast<T>(__real__ q), static_cast<T>(__imag__ q)};
  }
};

struct Reciprocal {
  template <class T>
  static Complex<T> apply(Complex<T> z) {
    return Divide::apply(Complex<T>{1, 0}, z);
  }
};

// The modulus: in double precision for floats, scaled to the order of 1 for doubles, so that no
// square overflows or is lost. An infinity beside NaN is an infinity.
struct Abs {
  static float apply(Complex<float> z) {
    const double a = z.re, b = z.im;
    return or_infinity(z, static_cast<float>(__builtin_sqrt(a * a + b * b)));
  }
  static double apply(Complex<double> z) {
    constexpr uint64_t kMost = 0x7fd0000000000000u;
    const double larger = absolute(z.re) > absolute(z.im) ? absolute(z.re) : absolute(z.im);
    const uint64_t exponent = __builtin_bit_cast(uint64_t, larger) & 0x7ff0000000000000u;
    const uint64_t of_scale = 0x7fe0000000000000u - (exponent < kMost ? exponent : kMost);
    const double scale = __builtin_bit_cast(double, of_scale), a = z.re * scale, b = z.im * scale;
    return or_infinity(z, __builtin_sqrt(a * a + b * b) / scale);
  }

 private:
  template <class T>
  static T or_infinity(Complex<T> z, T size) {
    constexpr T kInf = static_cast<T>(__builtin_inf());
    return absolute(z.re) == kInf || absolute(z.im) == kInf ? kInf : size;
  }
};

struct Sign {
  template <class T>
  static Complex<T> apply(Complex<T> z) {
    const T size = Abs::apply(z);
    const bool zero = size == 0;
    return {zero ? T{0} : z.re / size, zero ? T{0} : z.im / size};
  }
};

// ---- comparison and tests -----------------------------------------------------------------------

struct Equal {
  template <class T>
  static bool apply(Complex<T> z, Complex<T> w) {
    return (z.re == w.re) & (z.im == w.im);
  }
};

struct NotEqual {
  template <class T>
  static bool apply(Complex<T> z, Complex<T> w) {
    return (z.re != w.re) | (z.im != w.im);
  }
};

struct IsNan {
  template <class T>
  static bool apply(Complex<T> z) {
    return (z.re != z.re) | (z.im != z.im);
  }
};

struct IsInf {
  template <class T>
  static bool apply(Complex<T> z) {
    constexpr T kInf = static_cast<T>(__builtin_inf());
    return absolute(z.re) == kInf || absolute(z.im) == kInf;
  }
};

struct IsFinite {
  template <class T>
  static bool apply(Complex<T> z) {
    return (z.re - z.re == 0) & (z.im - z.im == 0);
  }
};

// ---- functions ----------------------------------------------------------------------------------

using c128 = __complex__ double;

inline c128 make(double re, double im) {
  c128 z;
  __real__ z = re;
  __imag__ z = im;
  return z;
}

// F maps c128 to c128.
template <class F>
struct InDouble {
  template <class T>
  static Complex<T> apply(Complex<T> z) {
    const c128 y = F::of(make(z.re, z.im));
    return {static_cast<T>(__real__ y), static_cast<T>(__imag__ y)};
  }
  template <class T>
  static Complex<T> apply(Complex<T> z, Complex<T> w) {
    const c128 y = F::of(make(z.re, z.im), make(w.re, w.im));
    return {static_cast<T>(__real__ y), static_cast<T>(__imag__ y)};
  }
};

#define NDTAPE_LIBRARY(Name, function)                         \
  struct Name {                                                \
    static c128 of(c128 z) { return __builtin_##function(z); } \
  };
NDTAPE_LIBRARY(Sqrt, csqrt)
NDTAPE_LIBRARY(Exp, cexp)
NDTAPE_LIBRARY(Log, clog)
NDTAPE_LIBRARY(Sin, csin)
NDTAPE_LIBRARY(Cos, ccos)
NDTAPE_LIBRARY(Asin, casin)
NDTAPE_LIBRARY(Acos, cacos)
NDTAPE_LIBRARY(Atan, catan)
NDTAPE_LIBRARY(Sinh, csinh)
NDTAPE_LIBRARY(Cosh, ccosh)
NDTAPE_LIBRARY(Asinh, casinh)
NDTAPE_LIBRARY(Acosh, cacosh)
NDTAPE_LIBRARY(Atanh, catanh)
#undef NDTAPE_LIBRARY

// At an infinite real part the imaginary part is a zero with the sign of b, where C's has that of
// sin(2b).
struct Tanh {
  static c128 of(c128 z) {
    const double a = __real__ z, b = __imag__ z;
    if (!is_finite(a) && a == a && is_finite(b)) {
      return make(__builtin_copysign(1.0, a), __builtin_copysign(0.0, b));
    }
    return __builtin_ctanh(z);
  }
};

// tan(z) = -i tanh(iz)
struct Tan {
  static c128 of(c128 z) {
    const c128 y = Tanh::of(make(-__imag__ z, __real__ z));
    return make(__imag__ y, -__real__ y);
  }
};

// A logarithm to another base, part by part: 1 / ln(base) is a positive real.
template <class Part>
inline c128 logarithm(c128 z, double per_natural, Part of_modulus) {
  const c128 y = __builtin_clog(z);
  const bool on_axis = __imag__ z == 0 && __real__ z > 0 && is_finite(__real__ z);
  return make(on_axis ? of_modulus(__real__ z) : __real__ y * per_natural,
              __imag__ y * per_natural);
}

struct Log2 {
  static c128 of(c128 z) {
    return logarithm(z, 1.4426950408889634, [](double x) { return __builtin_log2(x); });
  }
};

struct Log10 {
  static c128 of(c128 z) {
    return logarithm(z, 0.4342944819032518, [](double x) { return __builtin_log10(x); });
  }
};

struct Exp2 {
  static c128 of(c128 z) {
    const double a = __real__ z, b = __imag__ z * 0.6931471805599453;
    if (!is_finite(a) || !is_finite(b)) return __builtin_cexp(make(a, b));
    const double size = __builtin_exp2(a);
    if (b == 0) return make(size, b);
    return make(size * __builtin_cos(b), size * __builtin_sin(b));
  }
};

// exp(a) cos(b) - 1 = expm1(a) cos(b) - 2 sin(b / 2)^2, where exp(a) is no infinity.
struct Expm1 {
  static c128 of(c128 z) {
    const double a = __real__ z, b = __imag__ z;
    if (!is_finite(a) || !is_finite(b) || a > 700) {
      const c128 y = __builtin_cexp(z);
      return make(__real__ y - 1, __imag__ y);
    }
    if (b == 0) return make(__builtin_expm1(a) + 0.0, b);  // 0, and never -0, at either zero
    const double half = __builtin_sin(b / 2);
    return make(__builtin_expm1(a) * __builtin_cos(b) - 2 * half * half,
                __builtin_exp(a) * __builtin_sin(b));
  }
};

// |1 + z|^2 - 1 = a (2 + a) + b^2, whose terms cancel only where z is far from 0.
struct Log1p {
  static c128 of(c128 z) {
    const double a = __real__ z, b = __imag__ z;
    const bool near = absolute(a) < 0.5 && absolute(b) < 0.5;
    if (!near) {
      const c128 y = __builtin_clog(make(a + 1, b));
      return b == 0 && a > -1 ? make(__builtin_log1p(a), b) : y;
    }
    const double cross = a * (2 + a), rest = __builtin_fma(a, 2 + a, -cross);
    const double excess = cross + b * b + rest;
    return make(b == 0 ? __builtin_log1p(a) : 0.5 * __builtin_log1p(excess),
                __builtin_atan2(b, 1 + a));
  }
};

// Small whole exponents by products, which are more accurate than exp(w log(z)).
struct Pow {
  static c128 of(c128 z, c128 w) {
    const double n = __real__ w;
    if (n == 0 && __imag__ w == 0) return make(1, 0);
    if (__real__ z == 0 && __imag__ z == 0) {
      if (n > 0) return make(0, 0);
      return make(__builtin_nan(""), __builtin_nan(""));
    }
    constexpr double kMost = 64;
    if (__imag__ w == 0 && absolute(n) <= kMost && n == __builtin_trunc(n)) {
      const c128 y = whole(z, static_cast<int>(absolute(n)));
      return n > 0 ? y : make(1, 0) / y;
    }
    return __builtin_cpow(z, w);
  }

 private:
  static c128 whole(c128 z, int n) {
    Complex<double> y = {1, 0}, base = {__real__ z, __imag__ z};
    bool first = true;
    for (; n != 0; n >>= 1) {
      if (n & 1) {
        y = first ? base : Multiply::apply(y, base);
        first = false;
      }
      if (n > 1) base = Square::apply(base);
    }
    return make(y.re, y.im);
  }
};

// ---- reductions ---------------------------------------------------------------------------------

inline constexpr int64_t kLongest = 4096;  // elements that are reduced without halving

template <class T>
inline int64_t half_of(int64_t n) {
  return (n / 2 + kLongest - 1) / kLongest * kLongest;
}

// Real and imaginary parts stand in turn, in memory as in the vectors of partial sums.
template <class T>
Complex<T> sum_of(const T* x, int64_t n) {
  if (n > kLongest) {
    const int64_t half = half_of<T>(n);
    return Add::apply(sum_of(x, half), sum_of(x + 2 * half, n - half));
  }
  using V = Vec<T>;
  constexpr int L = kLanes<T>, kSums = 4;
  V part[kSums] = {};
  const int64_t reals = 2 * n;
  int64_t i = 0;
  for (; i + kSums * L <= reals; i += kSums * L) {
#pragma GCC unroll 4
    for (int s = 0; s < kSums; ++s) part[s] += load<V>(x + i + s * L);
  }
  for (; i + L <= reals; i += L) part[0] += load<V>(x + i);
  if (i < reals) {
    V tail = {};
    __builtin_memcpy(&tail, x + i, static_cast<size_t>(reals - i) * sizeof(T));
    part[1] += tail;
  }
  T lane[L];
  store(lane, (part[0] + part[2]) + (part[1] + part[3]));
  for (int half = L / 2; half > 1; half /= 2) {
    for (int k = 0; k < half; ++k) lane[k] += lane[k + half];
  }
  return {lane[0], lane[1]};
}

template <class T>
Complex<T> product_of(const Complex<T>* x, int64_t n) {
  if (n > 8) {
    const int64_t half = n / 2;
    return Multiply::apply(product_of(x, half), product_of(x + half, n - half));
  }
  Complex<T> total = x[0];
  for (int64_t i = 1; i < n; ++i) total = Multiply::apply(total, x[i]);
  return total;
}

template <class T>
void reduce_sum(const void* x, void* out, int64_t n) {
  *static_cast<Complex<T>*>(out) = sum_of(static_cast<const T*>(x), n);
}

template <class T>
void reduce_product(const void* x, void* out, int64_t n) {
  *static_cast<Complex<T>*>(out) = product_of(static_cast<const Complex<T>*>(x), n);
}

// ---- the table ----------------------------------------------------------------------------------

template <class F>
void set_function(KernelTable& table, Op op) {
  set_unary<InDouble<F>>(table, op, Complexes{});
}

// Results are of the parts' type.
template <class F>
void set_part(KernelTable& table, Op op) {
  slot(table, op, DType::Complex64) = unary_loop<F, Complex<float>, float>;
  slot(table, op, DType::Complex128) = unary_loop<F, Complex<double>, double>;
}

template <DType D, class T>
void set_reductions(KernelTable& table) {
  table.reduce[static_cast<int>(ReduceOp::sum)][kIndex<D>] = reduce_sum<T>;
  table.reduce[static_cast<int>(ReduceOp::prod)][kIndex<D>] = reduce_product<T>;
}

}  // namespace

void add_complex(KernelTable& table) {
  set_part<Abs>(table, Op::abs);
  set_part<Real>(table, Op::real);
  set_part<Imag>(table, Op::imag);
  set_unary<Conj>(table, Op::conj, Complexes{});
  slot(table, Op::negative, DType::Complex64) = unary_parts<NegativePart, float>;
  slot(table, Op::negative, DType::Complex128) = unary_parts<NegativePart, double>;
  slot(table, Op::round, DType::Complex64) = unary_parts<RoundPart, float>;
  slot(table, Op::round, DType::Complex128) = unary_parts<RoundPart, double>;
  set_unary<Sign>(table, Op::sign, Complexes{});
  set_unary<Square>(table, Op::square, Complexes{});
  set_unary<Reciprocal>(table, Op::reciprocal, Complexes{});
  slot(table, Op::add, DType::Complex64) = binary_parts<AddPart, float>;
  slot(table, Op::add, DType::Complex128) = binary_parts<AddPart, double>;
  slot(table, Op::subtract, DType::Complex64) = binary_parts<SubtractPart, float>;
  slot(table, Op::subtract, DType::Complex128) = binary_parts<SubtractPart, double>;
  set_binary<Multiply>(table, Op::multiply, Complexes{});
  set_binary<Divide>(table, Op::divide, Complexes{});
  set_binary<InDouble<Pow>>(table, Op::pow, Complexes{});

  set_compare<Equal>(table, Op::equal, Complexes{});
  set_compare<NotEqual>(table, Op::not_equal, Complexes{});
  set_test<IsNan>(table, Op::isnan, Complexes{});
  set_test<IsInf>(table, Op::isinf, Complexes{});
  set_test<IsFinite>(table, Op::isfinite, Complexes{});

  set_function<Sqrt>(table, Op::sqrt);
  set_function<Exp>(table, Op::exp);
  set_function<Exp2>(table, Op::exp2);
  set_function<Expm1>(table, Op::expm1);
  set_function<Log>(table, Op::log);
  set_function<Log1p>(table, Op::log1p);
  set_function<Log2>(table, Op::log2);
  set_function<Log10>(table, Op::log10);
  set_function<Sin>(table, Op::sin);
  set_function<Cos>(table, Op::cos);
  set_function<Tan>(table, Op::tan);
  set_function<Asin>(table, Op::asin);
  set_function<Acos>(table, Op::acos);
  set_function<Atan>(table, Op::atan);
  set_function<Sinh>(table, Op::sinh);
  set_function<Cosh>(table, Op::cosh);
  set_function<Tanh>(table, Op::tanh);
  set_function<Asinh>(table, Op::asinh);
  set_function<Acosh>(table, Op::acosh);
  set_function<Atanh>(table, Op::atanh);

  set_reductions<DType::Complex64, float>(table);
  set_reductions<DType::Complex128, double>(table);
}

}  // namespace ndtape::cpu::NDTAPE_ISA
