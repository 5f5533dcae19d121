// Gaussian elimination with partial pivoting and Cholesky's factorization, as LAPACK has them for a
// single block (getf2, potf2): of few rows, calling it takes longer than they do.
#include "engine/factor.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <complex>
#include <limits>

#include "engine/elementwise.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

using Complex128 = std::complex<double>;

double conjugate(double x) { return x; }
Complex128 conjugate(Complex128 x) { return std::conj(x); }

// to[i] -= factor * from[i]; of complex numbers without std::complex's look for what is not finite.
void subtract(double* to, double factor, const double* from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] -= factor * from[i];
}
void subtract(Complex128* to, Complex128 factor, const Complex128* from, int64_t count) {
  const double re = factor.real(), im = factor.imag();
  for (int64_t i = 0; i < count; ++i) {
    const double x = from[i].real(), y = from[i].imag();
    to[i] = {to[i].real() - (re * x - im * y), to[i].imag() - (re * y + im * x)};
  }
}

// What pivots are chosen by.
double size_of(double x) { return std::abs(x); }
double size_of(Complex128 x) { return std::abs(x.real()) + std::abs(x.imag()); }

template <class T>
bool is_ordinary(T x) {
  const double size = size_of(x);
  return size >= std::numeric_limits<double>::min() && size <= std::numeric_limits<double>::max();
}

// A matrix as the product of a permutation, a lower triangle with ones on its diagonal, and an
// upper one.
template <class T>
class Factored {
 public:
  explicit Factored(int64_t n) : n_(n) {}

  bool factor(const T* x) {
    std::copy_n(x, n_ * n_, a_);
    for (int64_t k = 0; k < n_; ++k) {
      int64_t p = k;
      for (int64_t i = k + 1; i < n_; ++i) {
        if (size_of(row(i)[k]) > size_of(row(p)[k])) p = i;
      }
      if (!is_ordinary(row(p)[k])) return false;
      pivots_[k] = p;
      if (p != k) {
        std::swap_ranges(row(k), row(k) + n_, row(p));
        is_odd_ = !is_odd_;
      }
      for (int64_t i = k + 1; i < n_; ++i) {
        const T factor = row(i)[k] /= row(k)[k];
        subtract(row(i) + k + 1, factor, row(k) + k + 1, n_ - k - 1);
      }
    }
    return true;
  }

  bool is_odd() const { return is_odd_; }
  T pivot(int64_t k) const { return a_[k * n_ + k]; }

  // b: (n, columns).
  void solve(T* b, int64_t columns) const {
    const auto take = [=](int64_t i, T factor, int64_t k) {
      subtract(b + i * columns, factor, b + k * columns, columns);
    };
    for (int64_t k = 0; k < n_; ++k) {
      T* const own = b + k * columns;
      if (pivots_[k] != k) std::swap_ranges(own, own + columns, b + pivots_[k] * columns);
    }
    for (int64_t k = 0; k < n_; ++k) {
      for (int64_t i = k + 1; i < n_; ++i) take(i, a_[i * n_ + k], k);
    }
    for (int64_t k = n_ - 1; k >= 0; --k) {
      for (int64_t j = 0; j < columns; ++j) b[k * columns + j] /= pivot(k);
      for (int64_t i = 0; i < k; ++i) take(i, a_[i * n_ + k], k);
    }
  }

 private:
  T* row(int64_t i) { return a_ + i * n_; }

  const int64_t n_;
  bool is_odd_ = false;
  int64_t pivots_[kFewRows];
  T a_[kFewRows * kFewRows];
};

// Runs body(matrix), which tells whether that was ordinary, for all of x.
template <class Body>
bool all_ordinary(const Tensor& x, Body&& body) {
  const int64_t count = x.length(0), n = x.length(1);
  std::atomic<bool> found{true};
  const auto run = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end && found.load(std::memory_order_relaxed); ++i) {
      if (!body(i)) found.store(false, std::memory_order_relaxed);
    }
  };
  if (count * n * n * n < kParallelWork) {
    run(0, count);
  } else {
    parallel_for(count, run);
  }
  return found.load(std::memory_order_relaxed);
}

template <class T>
bool det(const Tensor& x, const Tensor& y) {
  const int64_t n = x.length(1);
  const T* const from = x.data<T>();
  T* const to = y.mutable_data<T>();
  return all_ordinary(x, [=](int64_t i) {
    Factored<T> f(n);
    if (!f.factor(from + i * n * n)) return false;
    T product = f.is_odd() ? T(-1) : T(1);
    for (int64_t k = 0; k < n; ++k) {
      product *= f.pivot(k);
      if (!is_ordinary(product)) return false;
    }
    to[i] = product;
    return true;
  });
}

template <class T>
bool slogdet(const Tensor& x, const Tensor& sign, const Tensor& logarithm) {
  const int64_t n = x.length(1);
  const T* const from = x.data<T>();
  T* const signs = sign.mutable_data<T>();
  double* const logarithms = logarithm.mutable_data<double>();
  return all_ordinary(x, [=](int64_t i) {
    Factored<T> f(n);
    if (!f.factor(from + i * n * n)) return false;
    signs[i] = f.is_odd() ? T(-1) : T(1);
    logarithms[i] = 0;
    for (int64_t k = 0; k < n; ++k) {
      const double size = std::abs(f.pivot(k));
      signs[i] *= f.pivot(k) / size;
      logarithms[i] += std::log(size);
    }
    return std::isfinite(logarithms[i]);
  });
}

// set(y) sets a matrix's right-hand sides, which the solutions then replace.
template <class T, class Set>
bool solve(const Tensor& x, const Tensor& y, Set&& set) {
  const int64_t n = x.length(1), columns = y.length(2);
  const T* const from = x.data<T>();
  T* const to = y.mutable_data<T>();
  return all_ordinary(x, [=](int64_t i) {
    Factored<T> f(n);
    if (!f.factor(from + i * n * n)) return false;
    T* const own = to + i * n * columns;
    set(own);
    f.solve(own, columns);
    return std::all_of(own, own + n * columns, [](T v) { return std::isfinite(size_of(v)); });
  });
}

template <class T>
void set_identity(T* y, int64_t n) {
  std::fill_n(y, n * n, T(0));
  for (int64_t i = 0; i < n; ++i) y[i * n + i] = T(1);
}

template <class T>
bool cholesky(const Tensor& x, const Tensor& y) {
  const int64_t n = x.length(1);
  const T* const from = x.data<T>();
  T* const to = y.mutable_data<T>();
  return all_ordinary(x, [=](int64_t matrix) {
    const T* const a = from + matrix * n * n;
    T* const l = to + matrix * n * n;
    for (int64_t i = 0; i < n; ++i) {
      std::copy_n(a + i * n, i + 1, l + i * n);
      std::fill(l + i * n + i + 1, l + i * n + n, T(0));
    }
    T column[kFewRows];
    for (int64_t j = 0; j < n; ++j) {
      const double pivot = std::real(l[j * n + j]);
      if (pivot <= 0 || !is_ordinary(pivot)) return false;
      const double root = std::sqrt(pivot);
      l[j * n + j] = root;
      for (int64_t i = j + 1; i < n; ++i) {
        const T own = l[i * n + j] /= root;
        column[i] = conjugate(own);
        subtract(l + i * n + j + 1, own, column + j + 1, i - j);
      }
    }
    return true;
  });
}

// body(a value of x's type).
template <class Body>
bool by_type(const Tensor& x, Body&& body) {
  return x.dtype() == DType::Float64 ? body(double()) : body(Complex128());
}

}  // namespace

bool det(const Tensor& x, const Tensor& y) {
  return by_type(x, [&]<class T>(T) { return det<T>(x, y); });
}

bool slogdet(const Tensor& x, const Tensor& sign, const Tensor& logarithm) {
  return by_type(x, [&]<class T>(T) { return slogdet<T>(x, sign, logarithm); });
}

bool solve(const Tensor& x, const Tensor& b) {
  return by_type(x, [&]<class T>(T) { return solve<T>(x, b, [](T*) {}); });
}

bool inv(const Tensor& x, const Tensor& y) {
  const int64_t n = x.length(1);
  return by_type(x,
                 [&]<class T>(T) { return solve<T>(x, y, [n](T* own) { set_identity(own, n); }); });
}

bool cholesky(const Tensor& x, const Tensor& y) {
  return by_type(x, [&]<class T>(T) { return cholesky<T>(x, y); });
}

}  // namespace ndtape::engine
