// Integer and bool products: a plain loop over blocks of b that stay in the cache.
#include <algorithm>

#include "engine/matmul_internal.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {

namespace {

constexpr int64_t kRows = 16;      // rows of c a task
constexpr int64_t kColumns = 256;  // of b's block

template <class T>
void add_scaled(T a, const T* b, T* sum, int64_t n) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!a) return;
    for (int64_t j = 0; j < n; ++j) sum[j] = sum[j] | b[j];
  } else {
    // Narrow types would be promoted to int, whose products may overflow.
    using Wide = std::conditional_t<(sizeof(T) < 4), uint32_t, T>;
    for (int64_t j = 0; j < n; ++j) sum[j] = static_cast<T>(sum[j] + Wide(a) * Wide(b[j]));
  }
}

// c[rows, columns] of x, whole along k.
template <class T>
void multiply_block(const Product<T>& x, int64_t row, int64_t rows, int64_t column,
                    int64_t columns) {
  T sums[kRows][kColumns];
  T packed[kColumns];
  for (int64_t i = 0; i < rows; ++i) std::fill_n(sums[i], columns, T(0));
  for (int64_t p = 0; p < x.k; ++p) {
    const T* b = x.b + p * x.b_row + column * x.b_col;
    if (x.b_col != 1) {
      for (int64_t j = 0; j < columns; ++j) packed[j] = b[j * x.b_col];
      b = packed;
    }
    const T* a = x.a + row * x.a_row + p * x.a_col;
    for (int64_t i = 0; i < rows; ++i) add_scaled(a[i * x.a_row], b, sums[i], columns);
  }
  for (int64_t i = 0; i < rows; ++i) {
    T* c = x.c + (row + i) * x.c_row + column * x.c_col;
    for (int64_t j = 0; j < columns; ++j) c[j * x.c_col] = sums[i][j];
  }
}

}  // namespace

template <class T>
void integer_matmul(const Product<T>& x) {
  const int64_t row_tasks = (x.m + kRows - 1) / kRows;
  const int64_t column_tasks = (x.n + kColumns - 1) / kColumns;
  const auto run = [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t row = task % row_tasks * kRows;
      const int64_t column = task / row_tasks * kColumns;
      multiply_block(x, row, std::min(kRows, x.m - row), column, std::min(kColumns, x.n - column));
    }
  };
  const int64_t tasks = row_tasks * column_tasks;
  if (x.m * x.n * x.k < kSerialWork) return run(0, tasks);
  parallel_for(tasks, run);
}

template void integer_matmul(const Product<bool>&);
template void integer_matmul(const Product<uint8_t>&);
template void integer_matmul(const Product<uint16_t>&);
template void integer_matmul(const Product<uint32_t>&);
template void integer_matmul(const Product<uint64_t>&);

}  // namespace ndtape::engine
