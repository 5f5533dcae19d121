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

// Matrices of few rows and columns, or none.
struct Matrices : engine::Stack {
  explicit Matrices(const Tensor& x_) : Stack{0, 0, 0} {
    if (!is_inexact(x_.dtype()) || x_.ndim() < 2 || x_.size() == 0) return;
    const int64_t rows = x_.length(x_.ndim() - 2), columns = x_.shape().back();
    if (rows > engine::kFewRows || columns > engine::kFewRows) return;
    x = x_.is_contiguous() ? x_ : copy(detach(x_));
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
  const bool is_vector = b.ndim() == 1;
  if ((is_vector ? b.size() : b.length(b.ndim() - 2)) != s.n) return {};
  // As many right-hand sides as matrices, and of one dtype: else the two are made so.
  const auto axes_of = [](const Tensor& t) { return Dims(t.shape().begin(), t.shape().end() - 2); };
  const Dims stack = is_vector ? axes_of(x) : broadcast_shapes(axes_of(x), axes_of(b), "solve");
  const DType dtype = promote(x.dtype(), b.dtype());
  const auto fitted = [&](const Tensor& t, std::initializer_list<int64_t> lengths) {
    Dims shape = stack;
    for (int64_t length : lengths) shape.push_back(length);
    if (t.dtype() == dtype && t.shape() == shape && t.is_contiguous()) return t;
    return copy(broadcast_to(astype(detach(t), dtype), shape));
  };
  const int64_t columns = is_vector ? 1 : b.shape().back();
  const Tensor left = fitted(x, {s.n, s.n}),
               right = is_vector ? fitted(b, {s.n}) : fitted(b, {s.n, columns}),
               y = Tensor::empty(right.shape(), dtype);
  const engine::Stack all = {left.size() / (s.n * s.n), s.n, s.n};
  return engine::solve(all, left, columns, right, y) ? y : Tensor();
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
