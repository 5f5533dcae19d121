// Complex products by real ones: with b read as real columns in turn, re(a) @ b has the products
// of a's real parts with both parts of b, and im(a) @ b those of its imaginary parts, of which each
// belongs to the other part of c.
#include <algorithm>

#include "engine/matmul_internal.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {

namespace {

constexpr int64_t kRows = 64;  // rows of c a task, when the two products are put together
// Multiply-adds up to which the two real products are a thread's each; larger ones are shared.
constexpr int64_t kWholeWork = int64_t{1} << 22;

// b with its rows dense, in working memory unless it is so already.
template <class T>
const Complex<T>* dense_rows(const Product<Complex<T>>& x, int64_t& row) {
  row = x.b_row;
  if (x.b_col == 1) return x.b;
  row = x.n;
  auto* dense = static_cast<Complex<T>*>(
      scratch(Scratch::Complex, static_cast<size_t>(x.k * x.n) * sizeof(Complex<T>)));
  for (int64_t p = 0; p < x.k; ++p) {
    for (int64_t j = 0; j < x.n; ++j) dense[p * x.n + j] = x.b[p * x.b_row + j * x.b_col];
  }
  return dense;
}

}  // namespace

template <class T>
void complex_matmul(const Product<Complex<T>>& x) {
  int64_t b_row;
  const T* b = reinterpret_cast<const T*>(dense_rows(x, b_row));
  const T* a = reinterpret_cast<const T*>(x.a);
  // Two real products beside each other, (m, 2n) each.
  const int64_t width = 2 * x.n, half = x.m * width;
  T* products =
      static_cast<T*>(scratch(Scratch::Products, static_cast<size_t>(2 * half) * sizeof(T)));
  const auto multiply_parts = [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      multiply(Product<T>{x.m, width, x.k, a + part, 2 * x.a_row, 2 * x.a_col, b, 2 * b_row, 1,
                          products + part * half, width, 1});
    }
  };
  const int64_t work = half * x.k;
  if (2 * work > kSerialWork && work < kWholeWork) {
    parallel_for(2, multiply_parts);
  } else {
    multiply_parts(0, 2);
  }
  const auto combine = [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * kRows; i < std::min(end * kRows, x.m); ++i) {
      const T* re = products + i * width;
      const T* im = re + half;
      Complex<T>* c = x.c + i * x.c_row;
      for (int64_t j = 0; j < x.n; ++j) {
        c[j * x.c_col] = {re[2 * j] - im[2 * j + 1], re[2 * j + 1] + im[2 * j]};
      }
    }
  };
  const int64_t tasks = (x.m + kRows - 1) / kRows;
  if (half < kSerialWork) return combine(0, tasks);
  parallel_for(tasks, combine);
}

template void complex_matmul(const Product<Complex<float>>&);
template void complex_matmul(const Product<Complex<double>>&);

}  // namespace ndtape::engine
