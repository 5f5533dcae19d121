// Elementwise functions of floats: loops around the vector functions of math/.
//
// float32 goes through double lanes with short polynomials where no float version is registered.
#include "cpu/isa.h"
#include "cpu/lanes.h"
#include "cpu/math/activation.h"
#include "cpu/math/division.h"
#include "cpu/math/error_function.h"
#include "cpu/math/float32/activation.h"
#include "cpu/math/float32/exponential.h"
#include "cpu/math/float32/logarithm.h"
#include "cpu/math/float32/hyperbolic.h"
#include "cpu/math/float32/inverse_trigonometric.h"
#include "cpu/math/float32/lookup.h"
#include "cpu/math/float32/trigonometric.h"
#include "cpu/math/hyperbolic.h"
#include "cpu/math/inverse_trigonometric.h"
#include "cpu/math/power.h"
#include "cpu/math/trigonometric.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

inline constexpr int kStep = kLanes<double>;  // elements a turn, for either type in double lanes

// How elements of type T come into double lanes and leave them.
template <class T>
struct Lanes;

template <>
struct Lanes<double> {
  static constexpr Precision kPrecision = Precision::Double;
  static NDTAPE_INLINE f64 get(const double* p) { return load<f64>(p); }
  static NDTAPE_INLINE void put(double* p, f64 v) { store(p, v); }
};

template <>
struct Lanes<float> {
  static constexpr Precision kPrecision = Precision::Single;
  static NDTAPE_INLINE f64 get(const float* p) { return widen(load<f32_half>(p)); }
  static NDTAPE_INLINE void put(float* p, f64 v) { store(p, narrow(v)); }
};

template <class F, class T>
void unary_kernel(const void* a, const void*, const void*, void* out, int64_t n) {
  const T* x = static_cast<const T*>(a);
  T* r = static_cast<T*>(out);
  using L = Lanes<T>;
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    L::put(r + i, F::template apply<L::kPrecision>(L::get(x + i)));
  }
  if (i < n) {  // the same lanes, on a copy padded with zeros
    T buffer[kStep] = {};
    __builtin_memcpy(buffer, x + i, static_cast<size_t>(n - i) * sizeof(T));
    L::put(buffer, F::template apply<L::kPrecision>(L::get(buffer)));
    __builtin_memcpy(r + i, buffer, static_cast<size_t>(n - i) * sizeof(T));
  }
}

template <class F, class T>
void binary_kernel(const void* a, const void* b, const void*, void* out, int64_t n) {
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  T* r = static_cast<T*>(out);
  using L = Lanes<T>;
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    L::put(r + i, F::template apply<L::kPrecision>(L::get(x + i), L::get(y + i)));
  }
  if (i < n) {
    T first[kStep] = {};
    T second[kStep] = {};
    __builtin_memcpy(first, x + i, static_cast<size_t>(n - i) * sizeof(T));
    __builtin_memcpy(second, y + i, static_cast<size_t>(n - i) * sizeof(T));
    L::put(first, F::template apply<L::kPrecision>(L::get(first), L::get(second)));
    __builtin_memcpy(r + i, first, static_cast<size_t>(n - i) * sizeof(T));
  }
}

// In float lanes, for functions that have such a version. They rely on FMA for their accuracy.
template <class F>
void float_kernel(const void* a, const void*, const void*, void* out, int64_t n) {
  constexpr int kFloats = kLanes<float>;
  const float* x = static_cast<const float*>(a);
  float* r = static_cast<float*>(out);
  int64_t i = 0;
  for (; i + kFloats <= n; i += kFloats) store(r + i, F::apply(load<f32>(x + i)));
  if (i < n) {
    float buffer[kFloats] = {};
    __builtin_memcpy(buffer, x + i, static_cast<size_t>(n - i) * sizeof(float));
    store(buffer, F::apply(load<f32>(buffer)));
    __builtin_memcpy(r + i, buffer, static_cast<size_t>(n - i) * sizeof(float));
  }
}

template <class V, class T, V (*F)(V, V)>
void vector_kernel(const void* a, const void* b, const void*, void* out, int64_t n) {
  constexpr int kCount = kLanes<T>;
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  T* r = static_cast<T*>(out);
  int64_t i = 0;
  for (; i + kCount <= n; i += kCount) store(r + i, F(load<V>(x + i), load<V>(y + i)));
  if (i < n) {
    T first[kCount] = {};
    T second[kCount] = {};
    __builtin_memcpy(first, x + i, static_cast<size_t>(n - i) * sizeof(T));
    __builtin_memcpy(second, y + i, static_cast<size_t>(n - i) * sizeof(T));
    store(first, F(load<V>(first), load<V>(second)));
    __builtin_memcpy(r + i, first, static_cast<size_t>(n - i) * sizeof(T));
  }
}

template <class F>
void set_float_kernel(KernelTable& table, Op op) {
  if constexpr (kHasFma) slot(table, op, DType::Float32) = float_kernel<F>;
}

template <class F>
void set_unary_kernels(KernelTable& table, Op op) {
  slot(table, op, DType::Float32) = unary_kernel<F, float>;
  slot(table, op, DType::Float64) = unary_kernel<F, double>;
}

template <class F>
void set_binary_kernels(KernelTable& table, Op op) {
  slot(table, op, DType::Float32) = binary_kernel<F, float>;
  slot(table, op, DType::Float64) = binary_kernel<F, double>;
}

// A struct to pass the function template of the same name by.
#define NDTAPE_UNARY(Name, function)     \
  struct Name {                          \
    template <Precision P>               \
    static NDTAPE_INLINE f64 apply(f64 x) { \
      return function<P>(x);             \
    }                                    \
  };
#define NDTAPE_BINARY(Name, function)           \
  struct Name {                                 \
    template <Precision P>                      \
    static NDTAPE_INLINE f64 apply(f64 x, f64 y) { \
      return function<P>(x, y);                 \
    }                                           \
  };

#define NDTAPE_FLOAT(Name, function)                               \
  struct Name {                                                    \
    static NDTAPE_INLINE f32 apply(f32 x) { return function(x); }  \
  };

NDTAPE_FLOAT(ExpFloat, exp)
NDTAPE_FLOAT(Exp2Float, exp2)
NDTAPE_FLOAT(Expm1Float, expm1)
NDTAPE_FLOAT(LogFloat, log)
NDTAPE_FLOAT(Log1pFloat, log1p)
NDTAPE_FLOAT(Log2Float, log2)
NDTAPE_FLOAT(Log10Float, log10)
NDTAPE_FLOAT(SinFloat, sin)
NDTAPE_FLOAT(CosFloat, cos)
NDTAPE_FLOAT(TanFloat, tan)
NDTAPE_FLOAT(AsinFloat, asin)
NDTAPE_FLOAT(AcosFloat, acos)
NDTAPE_FLOAT(AtanFloat, atan)
NDTAPE_FLOAT(SinhFloat, sinh)
NDTAPE_FLOAT(CoshFloat, cosh)
NDTAPE_FLOAT(SigmoidFloat, sigmoid)
NDTAPE_FLOAT(TanhFloat, tanh)
NDTAPE_FLOAT(ErfFloat, erf)

NDTAPE_UNARY(Exp, exp)
NDTAPE_UNARY(Exp2, exp2)
NDTAPE_UNARY(Expm1, expm1)
NDTAPE_UNARY(Log, log)
NDTAPE_UNARY(Log1p, log1p)
NDTAPE_UNARY(Log2, log2)
NDTAPE_UNARY(Log10, log10)
NDTAPE_UNARY(Sin, sin)
NDTAPE_UNARY(Cos, cos)
NDTAPE_UNARY(Tan, tan)
NDTAPE_UNARY(Asin, asin)
NDTAPE_UNARY(Acos, acos)
NDTAPE_UNARY(Atan, atan)
NDTAPE_UNARY(Sinh, sinh)
NDTAPE_UNARY(Cosh, cosh)
NDTAPE_UNARY(Tanh, tanh)
NDTAPE_UNARY(Asinh, asinh)
NDTAPE_UNARY(Acosh, acosh)
NDTAPE_UNARY(Atanh, atanh)
NDTAPE_UNARY(Sigmoid, sigmoid)
NDTAPE_UNARY(Softplus, softplus)
NDTAPE_UNARY(Gelu, gelu)
NDTAPE_UNARY(Erf, erf)
NDTAPE_BINARY(Atan2, atan2)
NDTAPE_BINARY(Hypot, hypot)
NDTAPE_BINARY(LogAddExp, logaddexp)
NDTAPE_BINARY(Remainder, remainder)
NDTAPE_BINARY(FloorDivide, floor_divide)

// Exact or correctly rounded by the hardware: plain loops.
struct Reciprocal {
  template <class T>
  static T apply(T x) {
    return T{1} / x;
  }
};

struct Sqrt {
  static float apply(float x) { return __builtin_sqrtf(x); }
  static double apply(double x) { return __builtin_sqrt(x); }
};

struct Divide {
  template <class T>
  static T apply(T x, T y) {
    return x / y;
  }
};

struct CopySign {
  static float apply(float x, float y) { return __builtin_copysignf(x, y); }
  static double apply(double x, double y) { return __builtin_copysign(x, y); }
};

// Floats of one sign are ordered as their bits, so the neighbour's bits are one up or down.
struct NextAfter {
  template <class T, class I>
  static T neighbour(T x, T y, I smallest, I sign) {
    const I bits = __builtin_bit_cast(I, x);
    const I y_bits = __builtin_bit_cast(I, y);
    const I away = (y > x) == (x > 0) ? I{1} : I{-1};
    const I moved = x == 0 ? static_cast<I>((y_bits & sign) | smallest) : static_cast<I>(bits + away);
    const I result = x == y ? y_bits : moved;
    const bool nan = x != x || y != y;
    return nan ? x + y : __builtin_bit_cast(T, result);
  }
  static float apply(float x, float y) { return neighbour(x, y, int32_t{1}, kSign32); }
  static double apply(double x, double y) { return neighbour(x, y, int64_t{1}, kSign64); }
};

}  // namespace

void add_float_math(KernelTable& table) {
  set_unary<Reciprocal>(table, Op::reciprocal, Floats{});
  set_unary<Sqrt>(table, Op::sqrt, Floats{});
  set_binary<Divide>(table, Op::divide, Floats{});
  set_binary<CopySign>(table, Op::copysign, Floats{});
  set_binary<NextAfter>(table, Op::nextafter, Floats{});

  set_unary_kernels<Exp>(table, Op::exp);
  set_unary_kernels<Exp2>(table, Op::exp2);
  set_unary_kernels<Expm1>(table, Op::expm1);
  set_unary_kernels<Log>(table, Op::log);
  set_unary_kernels<Log1p>(table, Op::log1p);
  set_unary_kernels<Log2>(table, Op::log2);
  set_unary_kernels<Log10>(table, Op::log10);
  set_unary_kernels<Sin>(table, Op::sin);
  set_unary_kernels<Cos>(table, Op::cos);
  set_unary_kernels<Tan>(table, Op::tan);
  set_unary_kernels<Asin>(table, Op::asin);
  set_unary_kernels<Acos>(table, Op::acos);
  set_unary_kernels<Atan>(table, Op::atan);
  set_unary_kernels<Sinh>(table, Op::sinh);
  set_unary_kernels<Cosh>(table, Op::cosh);
  set_unary_kernels<Tanh>(table, Op::tanh);
  set_unary_kernels<Asinh>(table, Op::asinh);
  set_unary_kernels<Acosh>(table, Op::acosh);
  set_unary_kernels<Atanh>(table, Op::atanh);
  set_unary_kernels<Sigmoid>(table, Op::sigmoid);
  set_unary_kernels<Softplus>(table, Op::softplus);
  set_unary_kernels<Gelu>(table, Op::gelu);
  set_unary_kernels<Erf>(table, Op::erf);
  set_float_kernel<ExpFloat>(table, Op::exp);
  set_float_kernel<Exp2Float>(table, Op::exp2);
  set_float_kernel<Expm1Float>(table, Op::expm1);
  set_float_kernel<LogFloat>(table, Op::log);
  set_float_kernel<Log1pFloat>(table, Op::log1p);
  set_float_kernel<Log2Float>(table, Op::log2);
  set_float_kernel<Log10Float>(table, Op::log10);
  set_float_kernel<SinFloat>(table, Op::sin);
  set_float_kernel<CosFloat>(table, Op::cos);
  set_float_kernel<TanFloat>(table, Op::tan);
  set_float_kernel<AsinFloat>(table, Op::asin);
  set_float_kernel<AcosFloat>(table, Op::acos);
  set_float_kernel<AtanFloat>(table, Op::atan);
  set_float_kernel<SinhFloat>(table, Op::sinh);
  set_float_kernel<CoshFloat>(table, Op::cosh);
  set_float_kernel<SigmoidFloat>(table, Op::sigmoid);
  if constexpr (kHasLookup) {
    set_float_kernel<TanhFloat>(table, Op::tanh);
    set_float_kernel<ErfFloat>(table, Op::erf);
  }

  slot(table, Op::pow, DType::Float32) = vector_kernel<f32, float, pow>;
  slot(table, Op::pow, DType::Float64) = vector_kernel<f64, double, pow>;
  set_binary_kernels<Atan2>(table, Op::atan2);
  set_binary_kernels<Hypot>(table, Op::hypot);
  set_binary_kernels<LogAddExp>(table, Op::logaddexp);
  set_binary_kernels<FloorDivide>(table, Op::floor_divide);
  set_binary_kernels<Remainder>(table, Op::remainder);
}

}  // namespace ndtape::cpu::NDTAPE_ISA
