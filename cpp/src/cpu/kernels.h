// What an instruction set offers: tables of functions over raw, short, contiguous memory.
//
// Every file of this folder but dispatch.cpp is compiled once per instruction set, into the
// namespace NDTAPE_ISA names, and adds its kernels to the table of that build.
#pragma once

#include <cstdint>

#include "cpu/gemm.h"
#include "cpu/op_table.h"
#include "ndtape/dtype.h"
#include "ndtape/hot.h"

namespace ndtape::cpu {

// out[i] = op(a[i], b[i], c[i]) for i < n. Unused operands are ignored. out may be one of the
// operands itself, but must not overlap any of them otherwise. bool is one byte, 0 or 1.
using BlockKernel = void (*)(const void* a, const void* b, const void* c, void* out, int64_t n);

// Copies rows x cols elements between strided memory and a dense row-major block.
// Strides are in bytes.
using GatherKernel = void (*)(const void* src, int64_t row_stride, int64_t col_stride, void* dense,
                              int64_t rows, int64_t cols);
// The same for a tile whose rows are one element apart; what such a tile at `next` reads is fetched
// meanwhile.
using GatherSideKernel = void (*)(const void* src, int64_t col_stride, void* dense, int64_t rows,
                                  int64_t cols, const void* next);
using ScatterKernel = void (*)(const void* dense, void* dst, int64_t row_stride, int64_t col_stride,
                               int64_t rows, int64_t cols);

// Copies dense rows to rows row_stride bytes apart, by stores that leave the caches alone where the
// processor has such; what they wrote is seen by other threads after `stream_end`.
using StreamKernel = void (*)(const void* dense, void* dst, int64_t row_stride, int64_t rows,
                              int64_t row_bytes);

// *out = op over x[0..n), n >= 1, in an order set by n alone.
using ReduceKernel = void (*)(const void* x, void* out, int64_t n);

// out[j] = op over x[r][j], r < rows, rows at least 1, whose rows are row_stride bytes apart; in an
// order set by the number of rows alone.
using FoldKernel = void (*)(const void* x, int64_t row_stride, void* out, int64_t rows,
                            int64_t cols);

// out[r][j] = the element at x[r] + offsets[j]; rows x_row and out_row bytes apart.
using TakeKernel = void (*)(const void* x, int64_t x_row, const int64_t* offsets, void* out,
                            int64_t out_row, int64_t rows, int64_t n);

// out[positions[j]] += values[j] in the order of j; a negative position counts from `length`.
using AddAtKernel = void (*)(void* out, int64_t length, const int64_t* positions,
                             const void* values, int64_t n);

// The element at x + offsets[i] = values[i], in this order.
using PutKernel = void (*)(void* x, const int64_t* offsets, const void* values, int64_t n);

// offsets[i] += step * index[i * stride], counted from the end of `length` where negative. False
// when one of them is out of range; the offsets then mean nothing.
using OffsetKernel = bool (*)(const int64_t* index, int64_t stride, int64_t length, int64_t step,
                              int64_t* offsets, int64_t n);

// Moves the elements of x whose byte in mask is 1 to out, until `count` have been found.
using CompressKernel = void (*)(const void* x, const uint8_t* mask, void* out, int64_t count);

// A RowOp on n elements of a row: args are its operands, absent ones null. out, of n elements, and
// total, one, are null where they are not wanted or the operator has none.
using RowKernel = void (*)(const void* const* args, void* out, void* total, int64_t n);

// A StepOp on n elements, in place: tensors are the parameter, its gradient and the rule's state.
using StepKernel = void (*)(void* const* tensors, const double* numbers, int64_t n);

// Position of the first extreme value (or of the first NaN) in x[0..n), n >= 1.
using ArgKernel = int64_t (*)(const void* x, int64_t n);

// Running results, in an order set by the elements alone. A carry is what came before: of float32 a
// float64, else of the dtype itself; null kernels where a dtype has none. `factor` is the
// recurrence's, else null.
struct ScanKernels {
  void (*start)(void* carry, int64_t n);  // carries before the first element
  // out[i] from x[0..i] and *carry, which moves past x[n - 1].
  void (*along)(const void* x, const void* factor, void* carry, void* out, int64_t n);
  // The same one step in each of n lines: out[i] from x[i] and carry[i].
  void (*across)(const void* x, const void* factor, void* carry, void* out, int64_t n);
  // Moves *carry past a block whose carry, from the start, is *total: as `along` does. Null where
  // the order of operations forbids it.
  void (*join)(void* carry, const void* total);
};
inline constexpr int64_t kCarryBytes = 16;  // at most

// Philox4x32-10 and what is made of its words, by the kernels of random.cpp.
struct RandomKernels {
  // words[4 * i + j] = word j of the block of counter (first + i, high) under key, for i < blocks.
  void (*philox)(uint64_t key, uint64_t first, uint64_t high, int64_t blocks, uint32_t* words);

  // out[i] = low + u * range, below high, from one word (float32: 24 bits) or two (53 bits).
  void (*uniform_float32)(const uint32_t* words, float low, float range, float high, float* out,
                          int64_t n);
  void (*uniform_float64)(const uint32_t* words, double low, double range, double high, double* out,
                          int64_t n);

  // Box-Muller, around the vector math: pair i, of two or of four words, gives u[i] in (0, 1] and
  // an angle; then out[2i], out[2i + 1] = mean + std * radius[i] * (cosine[i], sine[i]).
  void (*polar_float32)(const uint32_t* words, float* u, float* angle, int64_t pairs);
  void (*polar_float64)(const uint32_t* words, double* u, double* angle, int64_t pairs);
  void (*cartesian_float32)(const float* radius, const float* cosine, const float* sine, float mean,
                            float std, float* out, int64_t pairs);
  void (*cartesian_float64)(const double* radius, const double* cosine, const double* sine,
                            double mean, double std, double* out, int64_t pairs);
};

// Kernels of neural networks' layers, of one float dtype each; see cpu/layers.h.
struct NormKernels;
struct PoolKernels;
struct CellKernels;
struct AttentionKernels;

// Transforms of `lanes` lines of n complex numbers, n a power of two from 8, in[j * in_step +
// line], to out[k * out_step + line], which may be the same memory; at most as many lanes as a
// vector has. scratch: 4 n vectors.
inline constexpr int64_t kFftFine = 32;
struct FftPlan {
  const void* roots;  // exp(-2 pi i k / n) for k < n, complex, of the real type
  bool inverse;       // +2 pi i; roots, fine and coarse stay as they are
  double factor;      // of the results
  const void* fine;   // or null: result k is multiplied by fine[k], or where coarse is there, by
  const void*
      coarse;  // fine[k % kFftFine] coarse[k / kFftFine]: real, imaginary parts, a vector each
};
using FftKernel = void (*)(const void* in, int64_t in_step, int64_t n, int64_t lanes,
                           const FftPlan& plan, void* scratch, void* out, int64_t out_step);

inline constexpr int kSizeClasses = 5;  // element sizes 1, 2, 4, 8, 16 bytes

struct KernelTable {
  const char* isa;
  int vector_bytes;

  BlockKernel block[kOpCount][kDTypeCount];    // by the operands' dtype (where: that of a, b)
  BlockKernel cast[kDTypeCount][kDTypeCount];  // from, to; a -> out
  GatherKernel gather[kSizeClasses];
  GatherSideKernel gather_side[kSizeClasses];
  ScatterKernel scatter[kSizeClasses];
  StreamKernel stream;
  void (*stream_end)();
  TakeKernel take[kSizeClasses];
  AddAtKernel add_at[kDTypeCount];  // of real numbers
  PutKernel put[kSizeClasses];
  OffsetKernel add_offsets;
  CompressKernel compress[kSizeClasses];
  RowKernel row[kRowOpCount][kDTypeCount];     // of floats
  StepKernel step[kStepOpCount][kDTypeCount];  // of floats
  ReduceKernel reduce[kReduceOpCount][kDTypeCount];
  FoldKernel fold[kReduceOpCount][kDTypeCount];
  ArgKernel argmax[kDTypeCount];
  ArgKernel argmin[kDTypeCount];
  ScanKernels scan[kScanOpCount][kDTypeCount];
  GemmKernels gemm_float32;
  GemmKernels gemm_float64;
  RandomKernels random;
  FftKernel fft_float32;
  FftKernel fft_float64;
  const NormKernels* norm[2];  // float32, float64
  const PoolKernels* pool[2];
  const CellKernels* cell[2];
  const AttentionKernels* attention[2];
};

// The table of the best instruction set this processor has, or of the one NDTAPE_ISA names.
NDTAPE_HOT const KernelTable& kernels();

// Bound of a block: operands of this many elements of 8 bytes, a few of them, fit the L1 cache.
inline constexpr int64_t kBlock = 1024;
inline constexpr int64_t kRowTileBytes = 16 * 1024;  // of an operand, that row programs work on

}  // namespace ndtape::cpu
