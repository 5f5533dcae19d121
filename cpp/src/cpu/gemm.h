// Matrix-multiply kernels of one instruction set and dtype, on raw memory.
//
// Names are BLIS's: a tile of c is mr x nr and stays in registers while it runs along k.
// All strides are in elements and may be zero or negative. Every element of c is summed over k in
// ascending order by fused multiply-adds (where the processor has them), whatever the kernel and
// the shape of the tile, so that results do not depend on how a product is cut into tiles.
#pragma once

#include <cstdint>

namespace ndtape::cpu {

inline constexpr int kMaxTile = 1024;       // bounds mr * nr
inline constexpr int kMaxStepBytes = 2048;  // bounds k * sizeof(T) in direct
inline constexpr int kGatherSlack = 128;    // values

struct GemmKernels {
  int mr;
  int nr;
  int lanes;  // of a vector; nr is a multiple

  // c = a @ b, or c += a @ b if accumulate, for one tile of m <= mr rows and n <= nr columns.
  // a is a packed panel of k steps of mr values, b one of nr values; c has unit column stride.
  void (*tile)(int64_t k, const void* a, const void* b, void* c, int64_t c_row, int m, int n,
               bool accumulate);

  // The same for any m and n, on a and b as they lie. b and c have unit column stride.
  void (*direct)(int64_t m, int64_t n, int64_t k, const void* a, int64_t a_row, int64_t a_col,
                 const void* b, int64_t b_row, void* c, int64_t c_row, bool accumulate);

  // panel[p * width + i] = src[p * step + i * lane] for p < k and i < lanes, 0 for the i beyond,
  // where width is mr for pack_a and nr for pack_b.
  void (*pack_a)(const void* src, int64_t step, int64_t lane, int64_t k, int lanes, void* panel);
  void (*pack_b)(const void* src, int64_t step, int64_t lane, int64_t k, int lanes, void* panel);

  // panel[q * nr + i] = src[step[q] + lane[i]] for q < k and i < lanes; anything for the i beyond.
  // gather_lanes is for lanes, gather_steps for steps that mostly follow one another. src must be
  // readable for 16 values beyond what is named, and the panel writable for kGatherSlack.
  void (*gather_lanes)(const void* src, const int64_t* step, int64_t k, const int64_t* lane,
                       int lanes, void* panel);
  void (*gather_steps)(const void* src, const int64_t* step, int64_t k, const int64_t* lane,
                       int lanes, void* panel);

  // A tile whose b, or a, is read in place: b[q, j] or a[i, q] = src[step[q] + lane[j or i]]. The
  // other operand is a packed panel. Of the lanes of tile_columns each vector is at most two runs;
  // whole vectors are read as by gather_lanes, and of the second run as many values before it.
  // add, if not null, holds m values to add to the rows. k is not bounded.
  void (*tile_columns)(int64_t k, const void* a, const void* src, const int64_t* step,
                       const int64_t* lane, void* c, int64_t c_row, int m, int n, const void* add,
                       bool accumulate);
  void (*tile_rows)(int64_t k, const void* src, const int64_t* step, const int64_t* lane,
                    const void* b, void* c, int64_t c_row, int m, int n, bool accumulate);

  // *out = sum of x[i] * y[i] for i < n, by lanes, in an order set by n alone.
  void (*dot)(const void* x, const void* y, int64_t n, void* out);

  // out[i] = sum over j < k of a[i * a_row + j] * x[j], for i < m: dot products of rows.
  void (*gemv_rows)(int64_t m, int64_t k, const void* a, int64_t a_row, const void* x, void* out);

  // out[i] = sum over j < k of a[i + j * a_col] * x[j * x_stride], for i < m: columns are added up.
  // If accumulate, out[i] += the same.
  void (*gemv_cols)(int64_t m, int64_t k, const void* a, int64_t a_col, const void* x,
                    int64_t x_stride, void* out, bool accumulate);
};

}  // namespace ndtape::cpu
