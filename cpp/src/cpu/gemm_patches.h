// Tiles of a product one of whose operands is read where it lies in an image, at places that two
// tables name: convolution without patches.
#pragma once

#include "cpu/gemm_tile.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// Where lanes from `at` on come from elsewhere than those before: a vector of positions that meets
// the end of a row.
#if defined(__AVX512F__)
template <class T>
struct Seam {
  unsigned after;
  explicit Seam(int at = kLanes<T>) : after(0xffffu << at) {}
  Vec<T> load(const T* before, const T* from) const {
    const Vec<T> v = NDTAPE_ISA::load<Vec<T>>(before);
    if constexpr (sizeof(T) == 4) {
      return (Vec<T>)_mm512_mask_loadu_ps((__m512)v, static_cast<__mmask16>(after), from);
    } else {
      return (Vec<T>)_mm512_mask_loadu_pd((__m512d)v, static_cast<__mmask8>(after), from);
    }
  }
};
#else
template <class T>
struct Seam {
  decltype(bits(Vec<T>{})) after = {};
  explicit Seam(int at = kLanes<T>) {
    for (int i = at; i < kLanes<T>; ++i) after[i] = -1;
  }
  Vec<T> load(const T* before, const T* from) const {
    return select(after, NDTAPE_ISA::load<Vec<T>>(from), NDTAPE_ISA::load<Vec<T>>(before));
  }
};
#endif

template <class T>
struct PatchTile {
  int64_t k;
  const T* panel;  // the packed operand
  const T* src;    // the other one
  const int64_t* step;
  const int64_t* lane;
  T* c;
  int64_t c_row;
  int last;      // columns in the last vector of c
  const T* add;  // to each row, or null
  bool accumulate;
};

// M rows of a packed panel, by NV vectors of columns read in place.
template <class T, int M, int NV, bool Seams>
void columns_kernel(const PatchTile<T>& t) {
  using V = Vec<T>;
  constexpr int L = kLanes<T>;
  V acc[M][NV] = {};
  const T *b[NV], *beyond[NV];
  Seam<T> seam[NV];
#pragma GCC unroll 4
  for (int j = 0; j < NV; ++j) {
    const int count = j == NV - 1 ? t.last : L;
    const int64_t* const lane = t.lane + j * L;
    int run = 1;
    while (run < count && lane[run] == lane[0] + run) ++run;
    b[j] = t.src + lane[0];
    beyond[j] = run < count ? t.src + lane[run] - run : b[j];
    seam[j] = Seam<T>(run);
  }
  prefetch_tile<T, M, NV>(t.k, t.c, t.c_row);
  const T* panel = t.panel;
  for (int64_t q = 0; q < t.k; ++q, panel += kMr) {
    const int64_t shift = t.step[q];
    V bv[NV];
#pragma GCC unroll 4
    for (int j = 0; j < NV; ++j) {
      bv[j] = Seams ? seam[j].load(b[j] + shift, beyond[j] + shift) : load<V>(b[j] + shift);
    }
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) {
      const V av = panel[i] - V{};
#pragma GCC unroll 4
      for (int j = 0; j < NV; ++j) acc[i][j] = multiply_add(av, bv[j], acc[i][j]);
    }
  }
  if (t.add) {
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < NV; ++j) acc[i][j] += t.add[i];
    }
  }
  write_tile<T, M, NV>(acc, t.c, t.c_row, Mask<T>(t.last), t.accumulate);
}

// Of more pointers than there are registers the compiler would keep some in vector registers, which
// costs more than to read them again.
inline constexpr int kPointers = 8;
template <class T, bool Many>
struct RowPointer {
  using type = const T*;
};
template <class T>
struct RowPointer<T, true> {
  using type = const T* volatile;
};

// M rows read in place, by NV vectors of a packed panel.
template <class T, int M, int NV>
void rows_kernel(const PatchTile<T>& t) {
  using V = Vec<T>;
  constexpr int L = kLanes<T>;
  V acc[M][NV] = {};
  typename RowPointer<T, (M > kPointers)>::type a[M];
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) a[i] = t.src + t.lane[i];
  prefetch_tile<T, M, NV>(t.k, t.c, t.c_row);
  const T* panel = t.panel;
  for (int64_t q = 0; q < t.k; ++q, panel += kNr<T>) {
    const int64_t shift = t.step[q];
    V bv[NV];
#pragma GCC unroll 4
    for (int j = 0; j < NV; ++j) bv[j] = load<V>(panel + j * L);
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) {
      const V av = a[i][shift] - V{};
#pragma GCC unroll 4
      for (int j = 0; j < NV; ++j) acc[i][j] = multiply_add(av, bv[j], acc[i][j]);
    }
  }
  write_tile<T, M, NV>(acc, t.c, t.c_row, Mask<T>(t.last), t.accumulate);
}

template <class T>
using PatchKernel = void (*)(const PatchTile<T>&);

// at[v - 1][m - 1] computes m rows by v vectors.
template <class T>
struct PatchKernels {
  PatchKernel<T> columns[kNv][kMr], seams[kNv][kMr], rows[kNv][kMr];
};

template <class T, int NV, int M>
constexpr void fill_row(PatchKernels<T>& kernels) {
  kernels.columns[NV - 1][M - 1] = &columns_kernel<T, M, NV, false>;
  kernels.seams[NV - 1][M - 1] = &columns_kernel<T, M, NV, true>;
  kernels.rows[NV - 1][M - 1] = &rows_kernel<T, M, NV>;
  if constexpr (M > 1) fill_row<T, NV, M - 1>(kernels);
}

template <class T>
constexpr PatchKernels<T> make_patch_kernels() {
  PatchKernels<T> kernels = {};
  fill_row<T, 1, kMr>(kernels);
  fill_row<T, 2, kMr>(kernels);
  return kernels;
}

template <class T>
constexpr PatchKernels<T> kPatch = make_patch_kernels<T>();

template <class T>
void tile_columns(int64_t k, const void* a, const void* src, const int64_t* step,
                  const int64_t* lane, void* c, int64_t c_row, int m, int n, const void* add,
                  bool accumulate) {
  constexpr int L = kLanes<T>;
  const int vectors = (n + L - 1) / L;
  const PatchTile<T> t = {k,
                          static_cast<const T*>(a),
                          static_cast<const T*>(src),
                          step,
                          lane,
                          static_cast<T*>(c),
                          c_row,
                          n - (vectors - 1) * L,
                          static_cast<const T*>(add),
                          accumulate};
  bool seams = false;
  for (int i = 1; i < n; ++i) seams = seams || (i % L != 0 && lane[i] != lane[i - 1] + 1);
  (seams ? kPatch<T>.seams : kPatch<T>.columns)[vectors - 1][m - 1](t);
}

template <class T>
void tile_rows(int64_t k, const void* src, const int64_t* step, const int64_t* lane, const void* b,
               void* c, int64_t c_row, int m, int n, bool accumulate) {
  constexpr int L = kLanes<T>;
  const int vectors = (n + L - 1) / L;
  kPatch<T>.rows[vectors - 1][m - 1]({k, static_cast<const T*>(b), static_cast<const T*>(src), step,
                                      lane, static_cast<T*>(c), c_row, n - (vectors - 1) * L,
                                      nullptr, accumulate});
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
