// Gaussian elimination with partial pivoting, Cholesky's factorization and Householder's, as LAPACK
// has them for a single block (getf2, potf2, geqr2, org2r): of few rows, calling it takes longer
// than they do.
#include "engine/factor.h"

#include <algorithm>
#include <cmath>

namespace ndtape::engine {
namespace {

constexpr int64_t kMost = kFewRows * kFewRows;

// A matrix as the product of a permutation, a lower triangle with ones on its diagonal, and an
// upper one.
template <class T>
class Factored {
 public:
  explicit Factored(int64_t n) : n_(n) {}

  T* elements() { return a_; }

  // Of the elements, which it replaces. Returns whether all pivots are ordinary.
  [[gnu::noinline]] bool factor() {
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

  // b: (n, columns). Returns whether the solutions are finite.
  [[gnu::noinline]] bool solve(T* b, int64_t columns) const {
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
    return std::all_of(b, b + n_ * columns, [](T v) { return std::isfinite(size_of(v)); });
  }

 private:
  T* row(int64_t i) { return a_ + i * n_; }

  const int64_t n_;
  bool is_odd_ = false;
  int64_t pivots_[kFewRows];
  T a_[kMost];
};

// Runs body(matrix, its factors) for the matrices of x.
template <class T, class Body>
bool factor_all(const Stack& s, const Tensor& x, Body&& body) {
  const Elements<T> from(x);
  const int64_t n = s.n;
  return all_ordinary(s, [&](int64_t matrix) {
    Factored<T> f(n);
    from.load(matrix * n * n, n * n, f.elements());
    return f.factor() && body(matrix, f);
  });
}

template <class T>
bool det(const Stack& s, const Tensor& x, const Tensor& y) {
  const Elements<T> to(y);
  return factor_all<T>(s, x, [&](int64_t matrix, const Factored<T>& f) {
    T product = f.is_odd() ? T(-1) : T(1);
    for (int64_t k = 0; k < s.n; ++k) {
      product *= f.pivot(k);
      if (!is_ordinary(product)) return false;
    }
    to.store(matrix, 1, &product);
    return true;
  });
}

template <class T>
bool slogdet(const Stack& s, const Tensor& x, const Tensor& sign_, const Tensor& logarithm_) {
  const Elements<T> to_sign(sign_);
  const Elements<double> to_logarithm(logarithm_);
  return factor_all<T>(s, x, [&](int64_t matrix, const Factored<T>& f) {
    T sign = f.is_odd() ? T(-1) : T(1);
    double logarithm = 0;
    for (int64_t k = 0; k < s.n; ++k) {
      const double size = std::abs(f.pivot(k));
      sign *= f.pivot(k) / size;
      logarithm += std::log(size);
    }
    to_sign.store(matrix, 1, &sign);
    to_logarithm.store(matrix, 1, &logarithm);
    return std::isfinite(logarithm);
  });
}

template <class T>
bool solve(const Stack& s, const Tensor& x, int64_t columns, const Tensor& b, const Tensor& y) {
  const Elements<T> from(b), to(y);
  return factor_all<T>(s, x, [&](int64_t matrix, const Factored<T>& f) {
    T some[kMost];
    for (int64_t first = 0; first < columns; first += kFewRows) {
      const int64_t count = std::min(kFewRows, columns - first);
      const auto at = [&](int64_t i) { return (matrix * s.n + i) * columns + first; };
      for (int64_t i = 0; i < s.n; ++i) from.load(at(i), count, some + i * count);
      if (!f.solve(some, count)) return false;
      for (int64_t i = 0; i < s.n; ++i) to.store(at(i), count, some + i * count);
    }
    return true;
  });
}

template <class T>
bool inv(const Stack& s, const Tensor& x, const Tensor& y) {
  const Elements<T> to(y);
  const int64_t n = s.n;
  return factor_all<T>(s, x, [&](int64_t matrix, const Factored<T>& f) {
    T own[kMost];
    set_identity(own, n, n);
    if (!f.solve(own, n)) return false;
    to.store(matrix * n * n, n * n, own);
    return true;
  });
}

template <class T>
bool cholesky(const Stack& s, const Tensor& x, const Tensor& y) {
  const Elements<T> from(x), to(y);
  const int64_t n = s.n;
  return all_ordinary(s, [&](int64_t matrix) {
    T l[kMost];
    from.load(matrix * n * n, n * n, l);
    for (int64_t i = 0; i < n; ++i) std::fill(l + i * n + i + 1, l + i * n + n, T(0));
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
    to.store(matrix * n * n, n * n, l);
    return true;
  });
}

// A reflection: x -= tau v (v^H x), with v[0] = 1.
template <class T>
struct Reflection {
  // The one that maps the vector of elements x[0], x[step], ... to a multiple of the first unit
  // vector, with which it replaces them; as LAPACK (larfg) chooses it, whose conjugate is what maps
  // it. Returns whether its length is ordinary, or 0.
  bool set(T* x, int64_t count_, int64_t step) {
    count = count_;
    tau = T(0);
    double below = 0;
    bool is_zero = x[0] == T(0);
    for (int64_t i = 1; i < count; ++i) {
      v[i] = x[i * step];
      x[i * step] = T(0);
      below += norm(v[i]);
      is_zero &= v[i] == T(0);
    }
    v[0] = T(1);
    const T first = x[0];
    const double length = std::sqrt(norm(first) + below);
    if (length < kLeast) return is_zero;
    if (below == 0 && std::imag(first) == 0) return true;
    const double end = -std::copysign(length, std::real(first));
    tau = (end - first) / end;
    for (int64_t i = 1; i < count; ++i) v[i] /= first - end;
    x[0] = end;
    return true;
  }

  // Of rows `columns` long from x on, `step` apart.
  [[gnu::noinline]] void apply(T* x, int64_t columns, int64_t step, T by) const {
    T sums[kFewRows] = {};
    for (int64_t i = 0; i < count; ++i) subtract(sums, -conjugate(v[i]), x + i * step, columns);
    for (int64_t i = 0; i < count; ++i) subtract(x + i * step, product(by, v[i]), sums, columns);
  }

  int64_t count = 0;
  T tau = T(0);
  T v[kFewRows];
};

template <class T>
bool qr(const Stack& s, const Tensor& x, int64_t k, const Tensor& q, const Tensor& r) {
  const Elements<T> from(x), to_q(q), to_r(r);
  const int64_t m = s.m, n = s.n, count = std::min(m, n);
  return all_ordinary(s, [&](int64_t matrix) {
    T a[kMost];
    from.load(matrix * m * n, m * n, a);
    if (!has_moderate_elements(a, m * n)) return false;
    Reflection<T> reflections[kFewRows];
    for (int64_t j = 0; j < count; ++j) {
      T* const corner = a + j * n + j;
      if (!reflections[j].set(corner, m - j, n)) return false;
      reflections[j].apply(corner + 1, n - j - 1, n, conjugate(reflections[j].tau));
    }
    to_r.store(matrix * k * n, k * n, a);
    set_identity(a, m, k);
    for (int64_t j = count - 1; j >= 0; --j) {
      reflections[j].apply(a + j * k + j, k - j, k, reflections[j].tau);
    }
    to_q.store(matrix * m * k, m * k, a);
    return true;
  });
}

}  // namespace

bool det(const Stack& s, const Tensor& x, const Tensor& y) {
  return by_type(x, [&]<class T>(T) { return det<T>(s, x, y); });
}

bool slogdet(const Stack& s, const Tensor& x, const Tensor& sign, const Tensor& logarithm) {
  return by_type(x, [&]<class T>(T) { return slogdet<T>(s, x, sign, logarithm); });
}

bool solve(const Stack& s, const Tensor& x, int64_t columns, const Tensor& b, const Tensor& y) {
  return by_type(x, [&]<class T>(T) { return solve<T>(s, x, columns, b, y); });
}

bool inv(const Stack& s, const Tensor& x, const Tensor& y) {
  return by_type(x, [&]<class T>(T) { return inv<T>(s, x, y); });
}

bool cholesky(const Stack& s, const Tensor& x, const Tensor& y) {
  return by_type(x, [&]<class T>(T) { return cholesky<T>(s, x, y); });
}

bool qr(const Stack& s, const Tensor& x, int64_t k, const Tensor& q, const Tensor& r) {
  return by_type(x, [&]<class T>(T) { return qr<T>(s, x, k, q, r); });
}

}  // namespace ndtape::engine
