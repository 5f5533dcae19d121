#include "ndtape/layout.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace ndtape {
namespace {

// Positions of all elements, in row-major order.
std::vector<int64_t> positions(const Layout& layout) {
  std::vector<int64_t> result;
  std::vector<int64_t> index(static_cast<size_t>(layout.ndim()), 0);
  const std::function<void(int, int64_t)> visit = [&](int axis, int64_t at) {
    if (axis == layout.ndim()) {
      result.push_back(at);
      return;
    }
    for (int64_t i = 0; i < layout.shape[axis]; ++i) visit(axis + 1, at + i * layout.strides[axis]);
  };
  visit(0, layout.offset);
  return result;
}

class RandomLayouts {
 public:
  int64_t below(int64_t n) { return static_cast<int64_t>(generator_() % static_cast<uint64_t>(n)); }

  Dims shape(int max_ndim) {
    Dims result;
    for (int i = static_cast<int>(below(max_ndim + 1)); i > 0; --i) {
      result.push_back(below(20) == 0 ? 0 : 1 + below(4));
    }
    return result;
  }

  // A view of some contiguous memory, by a few random steps.
  Layout view() {
    Layout layout = Layout::contiguous(shape(5));
    for (int step = static_cast<int>(below(5)); step > 0; --step) {
      if (layout.ndim() == 0) return layout.expand_dims(0);
      const int axis = static_cast<int>(below(layout.ndim()));
      switch (below(6)) {
        case 0: {
          Dims axes;
          for (int i = 0; i < layout.ndim(); ++i) axes.push_back(i);
          std::shuffle(axes.begin(), axes.end(), generator_);
          layout = layout.permute(axes);
          break;
        }
        case 1: {
          const int64_t step_length = 1 + below(3);
          const int64_t count = (layout.shape[axis] + step_length - 1) / step_length;
          layout = layout.slice(axis, 0, count, step_length);
          break;
        }
        case 2:
          layout = layout.flip(axis);
          break;
        case 3:
          layout = layout.expand_dims(static_cast<int>(below(layout.ndim() + 1)));
          break;
        case 4:
          if (layout.shape[axis] > 0) {
            layout = layout.select(axis, below(layout.shape[axis]));
          }
          break;
        default:
          if (layout.shape[axis] == 1) {
            Dims to = layout.shape;
            to[axis] = below(4);
            layout = layout.broadcast_to(to);
          }
      }
    }
    return layout;
  }

 private:
  std::mt19937_64 generator_{20240607};
};

TEST(Dims, GrowsAndShrinksAcrossTheInlineSize) {
  Dims dims;
  std::vector<int64_t> expected;
  for (int64_t i = 0; i < 64; ++i) {
    dims.insert(static_cast<int>(i / 2), i);
    expected.insert(expected.begin() + i / 2, i);
    EXPECT_EQ(dims, Dims(expected));
  }
  EXPECT_THROW(dims.push_back(1), ValueError);
  Dims copy = dims;
  Dims moved = std::move(copy);
  EXPECT_EQ(moved, dims);
  while (!expected.empty()) {
    const int at = static_cast<int>(expected.size() / 3);
    moved.erase(at);
    expected.erase(expected.begin() + at);
    EXPECT_EQ(moved, Dims(expected));
  }
  moved.resize(9);
  EXPECT_EQ(moved, Dims(9, 0));
  moved = Dims{1, 2};
  EXPECT_EQ(moved, (Dims{1, 2}));
}

TEST(Dims, MoreThan64AxesAreRefused) {
  const std::vector<int64_t> many(65, 1);
  EXPECT_THROW((Dims(many)), ValueError);
  EXPECT_THROW(Dims(65, 1), ValueError);
}

TEST(Dims, Text) {
  EXPECT_EQ(to_string(Dims{}), "()");
  EXPECT_EQ(to_string(Dims{4}), "(4,)");
  EXPECT_EQ(to_string(Dims{2, 3}), "(2, 3)");
}

TEST(ElementCount, RefusesWhatDoesNotFit) {
  const int64_t huge = int64_t{1} << 40;
  EXPECT_EQ(element_count(Dims{}), 1);
  EXPECT_EQ(element_count(Dims{2, 0, 3}), 0);
  EXPECT_EQ(element_count(Dims{int64_t{1} << 59}, 8), int64_t{1} << 59);
  EXPECT_THROW(element_count(Dims{int64_t{1} << 60}, 8), ValueError);
  EXPECT_THROW(element_count(Dims{huge, huge}), ValueError);
  EXPECT_THROW(element_count(Dims{huge, 0, huge}), ValueError);
  EXPECT_THROW(element_count(Dims{0, huge, huge, huge}), ValueError);
  EXPECT_THROW(element_count(Dims{2, -1}), ValueError);
  EXPECT_THROW(element_count(Dims{std::numeric_limits<int64_t>::min()}), ValueError);
}

TEST(Axes, Normalise) {
  EXPECT_EQ(normalize_axis(-1, 3, "sum"), 2);
  EXPECT_THROW(normalize_axis(3, 3, "sum"), IndexError);
  EXPECT_THROW(normalize_axis(-4, 3, "sum"), IndexError);
  EXPECT_THROW(normalize_axis(0, 0, "sum"), IndexError);
  EXPECT_EQ(normalize_axes(Dims{-1, 0}, 3, "sum"), (Dims{2, 0}));
  EXPECT_THROW(normalize_axes(Dims{1, -2}, 3, "sum"), ValueError);
}

TEST(Broadcast, Shapes) {
  EXPECT_EQ(broadcast_shapes(Dims{3, 1}, Dims{4}, "add"), (Dims{3, 4}));
  EXPECT_EQ(broadcast_shapes(Dims{}, Dims{0, 2}, "add"), (Dims{0, 2}));
  EXPECT_EQ(broadcast_shapes(Dims{1}, Dims{0}, "add"), (Dims{0}));
  EXPECT_THROW(broadcast_shapes(Dims{2}, Dims{0}, "add"), ValueError);
  try {
    broadcast_shapes(Dims{4}, Dims{3, 2}, "add");
    FAIL();
  } catch (const ValueError& error) {
    EXPECT_STREQ(error.what(),
                 "add: shapes (4,) and (3, 2) do not broadcast: 4 (axis 0) != 2 (axis 1)");
  }
}

TEST(Layout, ContiguousMeansConsecutive) {
  RandomLayouts random;
  for (int i = 0; i < 5000; ++i) {
    const Layout layout = random.view();
    std::vector<int64_t> expected(static_cast<size_t>(layout.size()));
    for (size_t k = 0; k < expected.size(); ++k) {
      expected[k] = layout.offset + static_cast<int64_t>(k);
    }
    EXPECT_EQ(layout.is_contiguous(), positions(layout) == expected) << to_string(layout.shape);
  }
}

TEST(Layout, RepeatsAreNeverMissed) {
  RandomLayouts random;
  int certain = 0;
  for (int i = 0; i < 5000; ++i) {
    const Layout layout = random.view();
    const std::vector<int64_t> all = positions(layout);
    const bool repeats = std::set<int64_t>(all.begin(), all.end()).size() != all.size();
    if (repeats) {
      EXPECT_TRUE(layout.has_repeats());
    } else if (!layout.has_repeats()) {
      ++certain;
    }
  }
  EXPECT_GT(certain, 3000);  // views that name no element twice are recognised
}

TEST(Layout, ViewsKeepOrDropTheRightElements) {
  RandomLayouts random;
  for (int i = 0; i < 3000; ++i) {
    const Layout layout = random.view();
    if (layout.ndim() == 0) continue;
    const int axis = static_cast<int>(random.below(layout.ndim()));
    const int64_t length = layout.shape[axis];
    if (length == 0) continue;
    // Selecting each index of an axis and putting the axis back gives the slices of the whole.
    for (int64_t k = 0; k < length; ++k) {
      const Layout one = layout.slice(axis, k, 1, 1);
      EXPECT_EQ(positions(layout.select(axis, k)), positions(one));
      EXPECT_EQ(positions(one.squeeze(axis)), positions(one));
      EXPECT_EQ(positions(layout.flip(axis).select(axis, k)),
                positions(layout.select(axis, length - 1 - k)));
    }
    EXPECT_EQ(positions(layout.expand_dims(axis)), positions(layout));
  }
}

TEST(Layout, Permute) {
  const Layout layout = Layout::contiguous(Dims{2, 3, 4}).permute(Dims{2, 0, 1});
  EXPECT_EQ(layout.shape, (Dims{4, 2, 3}));
  EXPECT_EQ(layout.strides, (Dims{1, 12, 4}));
}

TEST(Layout, SliceToleratesAnyStepOfFewElements) {
  const int64_t huge = std::numeric_limits<int64_t>::max();
  const Layout layout = Layout::contiguous(Dims{5, 7});
  EXPECT_EQ(positions(layout.slice(0, 3, 1, huge).select(1, 0)), (std::vector<int64_t>{21}));
  EXPECT_EQ(layout.slice(0, huge, 0, huge).size(), 0);
}

TEST(Layout, BroadcastTo) {
  const Layout layout = Layout::contiguous(Dims{3, 1}).broadcast_to(Dims{2, 3, 4});
  EXPECT_EQ(layout.strides, (Dims{0, 1, 0}));
  EXPECT_THROW(Layout::contiguous(Dims{3}).broadcast_to(Dims{4}), ValueError);
  EXPECT_THROW(Layout::contiguous(Dims{3}).broadcast_to(Dims{}), ValueError);
  EXPECT_THROW(Layout::contiguous(Dims{1}).broadcast_to(Dims{-1}), ValueError);
  const int64_t huge = int64_t{1} << 40;
  EXPECT_THROW(Layout::contiguous(Dims{1}).broadcast_to(Dims{huge, huge}), ValueError);
}

// Every shape of the same size, by splitting the size into factors at random.
Dims random_shape_of(RandomLayouts& random, int64_t size) {
  Dims result;
  while (size > 1) {
    int64_t factor = 1 + random.below(size);
    while (size % factor != 0) --factor;
    result.push_back(factor);
    size /= factor;
  }
  if (random.below(2) == 0) result.insert(static_cast<int>(random.below(result.size() + 1)), 1);
  return result;
}

TEST(Reshape, AViewHasTheSameElementsInOrder) {
  RandomLayouts random;
  int views = 0;
  for (int i = 0; i < 10000; ++i) {
    const Layout layout = random.view();
    if (layout.size() == 0) continue;
    const Dims to = random_shape_of(random, layout.size());
    const std::optional<Layout> reshaped = layout.reshape(to);
    if (!reshaped) {
      EXPECT_FALSE(layout.is_contiguous());
      continue;
    }
    ++views;
    EXPECT_EQ(reshaped->shape, to);
    EXPECT_EQ(positions(*reshaped), positions(layout));
  }
  EXPECT_GT(views, 3000);
}

TEST(Reshape, SplittingAnAxisIsAlwaysAView) {
  RandomLayouts random;
  for (int i = 0; i < 2000; ++i) {
    const Layout layout = random.view();
    Dims to;
    for (const int64_t length : layout.shape) {
      if (length == 4) {
        to.push_back(2);
        to.push_back(2);
      } else {
        to.push_back(length);
      }
    }
    ASSERT_TRUE(layout.reshape(to).has_value());
    EXPECT_EQ(positions(*layout.reshape(to)), positions(layout));
  }
}

TEST(Reshape, EmptyIsAlwaysAView) {
  const Layout layout = Layout::contiguous(Dims{3, 0, 5}).permute(Dims{2, 0, 1});
  EXPECT_TRUE(layout.reshape(Dims{0}).has_value());
  EXPECT_TRUE(layout.reshape(Dims{7, 0}).has_value());
}

TEST(Reshape, ResolvesTheUnknownLength) {
  EXPECT_EQ(resolve_reshape(Dims{2, 6}, Dims{3, -1}), (Dims{3, 4}));
  EXPECT_EQ(resolve_reshape(Dims{0, 6}, Dims{-1, 3}), (Dims{0, 3}));
  EXPECT_EQ(resolve_reshape(Dims{}, Dims{-1}), (Dims{1}));
  EXPECT_THROW(resolve_reshape(Dims{2, 6}, Dims{5, -1}), ValueError);
  EXPECT_THROW(resolve_reshape(Dims{2, 6}, Dims{-1, -1}), ValueError);
  EXPECT_THROW(resolve_reshape(Dims{2, 6}, Dims{-2, 6}), ValueError);
  EXPECT_THROW(resolve_reshape(Dims{2, 6}, Dims{5}), ValueError);
  EXPECT_THROW(resolve_reshape(Dims{0, 6}, Dims{0, -1}), ValueError);
  EXPECT_THROW(resolve_reshape(Dims{4}, Dims{int64_t{1} << 40, int64_t{1} << 40}), ValueError);
}

}  // namespace
}  // namespace ndtape
