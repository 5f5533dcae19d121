#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

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

TEST(Tape, ChangesDoNotReachKeptValues) {
  Tensor x = leaf({4}, 3);
  Tensor h = x * 2.0, half = get_item(h, {Slice{0, 2}});
  Tensor y = sum(square(h)) + sum(exp(half));
  {
    const GradMode off(false);
    update(InPlaceOp::add, half, half);
    assign(get_item(h, {int64_t{1}}), ones({}, DType::Float64));
    begin_change(h);
    h.mutable_data<double>()[3] = -1;
  }
  backward(y);
  EXPECT_NEAR(value(grad(x), 0), 24 + 2 * std::exp(6.0), 1e-9);
  EXPECT_EQ(value(grad(x), 3), 24);
  EXPECT_EQ(value(h, 1), 1);
}

TEST(Tape, OnlyWhatIsOverwrittenIsCopied) {
  Tensor x = leaf({}, 2), rows = zeros({100, 1000}, DType::Float64);
  assign(get_item(rows, {int64_t{0}}), ones({1000}, DType::Float64));
  for (int64_t i = 1; i < 100; ++i) {
    assign(get_item(rows, {i}), get_item(rows, {i - 1}) * x);
  }
  const int64_t before = memory::stats().in_use;
  const GradMode off(false);
  update(InPlaceOp::add, get_item(rows, {int64_t{7}}), ones({1000}, DType::Float64));
  const int64_t row = memory::stats().in_use - before;
  EXPECT_GE(row, 8000);
  EXPECT_LT(row, 20000);
  update(InPlaceOp::add, get_item(rows, {int64_t{7}}), ones({1000}, DType::Float64));
  EXPECT_EQ(memory::stats().in_use - before, row);
}

TEST(Tape, WhatIsKeptAgainFollowsItsTensor) {
  Tensor x = leaf({1000}, 3);
  const auto add_one = [&] {
    const GradMode off(false);
    update(InPlaceOp::add, x, ones({}, DType::Float64));
  };
  for (int i = 0; i < 3; ++i) sum(square(x));
  const int64_t before = memory::stats().in_use;
  add_one();  // nothing keeps its value any more
  EXPECT_EQ(memory::stats().in_use, before);
  {
    const Tensor first = sum(square(x)), second = sum(exp(x) * x);
    add_one();
    EXPECT_GE(memory::stats().in_use, before + 8000);
    const Tensor third = sum(square(x));
    backward(first);
    EXPECT_EQ(value(grad(x), 999), 2 * 4);
    set_grad(x, {});
    backward(third);
    EXPECT_EQ(value(grad(x), 999), 2 * 5);
  }
  // Of another history, it is another value.
  for (int i = 0; i < 3; ++i) {
    const Tensor old = sum(square(x));
    set_requires_grad(x, false);
    set_requires_grad(x, true);
    backward(sum(square(x)));
    EXPECT_EQ(value(grad(x), 0), 2 * 5);
    backward(old);
    EXPECT_EQ(value(grad(x), 0), 2 * 5);
  }
  // A view's history changes with its base, also where its own elements do not.
  Tensor h = x * 1.0;
  const Tensor part = get_item(h, {Slice{0, 2}});
  Tensor y;
  for (int i = 0; i < 3; ++i) {
    y = sum(square(part));
    assign(get_item(h, {int64_t{7}}), y);
  }
  set_grad(x, {});
  backward(sum(h) + sum(square(part)));
  EXPECT_EQ(value(grad(x), 0), 1 + 2 * 5 + 2 * 5);
  EXPECT_EQ(value(grad(x), 7), 0);
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

TEST(Tape, ManyLeaves) {
  std::vector<Tensor> leaves;
  for (int i = 0; i < 1'000'000; ++i) leaves.push_back(leaf({}, 1));
  Tensor y = leaves[0];
  for (size_t i = 1; i < leaves.size(); ++i) y = y + leaves[i];
  backward(y);
  for (const Tensor& x : leaves) ASSERT_EQ(value(grad(x)), 1);
}

TEST(Tape, TangentsGoForward) {
  Tensor x = leaf({3}, 2), w = leaf({3}, 5);
  const Tensor y = exp(x) * w + matmul(w, x);
  const Tensor t = ones({3}, DType::Float64);
  const Tensor moved = tangents({y}, {x}, {t})[0];
  EXPECT_NEAR(value(moved), std::exp(2.0) * 5 + 15, 1e-12);
  EXPECT_FALSE(requires_grad(moved));
  EXPECT_FALSE(tangents({y}, {x, w}, {{}, {}})[0].defined());
  // A tangent that records: its own derivative is the second.
  const Tensor again = tangents({y}, {x}, {t}, true)[0];
  EXPECT_NEAR(value(gradients({sum(again)}, {x})[0]), std::exp(2.0) * 5, 1e-12);
  EXPECT_THROW(tangents({y}, {x}, {ones({2}, DType::Float64)}), ValueError);
  EXPECT_THROW(tangents({y}, {x}, {}), ValueError);
  EXPECT_THROW(tangents({y}, {ones({3}, DType::Float64)}, {t}), TapeError);
}

TEST(Tape, OtherInputsAreFound) {
  const Tensor w = leaf({2}, 3), older = exp(w);
  const Tensor x = leaf({2}, 1);
  EXPECT_TRUE(other_inputs({x * 2.0}, {x}).empty());
  const std::vector<Tensor> found = other_inputs({x * older + w, x * x}, {x});
  ASSERT_EQ(found.size(), 2u);
  for (const Tensor& t : found) EXPECT_EQ(t.shape(), (Dims{2}));
  const std::vector<Tensor> g = gradients({sum(x * older)}, found, {}, true, false, true);
  int defined = 0;
  for (const Tensor& t : g) defined += t.defined();
  EXPECT_EQ(defined, 1);  // the walk stops at `older`
}

std::vector<Tensor> cube(const Tensor& x, bool fails = false) {
  const Tensor y = detach(x) * detach(x) * detach(x);
  CustomRule rule;
  rule.vjp = [fails](const std::vector<Tensor>& g, const std::vector<Tensor>& saved) {
    if (fails) throw std::runtime_error("the rule's own");
    return std::vector<Tensor>{g[0] * (saved[0] * saved[0] * 3.0)};
  };
  return record_custom("cube", {x}, {y}, {x}, rule);
}

TEST(Tape, OperationsOfOnesOwn) {
  Tensor x = leaf({2}, 2);
  const Tensor y = cube(x)[0];
  EXPECT_STREQ(node_name(y), "cube");
  const Tensor g = gradients({sum(y)}, {x}, {}, true, true)[0];
  EXPECT_EQ(value(g), 12);
  EXPECT_EQ(value(gradients({sum(g)}, {x})[0]), 12);
  EXPECT_EQ(value(tangents({y}, {x}, {ones({2}, DType::Float64)})[0]), 12);
  CustomRule wrong;
  wrong.vjp = [](const auto&, const auto&) { return std::vector<Tensor>{}; };
  const Tensor z = record_custom("wrong", {x}, {ones({2}, DType::Float64)}, {}, wrong)[0];
  EXPECT_THROW(backward(sum(z)), ValueError);
}

TEST(Tape, AWalkThatFailsLeavesEverythingAsItWas) {
  const int64_t before = memory::stats().in_use;
  {
    Tensor x = leaf({1000}, 2), w = leaf({1000}, 3);
    const Tensor y = sum(cube(x * w, true)[0] + w);
    EXPECT_THROW(backward(y), std::runtime_error);
    EXPECT_FALSE(grad(x).defined());
    EXPECT_FALSE(grad(w).defined());
    backward(sum(x * w));
    EXPECT_EQ(value(grad(x)), 3);
  }
  EXPECT_EQ(memory::stats().in_use, before);
}

TEST(Tape, HooksAndKeptGradients) {
  Tensor x = leaf({2}, 2);
  const Tensor y = x * 3.0;
  int calls = 0;
  retain_grad(y);
  add_hook(y, [&](const Tensor& g) {
    ++calls;
    return g * 10.0;
  });
  backward(sum(y * y));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(value(grad(y)), 120);
  EXPECT_EQ(value(grad(x)), 360);
  EXPECT_THROW(add_hook(y, [](const Tensor&) { return Tensor(); }), TapeError);  // freed
  EXPECT_THROW(retain_grad(ones({2}, DType::Float64)), TapeError);
}

TEST(Tape, AnomaliesAreFound) {
  Tensor x = leaf({2}, 0);
  set_places([] { return 1u; }, [](uint32_t place) { return "here:" + std::to_string(place); });
  {
    const AnomalyMode watching({true, true});
    try {
      log(x);
      FAIL() << "an infinity was not noticed";
    } catch (const TapeError& e) {
      EXPECT_NE(std::string(e.what()).find("log, recorded at here:1"), std::string::npos);
    }
    const AnomalyMode only_nan({true, false});
    EXPECT_NO_THROW(log(x));
  }
  EXPECT_FALSE(anomaly().enabled());
  EXPECT_NO_THROW(log(x));
  set_places(nullptr, nullptr);
}

TEST(Tape, GraphsAreDescribed) {
  Tensor x = leaf({2}, 1);
  const RecordedGraph graph = recorded_graph({sum(exp(x) * x)});
  ASSERT_EQ(graph.nodes.size(), 4u);
  EXPECT_EQ(graph.nodes[0].name, "sum");
  EXPECT_EQ(graph.nodes[3].name, "leaf");
  EXPECT_EQ(graph.nodes[1].saved_bytes, 32);  // both factors
  EXPECT_EQ(graph.saved_bytes, 32);           // exp's result is one of them
}

// One thread changes what the other's graph keeps, each under the lock of the storage; the values
// that meet are the same, so that only the tape is tried.
TEST(Tape, TwoThreadsKeepAndChange) {
  Tensor shared = full({64}, 0.5, DType::Float64);
  auto keep = [&] {
    for (int i = 0; i < 500; ++i) {
      Tensor x = leaf({64}, 2);
      Tensor y = x * shared;
      backward(sum(y * y));
      ASSERT_EQ(value(grad(x)), 1);
    }
  };
  auto change = [&] {
    for (int i = 0; i < 500; ++i) begin_change(shared);
  };
  std::thread a(keep), b(keep), c(change);
  a.join();
  b.join();
  c.join();
}

// Several threads walk one graph at once, of which one at most may free it: the others get all of
// it, or a TapeError.
TEST(Tape, ThreadsMeetInOneGraph) {
  for (int turn = 0; turn < 50; ++turn) {
    Tensor x = leaf({8}, 0.5);
    Tensor y = x;
    for (int i = 0; i < 20; ++i) y = tanh(cube(y)[0] + x * y) / (y + 2.0);
    const Tensor z = sum(y);
    retain_grad(y);
    add_hook(y, [](const Tensor& g) { return g * 1.0; });
    std::atomic<int> freed{0}, waiting{5};
    const auto at_once = [&](auto&& walk) {
      return std::thread([&waiting, walk] {
        --waiting;
        while (waiting > 0) std::this_thread::yield();
        try {
          walk();
        } catch (const TapeError& error) {
          EXPECT_NE(std::string(error.what()).find("was freed by"), std::string::npos);
        }
      });
    };
    const auto free = [&] {
      backward(z);
      ++freed;
    };
    std::thread threads[] = {
        at_once(free),
        at_once(free),
        at_once([&] { gradients({z}, {x}, {}, true); }),
        at_once([&] { tangents({z}, {x}, {ones({8}, DType::Float64)}); }),
        at_once([&] {
          recorded_graph({z});
          (void)grad(x);
          (void)grad(y);
          add_hook(y, [](const Tensor& g) { return g; });
        }),
    };
    for (std::thread& t : threads) t.join();
    EXPECT_EQ(freed, 1);
    EXPECT_TRUE(grad(x).defined());
    EXPECT_THROW(backward(z), TapeError);
  }
}

// Two threads whose graphs share leaves, and a part that neither frees; with hooks, rules of one's
// own, changes in place and forward walks.
TEST(Tape, TwoThreadsShareLeaves) {
  Tensor w = leaf({64}, 0.5);
  const Tensor shared = tanh(w);
  constexpr int kTurns = 100;
  auto work = [&] {
    for (int i = 0; i < kTurns; ++i) {
      Tensor x = leaf({64}, 0.25);
      Tensor y = cube(x * shared)[0] + w;
      update(InPlaceOp::multiply, y, x);
      add_hook(y, [](const Tensor& g) { return g * 1.0; });
      ASSERT_TRUE(tangents({y}, {x}, {ones({64}, DType::Float64)})[0].defined());
      ASSERT_EQ(recorded_graph({y}).nodes.front().number > 0, true);
      const AnomalyMode watching({i % 2 == 0, false});
      backward(sum(y), {}, true);
      ASSERT_TRUE(grad(x).defined());
    }
  };
  std::thread a(work), b(work);
  a.join();
  b.join();
  const double t = std::tanh(0.5);
  const double each = 0.25 + 0.25 * 3 * std::pow(0.25 * t, 2) * 0.25 * (1 - t * t);
  EXPECT_NEAR(value(grad(w)), 2 * kTurns * each, 1e-9);
}

}  // namespace
}  // namespace ndtape
