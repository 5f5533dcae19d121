// Linear algebra of matrices of few rows. The derivatives are linear algebra again, of any
// matrices: who calls records them.
#include "ndtape/linalg.h"

#include <algorithm>
#include <initializer_list>

#include "engine/factor.h"
#include "engine/spectrum.h"
#include "ndtape/ops.h"
#include "ops/views.h"

namespace ndtape {
namespace {

Tensor row_major(const Tensor& x) { return x.is_contiguous() ? x : copy(detach(x)); }

// Matrices of few rows and columns, or none.
struct Matrices : engine::Stack {
  explicit Matrices(const Tensor& x_) : Stack{0, 0, 0} {
    if (!is_inexact(x_.dtype()) || x_.ndim() < 2 || x_.size() == 0) return;
    const int64_t rows = x_.length(x_.ndim() - 2), columns = x_.shape().back();
    if (rows > engine::kFewRows || columns > engine::kFewRows) return;
    x = row_major(x_);
    m = rows;
    n = columns;
    count = x.size() / (m * n);
  }

  bool are_square() const { return count > 0 && m == n; }
  int64_t smaller() const { return std::min(m, n); }
  bool have_few_columns() const { return count > 0 && smaller() <= engine::kFewRotated; }

  // One tensor for all, with these axes in place of the two.
  Tensor empty(std::initializer_list<int64_t> lengths, DType dtype) const {
    Dims shape(x.shape().begin(), x.shape().end() - 2);
    for (int64_t length : lengths) shape.push_back(length);
    return Tensor::empty(shape, dtype);
  }
  DType dtype() const { return x.dtype(); }
  DType real() const { return real_dtype(x.dtype()); }

  Tensor x;
};

}  // namespace

Tensor try_det(const Tensor& x) {
  const Matrices s(x);
  if (!s.are_square()) return {};
  const Tensor y = s.empty({}, s.dtype());
  return engine::det(s, s.x, y) ? y : Tensor();
}

SignedLogarithm try_slogdet(const Tensor& x) {
  const Matrices s(x);
  if (!s.are_square()) return {};
  SignedLogarithm y = {s.empty({}, s.dtype()), s.empty({}, s.real())};
  return engine::slogdet(s, s.x, y.sign, y.logarithm) ? y : SignedLogarithm();
}

Tensor try_inv(const Tensor& x) {
  const Matrices s(x);
  if (!s.are_square()) return {};
  const Tensor y = Tensor::empty(x.shape(), s.dtype());
  return engine::inv(s, s.x, y) ? y : Tensor();
}

Tensor try_solve(const Tensor& x, const Tensor& b) {
  const Matrices s(x);
  if (!s.are_square() || !is_inexact(b.dtype()) || b.ndim() == 0 || b.size() == 0) return {};
  const int own = std::min(b.ndim(), 2);  // axes of a right-hand side
  if (b.length(b.ndim() - own) != s.n) return {};
  Tensor left = s.x, right = row_major(b);
  const Dims &matrices = x.shape(), &sides = b.shape();
  if (x.dtype() != b.dtype() ||
      !std::equal(matrices.begin(), matrices.end() - 2, sides.begin(), sides.end() - own)) {
    // One side for each matrix, of one dtype.
    const DType dtype = promote(x.dtype(), b.dtype());
    const Dims stack = broadcast_shapes(Dims(matrices.begin(), matrices.end() - 2),
                                        Dims(sides.begin(), sides.end() - own), "solve");
    const auto fitted = [&](const Tensor& t, int axes) {
      Dims shape = stack;
      for (int i = t.ndim() - axes; i < t.ndim(); ++i) shape.push_back(t.length(i));
      return copy(broadcast_to(astype(t, dtype), shape));
    };
    left = fitted(detach(left), 2);
    right = fitted(detach(right), own);
  }
  const Tensor y = Tensor::empty(right.shape(), right.dtype());
  const engine::Stack all = {left.size() / (s.n * s.n), s.n, s.n};
  return engine::solve(all, left, own == 1 ? 1 : sides.back(), right, y) ? y : Tensor();
}

Tensor try_cholesky(const Tensor& x) {
  const Matrices s(x);
  if (!s.are_square()) return {};
  const Tensor y = Tensor::empty(x.shape(), s.dtype());
  return engine::cholesky(s, s.x, y) ? y : Tensor();
}

Eigen try_eigh(const Tensor& x) {
  const Matrices s(x);
  if (!s.are_square() || !s.have_few_columns()) return {};
  Eigen y = {s.empty({s.n}, s.real()), Tensor::empty(x.shape(), s.dtype())};
  return engine::eigh(s, s.x, y.values, y.vectors) ? y : Eigen();
}

Tensor try_eigvalsh(const Tensor& x) {
  const Matrices s(x);
  if (!s.are_square() || !s.have_few_columns()) return {};
  const Tensor values = s.empty({s.n}, s.real());
  return engine::eigh(s, s.x, values, Tensor()) ? values : Tensor();
}

SingularValues try_svd(const Tensor& x) {
  const Matrices s(x);
  if (!s.have_few_columns()) return {};
  const int64_t k = s.smaller();
  SingularValues y = {s.empty({s.m, k}, s.dtype()), s.empty({k}, s.real()),
                      s.empty({k, s.n}, s.dtype())};
  return engine::svd(s, s.x, y.u, y.values, y.vh) ? y : SingularValues();
}

Tensor try_svdvals(const Tensor& x) {
  const Matrices s(x);
  if (!s.have_few_columns()) return {};
  const Tensor values = s.empty({s.smaller()}, s.real());
  return engine::svd(s, s.x, Tensor(), values, Tensor()) ? values : Tensor();
}

Orthogonal try_qr(const Tensor& x, bool complete) {
  const Matrices s(x);
  if (s.count == 0) return {};
  const int64_t k = complete ? s.m : s.smaller();
  Orthogonal y = {s.empty({s.m, k}, s.dtype()), s.empty({k, s.n}, s.dtype())};
  return engine::qr(s, s.x, k, y.q, y.r) ? y : Orthogonal();
}

}  // namespace ndtape
