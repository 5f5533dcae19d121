#include "engine/scan.h"

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "engine/elementwise.h"
#include "engine/interpreter.h"
#include "engine/walk.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

// Lines along the last axis of `ops`; the other axes are kept. The last operand is the output.
struct Job {
  // Not an aggregate: the kilobytes of `ops` that no operand needs would be set to zero.
  Job(const cpu::ScanKernels& k, const Program& p) : kernels(k), program(p) {}

  const cpu::ScanKernels& kernels;
  const Program& program;
  Operands ops;
  Operands lines;  // the kept axes
  int64_t length = 0;
  int64_t block = block_size(program);
  cpu::ScatterKernel scatter = nullptr;
  bool parallel = false;

  int kept() const { return ops.ndim - 2; }  // the innermost kept axis; -1 for one line
  int along() const { return ops.ndim - 1; }
  int out() const { return ops.count - 1; }

  template <class Body>
  void share(int64_t tasks, Body&& body) const {
    if (parallel && tasks > 1) {
      parallel_for(tasks, body);
    } else {
      body(0, tasks);
    }
  }
  const void* factor(const Interpreter& interpreter) const {
    return program.outputs() > 1 ? interpreter.result(1) : nullptr;
  }
};

// How many elements of a line come before the next carry: part of the result of a sum.
constexpr int64_t kSpan = cpu::kBlock;

// Many lines side by side: a step of all of them at a time.
void scan_across(const Job& job) {
  const int64_t element = job.ops.element[job.out()];
  const int64_t width = job.ops.shape[job.kept()];
  const int64_t out_line = job.ops.stride[job.out()][job.kept()];
  const int64_t out_step = job.ops.stride[job.out()][job.along()];
  bool dense = true;
  for (int k = 0; k < job.ops.count; ++k) {
    dense &= job.ops.stride[k][job.kept()] == job.ops.element[k];
  }
  // Rows in place are taken one at a time, wide strips of them; else tiles are gathered.
  const int64_t depth = dense ? 1 : std::min<int64_t>(job.length, 16);
  Tiling tiling;
  tiling.cols = std::min(width, dense ? std::clamp<int64_t>(width / 8, 256, job.block)
                                      : std::max<int64_t>(1, job.block / depth));
  tiling.col_tiles = (width + tiling.cols - 1) / tiling.cols;
  for (int i = 0; i < job.kept(); ++i) tiling.outer *= job.lines.shape[i];
  const int64_t program_bytes = Interpreter::scratch_bytes(job.program, job.block);
  const int64_t carry_bytes = tiling.cols * cpu::kCarryBytes;
  job.share(tiling.count(), [&](int64_t begin, int64_t end) {
    char* memory = static_cast<char*>(
        scratch(program_bytes + carry_bytes + depth * tiling.cols * element + 64));
    char *carry = memory + program_bytes, *buffer = carry + carry_bytes;
    Interpreter interpreter(job.program, job.ops, job.along(), job.kept(), false, job.block,
                            memory);
    TileCursor tile(job.lines, tiling, job.ops.data, begin);
    for (int64_t t = begin; t < end; ++t, tile.next()) {
      const int64_t cols = tile.cols();
      job.kernels.start(carry, cols);
      char* data[kMaxOperands];
      for (int64_t first = 0; first < job.length; first += depth) {
        const int64_t rows = std::min(depth, job.length - first);
        for (int k = 0; k < job.ops.count; ++k) {
          data[k] = tile.data()[k] + first * job.ops.stride[k][job.along()];
        }
        interpreter.run(data, rows, cols);
        const char* x = static_cast<const char*>(interpreter.result(0));
        const char* factor = static_cast<const char*>(job.factor(interpreter));
        char* to = dense ? data[job.out()] : buffer;
        for (int64_t r = 0; r < rows; ++r) {
          const int64_t offset = r * cols * element;
          job.kernels.across(x + offset, factor ? factor + offset : nullptr, carry, to + offset,
                             cols);
        }
        if (!dense) job.scatter(buffer, data[job.out()], out_step, out_line, rows, cols);
      }
    }
  });
}

// One line at a time, or the spans of a few long ones: their totals first, then what comes before
// each, then the results.
void scan_along(const Job& job) {
  const int64_t element = job.ops.element[job.out()];
  const int64_t out_step = job.ops.stride[job.out()][job.along()];
  const bool dense = out_step == element;
  const int64_t spans = (job.length + kSpan - 1) / kSpan;
  Tiling one_each;
  for (int i = 0; i < job.lines.ndim; ++i) one_each.outer *= job.lines.shape[i];
  if (job.lines.ndim > 0) {
    one_each.col_tiles = job.lines.shape[job.lines.ndim - 1];
    one_each.outer /= one_each.col_tiles;
  }
  const int64_t lines = one_each.count();
  const int64_t program_bytes = Interpreter::scratch_bytes(job.program, job.block);

  // Calls visit(line, span) for each span of a range of them, in order, with the scan at hand.
  auto visit = [&](int64_t begin, int64_t end, auto&& body) {
    char* memory = static_cast<char*>(scratch(program_bytes + kSpan * element + 64));
    char* buffer = memory + program_bytes;
    Interpreter interpreter(job.program, job.ops, -1, job.along(), false, job.block, memory);
    TileCursor line(job.lines, one_each, job.ops.data, begin / spans);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t span = task % spans, first = span * kSpan;
      const int64_t n = std::min(kSpan, job.length - first);
      char* data[kMaxOperands];
      for (int k = 0; k < job.ops.count; ++k) {
        data[k] = line.data()[k] + first * job.ops.stride[k][job.along()];
      }
      body(task, span, [&](void* carry, bool keep) {
        char* to = keep && dense ? data[job.out()] : buffer;
        interpreter.run(data, 1, n);
        job.kernels.along(interpreter.result(0), job.factor(interpreter), carry, to, n);
        if (keep && !dense) job.scatter(buffer, data[job.out()], 0, out_step, 1, n);
      });
      if (span + 1 == spans) line.next();
    }
  };

  if (job.kernels.join && job.parallel && lines < 16 && spans > 1 && num_threads() > 1) {
    std::unique_ptr<char[]> carries(new char[lines * spans * cpu::kCarryBytes]);
    auto carry_at = [&](int64_t task) { return carries.get() + task * cpu::kCarryBytes; };
    job.share(lines * spans, [&](int64_t begin, int64_t end) {
      visit(begin, end, [&](int64_t task, int64_t, auto&& scan) {
        job.kernels.start(carry_at(task), 1);
        scan(carry_at(task), false);
      });
    });
    for (int64_t i = 0; i < lines; ++i) {
      alignas(16) char before[cpu::kCarryBytes], next[cpu::kCarryBytes];
      job.kernels.start(before, 1);
      for (int64_t s = 0; s < spans; ++s) {
        char* at = carry_at(i * spans + s);
        std::copy_n(before, cpu::kCarryBytes, next);
        job.kernels.join(next, at);
        std::copy_n(before, cpu::kCarryBytes, at);
        std::copy_n(next, cpu::kCarryBytes, before);
      }
    }
    job.share(lines * spans, [&](int64_t begin, int64_t end) {
      visit(begin, end, [&](int64_t task, int64_t, auto&& scan) { scan(carry_at(task), true); });
    });
    return;
  }
  job.share(lines, [&](int64_t begin, int64_t end) {
    alignas(16) char carry[cpu::kCarryBytes];
    visit(begin * spans, end * spans, [&](int64_t, int64_t span, auto&& scan) {
      if (span == 0) job.kernels.start(carry, 1);
      scan(carry, true);
    });
  });
}

}  // namespace

bool has_scan(ScanOp op, DType dtype) {
  return cpu::kernels().scan[static_cast<int>(op)][static_cast<int>(dtype)].along != nullptr;
}

void scan(ScanOp op, const Tensor& x, const Tensor* factor, int axis, const Tensor& out) {
  if (out.size() == 0) return;
  const DType dtype = out.dtype();
  const int64_t element = itemsize(dtype);
  Program program;
  const Value in_x = program.input(x.dtype());
  const Value in_factor = factor ? program.input(dtype) : kNoValue;
  program.output(program.cast(in_x, dtype));
  if (factor) program.output(in_factor);

  const auto& table = cpu::kernels();
  Job job(table.scan[static_cast<int>(op)][static_cast<int>(dtype)], program);
  job.length = out.length(axis);
  job.scatter = table.scatter[__builtin_ctzll(static_cast<uint64_t>(element))];
  job.parallel = out.size() > kParallelWork;
  Operands& ops = job.ops;
  ops.ndim = out.ndim();
  for (int i = 0; i < ops.ndim; ++i) ops.shape[i] = out.length(i);
  ops.add(x);
  if (factor) ops.add(*factor);
  ops.add(out);
  for (int i = axis; i + 1 < ops.ndim; ++i) ops.swap_axes(i, i + 1);
  simplify(ops, 0, ops.ndim - 1, job.out());
  job.lines.select_axes(ops, 0, ops.ndim - 1);

  // Lines side by side pay where they are many, and are short, or lie so, or cannot be cut.
  bool across = false;
  if (job.kept() >= 0 && ops.shape[job.kept()] >= 16) {
    const int64_t to_next = std::abs(ops.stride[job.out()][job.kept()]);
    across = to_next < std::abs(ops.stride[job.out()][job.along()]) || job.length < 32 ||
             !job.kernels.join;
  }
  if (across) {
    scan_across(job);
  } else {
    scan_along(job);
  }
}

}  // namespace ndtape::engine
