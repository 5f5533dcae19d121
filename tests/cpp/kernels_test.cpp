// Tiles and reductions of the chosen instruction set, against plain loops.
#include "cpu/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace ndtape::cpu {
namespace {

// A tile in a buffer that it fills exactly: a read or write beside it is one out of bounds.
struct Tile {
  int64_t rows, cols, row_stride, col_stride;
  int64_t lowest, bytes;

  Tile(int64_t r, int64_t c, int64_t rs, int64_t cs, int64_t size)
      : rows(r), cols(c), row_stride(rs), col_stride(cs) {
    lowest = std::min<int64_t>(0, (r - 1) * rs) + std::min<int64_t>(0, (c - 1) * cs);
    const int64_t highest = std::max<int64_t>(0, (r - 1) * rs) + std::max<int64_t>(0, (c - 1) * cs);
    bytes = highest + size - lowest;
  }
  int64_t at(int64_t r, int64_t c) const { return r * row_stride + c * col_stride - lowest; }
  bool has_overlaps(int64_t size) const {
    std::vector<bool> taken(static_cast<size_t>(bytes));
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < cols; ++c) {
        for (int64_t b = 0; b < size; ++b) {
          if (taken[static_cast<size_t>(at(r, c) + b)]) return true;
          taken[static_cast<size_t>(at(r, c) + b)] = true;
        }
      }
    }
    return false;
  }
};

TEST(Tiles, EveryKindOfStride) {
  std::mt19937 random(1);
  const auto below = [&](int n) {
    return static_cast<int64_t>(random() % static_cast<unsigned>(n));
  };
  for (int size_class = 0; size_class < kSizeClasses; ++size_class) {
    const int64_t size = int64_t{1} << size_class;
    for (int i = 0; i < 3000; ++i) {
      const int64_t rows = 1 + below(40);
      const int64_t cols = 1 + below(40);
      const int64_t strides[] = {size,     -size,       0,           2 * size,     -2 * size,
                                 3 * size, 41 * size,   -43 * size,  3 * size + 1, rows * size,
                                 size,     cols * size, rows * size, cols * size};
      const Tile tile(rows, cols, strides[below(14)], strides[below(14)], size);
      std::vector<uint8_t> memory(static_cast<size_t>(tile.bytes));
      for (uint8_t& byte : memory) byte = static_cast<uint8_t>(random());
      std::vector<uint8_t> dense(static_cast<size_t>(rows * cols * size));
      std::vector<uint8_t> expected = dense;
      const auto each_element = [&](auto visit) {
        for (int64_t r = 0; r < rows; ++r) {
          for (int64_t c = 0; c < cols; ++c) visit(tile.at(r, c), (r * cols + c) * size);
        }
      };
      SCOPED_TRACE(std::to_string(size) + " bytes, " + std::to_string(rows) + " x " +
                   std::to_string(cols) + ", strides " + std::to_string(tile.row_stride) + ", " +
                   std::to_string(tile.col_stride));

      kernels().gather[size_class](memory.data() - tile.lowest, tile.row_stride, tile.col_stride,
                                   dense.data(), rows, cols);
      each_element([&](int64_t from, int64_t to) {
        std::memcpy(expected.data() + to, memory.data() + from, static_cast<size_t>(size));
      });
      ASSERT_EQ(dense, expected);
      if (tile.row_stride == size) {
        std::fill(dense.begin(), dense.end(), uint8_t{0});
        const uint8_t* const first = memory.data() - tile.lowest;
        kernels().gather_side[size_class](first, tile.col_stride, dense.data(), rows, cols,
                                          below(2) == 0 ? nullptr : first + tile.col_stride);
        ASSERT_EQ(dense, expected);
      }

      if (tile.has_overlaps(size)) continue;
      for (uint8_t& byte : dense) byte = static_cast<uint8_t>(random());
      std::vector<uint8_t> scattered = memory;
      kernels().scatter[size_class](dense.data(), scattered.data() - tile.lowest, tile.row_stride,
                                    tile.col_stride, rows, cols);
      each_element([&](int64_t to, int64_t from) {
        std::memcpy(memory.data() + to, dense.data() + from, static_cast<size_t>(size));
      });
      ASSERT_EQ(scattered, memory);
    }
  }
}

template <class T>
class Reductions : public testing::Test {
 protected:
  static T reduce(ReduceOp op, const std::vector<T>& x) {
    T out;
    const int d = static_cast<int>(dtype_of<T>);
    kernels().reduce[static_cast<int>(op)][d](x.data(), &out, static_cast<int64_t>(x.size()));
    return out;
  }
  static int64_t argmax(const std::vector<T>& x) {
    return kernels().argmax[static_cast<int>(dtype_of<T>)](x.data(),
                                                           static_cast<int64_t>(x.size()));
  }
  static int64_t argmin(const std::vector<T>& x) {
    return kernels().argmin[static_cast<int>(dtype_of<T>)](x.data(),
                                                           static_cast<int64_t>(x.size()));
  }
};

using Numbers = testing::Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t,
                               uint64_t, float, double>;
TYPED_TEST_SUITE(Reductions, Numbers);

TYPED_TEST(Reductions, AgreeWithPlainLoops) {
  using T = TypeParam;
  std::mt19937_64 random(2);
  for (int i = 0; i < 400; ++i) {
    const size_t n = 1 + random() % (i % 50 == 0 ? 20000 : 300);
    std::vector<T> x(n);
    for (T& v : x) {
      // Whole numbers, so that floats add without rounding; all bits for integers.
      v = std::is_floating_point_v<T> ? static_cast<T>(static_cast<int>(random() % 101) - 50)
                                      : static_cast<T>(random());
    }
    T sum = 0;
    for (const T v : x) {
      if constexpr (std::is_floating_point_v<T>) {
        sum += v;
      } else {
        sum = static_cast<T>(static_cast<uint64_t>(sum) + static_cast<uint64_t>(v));
      }
    }
    EXPECT_EQ(this->reduce(ReduceOp::sum, x), sum);
    EXPECT_EQ(this->reduce(ReduceOp::max, x), *std::max_element(x.begin(), x.end()));
    EXPECT_EQ(this->reduce(ReduceOp::min, x), *std::min_element(x.begin(), x.end()));
    EXPECT_EQ(this->argmax(x), std::max_element(x.begin(), x.end()) - x.begin());
    EXPECT_EQ(this->argmin(x), std::min_element(x.begin(), x.end()) - x.begin());

    T product = 1;
    for (T& v : x) {
      v = random() % 8 == 0 ? static_cast<T>(2) : static_cast<T>(1);
      if constexpr (std::is_floating_point_v<T>) {
        if (product > 1e6) v = static_cast<T>(0.5);
        product *= v;
      } else {
        product = static_cast<T>(static_cast<uint64_t>(product) * static_cast<uint64_t>(v));
      }
    }
    EXPECT_EQ(this->reduce(ReduceOp::prod, x), product);
  }
}

template <class T>
class FloatReductions : public Reductions<T> {};
using FloatTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(FloatReductions, FloatTypes);

TYPED_TEST(FloatReductions, NanIsFoundAnywhere) {
  using T = TypeParam;
  for (const size_t n : {1, 2, 7, 16, 17, 100, 1000, 3000}) {
    for (size_t at = 0; at < n; at = at * 2 + 1) {
      std::vector<T> x(n, static_cast<T>(1));
      x[at] = std::numeric_limits<T>::quiet_NaN();
      x[n - 1] = x[at];
      EXPECT_TRUE(std::isnan(this->reduce(ReduceOp::max, x)));
      EXPECT_TRUE(std::isnan(this->reduce(ReduceOp::min, x)));
      EXPECT_EQ(this->argmax(x), static_cast<int64_t>(at));
      EXPECT_EQ(this->argmin(x), static_cast<int64_t>(at));
    }
  }
}

TYPED_TEST(FloatReductions, SumsDoNotDependOnAlignment) {
  using T = TypeParam;
  std::mt19937_64 random(3);
  std::vector<T> x(5000);
  for (T& v : x) v = static_cast<T>(random()) / static_cast<T>(1e19);
  for (const size_t n : {3, 20, 999, 4900}) {
    const T sum = this->reduce(ReduceOp::sum, std::vector<T>(x.begin(), x.begin() + n));
    for (size_t shift = 1; shift < 20; ++shift) {
      std::vector<T> moved(shift + n);
      std::copy_n(x.begin(), n, moved.begin() + shift);
      T out;
      kernels().reduce[static_cast<int>(ReduceOp::sum)][static_cast<int>(dtype_of<T>)](
          moved.data() + shift, &out, static_cast<int64_t>(n));
      EXPECT_EQ(out, sum);
    }
  }
}

TYPED_TEST(FloatReductions, LongSumsStayAccurate) {
  using T = TypeParam;
  const std::vector<T> x(10000000, static_cast<T>(0.1));
  const double exact = static_cast<double>(x[0]) * static_cast<double>(x.size());
  const double error = std::fabs(static_cast<double>(this->reduce(ReduceOp::sum, x)) - exact);
  EXPECT_LT(error / exact, 20 * static_cast<double>(std::numeric_limits<T>::epsilon()));
}

TEST(Dispatch, EveryKernelIsThere) {
  const KernelTable& table = kernels();
  for (int d = 0; d < kDTypeCount; ++d) {
    for (int to = 0; to < kDTypeCount; ++to) EXPECT_NE(table.cast[d][to], nullptr);
    const bool ordered = !is_complex(static_cast<DType>(d));
    EXPECT_EQ(table.argmax[d] != nullptr, ordered);
    EXPECT_EQ(table.argmin[d] != nullptr, ordered);
    for (int op = 0; op < kReduceOpCount; ++op) {
      const bool extreme = op >= 2;  // bool has these alone, complex numbers all others
      const bool asked = extreme ? ordered : d != static_cast<int>(DType::Bool);
      EXPECT_EQ(table.reduce[op][d] != nullptr, asked);
    }
  }
  for (int op = 0; op < kOpCount; ++op) {
    const bool any = std::any_of(table.block[op], table.block[op] + kDTypeCount,
                                 [](BlockKernel kernel) { return kernel != nullptr; });
    EXPECT_TRUE(any) << kOps[op].name;
  }
  EXPECT_NE(table.gemm_float32.tile, nullptr);
  EXPECT_NE(table.gemm_float64.tile, nullptr);
}

}  // namespace
}  // namespace ndtape::cpu
