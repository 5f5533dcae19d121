// Matrix products against a plain sum in a wider type, over shapes, strides, batches and threads.
#include "engine/matmul.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <type_traits>
#include <vector>

#include "cpu/kernels.h"
#include "ndtape/parallel.h"

namespace {

using ndtape::dtype_of;
using ndtape::engine::MatmulShape;
using ndtape::engine::Matrices;

enum class Order { RowMajor, ColumnMajor, Reversed, Spaced, OneRow };
constexpr Order kOrders[] = {Order::RowMajor, Order::ColumnMajor, Order::Reversed, Order::Spaced,
                             Order::OneRow};

// A stack of matrices laid out in one of several ways, with guard values around and between.
template <class T>
struct Stack {
  int64_t batch, rows, columns;
  std::vector<T> memory;
  int64_t first = 0;
  int64_t row_stride = 0, column_stride = 0, batch_stride = 0;

  Stack(int64_t b, int64_t r, int64_t c, Order order) : batch(b), rows(r), columns(c) {
    int64_t size = r * c;
    switch (order) {
      case Order::RowMajor:
        row_stride = c, column_stride = 1;
        break;
      case Order::ColumnMajor:
        row_stride = 1, column_stride = r;
        break;
      case Order::Reversed:
        row_stride = -c, column_stride = -1, first = std::max<int64_t>(size - 1, 0);
        break;
      case Order::Spaced:
        row_stride = 3 * c + 5, column_stride = 3, size = (3 * c + 5) * r;
        break;
      case Order::OneRow:
        row_stride = 0, column_stride = 1, size = c;
        break;
    }
    batch_stride = size + 3;
    memory.resize(static_cast<size_t>(b * batch_stride + 1));
  }

  T& at(int64_t b, int64_t i, int64_t j) {
    return memory[static_cast<size_t>(first + b * batch_stride + i * row_stride +
                                      j * column_stride)];
  }
  Matrices view(const int64_t* batch_strides) {
    return {memory.data() + first, row_stride, column_stride, batch_strides};
  }

  void fill(std::mt19937& random) {
    for (auto&& value : memory) {
      if constexpr (std::is_floating_point_v<T>) {
        value = std::uniform_real_distribution<T>(-1, 1)(random);
      } else if constexpr (sizeof(T) == 1 && std::is_unsigned_v<T>) {
        value = static_cast<T>(random() & 255);
      } else {
        value = static_cast<T>(random() * uint64_t{0x9E3779B97F4A7C15});
      }
    }
  }
};

template <class T>
void expect_product(Stack<T>& a, Stack<T>& b, Stack<T>& c, const std::string& what) {
  for (int64_t batch = 0; batch < c.batch; ++batch) {
    const int64_t ia = a.batch == 1 ? 0 : batch, ib = b.batch == 1 ? 0 : batch;
    for (int64_t i = 0; i < c.rows; ++i) {
      for (int64_t j = 0; j < c.columns; ++j) {
        const T got = c.at(batch, i, j);
        if constexpr (std::is_floating_point_v<T>) {
          using Wide = std::conditional_t<std::is_same_v<T, float>, double, long double>;
          Wide sum = 0, size = 0;
          for (int64_t p = 0; p < a.columns; ++p) {
            const Wide term = static_cast<Wide>(a.at(ia, i, p)) * b.at(ib, p, j);
            sum += term;
            size += std::abs(term);
          }
          const Wide bound = size * std::numeric_limits<T>::epsilon() *
                             (2 + std::sqrt(static_cast<Wide>(a.columns)));
          ASSERT_LE(std::abs(got - sum), bound) << what << " at " << batch << "," << i << "," << j;
        } else {
          uint64_t sum = 0;
          for (int64_t p = 0; p < a.columns; ++p) {
            sum += static_cast<uint64_t>(a.at(ia, i, p)) * static_cast<uint64_t>(b.at(ib, p, j));
          }
          ASSERT_EQ(got, static_cast<T>(sum)) << what << " at " << batch << "," << i << "," << j;
        }
      }
    }
  }
}

template <class T>
void check(int64_t batch, int64_t m, int64_t n, int64_t k, Order oa, Order ob, Order oc,
           bool one_a = false, bool one_b = false) {
  const std::string what = "batch " + std::to_string(batch) + ", " + std::to_string(m) + "x" +
                           std::to_string(k) + " @ " + std::to_string(k) + "x" + std::to_string(n) +
                           ", orders " + std::to_string(int(oa)) + std::to_string(int(ob)) +
                           std::to_string(int(oc));
  std::mt19937 random(static_cast<unsigned>(m * 31 + n * 7 + k));
  Stack<T> a(one_a ? 1 : batch, m, k, oa), b(one_b ? 1 : batch, k, n, ob), c(batch, m, n, oc);
  a.fill(random);
  b.fill(random);
  c.fill(random);
  if constexpr (std::is_floating_point_v<T>) {  // what was in c must not be read
    for (int64_t i = 0; i < batch; ++i) {
      for (int64_t r = 0; r < m; ++r) {
        for (int64_t j = 0; j < n; ++j) c.at(i, r, j) = std::numeric_limits<T>::quiet_NaN();
      }
    }
  }
  std::vector<T> before = c.memory;
  const int64_t sa = one_a ? 0 : a.batch_stride, sb = one_b ? 0 : b.batch_stride;
  const int64_t sc = c.batch_stride;
  const MatmulShape shape = {m, n, k, 1, &batch};
  ndtape::engine::matmul(dtype_of<T>, shape, a.view(&sa), b.view(&sb), c.view(&sc));
  expect_product(a, b, c, what);

  // Memory around and between the elements of c is as it was.
  std::vector<T> after = c.memory;
  for (int64_t i = 0; i < batch; ++i) {
    for (int64_t r = 0; r < m; ++r) {
      for (int64_t j = 0; j < n; ++j) {
        const size_t at = static_cast<size_t>(&c.at(i, r, j) - c.memory.data());
        before[at] = after[at] = T(0);
      }
    }
  }
  EXPECT_EQ(before, after) << what << ": wrote outside of c";
}

constexpr Order kRow = Order::RowMajor, kColumn = Order::ColumnMajor;

template <class T>
class FloatMatmul : public testing::Test {};
using FloatTypes = testing::Types<float, double>;
TYPED_TEST_SUITE(FloatMatmul, FloatTypes);

TYPED_TEST(FloatMatmul, EverySmallShape) {
  for (int64_t m = 1; m <= 14; ++m) {
    for (int64_t n = 1; n <= 35; ++n) {
      for (int64_t k : {1, 2, 3, 8, 17}) check<TypeParam>(1, m, n, k, kRow, kRow, kRow);
    }
  }
}

TYPED_TEST(FloatMatmul, EveryOrderOfOperands) {
  for (Order oa : kOrders) {
    for (Order ob : kOrders) {
      for (Order oc : kOrders) {
        if (oc == Order::OneRow) continue;
        check<TypeParam>(1, 1, 1, 9, oa, ob, oc);
        check<TypeParam>(1, 1, 37, 19, oa, ob, oc);
        check<TypeParam>(1, 37, 1, 19, oa, ob, oc);
        check<TypeParam>(1, 5, 6, 7, oa, ob, oc);
        check<TypeParam>(1, 25, 70, 33, oa, ob, oc);
        check<TypeParam>(2, 40, 67, 21, oa, ob, oc);
        check<TypeParam>(1, 13, 35, 520, oa, ob, oc);
      }
    }
  }
}

// One less and one more than multiples of the tile, and of the blocks along k, m and n.
TYPED_TEST(FloatMatmul, BordersOfBlocks) {
  const ndtape::cpu::KernelTable& table = ndtape::cpu::kernels();
  const auto& g = std::is_same_v<TypeParam, float> ? table.gemm_float32 : table.gemm_float64;
  for (int64_t m : {g.mr - 1, g.mr, 2 * g.mr + 1}) {
    for (int64_t n : {g.nr - 1, g.nr, 2 * g.nr + 1}) {
      for (int64_t k : {255, 257, 513}) {
        check<TypeParam>(1, m, n, k, kRow, kRow, kRow);
        check<TypeParam>(1, m, n, k, kColumn, kColumn, kRow);
      }
    }
  }
  // Large enough, or rows far enough apart, to be packed.
  check<TypeParam>(1, 61, 1024, 530, kRow, kRow, kRow);
  check<TypeParam>(1, 512, 200, 270, kColumn, kRow, kRow);
  check<TypeParam>(1, 130, 530, 300, kRow, kColumn, kColumn);
}

TYPED_TEST(FloatMatmul, Vectors) {
  for (int64_t length : {1, 7, 31, 64, 1000, 3001}) {
    for (int64_t k : {1, 5, 127, 513, 9001}) {
      for (Order order : {kRow, kColumn, Order::Spaced, Order::Reversed}) {
        if (length * k > 300'000) continue;
        check<TypeParam>(1, 1, length, k, kRow, order, kRow);
        check<TypeParam>(1, length, 1, k, order, Order::Spaced, Order::Spaced);
      }
    }
  }
  for (int64_t k : {1, 8191, 8192, 8193, 100'001}) {
    for (Order order : kOrders) check<TypeParam>(1, 1, 1, k, order, Order::Spaced, kRow);
    check<TypeParam>(1, 1, 1, k, kRow, kColumn, kRow);
  }
}

TYPED_TEST(FloatMatmul, Batches) {
  for (bool one_a : {false, true}) {
    for (bool one_b : {false, true}) {
      for (Order order : {kRow, kColumn, Order::Spaced}) {
        check<TypeParam>(7, 5, 9, 4, order, order, kRow, one_a, one_b);
        check<TypeParam>(5, 1, 9, 40, order, order, kRow, one_a, one_b);
        check<TypeParam>(30, 33, 35, 37, order, order, kRow, one_a, one_b);
      }
    }
  }
}

// Rows of a batch that are the rows of one matrix, and axes of length 1 with any stride.
TEST(Matmul, BatchAxes) {
  std::vector<float> a(2 * 3 * 4 * 5), b(5 * 6), c(2 * 3 * 4 * 6), each(c.size());
  for (size_t i = 0; i < a.size(); ++i) a[i] = static_cast<float>(i % 11);
  for (size_t i = 0; i < b.size(); ++i) b[i] = static_cast<float>(i % 7);
  const int64_t batch[] = {2, 1, 3}, sa[] = {60, 999, 20}, sb[] = {0, 999, 0}, sc[] = {72, 999, 24};
  ndtape::engine::matmul(ndtape::DType::Float32, {4, 6, 5, 3, batch}, {a.data(), 5, 1, sa},
                         {b.data(), 6, 1, sb}, {c.data(), 6, 1, sc});
  for (int i = 0; i < 6; ++i) {
    ndtape::engine::matmul(ndtape::DType::Float32, {4, 6, 5, 0, nullptr},
                           {a.data() + 20 * i, 5, 1, nullptr}, {b.data(), 6, 1, nullptr},
                           {each.data() + 24 * i, 6, 1, nullptr});
  }
  EXPECT_EQ(c, each);
}

TYPED_TEST(FloatMatmul, EmptyAxes) {
  check<TypeParam>(1, 3, 4, 0, kRow, kRow, kRow);  // zeros
  check<TypeParam>(2, 30, 1, 0, kRow, kRow, Order::Spaced);
  check<TypeParam>(1, 0, 4, 5, kRow, kRow, kRow);
  check<TypeParam>(1, 4, 0, 5, kRow, kRow, kRow);
  check<TypeParam>(0, 4, 3, 5, kRow, kRow, kRow);
}

TYPED_TEST(FloatMatmul, InfinityAndNanPropagate) {
  using T = TypeParam;
  const T inf = std::numeric_limits<T>::infinity();
  for (int64_t n : {1, 3, 40}) {
    std::vector<T> a(static_cast<size_t>(n * n), T(0)), b(a), c(a);
    b[0] = inf;  // 0 * inf in the first column of c alone
    ndtape::engine::matmul(dtype_of<T>, {n, n, n, 0, nullptr}, {a.data(), n, 1, nullptr},
                           {b.data(), n, 1, nullptr}, {c.data(), n, 1, nullptr});
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        EXPECT_EQ(std::isnan(c[static_cast<size_t>(i * n + j)]), j == 0) << n;
      }
    }
  }
}

// Restores the number of threads.
struct Threads {
  int before = ndtape::num_threads();
  ~Threads() { ndtape::set_num_threads(before); }
};

TYPED_TEST(FloatMatmul, SameBitsForAnyNumberOfThreads) {
  using T = TypeParam;
  const Threads restore;
  const int64_t shapes[][4] = {{1, 300, 310, 520}, {1, 64, 64, 20'000}, {1, 5000, 64, 64},
                               {1, 1, 3000, 3000}, {1, 3000, 1, 3000},  {1, 1, 1, 1'000'000},
                               {1, 3, 1, 200'000}, {9, 65, 70, 130},    {1, 1, 5, 300'000}};
  for (const auto& s : shapes) {
    for (Order order : {kRow, kColumn}) {
      const int64_t batch = s[0], m = s[1], n = s[2], k = s[3];
      std::mt19937 random(5);
      Stack<T> a(batch, m, k, order), b(batch, k, n, order), c(batch, m, n, kRow);
      a.fill(random);
      b.fill(random);
      const MatmulShape shape = {m, n, k, 1, &batch};
      std::vector<T> first;
      for (int threads : {1, 2, 3, 4, 7}) {
        ndtape::set_num_threads(threads);
        ndtape::engine::matmul(dtype_of<T>, shape, a.view(&a.batch_stride), b.view(&b.batch_stride),
                               c.view(&c.batch_stride));
        if (threads == 1) first = c.memory;
        EXPECT_EQ(0, std::memcmp(first.data(), c.memory.data(), first.size() * sizeof(T)))
            << threads << " threads, " << m << "x" << k << " @ " << k << "x" << n;
      }
    }
  }
}

template <class T>
class IntegerMatmul : public testing::Test {};
using IntegerTypes =
    testing::Types<int8_t, uint8_t, int16_t, uint16_t, int32_t, uint32_t, int64_t, uint64_t>;
TYPED_TEST_SUITE(IntegerMatmul, IntegerTypes);

TYPED_TEST(IntegerMatmul, Wraps) {
  for (Order oa : kOrders) {
    for (Order ob : kOrders) {
      check<TypeParam>(1, 1, 1, 5, oa, ob, kRow);
      check<TypeParam>(2, 17, 33, 40, oa, ob, kColumn);
    }
  }
  check<TypeParam>(1, 50, 600, 30, kRow, kRow, Order::Spaced);
  check<TypeParam>(1, 90, 300, 70, kRow, kColumn, kRow);
  check<TypeParam>(1, 3, 3, 0, kRow, kRow, kRow);
  check<TypeParam>(1, 0, 3, 2, kRow, kRow, kRow);
}

TEST(BoolMatmul, AnyOfTheAnds) {
  for (int64_t size : {1, 5, 40, 300}) {
    const size_t count = static_cast<size_t>(size * size);
    std::vector<uint8_t> a(count), b(count), c(count, 1);
    std::mt19937 random(3);
    for (size_t i = 0; i < count; ++i) {
      a[i] = random() % 16 == 0;
      b[i] = random() % 16 == 0;
    }
    // b transposed
    ndtape::engine::matmul(ndtape::DType::Bool, {size, size, size, 0, nullptr},
                           {a.data(), size, 1, nullptr}, {b.data(), 1, size, nullptr},
                           {c.data(), size, 1, nullptr});
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < size; ++j) {
        uint8_t any = 0;
        for (int64_t p = 0; p < size; ++p) {
          any |= a[static_cast<size_t>(i * size + p)] & b[static_cast<size_t>(j * size + p)];
        }
        ASSERT_EQ(any, c[static_cast<size_t>(i * size + j)]) << size;
      }
    }
  }
}

}  // namespace
