#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "ndtape/ndtape.h"

namespace ndtape {
namespace {

// Values without a pattern, from -1 to 1.
Tensor wavy(const Dims& shape, DType dtype) {
  const Tensor count = arange_int(0, 1, element_count(shape), DType::Int64);
  const Tensor values = reshape(sin(astype(count, DType::Float64) * 1.7), shape);
  return astype(is_complex(dtype) ? values * scalar(1, DType::Complex128) : values, dtype);
}

Tensor identity(int64_t n, DType dtype) { return eye(n, n, 0, dtype); }

double largest(const Tensor& x) {
  return copy(astype(max(abs(x)), DType::Float64)).data<double>()[0];
}

class Matrices : public testing::TestWithParam<std::tuple<DType, int64_t>> {};

TEST_P(Matrices, AreFactored) {
  const auto [dtype, n] = GetParam();
  const double slack = (itemsize(real_dtype(dtype)) == 4 ? 1e-5 : 1e-13) * static_cast<double>(n);
  // A stack that is not row-major.
  const Tensor x = swapaxes(wavy({3, n, n}, dtype), 1, 2) + identity(n, dtype) * 2.0;
  const Tensor y = try_inv(x);
  EXPECT_EQ(y.dtype(), dtype);
  EXPECT_LT(largest(matmul(x, y) - identity(n, dtype)), slack);
  const Tensor b = wavy({1, n, 2}, dtype);
  EXPECT_LT(largest(matmul(x, try_solve(x, b)) - b), slack);
  const auto [sign, logarithm] = try_slogdet(x);
  const Tensor det = try_det(x);
  EXPECT_LT(largest(sign * exp(logarithm) / det - 1.0), 10 * slack);
  EXPECT_LT(largest(try_det(y) * det - 1.0), 10 * slack);
  const Tensor product = matmul(x, conj(swapaxes(x, 1, 2))) + identity(n, dtype);
  const Tensor lower = try_cholesky(product);
  EXPECT_LT(largest(matmul(lower, conj(swapaxes(lower, 1, 2))) - product),
            slack * largest(product));
  const auto [q, r] = try_qr(x, false);
  EXPECT_LT(largest(matmul(q, r) - x), slack);
  EXPECT_LT(largest(matmul(conj(swapaxes(q, 1, 2)), q) - identity(n, dtype)), slack);
}

INSTANTIATE_TEST_SUITE_P(, Matrices,
                         testing::Combine(testing::Values(DType::Float32, DType::Float64,
                                                          DType::Complex64, DType::Complex128),
                                          testing::Values(1, 2, 7, 16)));

class MatricesOfFewColumns : public testing::TestWithParam<std::tuple<DType, int64_t>> {};

TEST_P(MatricesOfFewColumns, HaveValuesAndVectors) {
  const auto [dtype, n] = GetParam();
  const double slack = itemsize(real_dtype(dtype)) == 4 ? 1e-5 : 1e-13;
  const auto adjoint = [](const Tensor& t) { return conj(swapaxes(t, 1, 2)); };
  const Tensor x = swapaxes(wavy({3, n, n}, dtype), 1, 2), hermitian = x + adjoint(x) + 0.5;
  const auto [w, v] = try_eigh(hermitian);
  EXPECT_LT(largest(matmul(v * expand_dims(w, 1), adjoint(v)) - hermitian), slack);
  EXPECT_LT(largest(matmul(adjoint(v), v) - identity(n, dtype)), slack);
  EXPECT_LT(largest(try_eigvalsh(hermitian) - w), slack);
  for (const Dims& shape : {Dims{3, 16, n}, Dims{3, n, 7}, Dims{1, n, n}}) {
    const Tensor a = wavy(shape, dtype) + 0.5;
    const auto [u, s, vh] = try_svd(a);
    EXPECT_LT(largest(matmul(u * expand_dims(s, 1), vh) - a), slack);
    EXPECT_LT(largest(matmul(adjoint(u), u) - identity(u.length(2), dtype)), slack);
    EXPECT_LT(largest(matmul(vh, adjoint(vh)) - identity(vh.length(1), dtype)), slack);
    EXPECT_LT(largest(try_svdvals(a) - s), slack);
  }
}

INSTANTIATE_TEST_SUITE_P(, MatricesOfFewColumns,
                         testing::Combine(testing::Values(DType::Float32, DType::Float64,
                                                          DType::Complex64, DType::Complex128),
                                          testing::Values(1, 2, 3, 4)));

TEST(MatricesOfFewRows, AreNoOthers) {
  const Tensor many = identity(17, DType::Float64), singular = zeros({2, 2}, DType::Float64),
               none = zeros({0, 2, 2}, DType::Float64);
  for (const Tensor& x : {many, singular, none}) {
    EXPECT_FALSE(try_det(x).defined());
    EXPECT_FALSE(try_slogdet(x).sign.defined());
    EXPECT_FALSE(try_inv(x).defined());
    EXPECT_FALSE(try_solve(x, x).defined());
    EXPECT_FALSE(try_cholesky(x).defined());
    EXPECT_FALSE(try_eigh(x).values.defined());
    EXPECT_FALSE(try_eigvalsh(x).defined());
    EXPECT_FALSE(try_svd(x).values.defined());
    EXPECT_FALSE(try_svdvals(x).defined());
    EXPECT_FALSE(try_qr(x, true).q.defined());
  }
  for (const Dims& shape : {Dims{2, 3}, Dims{4}, Dims{}, Dims{0, 0}}) {
    EXPECT_FALSE(try_det(zeros(shape, DType::Float64)).defined());
    EXPECT_FALSE(try_solve(zeros({2, 2}, DType::Float64), zeros(shape, DType::Float64)).defined());
  }
  EXPECT_FALSE(try_inv(zeros({2, 2}, DType::Int64)).defined());
}

class Transforms : public testing::TestWithParam<std::tuple<DType, int64_t>> {};

TEST_P(Transforms, OfFewNumbers) {
  const auto [dtype, n] = GetParam();
  const double slack = itemsize(real_dtype(dtype)) == 4 ? 1e-5 : 1e-13;
  const double whole = static_cast<double>(n);
  const Tensor x = swapaxes(wavy({n, 2}, dtype), 0, 1);
  const Tensor y = try_fft(x, 1, false, 1.0);
  EXPECT_EQ(y.dtype(), complex_dtype(dtype));
  EXPECT_LT(largest(try_fft(y, -1, true, 1 / whole) - x), slack);
  if (is_complex(dtype)) return;
  if (n > 1) {  // the element of one turn, by its definition
    const Tensor count = astype(arange_int(0, 1, n, DType::Int64), dtype),
                 turns = count * (2 * std::numbers::pi / whole);
    const Tensor one = get_item(y, {Index(Slice{}), Index(int64_t{1})});
    EXPECT_LT(largest(real(one) - sum(x * cos(turns), Dims{1})), slack * whole);
    EXPECT_LT(largest(imag(one) + sum(x * sin(turns), Dims{1})), slack * whole);
  }
  const Tensor half = try_rfft(x, 1, 1.0);
  EXPECT_EQ(half.length(1), n / 2 + 1);
  EXPECT_LT(largest(try_irfft(half, 1, n, 1 / whole) - x), slack);
}

INSTANTIATE_TEST_SUITE_P(, Transforms,
                         testing::Combine(testing::Values(DType::Float32, DType::Float64,
                                                          DType::Complex64, DType::Complex128),
                                          testing::Values(1, 2, 3, 12, 25, 31)));

}  // namespace
}  // namespace ndtape
