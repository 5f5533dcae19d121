// A matrix packed once, for many products with a few rows each.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/matmul_internal.h"
#include "ndtape/tensor.h"

namespace ndtape::engine {

// b, (k, n), in panels of nr columns, k cut into blocks. Every element of a product is summed over
// k in ascending order, whatever the number of rows.
template <class T>
class PackedMatrix {
 public:
  // b[p, j] lies at b + p * row + j * col. Throws std::bad_alloc.
  PackedMatrix(const T* b, int64_t row, int64_t col, int64_t k, int64_t n)
      : g_(gemm_kernels<T>()), k_(k), n_(n), panels_((n + g_.nr - 1) / g_.nr) {
    memory_ = Storage::allocate(static_cast<size_t>(panels_ * g_.nr * k) * sizeof(T));
    for (int64_t p = 0; p < k; p += kSteps) {
      const int64_t steps = std::min(kSteps, k - p);
      for (int64_t j = 0; j < panels_; ++j) {
        g_.pack_b(b + p * row + j * g_.nr * col, row, col, steps, lanes(j),
                  const_cast<T*>(panel(p, steps, j)));
      }
    }
  }

  // Values a caller must lend `multiply`, 64-byte aligned.
  int64_t scratch() const { return scratch(k_); }
  static int64_t scratch(int64_t k) { return gemm_kernels<T>().mr * std::min(k, kSteps); }

  // c = a @ b, or c += a @ b, for as many rows; c has unit column stride. Of b the first `k` rows
  // and `n` columns only, where given.
  void multiply(const T* a, int64_t a_row, int64_t a_col, int64_t rows, T* c, int64_t c_row,
                bool accumulate, T* packed) const {
    multiply(a, a_row, a_col, rows, c, c_row, accumulate, packed, k_, n_);
  }
  void multiply(const T* a, int64_t a_row, int64_t a_col, int64_t rows, T* c, int64_t c_row,
                bool accumulate, T* packed, int64_t k, int64_t n) const {
    const int64_t tiles = (rows + g_.mr - 1) / g_.mr, panels = (n + g_.nr - 1) / g_.nr;
    // a is read as it lies, unless its rows (or columns) compete for one set of the cache.
    const bool in_place = std::max(a_row, a_col) * static_cast<int64_t>(sizeof(T)) % 4096 != 0;
    for (int64_t tile = 0; tile < tiles; ++tile) {
      const int64_t i = tile * rows / tiles;
      const int m = static_cast<int>((tile + 1) * rows / tiles - i);
      for (int64_t p = 0; p < k; p += kSteps) {
        const int64_t steps = std::min(kSteps, k - p), stored = std::min(kSteps, k_ - p);
        const T* const from = a + i * a_row + p * a_col;
        if (!in_place) g_.pack_a(from, a_col, a_row, steps, m, packed);
        for (int64_t j = 0; j < panels; ++j) {
          const int width = static_cast<int>(std::min<int64_t>(g_.nr, n - j * g_.nr));
          T* const to = c + i * c_row + j * g_.nr;
          if (in_place) {
            g_.direct(m, width, steps, from, a_row, a_col, panel(p, stored, j), g_.nr, to, c_row,
                      accumulate || p > 0);
          } else {
            g_.tile(steps, packed, panel(p, stored, j), to, c_row, m, width, accumulate || p > 0);
          }
        }
      }
    }
  }

 private:
  static constexpr int64_t kSteps = cpu::kMaxStepBytes / sizeof(T);

  int lanes(int64_t j) const { return static_cast<int>(std::min<int64_t>(g_.nr, n_ - j * g_.nr)); }
  const T* panel(int64_t p, int64_t steps, int64_t j) const {
    return static_cast<const T*>(memory_->data()) + (p * panels_ + j * steps) * g_.nr;
  }

  const cpu::GemmKernels& g_;
  const int64_t k_, n_, panels_;
  Ref<Storage> memory_;
};

}  // namespace ndtape::engine
