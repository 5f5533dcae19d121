// Vector times matrix, and dot products. Each waits for memory: tasks are blocks of the matrix,
// read once, and blocks along k are summed pairwise, in an order set by the shape alone.
#include <algorithm>

#include "engine/matmul_internal.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {

namespace {

constexpr int64_t kTaskElements = 32768;  // of the matrix, about
constexpr int64_t kStepsByRow = 8192;     // longest block along k where rows of b.T are dotted
constexpr int64_t kStepsByColumn = 512;   // shortest block along k where rows of b are added up
constexpr int64_t kColumnBlock = 1024;    // of c, where rows of b are added up

int64_t blocks(int64_t n, int64_t block) { return (n + block - 1) / block; }

// Runs tasks on all threads if there is work enough.
void run_tasks(int64_t tasks, int64_t work, FunctionRef<void(int64_t, int64_t)> run) {
  if (tasks == 1 || work < kSerialWork / 4) return run(0, tasks);
  parallel_for(tasks, run);
}

template <class T>
void gather(const T* x, int64_t stride, int64_t n, T* dense) {
  for (int64_t i = 0; i < n; ++i) dense[i] = x[i * stride];
}

// out = sum of count rows of n values, which are lost.
template <class T>
void sum_pairwise(T* rows, int64_t count, int64_t n, T* out, int64_t out_stride) {
  for (int64_t step = 1; step < count; step *= 2) {
    for (int64_t i = 0; i + step < count; i += 2 * step) {
      T* to = rows + i * n;
      const T* from = rows + (i + step) * n;
      for (int64_t j = 0; j < n; ++j) to[j] += from[j];
    }
  }
  for (int64_t j = 0; j < n; ++j) out[j * out_stride] = rows[j];
}

// The blocks a product is cut into: along k, and along the elements of c.
struct Cut {
  int64_t steps, step_blocks;
  int64_t columns, column_blocks;

  Cut(int64_t k, int64_t n, int64_t steps_a_block, int64_t columns_a_block)
      : steps(steps_a_block),
        step_blocks(blocks(k, steps_a_block)),
        columns(columns_a_block),
        column_blocks(blocks(n, columns_a_block)) {}
};

// Calls block(p, steps, j, columns, out) for all blocks. out is c itself or, where c has a stride
// or k is cut, a row that is added up afterwards.
template <class T, class Block>
void run_blocks(const Product<T>& x, const Cut& cut, const Block& block) {
  const bool in_place = cut.step_blocks == 1 && x.c_col == 1;
  T* partial = in_place
                   ? x.c
                   : static_cast<T*>(scratch(Scratch::Partial, sizeof(T) * x.n * cut.step_blocks));
  const auto run = [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t step_block = task / cut.column_blocks;
      const int64_t p = step_block * cut.steps;
      const int64_t j = task % cut.column_blocks * cut.columns;
      block(p, std::min(cut.steps, x.k - p), j, std::min(cut.columns, x.n - j),
            partial + step_block * x.n + j);
    }
  };
  run_tasks(cut.step_blocks * cut.column_blocks, x.n * x.k, run);
  if (!in_place) sum_pairwise(partial, cut.step_blocks, x.n, x.c, x.c_col);
}

// A dense copy of n strided values, or the values themselves if they are dense.
template <class T>
const T* dense(const T* x, int64_t stride, int64_t n, T* copy) {
  if (stride == 1) return x;
  gather(x, stride, n, copy);
  return copy;
}

template <class T>
void dot(const Product<T>& x) {
  const cpu::GemmKernels& g = gemm_kernels<T>();
  if (x.a_col == 1 && x.b_row == 1 && x.k <= kStepsByRow) return g.dot(x.a, x.b, x.k, x.c);
  const Cut cut(x.k, 1, kStepsByRow, 1);
  run_blocks(x, cut, [&](int64_t p, int64_t steps, int64_t, int64_t, T* out) {
    T* copies = x.a_col == 1 && x.b_row == 1
                    ? nullptr
                    : static_cast<T*>(scratch(Scratch::Vector, sizeof(T) * 2 * kStepsByRow));
    g.dot(dense(x.a + p * x.a_col, x.a_col, steps, copies),
          dense(x.b + p * x.b_row, x.b_row, steps, copies + kStepsByRow), steps, out);
  });
}

// b's columns are contiguous: each is dotted with a.
template <class T>
void dot_columns(const Product<T>& x) {
  const cpu::GemmKernels& g = gemm_kernels<T>();
  const int64_t steps = std::min(x.k, kStepsByRow);
  const Cut cut(x.k, x.n, steps, std::max<int64_t>(4, kTaskElements / steps / 4 * 4));
  run_blocks(x, cut, [&](int64_t p, int64_t count, int64_t j, int64_t columns, T* out) {
    const T* a = x.a + p * x.a_col;
    if (x.a_col != 1) {
      T* copy = static_cast<T*>(scratch(Scratch::Vector, sizeof(T) * count));
      a = dense(a, x.a_col, count, copy);
    }
    g.gemv_rows(columns, count, x.b + p + j * x.b_col, x.b_col, a, out);
  });
}

// b's rows are contiguous: they are added up, times the values of a.
template <class T>
void add_rows(const Product<T>& x) {
  const cpu::GemmKernels& g = gemm_kernels<T>();
  const int64_t columns = std::min(x.n, kColumnBlock);
  const Cut cut(x.k, x.n, std::max(kStepsByColumn, kTaskElements / columns / 8 * 8), columns);
  run_blocks(x, cut, [&](int64_t p, int64_t count, int64_t j, int64_t width, T* out) {
    g.gemv_cols(width, count, x.b + p * x.b_row + j, x.b_row, x.a + p * x.a_col, x.a_col, out,
                false);
  });
}

}  // namespace

template <class T>
void gemv(const Product<T>& x) {
  if (x.n == 1) return dot(x);
  if (x.b_row == 1) return dot_columns(x);
  add_rows(x);
}

template void gemv(const Product<float>&);
template void gemv(const Product<double>&);

}  // namespace ndtape::engine
