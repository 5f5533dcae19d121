#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "ndtape/ndtape.h"

namespace ndtape {
namespace {

Tensor leaf(const Dims& shape, double value = 1) {
  Tensor x = full(shape, value, DType::Float64);
  set_requires_grad(x, true);
  return x;
}

double value(const Tensor& x, int64_t i = 0) { return copy(x).data<double>()[i]; }

TEST(Tape, ChainRuleAndAccumulation) {
  Tensor x = leaf({3}, 2);
  backward(sum(x * x * x));
  EXPECT_EQ(value(grad(x)), 12);
  backward(sum(x));
  EXPECT_EQ(value(grad(x)), 13);
  set_grad(x, {});
  EXPECT_FALSE(grad(x).defined());
}

TEST(Tape, HigherDerivatives) {
  Tensor x = leaf({}, 0.5);
  Tensor y = sin(x);
  for (int order = 1; order <= 4; ++order) {
    y = gradients({y}, {x}, {}, true, true)[0];
    const double expected[] = {std::cos(0.5), -std::sin(0.5), -std::cos(0.5), std::sin(0.5)};
    EXPECT_NEAR(value(y), expected[order - 1], 1e-15);
  }
}

TEST(Tape, BroadcastIsSummedBack) {
  Tensor row = leaf({3}), column = leaf({2, 1});
  backward(sum(row * column * 2.0));
  EXPECT_EQ(grad(row).shape(), (Dims{3}));
  EXPECT_EQ(value(grad(row)), 4);
  EXPECT_EQ(grad(column).shape(), (Dims{2, 1}));
  EXPECT_EQ(value(grad(column)), 6);
}

TEST(Tape, MisuseIsRefused) {
  EXPECT_THROW(backward(ones({}, DType::Float64)), TapeError);
  Tensor x = leaf({2});
  Tensor y = x * x;
  EXPECT_THROW(backward(y), TapeError);                              // not one element
  EXPECT_THROW(backward(y, ones({3}, DType::Float64)), ValueError);  // another shape
  backward(y, ones({2}, DType::Float64));
  EXPECT_THROW(backward(y, ones({2}, DType::Float64)), TapeError);  // freed
  EXPECT_THROW(update(InPlaceOp::add, x, x), TapeError);            // a leaf
  EXPECT_THROW(set_requires_grad(y, false), TapeError);
  EXPECT_THROW(set_requires_grad(ones({1}, DType::Int32), true), TypeError);
}

TEST(Tape, ChangedSavedValuesAreFound) {
  Tensor x = leaf({2}, 3);
  Tensor h = x * 2.0;
  Tensor y = sum(square(h));
  update(InPlaceOp::add, h, ones({2}, DType::Float64));
  try {
    backward(y);
    FAIL() << "the change was not noticed";
  } catch (const TapeError& e) {
    EXPECT_NE(std::string(e.what()).find("square"), std::string::npos) << e.what();
  }
}

TEST(Tape, InPlaceIsRecorded) {
  Tensor x = leaf({2}, 3);
  Tensor h = x * 1.0;
  update(InPlaceOp::multiply, h, x);  // x^2
  update(InPlaceOp::multiply, h, h);  // x^4
  backward(sum(h));
  EXPECT_EQ(value(grad(x)), 4 * 27);
}

TEST(Tape, ViewsAndBasesSeeEachOthersChanges) {
  Tensor w = leaf({3}, 2);
  Tensor base = zeros({2, 3}, DType::Float64);
  Tensor first = get_item(base, {int64_t{0}});
  update(InPlaceOp::add, first, w);               // base[0] = w
  update(InPlaceOp::multiply, base, base + 1.0);  // base[0] = w (w + 1), seen by the view
  update(InPlaceOp::multiply, first, first);      // (w (w + 1))^2, seen by the base
  backward(sum(get_item(base, {int64_t{0}, int64_t{1}})));
  EXPECT_EQ(value(grad(w), 0), 0);
  EXPECT_EQ(value(grad(w), 1), 2 * 6 * 5);
}

TEST(Tape, AssignmentCutsAndConnects) {
  Tensor x = leaf({4}, 1), v = leaf({2}, 5);
  Tensor h = x * 3.0;
  assign(get_item(h, {Slice{1, 3}}), v);
  backward(sum(h * h));
  EXPECT_EQ(value(grad(x), 0), 18);
  EXPECT_EQ(value(grad(x), 1), 0);
  EXPECT_EQ(value(grad(v), 0), 10);
}

TEST(Tape, LongChainsNeitherRecurseNorLeak) {
  const int64_t before = memory::stats().in_use;
  {
    Tensor x = leaf({}, 1);
    Tensor y = x;
    for (int i = 0; i < 1'000'000; ++i) y = y * x;
    backward(y);
    EXPECT_EQ(value(grad(x)), 1'000'001);
    Tensor z = x;  // destroyed without a backward
    for (int i = 0; i < 1'000'000; ++i) z = z * x;
  }
  EXPECT_EQ(memory::stats().in_use, before);
}

TEST(Tape, NothingIsHeldInACircle) {
  const int64_t before = memory::stats().in_use;
  {
    Tensor x = leaf({1000}, 0.5);
    Tensor y = exp(tanh(x)) * sigmoid(x);
    update(InPlaceOp::multiply, y, y);
    Tensor part = get_item(y, {Slice{0, 10}});
    update(InPlaceOp::add, part, get_item(x, {Slice{0, 10}}));
    sum(y);  // never walked
  }
  EXPECT_EQ(memory::stats().in_use, before);
}

TEST(Tape, SharedPathsAreWalkedOnce) {
  Tensor x = leaf({}, 1);
  Tensor y = x;
  for (int i = 0; i < 60; ++i) y = y + y;  // 2^60 paths
  backward(y);
  EXPECT_EQ(value(grad(x)), std::ldexp(1.0, 60));
}

TEST(Tape, RecordingIsPerThread) {
  GradMode off(false);
  bool other = false;
  std::thread([&] { other = grad_enabled(); }).join();
  EXPECT_TRUE(other);
  EXPECT_FALSE(grad_enabled());
  Tensor x = leaf({2});
  EXPECT_FALSE(requires_grad(x * x));
}

TEST(Tape, TwoThreadsBuildAndWalk) {
  auto work = [] {
    for (int i = 0; i < 200; ++i) {
      Tensor x = leaf({64}, 0.5);
      backward(sum(tanh(x) * x));
      ASSERT_TRUE(grad(x).defined());
    }
  };
  std::thread a(work), b(work);
  a.join();
  b.join();
}

}  // namespace
}  // namespace ndtape
