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
  int64_t scratch() const { return g_.mr * std::min(k_, kSteps); }

  // c = a @ b, or c += a @ b: a has unit column stride, c too.
  void multiply(const T* a, int64_t a_row, int64_t rows, T* c, int64_t c_row, bool accumulate,
                T* packed) const {
    const int64_t tiles = (rows + g_.mr - 1) / g_.mr;
    for (int64_t tile = 0; tile < tiles; ++tile) {
      const int64_t i = tile * rows / tiles;
      const int m = static_cast<int>((tile + 1) * rows / tiles - i);
      for (int64_t p = 0; p < k_; p += kSteps) {
        const int64_t steps = std::min(kSteps, k_ - p);
        g_.pack_a(a + i * a_row + p, 1, a_row, steps, m, packed);
        for (int64_t j = 0; j < panels_; ++j) {
          g_.tile(steps, packed, panel(p, steps, j), c + i * c_row + j * g_.nr, c_row, m, lanes(j),
                  accumulate || p > 0);
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
