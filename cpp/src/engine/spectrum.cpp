// Jacobi's method for symmetric matrices, and Hestenes' for singular values, in cyclic order
// (G. H. Golub and C. F. Van Loan, "Matrix Computations", 4th edition, sections 8.5 and 8.6.3).
// Both stop when what is left is small beside the two values that it lies between, not beside the
// largest: small values of graded matrices come out as accurate as large ones (J. Demmel and K.
// Veselic, "Jacobi's method is more accurate than QR", SIAM J. Matrix Anal. Appl. 13, 1992).
#include "engine/spectrum.h"

#include <algorithm>
#include <cmath>

namespace ndtape::engine {
namespace {

constexpr int kSweeps = 30;  // few columns take 3 to 6
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// Is what two columns have in common nothing beside their own sizes, of which a and d are squares?
bool is_nothing(double common, double a, double d, double slack) {
  if (common < std::numeric_limits<double>::min()) return true;  // its direction is lost
  return common <= slack * std::sqrt(a) * std::sqrt(d);
}

// Columns x and y become c x - conj(s) y and s x + c y.
template <class T>
struct Rotation {
  // The one that makes [[a, b], [conj(b), d]] diagonal, of the two the smaller turn.
  Rotation(double a, T b, double d, double size_of_b) {
    const double slope = (d - a) / (2 * size_of_b);
    const double tangent =
        std::copysign(1 / (std::abs(slope) + std::sqrt(1 + slope * slope)), slope);
    c = 1 / std::sqrt(1 + tangent * tangent);
    s = b * (tangent * c / size_of_b);
    shift = tangent * size_of_b;
  }

  void turn(T* x, T* y, int64_t count, int64_t step = 1) const { turn(x, y, count, step, s); }
  // Of rows of a matrix from the left: by the conjugate.
  void turn_rows(T* x, T* y, int64_t count) const { turn(x, y, count, 1, conjugate(s)); }

  double c, shift;  // shift: how far a goes down, and d up
  T s;

 private:
  [[gnu::noinline]] void turn(T* x, T* y, int64_t count, int64_t step, T by) const {
    const T back = conjugate(by);
    for (int64_t i = 0; i < count * step; i += step) {
      const T u = x[i], v = y[i];
      x[i] = c * u - product(back, v);
      y[i] = product(by, u) + c * v;
    }
  }
};

// Where the values lie in order, by their positions.
void sort(const double* values, int64_t count, bool descending, int64_t* order) {
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = i;
    for (; at > 0; --at) {
      const double before = values[order[at - 1]];
      if (descending ? before >= values[i] : before <= values[i]) break;
      order[at] = order[at - 1];
    }
    order[at] = i;
  }
}

// A Hermitian matrix, turned until it is diagonal.
template <class T>
class Hermitian {
 public:
  Hermitian(const T* x, int64_t n, bool with_vectors) : n_(n), with_vectors_(with_vectors) {
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < i; ++j) {
        at(i, j) = x[i * n + j];
        at(j, i) = conjugate(at(i, j));
      }
      at(i, i) = std::real(x[i * n + i]);
    }
    if (with_vectors) set_identity(vectors_, n, n);
  }

  bool diagonalize() {
    if (!has_moderate_elements(a_, n_ * n_)) return false;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      bool is_done = true;
      for (int64_t p = 0; p < n_; ++p) {
        for (int64_t q = p + 1; q < n_; ++q) is_done &= !rotate(p, q);
      }
      if (is_done) return true;
    }
    return false;
  }

  double value(int64_t i) const { return std::real(a_[i * n_ + i]); }
  const T* vector(int64_t i) const { return vectors_ + i * n_; }

 private:
  T& at(int64_t i, int64_t j) { return a_[i * n_ + j]; }

  bool rotate(int64_t p, int64_t q) {
    const T b = at(p, q);
    const double a = value(p), d = value(q), size = std::abs(b);
    if (is_nothing(size, std::abs(a), std::abs(d), kEpsilon)) return false;
    const Rotation<T> by(a, b, d, size);
    by.turn_rows(&at(p, 0), &at(q, 0), n_);
    by.turn(&at(0, p), &at(0, q), n_, n_);
    at(p, p) = a - by.shift;
    at(q, q) = d + by.shift;
    at(p, q) = at(q, p) = T(0);
    if (with_vectors_) by.turn(vectors_ + p * n_, vectors_ + q * n_, n_);
    return true;
  }

  const int64_t n_;
  const bool with_vectors_;
  T a_[kFewRotated * kFewRotated];
  T vectors_[kFewRotated * kFewRotated];  // row by row
};

// The columns of a tall matrix (of a wide one, those of its conjugate transpose), turned until they
// are orthogonal.
template <class T>
class Columns {
 public:
  Columns(const T* x, int64_t m, int64_t n, bool with_vectors)
      : count_(std::min(m, n)), length_(std::max(m, n)), with_vectors_(with_vectors) {
    for (int64_t i = 0; i < count_; ++i) {
      for (int64_t j = 0; j < length_; ++j) {
        columns_[i * length_ + j] = m >= n ? x[j * n + i] : conjugate(x[i * n + j]);
      }
    }
    if (with_vectors) set_identity(turns_, count_, count_);
  }

  bool make_orthogonal() {
    if (!has_moderate_elements(columns_, count_ * length_)) return false;
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      bool is_done = true;
      for (int64_t p = 0; p < count_; ++p) {
        for (int64_t q = p + 1; q < count_; ++q) is_done &= !rotate(p, q);
      }
      if (is_done) return true;
    }
    return false;
  }

  double value(int64_t i) const {
    double sum = 0;
    for (int64_t j = 0; j < length_; ++j) sum += norm(column(i)[j]);
    return std::sqrt(sum);
  }
  const T* column(int64_t i) const { return columns_ + i * length_; }
  const T* turn(int64_t i) const { return turns_ + i * count_; }

 private:
  bool rotate(int64_t p, int64_t q) {
    T *const x = columns_ + p * length_, *const y = columns_ + q * length_;
    double a = 0, d = 0;
    T b = T(0);
    for (int64_t j = 0; j < length_; ++j) {
      a += norm(x[j]);
      b += product(conjugate(x[j]), y[j]);
      d += norm(y[j]);
    }
    const double size = std::abs(b);
    if (is_nothing(size, a, d, kEpsilon * std::sqrt(static_cast<double>(length_)))) return false;
    const Rotation<T> by(a, b, d, size);
    by.turn(x, y, length_);
    if (with_vectors_) by.turn(turns_ + p * count_, turns_ + q * count_, count_);
    return true;
  }

  const int64_t count_, length_;
  const bool with_vectors_;
  T columns_[kFewRotated * kFewRows];   // row by row
  T turns_[kFewRotated * kFewRotated];  // of the identity's columns, likewise
};

template <class T>
bool eigh(const Stack& s, const Tensor& x, const Tensor& values, const Tensor& vectors) {
  const int64_t n = s.n;
  const bool with_vectors = vectors.defined();
  const Elements<T> from(x), to_vectors(with_vectors ? vectors : x);
  const Elements<double> to_values(values);
  return all_ordinary(s, [&](int64_t matrix) {
    T own[kFewRotated * kFewRotated];
    from.load(matrix * n * n, n * n, own);
    Hermitian<T> h(own, n, with_vectors);
    if (!h.diagonalize()) return false;
    double found[kFewRotated];
    int64_t order[kFewRotated];
    for (int64_t i = 0; i < n; ++i) found[i] = h.value(i);
    sort(found, n, false, order);
    for (int64_t i = 0; i < n; ++i) to_values.store(matrix * n + i, 1, found + order[i]);
    if (!with_vectors) return true;
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) own[j * n + i] = h.vector(order[i])[j];
    }
    to_vectors.store(matrix * n * n, n * n, own);
    return true;
  });
}

template <class T>
bool svd(const Stack& s, const Tensor& x, const Tensor& u, const Tensor& values, const Tensor& vh) {
  const int64_t m = s.m, n = s.n, k = std::min(m, n);
  const bool with_vectors = u.defined();
  const Elements<T> from(x), to_u(with_vectors ? u : x), to_vh(with_vectors ? vh : x);
  const Elements<double> to_values(values);
  return all_ordinary(s, [&](int64_t matrix) {
    T own[kFewRotated * kFewRows];
    from.load(matrix * m * n, m * n, own);
    Columns<T> c(own, m, n, with_vectors);
    if (!c.make_orthogonal()) return false;
    double found[kFewRotated];
    int64_t order[kFewRotated];
    for (int64_t i = 0; i < k; ++i) found[i] = c.value(i);
    sort(found, k, true, order);
    for (int64_t i = 0; i < k; ++i) to_values.store(matrix * k + i, 1, found + order[i]);
    if (!with_vectors) return true;
    T left[kFewRotated * kFewRows], right[kFewRotated * kFewRows];
    for (int64_t i = 0; i < k; ++i) {
      const double value = found[order[i]];
      if (value < kLeast) return false;  // the column has no direction, or not all of its digits
      const T *const column = c.column(order[i]), *const turn = c.turn(order[i]);
      for (int64_t j = 0; j < m; ++j) left[j * k + i] = m >= n ? column[j] / value : turn[j];
      for (int64_t j = 0; j < n; ++j) {
        right[i * n + j] = conjugate(m >= n ? turn[j] : column[j] / value);
      }
    }
    to_u.store(matrix * m * k, m * k, left);
    to_vh.store(matrix * k * n, k * n, right);
    return true;
  });
}

}  // namespace

bool eigh(const Stack& s, const Tensor& x, const Tensor& values, const Tensor& vectors) {
  return by_type(x, [&]<class T>(T) { return eigh<T>(s, x, values, vectors); });
}

bool svd(const Stack& s, const Tensor& x, const Tensor& u, const Tensor& values, const Tensor& vh) {
  return by_type(x, [&]<class T>(T) { return svd<T>(s, x, u, values, vh); });
}

}  // namespace ndtape::engine
