// The gemm kernels of this build, for float32 and float64.
#include "cpu/gemm_gather.h"
#include "cpu/gemm_pack.h"
#include "cpu/gemm_patches.h"
#include "cpu/gemm_tile.h"
#include "cpu/gemm_vector.h"
#include "cpu/isa.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

template <class T>
inline void run_direct(const Tile<T>& t, int m, int vectors) {
  kDirect<T>.at[vectors - 1][m - 1](t);
}

inline constexpr int vectors_for(int n, int lanes) { return (n + lanes - 1) / lanes; }

template <class T>
void tile(int64_t k, const void* a, const void* b, void* c, int64_t c_row, int m, int n,
          bool accumulate) {
  constexpr int L = kLanes<T>;
  const int vectors = vectors_for(n, L);
  const Tile<T> t = {k,
                     static_cast<const T*>(a),
                     1,
                     kMr,
                     static_cast<const T*>(b),
                     kNr<T>,
                     static_cast<T*>(c),
                     c_row,
                     n - (vectors - 1) * L,
                     accumulate};
  if (m == kMr && vectors == kNv) return tile_kernel<T, kMr, kNv, true>(t);
  run_direct(t, m, vectors);
}

template <class T>
void direct(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row, int64_t a_col,
            const void* b, int64_t b_row, void* c, int64_t c_row, bool accumulate) {
  constexpr int L = kLanes<T>;
  const T* const a_first = static_cast<const T*>(a);
  const T* const b_first = static_cast<const T*>(b);
  T* const c_first = static_cast<T*>(c);
  // Rows are dealt out evenly: a remainder of a row or two would wait for each multiply-add.
  const int64_t panels = (m + kMr - 1) / kMr;
  for (int64_t j = 0; j < n; j += kNr<T>) {
    const int columns = static_cast<int>(n - j < kNr<T> ? n - j : kNr<T>);
    const int vectors = vectors_for(columns, L);
    const T* panel_b = b_first + j;
    int64_t panel_row = b_row;
    T padded[kMaskedLoads ? 1 : kMaxStepBytes / sizeof(T) * kNr<T>];
    if (!kMaskedLoads && columns % L != 0) {
      pack_copy<T, kNr<T>>(panel_b, b_row, k, columns, padded);
      panel_b = padded;
      panel_row = kNr<T>;
    }
    for (int64_t panel = 0, i = 0; panel < panels; ++panel) {
      const int rows = static_cast<int>((m - i) / (panels - panel));
      const Tile<T> t = {k,
                         a_first + i * a_row,
                         a_row,
                         a_col,
                         panel_b,
                         panel_row,
                         c_first + i * c_row + j,
                         c_row,
                         columns - (vectors - 1) * L,
                         accumulate};
      run_direct(t, rows, vectors);
      i += rows;
    }
  }
}

template <class T>
GemmKernels make_kernels() {
  static_assert(kMr * kNr<T> <= kMaxTile);
  return {kMr,
          kNr<T>,
          kLanes<T>,
          &tile<T>,
          &direct<T>,
          &pack<T, kMr>,
          &pack<T, kNr<T>>,
          &gather_lanes<T, kNr<T>>,
          &gather_steps<T, kNr<T>>,
          &tile_columns<T>,
          &tile_rows<T>,
          &dot<T>,
          &gemv_rows<T>,
          &gemv_cols<T>};
}

}  // namespace

void add_gemm(KernelTable& table) {
  table.gemm_float32 = make_kernels<float>();
  table.gemm_float64 = make_kernels<double>();
}

}  // namespace ndtape::cpu::NDTAPE_ISA
