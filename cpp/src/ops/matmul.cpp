#include "engine/matmul.h"

#include <string>

#include "ops/elementwise.h"
#include "ops/record.h"

namespace ndtape {
namespace {

[[noreturn]] void refuse(const Tensor& a, const Tensor& b) {
  const int axis_a = a.ndim() - 1, axis_b = b.ndim() == 1 ? 0 : b.ndim() - 2;
  throw ValueError("matmul: shapes " + to_string(a.shape()) + " and " + to_string(b.shape()) +
                   " do not align: " + std::to_string(a.length(axis_a)) + " (axis " +
                   std::to_string(axis_a) + ") != " + std::to_string(b.length(axis_b)) + " (axis " +
                   std::to_string(axis_b) + ")");
}

Dims batch_of(const Tensor& x) { return Dims(x.shape().begin(), x.shape().end() - 2); }

Dims strides_of(const Tensor& x, const Dims& batch) {
  const int axes = x.ndim() - 2, lead = batch.size() - axes;
  Dims strides(batch.size(), 0);
  for (int i = 0; i < axes; ++i) {
    strides[lead + i] = x.length(i) == 1 ? 0 : x.strides()[i];
  }
  return strides;
}

engine::Matrices matrices(const Tensor& x, const Dims& batch_strides) {
  return {x.mutable_data(), x.strides()[x.ndim() - 2], x.strides()[x.ndim() - 1],
          batch_strides.data()};
}

// Operands of at least two axes and one dtype.
Tensor multiply_matrices(const Tensor& a, const Tensor& b) {
  const int64_t m = a.length(a.ndim() - 2), k = a.length(a.ndim() - 1), n = b.length(b.ndim() - 1);
  const Dims batch = broadcast_shapes(batch_of(a), batch_of(b), "matmul");
  Dims shape = batch;
  shape.push_back(m);
  shape.push_back(n);
  Tensor y = Tensor::empty(shape, a.dtype());
  if (y.size() == 0) return y;
  const Dims strides_a = strides_of(a, batch), strides_b = strides_of(b, batch),
             strides_y = strides_of(y, batch);
  engine::matmul(a.dtype(), {m, n, k, batch.size(), batch.data()}, matrices(a, strides_a),
                 matrices(b, strides_b), matrices(y, strides_y));
  return y;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  if (a.ndim() == 0 || b.ndim() == 0) {
    throw ValueError("matmul: shapes " + to_string(a.shape()) + " and " + to_string(b.shape()) +
                     ": a 0-d tensor has no product of matrices; use *");
  }
  if (a.shape().back() != b.length(b.ndim() == 1 ? 0 : b.ndim() - 2)) refuse(a, b);
  if (a.dtype() != b.dtype()) {
    try {
      const DType type = promote(a.dtype(), b.dtype());
      return matmul(a.dtype() == type ? a : astype(a, type),
                    b.dtype() == type ? b : astype(b, type));
    } catch (const TypeError& e) {
      throw TypeError(std::string("matmul: ") + e.what());
    }
  }
  if (a.ndim() == 1) {
    const Tensor y = matmul(expand_dims(a, 0), b.ndim() == 1 ? expand_dims(b, 1) : b);
    return b.ndim() == 1 ? reshape(y, {}) : squeeze(y, Dims{-2});
  }
  if (b.ndim() == 1) return squeeze(matmul(a, expand_dims(b, 1)), Dims{-1});

  Tensor y = multiply_matrices(a, b);
  if (!recording(a, b)) return y;
  auto rule = [a = save_for(b, a), b = save_for(a, b)](int i, const Tensor& g) {
    return i == 0 ? matmul(g, matrix_transpose(conjugate(b)))
                  : matmul(matrix_transpose(conjugate(a)), g);
  };
  return record_shared("matmul", y, std::move(rule), a, b);
}

}  // namespace ndtape
