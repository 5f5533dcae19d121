#include "engine/interpreter.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include "engine/pairwise.h"

namespace ndtape::engine {
namespace {

constexpr int64_t kL1Budget = 24 * 1024;
constexpr int64_t kSlack = 64;  // lets kernels end on a whole vector

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
    : program_(program), kernels_(cpu::kernels()), outputs_(store_outputs ? program.outputs() : 0) {
  for (int k = 0; k < program.inputs() + outputs_; ++k) {
    Operand& o = operand_[k];
    o.element = ops.element[k];
    o.col_stride = col_axis < 0 ? o.element : ops.stride[k][col_axis];
    o.row_stride = row_axis < 0 ? 0 : ops.stride[k][row_axis];
    o.size_class = size_class(o.element);
    o.gathered_from = nullptr;
    o.one_row = k < program.inputs() && o.row_stride == 0 && o.col_stride == o.element &&
                !program.is_row(static_cast<Value>(k)) &&
                program.read_by_fused_only(static_cast<Value>(k));
    o.sideways = k < program.inputs() && o.row_stride == o.element && o.col_stride > 64;
    looks_ahead_ = looks_ahead_ || o.sideways;
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
  // Inputs keep their buffers for the whole run; results reuse those of values no longer needed.
  const int64_t bytes = slot_bytes(program_, block);
  int last_use[kMaxValues];
  for (int v = 0; v < program_.values(); ++v) {
    last_use[v] = program_.producer(static_cast<Value>(v));
  }
  for (int i = 0; i < program_.instructions(); ++i) {
    for (Value a : program_.instruction(i).args) {
      if (a != kNoValue) last_use[a] = i;
    }
  }
  for (int i = 0; i < program_.outputs(); ++i) {
    last_use[program_.output_value(i)] = program_.instructions();
  }
  int free_slots[kMaxValues], n_free = 0, used = program_.inputs(), slot[kMaxValues];
  for (int v = 0; v < program_.inputs(); ++v) buffer_[v] = memory + v * bytes;
  for (int i = 0; i < program_.instructions(); ++i) {
    for (int v = program_.inputs(); v < program_.values(); ++v) {
      if (program_.producer(static_cast<Value>(v)) != i) continue;
      slot[v] = n_free > 0 ? free_slots[--n_free] : used++;
      buffer_[v] = memory + slot[v] * bytes;
    }
    for (int v = program_.inputs(); v < program_.values(); ++v) {
      if (last_use[v] == i) free_slots[n_free++] = slot[v];
    }
  }
}

void Interpreter::run(char* const* data, int64_t rows, int64_t cols, char* const* next) {
  const int64_t n = rows * cols;
  for (int k = 0; k < program_.inputs(); ++k) {
    Operand& o = operand_[k];
    const int64_t width = program_.is_row(static_cast<Value>(k)) ? 1 : cols;
    if (o.one_row || dense(o, rows, width)) {
      values_[k] = data[k];
      continue;
    }
    values_[k] = buffer_[k];
    if (o.gathered_from == data[k] && o.gathered_rows == rows && o.gathered_cols == width) continue;
    if (o.sideways && width > 4) {
      kernels_.gather_side[o.size_class](data[k], o.col_stride, buffer_[k], rows, width,
                                         next ? next[k] : nullptr);
      continue;
    }
    kernels_.gather[o.size_class](data[k], o.row_stride, o.col_stride, buffer_[k], rows, width);
    // Only an operand that stays still while the walk moves can be met again unchanged: one that
    // is not written meanwhile. Outputs may alias others, so only broadcast operands are kept.
    if (o.row_stride == 0 || o.col_stride == 0) {
      o.gathered_from = data[k];
      o.gathered_rows = rows;
      o.gathered_cols = width;
    }
  }
  for (int v = program_.inputs(); v < program_.values(); ++v) target_[v] = buffer_[v];
  for (int i = 0; i < outputs_; ++i) {
    const int k = program_.inputs() + i;
    if (direct_[i] && dense(operand_[k], rows, cols)) target_[program_.output_value(i)] = data[k];
  }
  for (int i = 0; i < program_.instructions(); ++i) {
    const Instruction& in = program_.instruction(i);
    auto at = [&](Value v) { return v == kNoValue ? nullptr : values_[v]; };
    switch (in.form) {
      case Form::Block:
        in.kernel(at(in.args[0]), at(in.args[1]), at(in.args[2]), target_[in.result], n);
        break;
      case Form::Row:
        in.kernel(at(in.args[0]), at(in.args[1]), at(in.args[2]), target_[in.result], rows);
        break;
      case Form::Reduce:
        reduce_rows(in, rows, cols);
        break;
      case Form::Expand: {
        const int64_t element = itemsize(program_.dtype(in.result));
        kernels_.gather[size_class(element)](at(in.args[0]), element, 0, target_[in.result], rows,
                                             cols);
        break;
      }
      case Form::Fused:
        run_fused(in, rows, cols);
        break;
    }
    if (in.result != kNoValue) values_[in.result] = target_[in.result];
    if (in.total != kNoValue) values_[in.total] = target_[in.total];
  }
  for (int i = 0; i < outputs_; ++i) {
    const int k = program_.inputs() + i;
    const char* value = values_[program_.output_value(i)];
    if (value == data[k]) continue;  // written directly
    const Operand& o = operand_[k];
    const int64_t width = program_.is_row(program_.output_value(i)) ? 1 : cols;
    if (streamed_[i]) {
      kernels_.stream(value, data[k], o.row_stride, rows, cols * o.element);
      continue;
    }
    kernels_.scatter[o.size_class](value, data[k], o.row_stride, o.col_stride, rows, width);
  }
}

void Interpreter::run_fused(const Instruction& in, int64_t rows, int64_t cols) {
  const int64_t element = itemsize(program_.dtype(in.args[0]));
  constexpr int64_t kLevel = 16;
  char levels[PairwiseTree::levels(int64_t{1} << 40) * kLevel];
  PairwiseTree tree(in.kernel, levels, kLevel);
  for (int64_t r = 0; r < rows; ++r) {
    char* total = in.total == kNoValue ? nullptr : target_[in.total] + r * element;
    const bool whole = cols <= cpu::kBlock || !total;
    const int64_t piece = whole ? cols : cpu::kBlock;
    if (!whole) tree.start(1, element);
    for (int64_t c = 0; c < cols; c += piece) {
      const void* args[kMaxArgs];
      for (int k = 0; k < kMaxArgs; ++k) {
        const Value v = in.args[k];
        if (v == kNoValue) {
          args[k] = nullptr;
          continue;
        }
        const bool one_row = v < program_.inputs() && operand_[v].one_row;
        const int64_t at = program_.is_row(v) ? r : one_row ? c : r * cols + c;
        args[k] = values_[v] + at * element;
      }
      char partial[kLevel];
      char* out = in.result == kNoValue ? nullptr : target_[in.result] + (r * cols + c) * element;
      in.row_kernel(args, out, whole ? total : partial, std::min(piece, cols - c));
      if (!whole) tree.push(partial);
    }
    if (!whole) std::memcpy(total, tree.finish(), static_cast<size_t>(element));
  }
}

void Interpreter::reduce_rows(const Instruction& in, int64_t rows, int64_t cols) {
  const int64_t element = itemsize(program_.dtype(in.result));
  constexpr int64_t kLevel = 16;
  char levels[PairwiseTree::levels(int64_t{1} << 40) * kLevel];
  PairwiseTree tree(in.kernel, levels, kLevel);
  for (int64_t r = 0; r < rows; ++r) {
    const char* row = values_[in.args[0]] + r * cols * element;
    char* total = target_[in.result] + r * element;
    if (cols <= cpu::kBlock) {
      in.reduce(row, total, cols);
      continue;
    }
    tree.start(1, element);
    for (int64_t c = 0; c < cols; c += cpu::kBlock) {
      char partial[kLevel];
      in.reduce(row + c * element, partial, std::min(cpu::kBlock, cols - c));
      tree.push(partial);
    }
    std::memcpy(total, tree.finish(), static_cast<size_t>(element));
  }
}

}  // namespace ndtape::engine
