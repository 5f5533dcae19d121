#include "engine/elementwise.h"

#include <algorithm>
#include <cstring>

#include "engine/interpreter.h"
#include "engine/walk.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

// One instruction on operands that are all dense along the last axis needs no buffers.
bool all_in_place(const Program& program, const Operands& ops) {
  if (program.instructions() > 1 || ops.ndim == 0) return false;
  for (int k = 0; k < ops.count; ++k) {
    if (ops.stride[k][ops.ndim - 1] != ops.element[k]) return false;
  }
  return true;
}

int64_t count(const Operands& ops) {
  int64_t size = 1;
  for (int i = 0; i < ops.ndim; ++i) size *= ops.shape[i];
  return size;
}

// A tile that nothing is gathered for need not fit the buffers. Where threads share the work it is
// short enough that none of them waits long for another's last one.
constexpr int64_t kTiles = 16;
int64_t in_place_tile(int64_t size, int64_t block, bool shared) {
  return shared ? std::clamp((size / kTiles + 255) / 256 * 256, block, 8 * block) : 8 * block;
}

// A copy has one buffer: it may be larger, for longer runs in both memories.
constexpr int64_t kCopyBlock = 4 * cpu::kBlock;
bool is_copy(const Program& program) {
  return program.instructions() == 0 && program.inputs() == 1 && program.outputs() == 1;
}

// False when there is nothing to compute.
bool gather_operands(const Program& program, const Dims& shape, const Tensor* inputs,
                     const Tensor* outputs, Operands& ops) {
  ops.ndim = shape.size();
  int64_t size = 1;
  for (int i = 0; i < ops.ndim; ++i) size *= ops.shape[i] = shape[i];
  if (size == 0) return false;
  for (int i = 0; i < program.inputs(); ++i) {
    ops.add(inputs[i].data(), inputs[i].layout(), itemsize(inputs[i].dtype()));
  }
  for (int i = 0; i < program.outputs(); ++i) {
    ops.add(outputs[i].data(), outputs[i].layout(), itemsize(outputs[i].dtype()));
  }
  return true;
}

// Do the operands together fill the last cache? Then outputs that are copied from a buffer had
// better not pass through it: no line is read before it is written, and inputs stay. Kernels that
// write to their output directly gained nothing from it.
bool fill_caches(const Operands& ops) {
  int64_t bytes = 0;
  for (int k = 0; k < ops.count; ++k) {
    int64_t size = ops.element[k];
    for (int i = 0; i < ops.ndim; ++i) size *= ops.stride[k][i] == 0 ? 1 : ops.shape[i];
    bytes += size;
  }
  return bytes > kLastCacheBytes;
}

bool is_shared(const Program& program, const Operands& ops) {
  return count(ops) > kParallelWork / std::max(1, program.cost());
}

void run_tiles(const Program& program, const Operands& ops, const Tiling& tiling, int64_t block,
               bool stream) {
  auto run = [&](int64_t begin, int64_t end) {
    Interpreter interpreter(program, ops, tiling.row_axis, ops.ndim - 1, true, block,
                            scratch(Interpreter::scratch_bytes(program, block)), stream);
    TileCursor tile(ops, tiling, ops.data, begin);
    if (interpreter.looks_ahead()) {
      TileCursor next(ops, tiling, ops.data, begin);
      for (int64_t t = begin; t < end; ++t, tile.next()) {
        next.next();
        interpreter.run(tile.data(), tile.rows(), tile.cols(), next.data());
      }
    } else {
      for (int64_t t = begin;;) {
        interpreter.run(tile.data(), tile.rows(), tile.cols());
        if (++t == end) break;
        tile.next();
      }
    }
    if (stream) cpu::kernels().stream_end();
  };
  if (is_shared(program, ops)) {
    parallel_for(tiling.count(), run);
  } else {
    run(0, tiling.count());
  }
}

}  // namespace

void execute(const Program& program, const Dims& shape, const Tensor* inputs,
             const Tensor* outputs) {
  Operands ops;
  if (!gather_operands(program, shape, inputs, outputs, ops)) return;
  simplify(ops, 0, ops.ndim, program.inputs());
  const int64_t block = is_copy(program) ? kCopyBlock : block_size(program);
  const bool in_place = all_in_place(program, ops);
  const int64_t wide = in_place ? in_place_tile(count(ops), block, is_shared(program, ops)) : block;
  run_tiles(program, ops, choose_tiling(ops, block, wide), block, !in_place && fill_caches(ops));
}

void execute_rows(const Program& program, const Dims& shape, const Tensor* inputs,
                  const Tensor* outputs) {
  Operands ops;
  if (!gather_operands(program, shape, inputs, outputs, ops)) return;
  simplify(ops, 0, ops.ndim - 1, program.inputs());
  const int last = ops.ndim - 1;
  // Some rows at a time, so that what is one number a row is computed for several at once.
  const int64_t length = ops.shape[last];
  const int64_t block =
      std::max({length, block_size(program), cpu::kRowTileBytes / ops.element[0]});
  Tiling tiling;
  tiling.cols = length;
  if (last > 0) {
    tiling.row_axis = last - 1;
    tiling.rows = std::min(ops.shape[last - 1], block / length);
    tiling.row_tiles = (ops.shape[last - 1] + tiling.rows - 1) / tiling.rows;
    for (int i = 0; i < last - 1; ++i) tiling.outer *= ops.shape[i];
  }
  run_tiles(program, ops, tiling, block, fill_caches(ops));
}

void copy(const Tensor& src, const Tensor& dst) {
  // A few elements that lie alike need no plan.
  const int64_t size = src.size();
  if (src.dtype() == dst.dtype() && size == dst.size() && size <= cpu::kBlock &&
      src.is_contiguous() && dst.is_contiguous()) {
    std::memmove(dst.mutable_data(), src.data(),
                 static_cast<size_t>(size) * static_cast<size_t>(itemsize(src.dtype())));
    return;
  }
  Program program;
  program.output(program.cast(program.input(src.dtype()), dst.dtype()));
  execute(program, dst.shape(), &src, &dst);
}

}  // namespace ndtape::engine
