// Linear algebra of matrices of few rows. The derivatives are linear algebra again, of any
// matrices: who calls records them.
#include "ndtape/linalg.h"

#include <string>

#include "engine/factor.h"
#include "ndtape/ops.h"
#include "ops/views.h"

namespace ndtape {
namespace {

// All is computed in double precision, as NumPy does it.
DType wide(DType t) { return is_complex(t) ? DType::Complex128 : DType::Float64; }

Tensor converted(const Tensor& x, DType dtype) { return x.dtype() == dtype ? x : astype(x, dtype); }

// Matrices as the engine reads or writes them; of wide ones that lie together, the very memory.
Tensor stack_of(const Tensor& x, int64_t count) {
  const Tensor all = contiguous(converted(detach(x), wide(x.dtype())));
  return reshape(all, {count, x.length(x.ndim() - 2), x.shape().back()});
}

// Square matrices: the axes before them, and how many there are.
struct Stack {
  explicit Stack(const Tensor& x) {
    if (!is_inexact(x.dtype()) || x.ndim() < 2) return;
    const int64_t rows = x.length(x.ndim() - 2);
    if (rows == 0 || rows > engine::kFewRows || x.shape().back() != rows || x.size() == 0) return;
    n = rows;
    axes = Dims(x.shape().begin(), x.shape().end() - 2);
    count = x.size() / (n * n);
  }
  bool is_ours() const { return n > 0; }

  Dims axes;
  int64_t n = 0, count = 0;
};

}  // namespace

Tensor try_det(const Tensor& x) {
  const Stack s(x);
  if (!s.is_ours()) return {};
  const Tensor y = Tensor::empty(s.axes, wide(x.dtype()));
  return engine::det(stack_of(x, s.count), y) ? converted(y, x.dtype()) : Tensor();
}

SignedLogarithm try_slogdet(const Tensor& x) {
  const Stack s(x);
  if (!s.is_ours()) return {};
  const Tensor sign = Tensor::empty(s.axes, wide(x.dtype())),
               logarithm = Tensor::empty(s.axes, DType::Float64);
  if (!engine::slogdet(stack_of(x, s.count), sign, logarithm)) return {};
  return {converted(sign, x.dtype()), converted(logarithm, real_dtype(x.dtype()))};
}

Tensor try_inv(const Tensor& x) {
  const Stack s(x);
  if (!s.is_ours()) return {};
  const Tensor y = Tensor::empty(x.shape(), wide(x.dtype()));
  return engine::inv(stack_of(x, s.count), stack_of(y, s.count)) ? converted(y, x.dtype())
                                                                 : Tensor();
}

Tensor try_solve(const Tensor& x, const Tensor& b_) {
  const Stack s(x);
  if (!s.is_ours() || !is_inexact(b_.dtype()) || b_.ndim() == 0 || b_.size() == 0) return {};
  const bool is_vector = b_.ndim() == 1;
  const Tensor b = is_vector ? reshape(detach(b_), {b_.size(), 1}) : detach(b_);
  if (b.length(b.ndim() - 2) != s.n) return {};
  const DType dtype = promote(x.dtype(), b.dtype());
  Dims shape = broadcast_shapes(s.axes, Dims(b.shape().begin(), b.shape().end() - 2), "solve");
  int64_t count = 1;
  for (int64_t length : shape) count *= length;
  const auto broadcast = [&](const Tensor& matrices) {
    Dims whole = shape;
    whole.push_back(s.n);
    whole.push_back(matrices.shape().back());
    const Tensor all = converted(matrices, wide(dtype));
    return all.shape() == whole ? all : broadcast_to(all, whole);
  };
  const Tensor y = copy(broadcast(b));
  if (!engine::solve(stack_of(broadcast(detach(x)), count), stack_of(y, count))) return {};
  shape.push_back(s.n);
  return converted(is_vector ? reshape(y, shape) : y, dtype);
}

Tensor try_cholesky(const Tensor& x) {
  const Stack s(x);
  if (!s.is_ours()) return {};
  const Tensor y = Tensor::empty(x.shape(), wide(x.dtype()));
  const bool found = engine::cholesky(stack_of(x, s.count), stack_of(y, s.count));
  return found ? converted(y, x.dtype()) : Tensor();
}

}  // namespace ndtape
