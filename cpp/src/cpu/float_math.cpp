// Elementwise functions of floats: loops around the vector functions of math/.
#include "cpu/isa.h"
#include "cpu/lanes.h"
#include "cpu/math/activation.h"
#include "cpu/math/division.h"
#include "cpu/math/error_function.h"
#include "cpu/math/float32/activation.h"
#include "cpu/math/float32/exponential.h"
#include "cpu/math/float32/hyperbolic.h"
#include "cpu/math/float32/inverse_trigonometric.h"
#include "cpu/math/float32/logarithm.h"
#include "cpu/math/float32/lookup.h"
#include "cpu/math/float32/power.h"
#include "cpu/math/float32/trigonometric.h"
#include "cpu/math/hyperbolic.h"
#include "cpu/math/inverse_trigonometric.h"
#include "cpu/math/trigonometric.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// Elements of type T are loaded as vectors of T; the last few as part of a vector, so that what an
// element gives does not depend on where it stands. The first of them fills the vector: it is rare
// only if they are.
template <class F, class T>
void unary_kernel(const void* a, const void*, const void*, void* out, int64_t n) {
  using V = Vec<T>;
  constexpr int kStep = kLanes<T>;
  const T* x = static_cast<const T*>(a);
  T* r = static_cast<T*>(out);
  int64_t i = 0;
  // Two vectors at a time: their instructions are interleaved, which hides latency.
  for (; i + 2 * kStep <= n; i += 2 * kStep) {
    const V first = F::apply(load<V>(x + i));
    const V second = F::apply(load<V>(x + i + kStep));
    store(r + i, first);
    store(r + i + kStep, second);
  }
  for (; i + kStep <= n; i += kStep) store(r + i, F::apply(load<V>(x + i)));
  if (i < n) store_part(r + i, F::apply(load_part<V>(x + i, n - i, splat(x[i]))), n - i);
}

template <class F, class T>
void binary_kernel(const void* a, const void* b, const void*, void* out, int64_t n) {
  using V = Vec<T>;
  constexpr int kStep = kLanes<T>;
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  T* r = static_cast<T*>(out);
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) store(r + i, F::apply(load<V>(x + i), load<V>(y + i)));
  if (i < n) {
    const V first = load_part<V>(x + i, n - i, splat(x[i]));
    const V second = load_part<V>(y + i, n - i, splat(y[i]));
    store_part(r + i, F::apply(first, second), n - i);
  }
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

// The functions of math/ as types. in_float: whether this build has a version in float lanes
// that keeps its bound; otherwise floats take the double lanes with shorter polynomials.
#define NDTAPE_UNARY(Name, function, in_float)                                                   \
  struct Name {                                                                                  \
    static NDTAPE_INLINE f64 apply(f64 x) { return function<Precision::Double>(x); }             \
    template <class V>                                                                           \
    static NDTAPE_INLINE V apply(V x) {                                                          \
      if constexpr (in_float) {                                                                  \
        return function(x);                                                                      \
      } else {                                                                                   \
        return in_double(x, [](f64 v) NDTAPE_LAMBDA { return function<Precision::Single>(v); }); \
      }                                                                                          \
    }                                                                                            \
  };
#define NDTAPE_BINARY(Name, function)                                                          \
  struct Name {                                                                                \
    static NDTAPE_INLINE f64 apply(f64 x, f64 y) { return function<Precision::Double>(x, y); } \
    static NDTAPE_INLINE f32 apply(f32 x, f32 y) {                                             \
      return in_double(                                                                        \
          x, y, [](f64 v, f64 w) NDTAPE_LAMBDA { return function<Precision::Single>(v, w); }); \
    }                                                                                          \
  };

NDTAPE_UNARY(Exp, exp, kHasFma)
NDTAPE_UNARY(Exp2, exp2, kHasFma)
NDTAPE_UNARY(Expm1, expm1, kHasFma)
NDTAPE_UNARY(Log, log, kHasFma)
NDTAPE_UNARY(Log1p, log1p, kHasFma)
NDTAPE_UNARY(Log2, log2, kHasFma)
NDTAPE_UNARY(Log10, log10, kHasFma)
NDTAPE_UNARY(Sin, sin, kHasFma)
NDTAPE_UNARY(Cos, cos, kHasFma)
NDTAPE_UNARY(Tan, tan, kHasFma)
NDTAPE_UNARY(Asin, asin, kHasFma)
NDTAPE_UNARY(Acos, acos, kHasFma)
NDTAPE_UNARY(Atan, atan, kHasFma)
NDTAPE_UNARY(Sinh, sinh, kHasFma)
NDTAPE_UNARY(Cosh, cosh, kHasFma)
NDTAPE_UNARY(Sigmoid, sigmoid, kHasFma)
NDTAPE_UNARY(Tanh, tanh, kHasLookup)
NDTAPE_UNARY(Erf, erf, kHasLookup)
NDTAPE_UNARY(Gelu, gelu, kHasLookup)
NDTAPE_UNARY(Asinh, asinh, false)
NDTAPE_UNARY(Acosh, acosh, false)
NDTAPE_UNARY(Atanh, atanh, false)
NDTAPE_UNARY(Softplus, softplus, false)
NDTAPE_BINARY(Atan2, atan2)
NDTAPE_BINARY(Hypot, hypot)
NDTAPE_BINARY(LogAddExp, logaddexp)
NDTAPE_BINARY(Remainder, remainder)
NDTAPE_BINARY(FloorDivide, floor_divide)

struct Pow {
  template <class V>
  static NDTAPE_INLINE V apply(V x, V y) {
    return pow(x, y);
  }
};

// Four vectors are looked at first: if nothing in them is special, as mostly, no branch and no call
// comes between the instructions of one and the next.
void float_pow_kernel(const void* a, const void* b, const void*, void* out, int64_t n) {
  constexpr int kStep = kLanes<float>;
  constexpr int kGroup = 4 * kStep;
  const float* x = static_cast<const float*>(a);
  const float* y = static_cast<const float*>(b);
  float* r = static_cast<float*>(out);
  int64_t i = 0;
  for (; i + kGroup <= n; i += kGroup) {
    bool ordinary = true;
#pragma GCC unroll 4
    for (int s = 0; s < kGroup; s += kStep) {
      ordinary &= is_ordinary_pow(load<f32>(x + i + s), load<f32>(y + i + s));
    }
    if (!ordinary) {
      binary_kernel<Pow, float>(x + i, y + i, nullptr, r + i, kGroup);
      continue;
    }
#pragma GCC unroll 1
    for (int s = 0; s < kGroup; s += 2 * kStep) {
      const float *u = x + i + s, *v = y + i + s;
      const f32 first = pow_ordinary(load<f32>(u), load<f32>(v));
      const f32 second = pow_ordinary(load<f32>(u + kStep), load<f32>(v + kStep));
      store(r + i + s, first);
      store(r + i + s + kStep, second);
    }
  }
  binary_kernel<Pow, float>(x + i, y + i, nullptr, r + i, n - i);
}

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
    const I moved =
        x == 0 ? static_cast<I>((y_bits & sign) | smallest) : static_cast<I>(bits + away);
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
  set_binary_kernels<Pow>(table, Op::pow);
  slot(table, Op::pow, DType::Float32) = float_pow_kernel;
  set_binary_kernels<Atan2>(table, Op::atan2);
  set_binary_kernels<Hypot>(table, Op::hypot);
  set_binary_kernels<LogAddExp>(table, Op::logaddexp);
  set_binary_kernels<FloorDivide>(table, Op::floor_divide);
  set_binary_kernels<Remainder>(table, Op::remainder);
}

}  // namespace ndtape::cpu::NDTAPE_ISA
