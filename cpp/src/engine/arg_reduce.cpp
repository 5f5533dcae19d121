#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "engine/elementwise.h"
#include "engine/interpreter.h"
#include "engine/reduce.h"
#include "engine/walk.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

// Rows of side by side elements, in place. A long one is cut into pieces that threads share; then
// the best of the pieces' bests is found.
void arg_reduce_dense(cpu::ArgKernel kernel, const Operands& ops, int64_t length) {
  constexpr int64_t kPiece = 64 * cpu::kBlock;
  const int64_t element = ops.element[0];
  Tiling rows;
  for (int i = 0; i < ops.ndim; ++i) rows.outer *= ops.shape[i];
  if (ops.ndim > 0) {
    rows.col_tiles = ops.shape[ops.ndim - 1];
    rows.outer /= rows.col_tiles;
  }
  const int64_t pieces = (length + kPiece - 1) / kPiece;
  const int64_t cut = pieces > 1 ? rows.count() * pieces : 0;
  std::vector<int64_t> positions(static_cast<size_t>(cut));
  std::vector<char> values(static_cast<size_t>(cut * element));
  auto run = [&](int64_t begin, int64_t end) {
    TileCursor row(ops, rows, ops.data, begin / pieces);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t first = task % pieces * kPiece;
      const char* x = row.data()[0] + first * element;
      const int64_t at = kernel(x, std::min(kPiece, length - first));
      if (pieces == 1) {
        std::memcpy(row.data()[1], &at, sizeof(at));
      } else {
        positions[static_cast<size_t>(task)] = first + at;
        std::memcpy(values.data() + task * element, x + at * element, static_cast<size_t>(element));
      }
      if (first + kPiece >= length) row.next();
    }
  };
  const int64_t tasks = rows.count() * pieces;
  if (rows.count() * length > kParallelWork && tasks > 1) {
    parallel_for(tasks, run);
  } else {
    run(0, tasks);
  }
  if (pieces == 1) return;
  TileCursor row(ops, rows, ops.data, 0);
  for (int64_t r = 0; r < rows.count(); ++r, row.next()) {
    const int64_t best = kernel(values.data() + r * pieces * element, pieces);
    std::memcpy(row.data()[1], &positions[static_cast<size_t>(r * pieces + best)], sizeof(int64_t));
  }
}

}  // namespace

void arg_reduce(const Tensor& x, int axis, bool largest, const Tensor& out) {
  const auto& kernels = cpu::kernels();
  const int d = static_cast<int>(x.dtype());
  const cpu::ArgKernel kernel = largest ? kernels.argmax[d] : kernels.argmin[d];
  const int64_t element = itemsize(x.dtype());
  const auto gather = kernels.gather[__builtin_ctzll(static_cast<uint64_t>(element))];

  Operands ops;
  ops.ndim = x.ndim();
  for (int i = 0; i < ops.ndim; ++i) ops.shape[i] = x.length(i);
  const int64_t length = x.length(axis), step = x.strides()[axis] * element;
  ops.add(x.data(), x.layout(), element);
  ops.add(out.data(), out.layout(), itemsize(DType::Int64));
  ops.drop_axis(axis);
  simplify(ops, 0, ops.ndim, 0);

  const bool dense = step == element || length == 1;
  if (dense) {
    arg_reduce_dense(kernel, ops, length);
    return;
  }
  // Rows that lie apart are brought together a few at a time, so that each cache line is used.
  Tiling tiling;
  const int inner = ops.ndim - 1;
  if (inner >= 0) {
    tiling.cols = std::min<int64_t>(ops.shape[inner], 16);
    tiling.col_tiles = (ops.shape[inner] + tiling.cols - 1) / tiling.cols;
    for (int i = 0; i < inner; ++i) tiling.outer *= ops.shape[i];
  }
  const int64_t chunk = std::min(length, cpu::kBlock / tiling.cols);
  const int64_t chunks = (length + chunk - 1) / chunk;
  const int64_t row_step = inner < 0 ? 0 : ops.stride[0][inner];
  const int64_t out_step = inner < 0 ? 0 : ops.stride[1][inner];

  auto run = [&](int64_t begin, int64_t end) {
    // The gathered tile, then each row's best value and position of every chunk.
    const int64_t tile_bytes = cpu::kBlock * 8, best_bytes = tiling.cols * chunks * 8;
    char* buffer = static_cast<char*>(scratch(tile_bytes + 2 * best_bytes));
    char* values = buffer + tile_bytes;
    auto* positions = reinterpret_cast<int64_t*>(values + best_bytes);
    TileCursor tile(ops, tiling, ops.data, begin);
    for (int64_t t = begin; t < end; ++t, tile.next()) {
      const int64_t rows = tile.cols();
      for (int64_t c = 0; c < chunks; ++c) {
        const int64_t n = std::min(chunk, length - c * chunk);
        gather(tile.data()[0] + c * chunk * step, row_step, step, buffer, rows, n);
        for (int64_t r = 0; r < rows; ++r) {
          const char* row = buffer + r * n * element;
          const int64_t at = kernel(row, n);
          positions[r * chunks + c] = c * chunk + at;
          std::memcpy(values + (r * chunks + c) * element, row + at * element,
                      static_cast<size_t>(element));
        }
      }
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t best = chunks == 1 ? 0 : kernel(values + r * chunks * element, chunks);
        std::memcpy(tile.data()[1] + r * out_step, &positions[r * chunks + best], sizeof(int64_t));
      }
    }
  };
  if (x.size() > kParallelWork && tiling.count() > 1) {
    parallel_for(tiling.count(), run);
  } else {
    run(0, tiling.count());
  }
}

}  // namespace ndtape::engine
