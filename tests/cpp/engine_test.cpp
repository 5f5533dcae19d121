// Programs and reductions over tensors, against plain loops.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <vector>

#include "engine/elementwise.h"
#include "engine/reduce.h"
#include "ndtape/ndtape.h"

namespace ndtape::engine {
namespace {

Tensor counting(const Dims& shape, DType dtype = DType::Float64) {
  return reshape(arange(1, 1, element_count(shape), dtype), shape);
}

double at(const Tensor& x, int64_t linear) {
  const Tensor dense = astype(copy(x), DType::Float64);
  return dense.data<double>()[linear];
}

TEST(Execute, RunsSeveralInstructionsWithBroadcastAndCast) {
  const Tensor x = matrix_transpose(counting({70, 50}, DType::Float32));
  const Tensor row = counting({70}, DType::Int32);
  Program p;
  const Value in_x = p.input(DType::Float32), in_row = p.input(DType::Int32);
  const Value wide_x = p.cast(in_x, DType::Float64), wide_row = p.cast(in_row, DType::Float64);
  const Value product = p.apply(Op::multiply, wide_x, wide_row);
  const Value result = p.apply(Op::subtract, product, wide_row);
  p.output(result);
  p.output(p.apply(Op::less, wide_x, wide_row));
  const Tensor inputs[] = {x, row};
  const Tensor outputs[] = {empty({50, 70}, DType::Float64), empty({50, 70}, DType::Bool)};
  execute(p, {50, 70}, inputs, outputs);
  for (int64_t i = 0; i < 50; ++i) {
    for (int64_t j = 0; j < 70; ++j) {
      const double vx = static_cast<double>(j * 50 + i + 1), vr = static_cast<double>(j + 1);
      ASSERT_EQ(outputs[0].data<double>()[i * 70 + j], vx * vr - vr);
      ASSERT_EQ(outputs[1].data<bool>()[i * 70 + j], vx < vr);
    }
  }
}

TEST(Execute, OutputMayBeTheMemoryOfAnInput) {
  // out = (x + x) * x read again after the first instruction: x must not be overwritten early.
  const Tensor x = counting({5000});
  Program p;
  const Value in = p.input(DType::Float64);
  const Value twice = p.apply(Op::add, in, in);
  p.output(twice);
  p.output(p.apply(Op::multiply, twice, in));
  const Tensor second = empty({5000}, DType::Float64);
  const Tensor outputs[] = {x, second};
  execute(p, {5000}, &x, outputs);
  for (int64_t i = 0; i < 5000; ++i) {
    const double v = static_cast<double>(i + 1);
    ASSERT_EQ(x.data<double>()[i], 2 * v);
    ASSERT_EQ(second.data<double>()[i], 2 * v * v);
  }
}

TEST(Program, RefusesWhatDoesNotFit) {
  Program p;
  const Value a = p.input(DType::Float32);
  p.apply(Op::exp, a);
  EXPECT_THROW(p.input(DType::Float32), std::logic_error);
  EXPECT_THROW(p.apply(Op::bitwise_and, a, a), std::logic_error);
}

TEST(Reduce, EveryPairOfAxesOnEveryOrder) {
  const Dims shape{7, 300, 3, 20};
  for (const Dims& order : {Dims{0, 1, 2, 3}, Dims{3, 2, 1, 0}, Dims{1, 3, 0, 2}}) {
    const Tensor x = permute_dims(counting(shape), order);
    for (int mask = 0; mask < 16; ++mask) {
      Dims axes;
      for (int i = 0; i < 4; ++i) {
        if (mask >> i & 1) axes.push_back(i);
      }
      const Tensor y = sum(x, axes, true);
      // The plain way, in exact integers.
      std::vector<double> expected(static_cast<size_t>(y.size()), 0);
      const Tensor dense = copy(x);
      for (int64_t linear = 0; linear < x.size(); ++linear) {
        int64_t rest = linear, target = 0, scale = 1;
        for (int i = 3; i >= 0; --i) {
          const int64_t index = rest % x.length(i);
          rest /= x.length(i);
          if (mask >> i & 1) continue;
          target += index * scale;
          scale *= x.length(i);
        }
        expected[static_cast<size_t>(target)] += dense.data<double>()[linear];
      }
      const Tensor flat = copy(y);
      for (int64_t i = 0; i < y.size(); ++i) {
        ASSERT_EQ(flat.data<double>()[i], expected[static_cast<size_t>(i)]) << to_string(axes);
      }
    }
  }
}

TEST(Reduce, SameBitsForAnyNumberOfThreads) {
  const Tensor x = sin(counting({3000, 1001}, DType::Float32));
  const int before = num_threads();
  for (const Axes& axes : {Axes{}, Axes{Dims{0}}, Axes{Dims{1}}}) {
    set_num_threads(1);
    const Tensor one = sum(x, axes);
    for (int threads : {2, 4}) {
      set_num_threads(threads);
      const Tensor many = sum(x, axes);
      EXPECT_EQ(std::memcmp(one.data(), many.data(), static_cast<size_t>(one.size()) * 4), 0);
    }
  }
  set_num_threads(before);
}

TEST(Reduce, LongSumsStayAccurate) {
  const Tensor x = full({10'000'000}, 0.1, DType::Float32);
  const double exact = 1e7 * static_cast<double>(0.1f);
  EXPECT_NEAR(at(sum(x), 0), exact, 1e-6 * exact);
}

TEST(ArgReduce, FirstOfEqualsAndNan) {
  Tensor x = zeros({3, 2500}, DType::Float32);
  x.mutable_data<float>()[1200] = 5;
  x.mutable_data<float>()[2400] = 5;
  x.mutable_data<float>()[2500 + 7] = -1;
  x.mutable_data<float>()[5000 + 2000] = NAN;
  const Tensor most = argmax(x, 1), least = argmin(x, 1);
  EXPECT_EQ(most.data<int64_t>()[0], 1200);
  EXPECT_EQ(most.data<int64_t>()[1], 0);
  EXPECT_EQ(most.data<int64_t>()[2], 2000);
  EXPECT_EQ(least.data<int64_t>()[1], 7);
  EXPECT_EQ(least.data<int64_t>()[2], 2000);
  const Tensor columns = argmax(matrix_transpose(x), 0);
  EXPECT_EQ(columns.data<int64_t>()[0], 1200);
  EXPECT_EQ(columns.data<int64_t>()[2], 2000);
}

}  // namespace
}  // namespace ndtape::engine
