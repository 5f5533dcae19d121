#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/packed_product.h"
#include "ndtape/ndtape.h"

namespace ndtape {
namespace {

// Values without a pattern, from -1 to 1.
Tensor wavy(const Dims& shape, DType dtype = DType::Float64) {
  const Tensor count = arange_int(0, 1, element_count(shape), DType::Int64);
  return reshape(sin(astype(count, dtype) * 1.7), shape);
}

Tensor leaf(const Dims& shape) {
  Tensor x = wavy(shape);
  set_requires_grad(x, true);
  return x;
}

double largest(const Tensor& x) { return copy(max(abs(x))).data<double>()[0]; }

TEST(PackedMatrix, MultipliesAnyRowsAndAnyPart) {
  // More steps than a block, and a last panel that is not full.
  const int64_t m = 29, k = 700, n = 45;
  const Tensor a = wavy({m, k}, DType::Float32), b = wavy({k, n}, DType::Float32);
  const engine::PackedMatrix<float> packed(b.data<float>(), n, 1, k, n);
  std::vector<float> scratch(static_cast<size_t>(packed.scratch() + 16));
  float* const aligned =
      reinterpret_cast<float*>((reinterpret_cast<uintptr_t>(scratch.data()) + 63) / 64 * 64);
  const Tensor all = Tensor::empty({m, n}, DType::Float32),
               one = Tensor::empty({1, n}, DType::Float32);
  packed.multiply(a.data<float>(), k, 1, m, all.mutable_data<float>(), n, false, aligned);
  const Tensor want = matmul(a, b);
  for (int64_t i = 0; i < m * n; ++i) {
    ASSERT_NEAR(all.data<float>()[i], want.data<float>()[i], 1e-4);
  }
  // A row alone has the bits that it has among others, from columns of a transposed operand too.
  const Tensor columns = copy(matrix_transpose(a));
  packed.multiply(columns.data<float>() + 17, 1, m, 1, one.mutable_data<float>(), n, false,
                  aligned);
  for (int64_t j = 0; j < n; ++j) ASSERT_EQ(one.data<float>()[j], all.data<float>()[17 * n + j]);
  // The first 600 steps and 33 columns, added to what is there.
  packed.multiply(a.data<float>(), k, 1, m, all.mutable_data<float>(), n, true, aligned, 600, 33);
  const Tensor left = a.view(a.layout().slice(1, 0, 600, 1)),
               right = b.view(b.layout().slice(0, 0, 600, 1));
  const Tensor part = matmul(left, right);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const float twice =
          want.data<float>()[i * n + j] + (j < 33 ? part.data<float>()[i * n + j] : 0);
      ASSERT_NEAR(all.data<float>()[i * n + j], twice, 2e-4);
    }
  }
}

TEST(Layers, AttentionIsSoftmaxOfProducts) {
  const Tensor q = leaf({2, 5, 3}), k = leaf({7, 3}), v = leaf({2, 7, 4});
  const Tensor y = attention(q, k, v, Tensor(), false, 0.5);
  const Tensor want = matmul(softmax(matmul(q * 0.5, matrix_transpose(k))), v);
  EXPECT_LT(largest(y - want), 1e-14);
  const std::vector<Tensor> got = gradients({sum(square(y))}, {q, k, v});
  const std::vector<Tensor> expected = gradients({sum(square(want))}, {q, k, v});
  for (size_t i = 0; i < 3; ++i) EXPECT_LT(largest(got[i] - expected[i]), 1e-13);
  EXPECT_THROW(attention(q, k, wavy({2, 6, 4}), Tensor(), false, 0.5), ValueError);
  EXPECT_THROW(attention(q, k, v, wavy({4, 7}), false, 0.5), ValueError);
}

TEST(Layers, RecurrentStatesFollowTheirFormulas) {
  const Tensor x = leaf({3, 2, 4}), w = leaf({5, 4}), u = leaf({5, 5}), h = leaf({3, 5});
  const RecurrentWeights weights = {w, u, Tensor(), Tensor()};
  const Recurrence r = recurrent(RecurrentCell::rnn, x, weights, h, Tensor(), false);
  Tensor state = h;
  for (int64_t t = 0; t < 2; ++t) {
    const Tensor input = squeeze(split(x, 2, 1)[t], Dims{1});
    state = tanh(matmul(input, matrix_transpose(w)) + matmul(state, matrix_transpose(u)));
  }
  EXPECT_LT(largest(r.h - state), 1e-14);
  const std::vector<Tensor> got = gradients({sum(square(r.h))}, {x, w, u, h});
  const std::vector<Tensor> expected = gradients({sum(square(state))}, {x, w, u, h});
  for (size_t i = 0; i < 4; ++i) EXPECT_LT(largest(got[i] - expected[i]), 1e-13);
  EXPECT_FALSE(r.c.defined());
  EXPECT_THROW(recurrent(RecurrentCell::lstm, x, weights, h, h, false), ValueError);
}

TEST(Layers, NormsHaveUnitVariance) {
  const Tensor x = leaf({4, 6, 20});
  const Dims of_channel{0, 2}, of_row{2};
  const BatchNorm batch = batch_norm(x, Tensor(), Tensor(), Tensor(), Tensor(), 0.0);
  EXPECT_LT(largest(mean(batch.y, of_channel)), 1e-14);
  EXPECT_LT(largest(mean(square(batch.y), of_channel) - 1.0), 1e-13);
  EXPECT_LT(largest(mean(square(rms_norm(x, Tensor(), 0.0)), of_row) - 1.0), 1e-13);
  const Tensor groups = reshape(group_norm(x, 3, Tensor(), Tensor(), 0.0), {4, 3, 40});
  EXPECT_LT(largest(mean(groups, of_row)), 1e-14);
  // What does not change when x is shifted has a gradient that sums to nothing.
  const Tensor g = gradients({sum(batch.y * wavy({4, 6, 20}))}, {x})[0];
  EXPECT_LT(largest(sum(g, of_channel)), 1e-12);
  EXPECT_THROW(batch_norm(x, ones({6}, DType::Float64), Tensor(), Tensor(), Tensor()), ValueError);
}

}  // namespace
}  // namespace ndtape
