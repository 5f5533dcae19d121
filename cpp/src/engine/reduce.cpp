#include "engine/reduce.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "engine/elementwise.h"
#include "engine/interpreter.h"
#include "engine/pairwise.h"
#include "engine/walk.h"
#include "ndtape/memory.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

// Tiles combined by one task, at most and at least, when there are too few results to share out: a
// power of two, so that cutting the work does not change the tree, and few enough that the last
// task, which may be short, matters little.
constexpr int64_t kChunkTiles = 64;
constexpr int64_t kFewestTiles = 4;
constexpr int64_t kManyTasks = 16;
// Elements at a time of what is reduced where it lies, and rows of it at a time.
constexpr int64_t kWideBlock = 16 * cpu::kBlock;
constexpr int64_t kFoldRows = 32;
constexpr int64_t kFoldWidth = 4096;
constexpr int64_t kFewResults = 16;

// Everything the two ways to reduce share. Axes of `ops`: kept ones first, then reduced ones.
struct Job {
  // Not an aggregate: the kilobytes of `ops` that no operand needs would be set to zero.
  Job(const Program& p, DType dtype) : program(p), block(block_size(p)), element(itemsize(dtype)) {}

  const Program& program;
  Operands ops;
  int kept = 0;  // axes
  int64_t block;
  int64_t element;  // bytes of a result
  cpu::BlockKernel combine = nullptr;
  cpu::ReduceKernel reduce_block = nullptr;
  cpu::FoldKernel fold = nullptr;
  int decided = -1;  // a byte that decides the result, of any and all; else -1
  bool parallel = false;

  int reduced() const { return ops.ndim - kept; }
  int last_kept() const { return kept - 1; }
  int last_reduced() const { return ops.ndim - 1; }
  int out() const { return ops.count - 1; }

  // Is the operand itself reduced, and are its elements side by side along an axis?
  bool in_place(int axis) const {
    return program.instructions() == 0 && ops.stride[0][axis] == ops.element[0];
  }
  bool is_decided(const void* value) const {
    return decided >= 0 && *static_cast<const unsigned char*>(value) == decided;
  }

  template <class Body>
  void share(int64_t tasks, Body&& body) const {
    if (parallel && tasks > 1) {
      parallel_for(tasks, body);
    } else {
      body(0, tasks);
    }
  }
};

int64_t aligned(int64_t bytes) { return (bytes + 127) / 64 * 64; }

Tiling tiles_along_last(const Operands& ops, int64_t cols) {
  Tiling t;
  if (ops.ndim == 0) return t;
  const int64_t length = ops.shape[ops.ndim - 1];
  t.cols = std::min(length, cols);
  t.col_tiles = (length + t.cols - 1) / t.cols;
  for (int i = 0; i + 1 < ops.ndim; ++i) t.outer *= ops.shape[i];
  return t;
}

// Rows short enough to see several in a tile: each is reduced by one kernel call.
void reduce_short_rows(const Job& job) {
  const int64_t cols = job.ops.shape[job.last_reduced()];
  Tiling tiling;
  tiling.row_axis = job.last_kept();
  tiling.rows = std::min(job.ops.shape[job.last_kept()], job.block / cols);
  tiling.cols = cols;
  tiling.row_tiles = (job.ops.shape[job.last_kept()] + tiling.rows - 1) / tiling.rows;
  for (int i = 0; i < job.last_kept(); ++i) tiling.outer *= job.ops.shape[i];
  const int64_t out_stride = job.ops.stride[job.out()][job.last_kept()];
  job.share(tiling.count(), [&](int64_t begin, int64_t end) {
    Interpreter interpreter(job.program, job.ops, job.last_kept(), job.last_reduced(), false,
                            job.block, scratch(Interpreter::scratch_bytes(job.program, job.block)));
    TileCursor tile(job.ops, tiling, job.ops.data, begin);
    for (int64_t t = begin; t < end; ++t, tile.next()) {
      interpreter.run(tile.data(), tile.rows(), tile.cols());
      const char* row = static_cast<const char*>(interpreter.result(0));
      char* out = tile.data()[job.out()];
      for (int64_t r = 0; r < tile.rows(); ++r) {
        job.reduce_block(row + r * cols * job.element, out + r * out_stride, cols);
      }
    }
  });
}

// The tasks of a reduction: each result block is one task, or several chunks of its tiles whose
// partial results are combined afterwards, as one chunk would have combined them.
struct Chunks {
  int64_t tiles;   // of the reduced axes
  int64_t length;  // tiles a chunk
  int64_t count;

  Chunks(const Job& job, int64_t blocks, int64_t reduced_tiles, int64_t fewest, int64_t most)
      : tiles(reduced_tiles) {
    const auto share = static_cast<uint64_t>(tiles / kManyTasks);
    const int64_t chunk = std::clamp(static_cast<int64_t>(std::bit_floor(share)), fewest, most);
    length = job.parallel && blocks < kManyTasks && tiles > chunk ? chunk : tiles;
    count = (tiles + length - 1) / length;
  }
};

// Rows that lie side by side and are one block each: nothing but a kernel call a row.
void reduce_rows_in_place(const Job& job) {
  Operands kept_ops;
  kept_ops.select_axes(job.ops, 0, job.kept);
  const int64_t length = job.ops.shape[job.last_reduced()];
  Tiling rows = tiles_along_last(kept_ops, std::max<int64_t>(1, kWideBlock / length));
  const int64_t step = job.ops.stride[0][job.last_kept()];
  const int64_t out_step = job.ops.stride[job.out()][job.last_kept()];
  job.share(rows.count(), [&](int64_t begin, int64_t end) {
    TileCursor tile(kept_ops, rows, job.ops.data, begin);
    for (int64_t t = begin; t < end; ++t, tile.next()) {
      for (int64_t r = 0; r < tile.cols(); ++r) {
        job.reduce_block(tile.data()[0] + r * step, tile.data()[job.out()] + r * out_step, length);
      }
    }
  });
}

// One result at a time: blocks along the reduced axes.
void reduce_inner(const Job& job) {
  Operands kept_ops, reduced_ops;
  kept_ops.select_axes(job.ops, 0, job.kept);
  reduced_ops.select_axes(job.ops, job.kept, job.ops.ndim);
  const Tiling results = tiles_along_last(kept_ops, 1);
  const int inner = reduced_ops.ndim - 1;
  const bool wide =
      job.in_place(job.last_reduced()) && (inner == 0 || reduced_ops.shape[inner] >= 256);
  Tiling tiling = tiles_along_last(reduced_ops, wide ? kWideBlock : job.block);
  if (inner > 0 && reduced_ops.shape[inner] < 256) {
    tiling.row_axis = inner - 1;
    tiling.rows = std::min(reduced_ops.shape[inner - 1], job.block / reduced_ops.shape[inner]);
    tiling.row_tiles = (reduced_ops.shape[inner - 1] + tiling.rows - 1) / tiling.rows;
    tiling.outer /= reduced_ops.shape[inner - 1];
  }
  const int row_axis = tiling.row_axis < 0 ? -1 : job.kept + tiling.row_axis;
  const Chunks chunks(job, results.count(), tiling.count(), wide ? 1 : kFewestTiles, kChunkTiles);
  const int64_t scratch_program = Interpreter::scratch_bytes(job.program, job.block);

  // Partial results: [result][chunk].
  const int64_t partial_bytes = chunks.count > 1 ? results.count() * chunks.count * job.element : 0;
  std::unique_ptr<char[]> partial(partial_bytes ? new char[partial_bytes] : nullptr);
  constexpr int64_t kLevel = 64;
  std::atomic<bool> all_decided{false};  // of a single result

  job.share(results.count() * chunks.count, [&](int64_t begin, int64_t end) {
    char* memory = static_cast<char*>(
        scratch(scratch_program + PairwiseTree::levels(chunks.length) * kLevel + kLevel));
    PairwiseTree tree(job.combine, memory + scratch_program, kLevel);
    char* value = memory + scratch_program + PairwiseTree::levels(chunks.length) * kLevel;
    Interpreter interpreter(job.program, job.ops, row_axis, job.last_reduced(), false, job.block,
                            memory);
    TileCursor result(kept_ops, results, job.ops.data, begin / chunks.count);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t chunk = task % chunks.count;
      const int64_t first = chunk * chunks.length;
      const int64_t last = std::min(first + chunks.length, chunks.tiles);
      tree.start(1, job.element);
      TileCursor tile(reduced_ops, tiling, result.data(), first);
      bool done = false;
      for (int64_t t = first; t < last && !done; ++t, tile.next()) {
        if (wide) {
          job.reduce_block(tile.data()[0], value, tile.cols());
        } else {
          interpreter.run(tile.data(), tile.rows(), tile.cols());
          job.reduce_block(interpreter.result(0), value, tile.rows() * tile.cols());
        }
        if (last - first > 1) tree.push(value);
        if (job.decided >= 0 && results.count() == 1) {
          if (job.is_decided(value)) all_decided.store(true, std::memory_order_relaxed);
          done = all_decided.load(std::memory_order_relaxed);
        } else {
          done = job.is_decided(value);
        }
      }
      const void* total = last - first > 1 ? tree.finish() : value;
      char* target =
          chunks.count > 1 ? partial.get() + task * job.element : result.data()[job.out()];
      std::memcpy(target, total, static_cast<size_t>(job.element));
      if (chunk + 1 == chunks.count) result.next();
    }
  });
  if (chunks.count == 1) return;

  char memory[PairwiseTree::levels(INT64_MAX) * kLevel];
  PairwiseTree tree(job.combine, memory, kLevel);
  TileCursor result(kept_ops, results, job.ops.data, 0);
  for (int64_t r = 0; r < results.count(); ++r, result.next()) {
    tree.start(1, job.element);
    for (int64_t c = 0; c < chunks.count; ++c) {
      tree.push(partial.get() + (r * chunks.count + c) * job.element);
    }
    std::memcpy(result.data()[job.out()], tree.finish(), static_cast<size_t>(job.element));
  }
}

// Folds the rows of a dense rows x width block into one, halves at a time.
const void* fold_rows(const Job& job, const void* block, char* buffer, int64_t rows,
                      int64_t width) {
  const char* from = static_cast<const char*>(block);
  while (rows > 1) {
    const int64_t half = rows / 2, bytes = half * width * job.element;
    job.combine(from, from + bytes, nullptr, buffer, half * width);
    if (rows & 1) {
      std::memmove(buffer + bytes, from + 2 * bytes, static_cast<size_t>(width * job.element));
    }
    from = buffer;
    rows = half + (rows & 1);
  }
  return from;
}

// A row of results at a time: block on block along the reduced axes.
void reduce_outer(const Job& job) {
  Operands kept_ops, reduced_ops;
  kept_ops.select_axes(job.ops, 0, job.kept);
  reduced_ops.select_axes(job.ops, job.kept, job.ops.ndim);
  const int64_t depth = job.ops.shape[job.last_reduced()];
  // Rows are folded where they lie, in strips as long as a stream of memory likes them.
  const bool in_place =
      job.fold && job.in_place(job.last_kept()) && job.ops.shape[job.last_kept()] >= 64;
  // What a program computes comes in pieces of such a strip.
  const bool pieces = !in_place && depth >= 16 && job.ops.shape[job.last_kept()] > job.block;
  const int64_t width = in_place || pieces ? kFoldWidth
                        : depth < 16       ? std::max<int64_t>(1, job.block / depth)
                                           : job.block;
  const Tiling results = tiles_along_last(kept_ops, width);
  const Tiling tiling = tiles_along_last(
      reduced_ops, in_place ? kFoldRows : std::max<int64_t>(1, job.block / results.cols));
  const int64_t chunk = in_place ? 8 : kChunkTiles;
  const Chunks chunks(job, results.count(), tiling.count(), chunk, chunk);
  const int64_t scratch_program = Interpreter::scratch_bytes(job.program, job.block);
  const int64_t level = aligned(results.cols * job.element);
  const int64_t fold = aligned(std::max(job.block, results.cols) * job.element);
  const int64_t row_step = job.ops.stride[0][job.last_reduced()];
  const int64_t out_stride = job.ops.stride[job.out()][job.last_kept()];
  const int size_class = std::countr_zero(static_cast<uint64_t>(job.element));
  const cpu::ScatterKernel scatter = cpu::kernels().scatter[size_class];

  // Partial results: [result block][chunk][column].
  const int64_t partial_bytes =
      chunks.count > 1 ? results.count() * chunks.count * results.cols * job.element : 0;
  struct Release {
    int64_t bytes;
    void operator()(char* p) const { memory::release(p, static_cast<size_t>(bytes)); }
  };
  std::unique_ptr<char, Release> partial(
      partial_bytes ? static_cast<char*>(memory::allocate(static_cast<size_t>(partial_bytes)))
                    : nullptr,
      Release{partial_bytes});

  job.share(results.count() * chunks.count, [&](int64_t begin, int64_t end) {
    char* memory = static_cast<char*>(
        scratch(scratch_program + fold + PairwiseTree::levels(chunks.length) * level));
    char* buffer = memory + scratch_program;
    PairwiseTree tree(job.combine, buffer + fold, level);
    Interpreter interpreter(job.program, job.ops, job.last_reduced(), job.last_kept(), false,
                            job.block, memory);
    TileCursor result(kept_ops, results, job.ops.data, begin / chunks.count);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t chunk = task % chunks.count;
      const int64_t first = chunk * chunks.length;
      const int64_t last = std::min(first + chunks.length, chunks.tiles);
      const int64_t width = result.cols();
      tree.start(width, job.element);
      TileCursor tile(reduced_ops, tiling, result.data(), first);
      const void* row = nullptr;
      for (int64_t t = first; t < last; ++t, tile.next()) {
        if (in_place) {
          job.fold(tile.data()[0], row_step, buffer, tile.cols(), width);
          row = buffer;
        } else if (pieces) {
          row = buffer;
          char* data[kMaxOperands];
          for (int64_t c = 0; c < width; c += job.block) {
            const int64_t n = std::min(job.block, width - c);
            for (int k = 0; k < job.ops.count; ++k) {
              data[k] = tile.data()[k] + c * job.ops.stride[k][job.last_kept()];
            }
            interpreter.run(data, 1, n);
            std::memcpy(buffer + c * job.element, interpreter.result(0),
                        static_cast<size_t>(n * job.element));
          }
        } else {
          interpreter.run(tile.data(), tile.cols(), width);
          row = fold_rows(job, interpreter.result(0), buffer, tile.cols(), width);
        }
        if (last - first > 1) tree.push(row);
      }
      if (last - first > 1) row = tree.finish();
      if (chunks.count > 1) {
        std::memcpy(partial.get() + task * results.cols * job.element, row,
                    static_cast<size_t>(width * job.element));
      } else {
        scatter(row, result.data()[job.out()], 0, out_stride, 1, width);
      }
      if (chunk + 1 == chunks.count) result.next();
    }
  });
  if (chunks.count == 1) return;

  job.share(results.count(), [&](int64_t begin, int64_t end) {
    PairwiseTree tree(job.combine,
                      static_cast<char*>(scratch(PairwiseTree::levels(chunks.count) * level)),
                      level);
    TileCursor result(kept_ops, results, job.ops.data, begin);
    for (int64_t r = begin; r < end; ++r, result.next()) {
      tree.start(result.cols(), job.element);
      for (int64_t c = 0; c < chunks.count; ++c) {
        tree.push(partial.get() + (r * chunks.count + c) * results.cols * job.element);
      }
      scatter(tree.finish(), result.data()[job.out()], 0, out_stride, 1, result.cols());
    }
  });
}

// Does the first operand move by smaller steps along the reduced axes than along the kept ones?
bool reduced_axis_is_inner(const Job& job) {
  for (int k = 0; k < job.out(); ++k) {
    const int64_t along_reduced = std::abs(job.ops.stride[k][job.last_reduced()]);
    const int64_t along_kept = std::abs(job.ops.stride[k][job.last_kept()]);
    if (along_reduced != along_kept) return along_reduced < along_kept;
  }
  return true;
}

// A few elements side by side, of which the last axes are reduced or the first ones, need no plan:
// a kernel call for each of some rows, or one for all columns.
bool reduce_few(const Tensor& x, const Dims& reduced, ReduceOp op, const Tensor& out) {
  if (x.size() > cpu::kBlock || !x.is_contiguous() || !out.is_contiguous()) return false;
  const int count = reduced.size(), before = x.ndim() - count;
  const int64_t results = out.size(), depth = x.size() / results;
  bool last = true, first = true;
  for (int64_t axis : reduced) {
    last = last && axis >= before;
    first = first && axis < count;
  }
  const int d = static_cast<int>(out.dtype());
  if (last && (results <= kFewResults || depth >= kFewResults)) {
    const auto row = cpu::kernels().reduce[static_cast<int>(op)][d];
    const int64_t bytes = itemsize(out.dtype());
    const char* from = x.data<char>();
    char* to = out.mutable_data<char>();
    for (int64_t r = 0; r < results; ++r) row(from + r * depth * bytes, to + r * bytes, depth);
    return true;
  }
  const auto columns = cpu::kernels().fold[static_cast<int>(op)][d];
  if (!first || depth > kFoldRows || !columns) return false;
  columns(x.data(), results * itemsize(out.dtype()), out.mutable_data(), depth, results);
  return true;
}

}  // namespace

void reduce(const Program& program, const Dims& shape, const Tensor* inputs, const Dims& reduced,
            ReduceOp op, const Tensor& out) {
  const DType dtype = out.dtype();
  const int d = static_cast<int>(dtype);
  if (program.instructions() == 0 && inputs[0].shape() == shape &&
      reduce_few(inputs[0], reduced, op, out)) {
    return;
  }
  Job job(program, dtype);
  job.combine = cpu::kernels().block[static_cast<int>(combiner(op))][d];
  job.reduce_block = cpu::kernels().reduce[static_cast<int>(op)][d];
  job.fold = cpu::kernels().fold[static_cast<int>(op)][d];
  if (dtype == DType::Bool) job.decided = op == ReduceOp::max ? 1 : 0;

  Operands& ops = job.ops;
  ops.ndim = shape.size();
  int64_t size = 1;
  for (int i = 0; i < ops.ndim; ++i) size *= ops.shape[i] = shape[i];
  ops.add_inputs(program, inputs);
  ops.add(out);
  // Kept axes to the front, in order.
  bool is_reduced[kMaxAxes] = {};
  for (int64_t axis : reduced) is_reduced[axis] = true;
  for (int i = 0; i < ops.ndim; ++i) {
    if (is_reduced[i]) continue;
    for (int j = i; j > job.kept; --j) {
      ops.swap_axes(j - 1, j);
      std::swap(is_reduced[j - 1], is_reduced[j]);
    }
    ++job.kept;
  }
  simplify(ops, job.kept, ops.ndim, 0);
  job.kept = simplify(ops, 0, job.kept, 0);
  // Next to nothing is written: a second thread pays off later than elsewhere.
  job.parallel = size > 2 * kParallelWork / std::max(1, program.cost());

  if (job.reduced() == 0) {  // nothing longer than 1 to reduce
    execute(program, shape, inputs, &out);
  } else if (job.kept == 0) {
    reduce_inner(job);
  } else {
    const int64_t depth = ops.shape[job.last_reduced()];
    if (!reduced_axis_is_inner(job) || (job.reduced() == 1 && depth < 16)) {
      reduce_outer(job);
    } else if (job.reduced() == 1 && depth <= kWideBlock && job.in_place(job.last_reduced())) {
      reduce_rows_in_place(job);
    } else if (job.reduced() == 1 && depth <= job.block / 2) {
      reduce_short_rows(job);
    } else {
      reduce_inner(job);
    }
  }
}

}  // namespace ndtape::engine
