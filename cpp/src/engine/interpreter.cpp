#include "engine/interpreter.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

namespace ndtape::engine {
namespace {

constexpr int64_t kL1Budget = 24 * 1024;
constexpr int64_t kSlack = 64;       // lets kernels end on a whole vector
constexpr int64_t kFewBytes = 4096;  // buffers that need not be used again

struct Free {
  void operator()(void* p) const { std::free(p); }
};

int size_class(int64_t element) { return __builtin_ctzll(static_cast<uint64_t>(element)); }

int64_t slot_bytes(const Program& program, int64_t block) {
  return block * program.widest() + kSlack;
}

// Do the bytes of two operands lie apart for sure?
bool apart(const Operands& ops, int a, int b) {
  auto range = [&](int k, const char*& low, const char*& high) {
    low = high = ops.data[k];
    for (int axis = 0; axis < ops.ndim; ++axis) {
      const int64_t reach = ops.stride[k][axis] * (ops.shape[axis] - 1);
      (reach < 0 ? low : high) += reach;
    }
    high += ops.element[k];
  };
  const char *low_a, *high_a, *low_b, *high_b;
  range(a, low_a, high_a);
  range(b, low_b, high_b);
  return high_a <= low_b || high_b <= low_a;
}

}  // namespace

void* scratch(int64_t bytes) {
  thread_local std::unique_ptr<void, Free> memory;
  thread_local int64_t capacity = 0;
  if (bytes > capacity) {
    const int64_t rounded = (bytes + 4095) / 4096 * 4096;
    memory.reset();
    capacity = 0;
    memory.reset(std::aligned_alloc(64, static_cast<size_t>(rounded)));
    if (!memory) throw std::bad_alloc();
    capacity = rounded;
  }
  return memory.get();
}

int64_t block_size(const Program& program) {
  int64_t bytes = 0;
  for (int v = 0; v < program.values(); ++v) {
    const auto value = static_cast<Value>(v);
    if (!program.is_row(value)) bytes += itemsize(program.dtype(value));
  }
  int64_t block = cpu::kBlock;
  while (block > 128 && bytes * block > 2 * kL1Budget) block /= 2;
  return block;
}

int64_t Interpreter::scratch_bytes(const Program& program, int64_t block) {
  return program.values() * slot_bytes(program, block);
}

Interpreter::Interpreter(const Program& program, const Operands& ops, int row_axis, int col_axis,
                         bool store_outputs, int64_t block, void* memory, bool stream)
    : program_(program), outputs_(store_outputs ? program.outputs() : 0), evaluator_(program) {
  for (int k = 0; k < program.inputs() + outputs_; ++k) {
    Operand& o = operand_[k];
    o.element = ops.element[k];
    o.col_stride = col_axis < 0 ? o.element : ops.stride[k][col_axis];
    o.row_stride = row_axis < 0 ? 0 : ops.stride[k][row_axis];
    o.size_class = size_class(o.element);
    o.gathered_from = nullptr;
    o.sideways = k < program.inputs() && o.row_stride == o.element && o.col_stride > 64;
    looks_ahead_ = looks_ahead_ || o.sideways;
    if (k < program.inputs()) {
      const auto v = static_cast<Value>(k);
      evaluator_.one_row[k] = o.row_stride == 0 && o.col_stride == o.element &&
                              !program.is_row(v) && program.read_by_fused_only(v);
    }
  }
  // An output that may share memory with an input is written only after all inputs are read:
  // by the last instruction, or through a buffer.
  for (int i = 0; i < outputs_; ++i) {
    const Value v = program.output_value(i);
    const int producer = program.producer(v);
    bool all_apart = true;
    for (int k = 0; k < program.inputs(); ++k) {
      all_apart = all_apart && apart(ops, program.inputs() + i, k);
    }
    // One that is an input, too, is in the caches already.
    streamed_[i] = stream && all_apart && !program.is_row(v) &&
                   operand_[program.inputs() + i].col_stride == ops.element[program.inputs() + i];
    direct_[i] = producer >= 0 && !program.is_row(v) && !streamed_[i] &&
                 (all_apart || producer + 1 == program.instructions());
    for (int j = 0; j < i; ++j) {
      if (program.output_value(j) == v) direct_[i] = false;
    }
  }
  assign_buffers(static_cast<char*>(memory), block);
}

void Interpreter::assign_buffers(char* memory, int64_t block) {
  const int64_t bytes = slot_bytes(program_, block);
  if (program_.values() * bytes <= kFewBytes) {
    for (int v = 0; v < program_.values(); ++v) buffer_[v] = memory + v * bytes;
    return;
  }
  // Inputs keep their buffers for the whole run; results reuse those of values no longer needed.
  char* free_slots[kMaxValues];
  int n_free = 0, used = program_.inputs();
  for (int v = 0; v < used; ++v) buffer_[v] = memory + v * bytes;
  for (int i = 0; i < program_.instructions(); ++i) {
    const Instruction& in = program_.instruction(i);
    for (Value v : {in.result, in.total}) {
      if (v != kNoValue) buffer_[v] = n_free > 0 ? free_slots[--n_free] : memory + used++ * bytes;
    }
    for (int k = 0; k < kMaxArgs; ++k) {
      const Value v = in.args[k];
      if (v == kNoValue || v < program_.inputs() || program_.last_use(v) != i) continue;
      if (std::find(in.args, in.args + k, v) == in.args + k) free_slots[n_free++] = buffer_[v];
    }
  }
}

void Interpreter::run(char* const* data, int64_t rows, int64_t cols, char* const* next) {
  const cpu::KernelTable& kernels = evaluator_.kernels();
  for (int k = 0; k < program_.inputs(); ++k) {
    Operand& o = operand_[k];
    const int64_t width = program_.is_row(static_cast<Value>(k)) ? 1 : cols;
    if (evaluator_.one_row[k] || dense(o, rows, width)) {
      evaluator_.values[k] = data[k];
      continue;
    }
    evaluator_.values[k] = buffer_[k];
    if (o.gathered_from == data[k] && o.gathered_rows == rows && o.gathered_cols == width) continue;
    if (o.sideways && width > 4) {
      kernels.gather_side[o.size_class](data[k], o.col_stride, buffer_[k], rows, width,
                                        next ? next[k] : nullptr);
      continue;
    }
    kernels.gather[o.size_class](data[k], o.row_stride, o.col_stride, buffer_[k], rows, width);
    // Only an operand that stays still while the walk moves can be met again unchanged: one that
    // is not written meanwhile. Outputs may alias others, so only broadcast operands are kept.
    if (o.row_stride == 0 || o.col_stride == 0) {
      o.gathered_from = data[k];
      o.gathered_rows = rows;
      o.gathered_cols = width;
    }
  }
  for (int v = program_.inputs(); v < program_.values(); ++v) evaluator_.targets[v] = buffer_[v];
  for (int i = 0; i < outputs_; ++i) {
    const int k = program_.inputs() + i;
    if (direct_[i] && dense(operand_[k], rows, cols))
      evaluator_.targets[program_.output_value(i)] = data[k];
  }
  evaluator_.run(rows, cols);
  for (int i = 0; i < outputs_; ++i) {
    const int k = program_.inputs() + i;
    const char* value = evaluator_.values[program_.output_value(i)];
    if (value == data[k]) continue;  // written directly
    const Operand& o = operand_[k];
    const int64_t width = program_.is_row(program_.output_value(i)) ? 1 : cols;
    if (streamed_[i]) {
      kernels.stream(value, data[k], o.row_stride, rows, cols * o.element);
      continue;
    }
    kernels.scatter[o.size_class](value, data[k], o.row_stride, o.col_stride, rows, width);
  }
}

}  // namespace ndtape::engine
