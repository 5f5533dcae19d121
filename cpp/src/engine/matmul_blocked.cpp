// Matrix times matrix: BLIS's loops around the gemm kernels.
//
//   for columns of c by groups           packed b of a group fits the L2 cache
//     for k by kc                        a panel of a fits the L1 cache
//       (pack b's group)
//       for rows of c by mr
//         (pack a's panel)
//         for columns of the group by nr
//           c[tile] += panel of a @ panel of b
//
// Tiles of c are the tasks, and a thread takes a run of them, in this order, along the whole of k.
// It packs what it reads into memory of its own: threads share nothing they write and wait for
// nobody. k is cut alike for all, so that neither blocks nor threads change the order in which an
// element of c is summed. Where c is small and k long, sums over slices of k are tasks too, and are
// added pairwise.
#include <algorithm>
#include <cstdlib>

#include "engine/matmul_internal.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {

namespace {

constexpr int64_t kStepBytes = cpu::kMaxStepBytes;  // of a row of a in a panel: mr such fit L1
constexpr int64_t kGroupBytes = 768 << 10;          // of packed b: most of an L2 cache

int64_t ceil_div(int64_t n, int64_t d) { return (n + d - 1) / d; }

// k is cut into slices of at least this many steps where c has at most this many elements.
constexpr int64_t kSliceSteps = 1024;
constexpr int64_t kMaxSlices = 64;
constexpr int64_t kSlicedElements = 64 * 128;

// Whether the panels of a matrix are better read from a packed copy: it is too large to stay near,
// or its rows (or columns) lie a multiple of 4 KiB apart and compete for one set of the cache.
bool is_far(int64_t elements, int64_t row_stride, int64_t col_stride, int64_t size) {
  const int64_t bytes = elements * size;
  const int64_t stride = std::max(std::abs(row_stride), std::abs(col_stride)) * size;
  return bytes > (1 << 20) || (stride % 4096 == 0 && bytes > (64 << 10));
}

// n cut into equal blocks of at most `most`, each a multiple of `unit`.
int64_t even_block(int64_t n, int64_t most, int64_t unit) {
  const int64_t count = ceil_div(n, std::max(most, unit));
  return ceil_div(ceil_div(n, count), unit) * unit;
}

template <class T>
class Gemm {
 public:
  explicit Gemm(const Product<T>& x) : x_(x), g_(gemm_kernels<T>()) {
    const int64_t size = sizeof(T);
    // Packing pays where panels are read often, from far away. b must have unit column stride.
    pack_a_ = x.n > 4 * g_.nr && is_far(x.m * x.k, x.a_row, x.a_col, size);
    pack_b_ = x.b_col != 1 || (x.m > 4 * g_.mr && is_far(x.k * x.n, x.b_row, x.b_col, size));
    kc_ = even_block(x.k, kStepBytes / size, 8);
    rows_ = ceil_div(x.m, g_.mr);
    columns_ = ceil_div(x.n, g_.nr);
    group_ = even_block(columns_, kGroupBytes / (kc_ * g_.nr * size), 1);
  }

  void run() const {
    const int64_t slices = std::min(kMaxSlices, x_.k / kSliceSteps);
    if (slices > 1 && x_.m * x_.n <= kSlicedElements) return run_slices(slices);
    if (is_serial() && !pack_a_ && !pack_b_ && x_.c_col == 1 && x_.k <= kc_) {
      return g_.direct(x_.m, x_.n, x_.k, x_.a, x_.a_row, x_.a_col, x_.b, x_.b_row, x_.c, x_.c_row,
                       false);
    }
    const auto body = [this](int64_t begin, int64_t end) { run_tiles(begin, end); };
    run_tasks(rows_ * columns_, body);
  }

 private:
  bool is_serial() const { return x_.m * x_.n * x_.k < kSerialWork; }

  void run_tasks(int64_t count, FunctionRef<void(int64_t, int64_t)> body) const {
    if (is_serial()) return body(0, count);
    parallel_for(count, body);
  }

  // c as a sum of products over slices of k.
  void run_slices(int64_t slices) const {
    const int64_t size = x_.m * x_.n;
    const int64_t steps = ceil_div(x_.k, slices);
    T* const sums = static_cast<T*>(scratch(Scratch::Partial, slices * size * sizeof(T)));
    run_tasks(slices, [&](int64_t begin, int64_t end) {
      for (int64_t slice = begin; slice < end; ++slice) {
        Product<T> x = x_;
        x.k = std::min(steps, x_.k - slice * steps);
        x.a += slice * steps * x.a_col;
        x.b += slice * steps * x.b_row;
        x.c = sums + slice * size;
        x.c_row = x.n;
        x.c_col = 1;
        const Gemm<T> part(x);
        part.run_tiles(0, part.rows_ * part.columns_);
      }
    });
    for (int64_t stride = 1; stride < slices; stride *= 2) {
      for (int64_t slice = 0; slice + stride < slices; slice += 2 * stride) {
        T* const to = sums + slice * size;
        const T* const from = to + stride * size;
        for (int64_t i = 0; i < size; ++i) to[i] += from[i];
      }
    }
    for (int64_t i = 0; i < x_.m; ++i) {
      for (int64_t j = 0; j < x_.n; ++j) x_.c[i * x_.c_row + j * x_.c_col] = sums[i * x_.n + j];
    }
  }

  // A panel of an operand: packed, or as it lies in memory.
  struct Panel {
    const T* data;
    int64_t step;  // stride along k
    int64_t lane;  // stride across k
    int lanes;
  };

  Panel a_panel(int64_t i, int64_t p) const {
    return {x_.a + i * g_.mr * x_.a_row + p * x_.a_col, x_.a_col, x_.a_row,
            static_cast<int>(std::min<int64_t>(g_.mr, x_.m - i * g_.mr))};
  }

  Panel b_panel(int64_t j, int64_t p) const {
    return {x_.b + j * g_.nr * x_.b_col + p * x_.b_row, x_.b_row, x_.b_col,
            static_cast<int>(std::min<int64_t>(g_.nr, x_.n - j * g_.nr))};
  }

  // Tiles are counted group by group, within a group row by row.
  void run_tiles(int64_t begin, int64_t end) const {
    const int64_t b_values = pack_b_ ? group_ * g_.nr * kc_ : 0;
    const int64_t a_values = pack_a_ ? g_.mr * kc_ : 0;
    T* const packed_b = static_cast<T*>(scratch(Scratch::Pack, (a_values + b_values) * sizeof(T)));
    T* const packed_a = packed_b + b_values;
    while (begin < end) {
      const int64_t first = begin / (rows_ * group_) * group_;
      const int64_t width = std::min(group_, columns_ - first);
      const int64_t start = begin - first * rows_;
      const int64_t stop = std::min(end - first * rows_, rows_ * width);
      for (int64_t p = 0; p < x_.k; p += kc_) {
        run_group(first, width, start, stop, p, packed_a, packed_b);
      }
      begin += stop - start;
    }
  }

  // Tiles start..stop of the group of `width` columns of tiles from `first` on, for the block of k
  // that begins at p.
  void run_group(int64_t first, int64_t width, int64_t start, int64_t stop, int64_t p, T* packed_a,
                 T* packed_b) const {
    const int64_t k = std::min(kc_, x_.k - p);
    if (pack_b_) {
      for (int64_t j = 0; j < width; ++j) {
        const Panel from = b_panel(first + j, p);
        g_.pack_b(from.data, from.step, from.lane, k, from.lanes, packed_b + j * g_.nr * k);
      }
    }
    Panel a = {};
    for (int64_t tile = start; tile < stop; ++tile) {
      const int64_t i = tile / width, j = tile % width;
      if (j == 0 || tile == start) {
        a = a_panel(i, p);
        if (pack_a_) {
          g_.pack_a(a.data, a.step, a.lane, k, a.lanes, packed_a);
          a = {packed_a, g_.mr, 1, a.lanes};
        }
      }
      Panel b = b_panel(first + j, p);
      if (pack_b_) b = {packed_b + j * g_.nr * k, g_.nr, 1, b.lanes};
      T* const c = x_.c + i * g_.mr * x_.c_row + (first + j) * g_.nr * x_.c_col;
      if (x_.c_col == 1) {
        multiply(k, a, b, c, x_.c_row, p > 0);
      } else {
        multiply_scattered(k, a, b, c, p > 0);
      }
    }
  }

  void multiply(int64_t k, const Panel& a, const Panel& b, T* c, int64_t c_row,
                bool accumulate) const {
    if (pack_a_ && pack_b_) {
      g_.tile(k, a.data, b.data, c, c_row, a.lanes, b.lanes, accumulate);
    } else {
      g_.direct(a.lanes, b.lanes, k, a.data, a.lane, a.step, b.data, b.step, c, c_row, accumulate);
    }
  }

  void multiply_scattered(int64_t k, const Panel& a, const Panel& b, T* c, bool accumulate) const {
    alignas(64) T tile[cpu::kMaxTile];
    multiply(k, a, b, tile, g_.nr, false);
    for (int i = 0; i < a.lanes; ++i) {
      for (int j = 0; j < b.lanes; ++j) {
        T& to = c[i * x_.c_row + j * x_.c_col];
        to = accumulate ? to + tile[i * g_.nr + j] : tile[i * g_.nr + j];
      }
    }
  }

  const Product<T> x_;
  const cpu::GemmKernels& g_;
  bool pack_a_, pack_b_;
  int64_t kc_;
  int64_t rows_, columns_;  // of tiles
  int64_t group_;           // columns of tiles whose b is packed together
};

}  // namespace

template <class T>
void gemm(const Product<T>& x) {
  Gemm<T>(x).run();
}

template void gemm(const Product<float>&);
template void gemm(const Product<double>&);

}  // namespace ndtape::engine
