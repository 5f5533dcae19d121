// Running sums, products and recurrences. Every result is set by the elements before it alone, in
// an order that the block's length does not change.
#include "cpu/isa.h"
#include "cpu/lanes.h"
#include "cpu/shuffle.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// What a running value is kept in: that of float32 in float64, so that it is right to the last bit
// or so however many elements came before, and does not overflow on the way.
template <class T>
struct CarryOf {
  using Type = T;
};
template <>
struct CarryOf<float> {
  using Type = double;
};
template <>
struct CarryOf<Complex<float>> {
  using Type = Complex<double>;
};
template <class T>
using Carry = typename CarryOf<T>::Type;

// T itself for floats, else the unsigned type in which it wraps.
template <class T, bool = kFloating<T>>
struct ArithmeticOf {
  using Type = T;
};
template <class T>
struct ArithmeticOf<T, false> {
  using Type = Wrap<T>;
};
template <class T>
using Arithmetic = typename ArithmeticOf<T>::Type;

template <class T>
inline T plus(T a, T b) {
  using A = Arithmetic<T>;
  return static_cast<T>(static_cast<A>(a) + static_cast<A>(b));
}
template <class T>
inline Complex<T> plus(Complex<T> a, Complex<T> b) {
  return {a.re + b.re, a.im + b.im};
}

template <class T>
inline T times(T a, T b) {
  using A = Arithmetic<T>;
  return static_cast<T>(static_cast<A>(a) * static_cast<A>(b));
}
template <class T>
inline Complex<T> times(Complex<T> a, Complex<T> b) {
  return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

// Between an element and its carry.
template <class To, class From>
inline To convert(From x) {
  return static_cast<To>(x);
}
template <class To, class T>
inline To convert(Complex<T> x) {
  using Part = decltype(To{}.re);
  return {static_cast<Part>(x.re), static_cast<Part>(x.im)};
}

// What changes no sum: 0, with the sign that it leaves alone.
template <class T>
struct Neutral {
  static constexpr T sum = kFloating<T> ? static_cast<T>(-0.0) : T(0);
};
template <class T>
struct Neutral<Complex<T>> {
  static constexpr Complex<T> sum = {T(-0.0), T(-0.0)};
};

// A running product of complex numbers. 1 is not neutral there: times an infinity its imaginary
// zero is NaN. So it begins as a NaN whose bits no product keeps, and that the first number
// replaces.
struct ComplexProduct {
  static constexpr uint64_t kNone = 0x7ff8'6e64'7461'7065;
  uint64_t re = kNone, im = kNone;

  bool begun() const { return re != kNone || im != kNone; }
  Complex<double> value() const {
    return {__builtin_bit_cast(double, re), __builtin_bit_cast(double, im)};
  }
  static ComplexProduct of(Complex<double> z) {
    ComplexProduct p;
    p.re = __builtin_bit_cast(uint64_t, z.re);
    p.im = __builtin_bit_cast(uint64_t, z.im);
    if (!p.begun()) p.im = 0x7ff8'0000'0000'0000;
    return p;
  }
};
template <class To>
inline To convert(ComplexProduct x) {
  return convert<To>(x.value());
}

struct RunningSum {
  template <class C>
  using State = C;
  template <class T>
  static T start() {
    return Neutral<T>::sum;
  }
  template <class T>
  static T step(T carry, T x, T) {
    return plus(carry, x);
  }
};

template <class C>
struct ProductOf {
  using Type = C;
};
template <class T>
inline constexpr bool kIsProduct = false;
template <>
inline constexpr bool kIsProduct<ComplexProduct> = true;
template <>
struct ProductOf<Complex<double>> {
  using Type = ComplexProduct;
};

struct RunningProd {
  template <class C>
  using State = typename ProductOf<C>::Type;
  template <class T>
  static T start() {
    if constexpr (kIsProduct<T>) {
      return {};
    } else {
      return T(1);
    }
  }
  static ComplexProduct step(ComplexProduct carry, Complex<double> x, Complex<double>) {
    return ComplexProduct::of(carry.begun() ? times(carry.value(), x) : x);
  }
  template <class T>
  static T step(T carry, T x, T) {
    return times(carry, x);
  }
};

struct Recurrence {
  template <class C>
  using State = C;
  template <class T>
  static T start() {
    return T{};
  }
  template <class T>
  static T step(T carry, T x, T factor) {
    return plus(times(carry, factor), x);
  }
};

template <class Op, class T>
using State = typename Op::template State<Carry<T>>;

template <class Op, class T>
void start(void* carry, int64_t n) {
  using S = State<Op, T>;
  for (int64_t i = 0; i < n; ++i) static_cast<S*>(carry)[i] = Op::template start<S>();
}

template <class Op, class T>
void join(void* carry, const void* total) {
  using C = Carry<T>;
  C* c = static_cast<C*>(carry);
  *c = Op::step(*c, *static_cast<const C*>(total), C{});
}

// One element after the other.
template <class Op, class T>
void along(const void* x_, const void* factor_, void* carry_, void* out_, int64_t n) {
  using C = Carry<T>;
  const T* x = static_cast<const T*>(x_);
  const T* factor = static_cast<const T*>(factor_);
  T* out = static_cast<T*>(out_);
  State<Op, T> carry = *static_cast<State<Op, T>*>(carry_);
  for (int64_t i = 0; i < n; ++i) {
    carry = Op::step(carry, convert<C>(x[i]), factor ? convert<C>(factor[i]) : C{});
    out[i] = convert<T>(carry);
  }
  *static_cast<State<Op, T>*>(carry_) = carry;
}

// A step of n scans side by side.
template <class Op, class T>
void across(const void* x_, const void* factor_, void* carry_, void* out_, int64_t n) {
  using C = Carry<T>;
  const T* x = static_cast<const T*>(x_);
  const T* factor = static_cast<const T*>(factor_);
  State<Op, T>* carry = static_cast<State<Op, T>*>(carry_);
  T* out = static_cast<T*>(out_);
  if (factor) {
    NDTAPE_IVDEP
    for (int64_t i = 0; i < n; ++i) {
      carry[i] = Op::step(carry[i], convert<C>(x[i]), convert<C>(factor[i]));
      out[i] = convert<T>(carry[i]);
    }
    return;
  }
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    carry[i] = Op::step(carry[i], convert<C>(x[i]), C{});
    out[i] = convert<T>(carry[i]);
  }
}

// ---- sums of floats along a line: a vector at a time --------------------------------------------

// Lane i becomes the sum of lanes 0..i.
template <int L>
NDTAPE_INLINE f64 running_lanes(f64 v) {
  const f64 zero = splat(-0.0);
  v += ShiftIn<L>::by1(v, zero);
  if constexpr (L > 2) v += ShiftIn<L>::by2(v, zero);
  if constexpr (L > 4) v += ShiftIn<L>::by4(v, zero);
  return v;
}

NDTAPE_INLINE f64 load_wide(const double* p) { return load<f64>(p); }
NDTAPE_INLINE f64 load_wide(const float* p) { return widen(load<f32_half>(p)); }
NDTAPE_INLINE void store_narrow(double* p, f64 v) { store(p, v); }
NDTAPE_INLINE void store_narrow(float* p, f64 v) { store(p, narrow(v)); }

// The sum within the block is kept apart from what came before it, so that blocks may be summed in
// any order and joined to the same bits.
template <class T>
void sum_along(const void* x_, const void*, void* carry_, void* out_, int64_t n) {
  constexpr int L = kLanes<double>;
  const T* x = static_cast<const T*>(x_);
  T* out = static_cast<T*>(out_);
  double* carry = static_cast<double*>(carry_);
  const f64 before = splat(*carry);
  f64 sum = splat(-0.0);
  int64_t i = 0;
  for (; i + L <= n; i += L) {
    const f64 lanes = running_lanes<L>(load_wide(x + i));
    store_narrow(out + i, before + (sum + lanes));
    sum += ShiftIn<L>::last(lanes);
  }
  if (i < n) {
    T tail[L];
    for (int k = 0; k < L; ++k) tail[k] = k < n - i ? x[i + k] : static_cast<T>(-0.0);
    const f64 lanes = running_lanes<L>(load_wide(tail));
    store_narrow(tail, before + (sum + lanes));
    __builtin_memcpy(out + i, tail, static_cast<size_t>(n - i) * sizeof(T));
    sum += ShiftIn<L>::last(lanes);
  }
  *carry += sum[0];
}

// ---- the table ----------------------------------------------------------------------------------

template <class Op, class T>
constexpr ScanKernels in_sequence() {
  return {start<Op, T>, along<Op, T>, across<Op, T>, nullptr};
}

template <DType D>
void add_dtype(KernelTable& table) {
  using T = Storage<D>;
  const auto at = [&](ScanOp op) -> ScanKernels& {
    return table.scan[static_cast<int>(op)][kIndex<D>];
  };
  at(ScanOp::sum) = in_sequence<RunningSum, T>();
  at(ScanOp::sum).join = join<RunningSum, T>;
  // A product of later elements may overflow where that of all has long been 0: no joining.
  at(ScanOp::prod) = in_sequence<RunningProd, T>();
  if constexpr (is_float(D)) at(ScanOp::sum).along = sum_along<T>;
  if constexpr (is_inexact(D)) at(ScanOp::recurrence) = in_sequence<Recurrence, T>();
}

template <DType... D>
void add_dtypes(KernelTable& table, DTypes<D...>) {
  (add_dtype<D>(table), ...);
}

}  // namespace

void add_scans(KernelTable& table) {
  add_dtypes(table, SignedInts{});
  add_dtypes(table, UnsignedInts{});
  add_dtypes(table, Floats{});
  add_dtypes(table, Complexes{});
}

}  // namespace ndtape::cpu::NDTAPE_ISA
