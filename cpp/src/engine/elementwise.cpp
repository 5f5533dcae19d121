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
                     const Number* numbers, const Tensor* outputs, Operands& ops) {
  ops.ndim = shape.size();
  int64_t size = 1;
  for (int i = 0; i < ops.ndim; ++i) size *= ops.shape[i] = shape[i];
  if (size == 0) return false;
  ops.add_inputs(program, inputs, numbers);
  for (int i = 0; i < program.outputs(); ++i) ops.add(outputs[i]);
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

// Few elements, dense in all operands, are one tile and need no plan.
bool execute_few_rows(const Program& program, const Dims& shape, const Tensor* inputs,
                      const Number* numbers, const Tensor* outputs, int row_axes) {
  const int before = shape.size() - row_axes;
  int64_t rows = 1, cols = 1;
  for (int i = 0; i < shape.size(); ++i) (i < before ? rows : cols) *= shape[i];
  const int64_t n = rows * cols;
  if (n == 0 || n > kFewElements) return false;
  const auto size_of = [&](Value v) { return program.is_row(v) ? rows : n; };

  Evaluator evaluator(program);
  const int64_t slot = (n * program.widest() + 63) / 64 * 64;
  char* const memory = static_cast<char*>(scratch(program.values() * slot));
  for (int k = 0; k < program.inputs(); ++k) {
    const auto v = static_cast<Value>(k);
    if (program.is_number(v)) {
      const int64_t bytes = itemsize(program.dtype(v));
      for (int64_t r = 0; r < rows; ++r) std::memcpy(memory + k * slot + r * bytes, numbers, bytes);
      evaluator.values[k] = memory + k * slot;
      evaluator.one_row[k] = false;
      ++numbers;
      continue;
    }
    const Tensor& x = *inputs++;
    evaluator.one_row[k] =
        x.ndim() == row_axes && !program.is_row(v) && program.read_by_fused_only(v);
    if (!x.is_contiguous() || x.size() != (evaluator.one_row[k] ? cols : size_of(v))) return false;
    evaluator.values[k] = x.data<char>();
  }
  for (int v = program.inputs(); v < program.values(); ++v) {
    evaluator.targets[v] = memory + v * slot;
  }
  for (int i = 0; i < program.outputs(); ++i) {
    if (!outputs[i].is_contiguous()) return false;
    evaluator.targets[program.output_value(i)] = outputs[i].mutable_data<char>();
  }
  evaluator.run(rows, cols);
  for (int i = 0; i < program.outputs(); ++i) {
    const Value v = program.output_value(i);
    char* const to = outputs[i].mutable_data<char>();
    // An input, or an output for the second time.
    if (evaluator.values[v] != to) {
      std::memcpy(to, evaluator.values[v], size_of(v) * itemsize(program.dtype(v)));
    }
  }
  return true;
}

}  // namespace

void execute(const Program& program, const Dims& shape, const Tensor* inputs,
             const Tensor* outputs) {
  Operands ops;
  if (!gather_operands(program, shape, inputs, nullptr, outputs, ops)) return;
  simplify(ops, 0, ops.ndim, program.inputs());
  const int64_t block = std::min(count(ops), is_copy(program) ? kCopyBlock : block_size(program));
  const bool in_place = all_in_place(program, ops);
  const int64_t wide = in_place ? in_place_tile(count(ops), block, is_shared(program, ops)) : block;
  run_tiles(program, ops, choose_tiling(ops, block, wide), block, !in_place && fill_caches(ops));
}

void execute_rows(const Program& program, const Dims& shape, const Tensor* inputs,
                  const Tensor* outputs, const double* numbers, int row_axes) {
  Number given[kMaxInputs];
  for (int i = 0, n = 0; i < program.inputs(); ++i) {
    const auto v = static_cast<Value>(i);
    if (program.is_number(v)) {
      given[n] = Number(numbers[n], program.dtype(v));
      ++n;
    }
  }
  if (execute_few_rows(program, shape, inputs, given, outputs, row_axes)) return;
  Operands ops;
  if (!gather_operands(program, shape, inputs, given, outputs, ops)) return;
  for (; row_axes > 1; --row_axes) {
    const int last = ops.ndim - 1;
    if (ops.shape[last] == 1) {
      ops.drop_axis(last);
    } else {
      ops.merge(last - 1, last);
    }
  }
  simplify(ops, 0, ops.ndim - 1, program.inputs());
  const int last = ops.ndim - 1;
  // Some rows at a time, so that what is one number a row is computed for several at once.
  const int64_t length = ops.shape[last];
  const int64_t block = std::min(
      count(ops), std::max({length, block_size(program), cpu::kRowTileBytes / ops.element[0]}));
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
  const int64_t n = src.size();
  if (n <= kFewElements && n == dst.size() && src.is_contiguous() && dst.is_contiguous()) {
    const int from = static_cast<int>(src.dtype()), to = static_cast<int>(dst.dtype());
    if (n == 0) return;
    if (from == to) {
      std::memmove(dst.mutable_data(), src.data(), static_cast<size_t>(n * itemsize(src.dtype())));
    } else {
      cpu::kernels().cast[from][to](src.data(), nullptr, nullptr, dst.mutable_data(), n);
    }
    return;
  }
  Program program;
  program.output(program.cast(program.input(src.dtype()), dst.dtype()));
  execute(program, dst.shape(), &src, &dst);
}

}  // namespace ndtape::engine
