// Matrix times matrix: BLIS's loops around the gemm kernels.
//
//   for k by kc                              a panel of a fits the L1 cache
//     for columns of c by groups             b of a group fits the L2 cache
//       (pack b's group)
//       for rows of c by mr
//         (pack a's panel, unless the group before left it)
//         for columns of the group by nr
//           c[tile] += panel of a @ panel of b
//
// Tiles of c are the tasks, and a thread takes a run of them along the whole of k. It packs what it
// reads into memory of its own: threads share nothing they write and wait for nobody. k is cut
// alike for all, so that neither blocks nor threads change the order in which an element of c is
// summed. Where c is small and k long, slices of k are tasks too, and are added pairwise.
#include <algorithm>
#include <cstdlib>

#include "engine/matmul_internal.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {

namespace {

constexpr int64_t kStepBytes = cpu::kMaxStepBytes;  // of a row of a in a panel: mr such fit L1
constexpr int64_t kGroupBytes = 768 << 10;          // of packed b: most of an L2 cache

// Panels of a that a thread keeps packed.
constexpr int64_t kKeptBytes = 4 << 20;
constexpr int64_t kMaxKeptPanels = 256;

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

int64_t ceil_div(int64_t n, int64_t d) { return (n + d - 1) / d; }

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
    const auto body = [this](int64_t begin, int64_t end) { run_tiles(begin, end); };
    run_tasks(rows_ * columns_, body);
  }

 private:
  void run_tasks(int64_t count, FunctionRef<void(int64_t, int64_t)> body) const {
    if (x_.m * x_.n * x_.k < kSerialWork) return body(0, count);
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

  // Packed panels of one thread. Those of a are kept from group to group, if there are several.
  struct Packed {
    T* b;
    T* a;
    int64_t kept;  // panels of a, from row on
    int64_t row;   // of tiles
    bool is_packed[kMaxKeptPanels];
  };

  // Tiles are counted group by group, within a group row by row.
  void run_tiles(int64_t begin, int64_t end) const {
    const int64_t group_tiles = rows_ * group_;
    const bool one_group = begin / group_tiles == (end - 1) / group_tiles;
    const int64_t panel = g_.mr * kc_;
    const int64_t b_values = pack_b_ ? group_ * g_.nr * kc_ : 0;
    Packed packed;
    packed.kept = 0;
    if (pack_a_) {
      const int64_t most = kKeptBytes / (panel * static_cast<int64_t>(sizeof(T)));
      packed.kept = one_group ? 1 : std::min({rows_, most, kMaxKeptPanels});
    }
    packed.b =
        static_cast<T*>(scratch(Scratch::Pack, (b_values + packed.kept * panel) * sizeof(T)));
    packed.a = packed.b + b_values;

    const int64_t block = packed.kept > 1 ? packed.kept : rows_;
    for (packed.row = 0; packed.row < rows_; packed.row += block) {
      for (int64_t p = 0; p < x_.k; p += kc_) {
        std::fill_n(packed.is_packed, packed.kept, false);
        for (int64_t first = begin / group_tiles * group_; first * rows_ < end; first += group_) {
          const int64_t width = std::min(group_, columns_ - first);
          const int64_t last_row = std::min(packed.row + block, rows_);
          run_group(first, width, std::max(begin - first * rows_, packed.row * width),
                    std::min(end - first * rows_, last_row * width), p, packed);
        }
      }
    }
  }

  // Tiles start..stop of the group of `width` columns of tiles from `first` on, for the block of k
  // that begins at p.
  void run_group(int64_t first, int64_t width, int64_t start, int64_t stop, int64_t p,
                 Packed& packed) const {
    if (start >= stop) return;
    const int64_t k = std::min(kc_, x_.k - p);
    if (pack_b_) {
      for (int64_t j = 0; j < width; ++j) {
        const Panel from = b_panel(first + j, p);
        g_.pack_b(from.data, from.step, from.lane, k, from.lanes, packed.b + j * g_.nr * k);
      }
    }
    Panel a = {};
    for (int64_t tile = start; tile < stop; ++tile) {
      const int64_t i = tile / width, j = tile % width;
      if (j == 0 || tile == start) {
        a = a_panel(i, p);
        if (pack_a_) {
          a = pack_a(i, a, k, packed);
        } else if (a.step == 1 && i + 1 < rows_) {
          fetch(a_panel(i + 1, p), k);
        }
      }
      Panel b = b_panel(first + j, p);
      if (pack_b_) b = {packed.b + j * g_.nr * k, g_.nr, 1, b.lanes};
      T* const c = x_.c + i * g_.mr * x_.c_row + (first + j) * g_.nr * x_.c_col;
      if (x_.c_col == 1) {
        multiply(k, a, b, c, x_.c_row, p > 0);
      } else {
        multiply_scattered(k, a, b, c, p > 0);
      }
    }
  }

  // Asks for a panel that is read as it lies, by rows too short for the processor to find out what
  // to fetch next.
  static void fetch(const Panel& panel, int64_t k) {
    for (int i = 0; i < panel.lanes; ++i) {
      const auto* row = reinterpret_cast<const char*>(panel.data + i * panel.lane);
      for (int64_t b = 0; b < k * static_cast<int64_t>(sizeof(T)); b += 64) {
        __builtin_prefetch(row + b, 0, 2);
      }
    }
  }

  Panel pack_a(int64_t i, const Panel& from, int64_t k, Packed& packed) const {
    const int64_t slot = packed.kept > 1 ? i - packed.row : 0;
    T* const to = packed.a + slot * g_.mr * kc_;
    if (packed.kept == 1 || !packed.is_packed[slot]) {
      g_.pack_a(from.data, from.step, from.lane, k, from.lanes, to);
      packed.is_packed[slot] = true;
    }
    return {to, g_.mr, 1, from.lanes};
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
  // Small products skip all planning.
  constexpr int64_t kShort = kStepBytes / sizeof(T);
  if (x.b_col == 1 && x.c_col == 1 && x.k <= kShort && x.m * x.n * x.k < kSerialWork) {
    gemm_kernels<T>().direct(x.m, x.n, x.k, x.a, x.a_row, x.a_col, x.b, x.b_row, x.c, x.c_row,
                             false);
  } else {
    Gemm<T>(x).run();
  }
}

template void gemm(const Product<float>&);
template void gemm(const Product<double>&);

}  // namespace ndtape::engine
