// Every element of every operand is visited once, whatever the layouts.
#include "engine/walk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "engine/interpreter.h"

namespace ndtape::engine {
namespace {

// A random view of a buffer whose first element stands at `origin`, with `shape`.
Layout random_layout(std::mt19937& rng, const Dims& shape) {
  std::vector<int> order(static_cast<size_t>(shape.size()));
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::shuffle(order.begin(), order.end(), rng);
  Layout layout{shape, Dims(shape.size(), 0), 0};
  int64_t stride = 1 + static_cast<int64_t>(rng() % 3);
  for (int axis : order) {
    const int64_t length = shape[axis];
    switch (rng() % 5) {
      case 0:  // broadcast
        break;
      case 1:  // reversed
        layout.strides[axis] = -stride;
        layout.offset += stride * (length - 1);
        stride *= length;
        break;
      case 2:  // stepped
        layout.strides[axis] = 2 * stride;
        stride *= 2 * length;
        break;
      default:
        layout.strides[axis] = stride;
        stride *= length;
    }
  }
  return layout;
}

TEST(Walk, VisitsEveryElementOnce) {
  std::mt19937 rng(1);
  for (int trial = 0; trial < 400; ++trial) {
    Dims shape;
    for (int i = static_cast<int>(rng() % 5); i > 0; --i) {
      shape.push_back(1 + static_cast<int64_t>(rng() % (trial % 3 == 0 ? 40 : 6)));
    }
    if (element_count(shape) > 200000) continue;
    const Layout out = Layout::contiguous(shape);
    const Layout in = random_layout(rng, shape);

    Operands ops;
    ops.ndim = shape.size();
    for (int i = 0; i < ops.ndim; ++i) ops.shape[i] = shape[i];
    static char memory[1];  // addresses only
    ops.add(memory, in, 4);
    ops.add(memory, out, 8);
    simplify(ops, 0, ops.ndim, 1);
    const Tiling tiling = choose_tiling(ops, 256, 256);
    const int inner = ops.ndim - 1;

    std::map<int64_t, int64_t> seen;  // offset in out -> offset in in, both in elements
    for (int64_t t = 0; t < tiling.count(); ++t) {
      TileCursor tile(ops, tiling, ops.data, t);
      ASSERT_LE(tile.rows() * tile.cols(), 256);
      for (int64_t r = 0; r < tile.rows(); ++r) {
        for (int64_t c = 0; c < tile.cols(); ++c) {
          int64_t at[2];
          for (int k = 0; k < 2; ++k) {
            const char* p = tile.data()[k];
            if (tiling.row_axis >= 0) p += r * ops.stride[k][tiling.row_axis];
            if (inner >= 0) p += c * ops.stride[k][inner];
            at[k] = (p - memory) / ops.element[k];
          }
          ASSERT_TRUE(seen.emplace(at[1], at[0]).second) << "an element was visited twice";
        }
      }
    }
    ASSERT_EQ(static_cast<int64_t>(seen.size()), element_count(shape));
    // Against the plain enumeration. `in` was added by its first element, so offsets are relative.
    std::vector<int64_t> index(static_cast<size_t>(shape.size()), 0);
    for (int64_t linear = 0; linear < element_count(shape); ++linear) {
      int64_t rest = linear, expected = 0;
      for (int axis = shape.size() - 1; axis >= 0; --axis) {
        expected += rest % shape[axis] * (shape[axis] == 1 ? 0 : in.strides[axis]);
        rest /= shape[axis];
      }
      ASSERT_EQ(seen[linear], expected) << "shape " << to_string(shape);
    }
  }
}

TEST(Walk, MergesWhatIsContiguous) {
  const Dims shape{2, 3, 4};
  Operands ops;
  ops.ndim = 3;
  for (int i = 0; i < 3; ++i) ops.shape[i] = shape[i];
  static char memory[1];
  ops.add(memory, Layout::contiguous(shape), 4);
  ops.add(memory, Layout::contiguous(shape), 4);
  EXPECT_EQ(simplify(ops, 0, 3, 1), 1);
  EXPECT_EQ(ops.shape[0], 24);
}

TEST(Walk, CursorStepsLikeAFreshOne) {
  const Dims shape{3, 40, 5, 40};
  const Layout in = Layout::contiguous({40, 5, 40, 3}).permute({3, 0, 1, 2});
  Operands ops;
  ops.ndim = 4;
  for (int i = 0; i < 4; ++i) ops.shape[i] = shape[i];
  static char memory[1];
  ops.add(memory, in, 4);
  ops.add(memory, Layout::contiguous(shape), 4);
  simplify(ops, 0, 4, 1);
  const Tiling tiling = choose_tiling(ops, 512, 512);
  TileCursor stepped(ops, tiling, ops.data, 0);
  for (int64_t t = 0; t < tiling.count(); ++t) {
    TileCursor fresh(ops, tiling, ops.data, t);
    ASSERT_EQ(stepped.data()[0], fresh.data()[0]);
    ASSERT_EQ(stepped.data()[1], fresh.data()[1]);
    ASSERT_EQ(stepped.rows(), fresh.rows());
    ASSERT_EQ(stepped.cols(), fresh.cols());
    stepped.next();
  }
}

}  // namespace
}  // namespace ndtape::engine
