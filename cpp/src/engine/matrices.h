// What the factorizations of matrices of few rows share: their elements in double precision,
// arithmetic of both kinds of these, and the loop over a stack.
//
// Their steps are functions of their own, not copied into each user: for a small matrix, it is the
// code that has to be fetched which takes the time.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <complex>
#include <limits>
#include <type_traits>

#include "engine/elementwise.h"
#include "ndtape/parallel.h"
#include "ndtape/tensor.h"

namespace ndtape::engine {

using Complex128 = std::complex<double>;

// Matrices, m x n, that lie together in a row-major tensor, whatever its axes are.
struct Stack {
  int64_t count, m, n;
};

// The elements of a tensor, or a place for them, of the precision of T or of half of it; T is
// double or Complex128.
template <class T>
class Elements {
 public:
  explicit Elements(const Tensor& x)
      : data_(x.mutable_data()), is_half_(itemsize(x.dtype()) < static_cast<int64_t>(sizeof(T))) {}

  void load(int64_t first, int64_t count, T* to) const {
    if (is_half_) {
      std::copy_n(static_cast<const Half*>(data_) + first, count, to);
    } else {
      std::copy_n(static_cast<const T*>(data_) + first, count, to);
    }
  }
  void store(int64_t first, int64_t count, const T* from) const {
    if (is_half_) {
      for (int64_t i = 0; i < count; ++i) {
        static_cast<Half*>(data_)[first + i] = static_cast<Half>(from[i]);
      }
    } else {
      std::copy_n(from, count, static_cast<T*>(data_) + first);
    }
  }

 private:
  using Half = std::conditional_t<std::is_same_v<T, double>, float, std::complex<float>>;
  void* data_;
  bool is_half_;
};

inline double conjugate(double x) { return x; }
inline Complex128 conjugate(Complex128 x) { return std::conj(x); }

// The square of the size.
inline double norm(double x) { return x * x; }
inline double norm(Complex128 x) { return x.real() * x.real() + x.imag() * x.imag(); }

// Without std::complex's look for what is not finite.
inline double product(double x, double y) { return x * y; }
inline Complex128 product(Complex128 x, Complex128 y) {
  return {x.real() * y.real() - x.imag() * y.imag(), x.real() * y.imag() + x.imag() * y.real()};
}

// to[i] -= factor * from[i].
template <class T>
void subtract(T* to, T factor, const T* from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] -= product(factor, from[i]);
}

// What pivots are chosen by.
inline double size_of(double x) { return std::abs(x); }
inline double size_of(Complex128 x) { return std::abs(x.real()) + std::abs(x.imag()); }

template <class T>
bool is_ordinary(T x) {
  const double size = size_of(x);
  return size >= std::numeric_limits<double>::min() && size <= std::numeric_limits<double>::max();
}

// Vectors from this length on have lengths whose squares are all there.
inline constexpr double kLeast = 1e-145;

// Whether squares of the elements keep within the range, as far as they count.
template <class T>
bool has_moderate_elements(const T* x, int64_t count) {
  double largest = 0;
  bool is_finite = true;
  for (int64_t i = 0; i < count; ++i) {
    const double size = size_of(x[i]);
    is_finite &= std::isfinite(size);
    largest = std::max(largest, size);
  }
  return is_finite && largest >= 1e-140 && largest <= 1e140;
}

template <class T>
void set_identity(T* y, int64_t rows, int64_t columns) {
  std::fill_n(y, rows * columns, T(0));
  for (int64_t i = 0; i < std::min(rows, columns); ++i) y[i * columns + i] = T(1);
}

// Runs body(matrix), which tells whether that was ordinary, for all of a stack.
template <class Body>
bool all_ordinary(const Stack& s, Body&& body) {
  std::atomic<bool> found{true};
  const auto run = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end && found.load(std::memory_order_relaxed); ++i) {
      if (!body(i)) found.store(false, std::memory_order_relaxed);
    }
  };
  if (s.count * s.m * s.n * std::min(s.m, s.n) < kParallelWork) {
    run(0, s.count);
  } else {
    parallel_for(s.count, run);
  }
  return found.load(std::memory_order_relaxed);
}

// body(a value of the type that x's elements are computed in).
template <class Body>
bool by_type(const Tensor& x, Body&& body) {
  return is_complex(x.dtype()) ? body(Complex128()) : body(double());
}

}  // namespace ndtape::engine
