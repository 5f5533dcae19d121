// A program: elementwise instructions in SSA form over blocks.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include "cpu/kernels.h"
#include "cpu/op_table.h"
#include "ndtape/dtype.h"

namespace ndtape::engine {

inline constexpr int kMaxInputs = 24;
inline constexpr int kMaxOutputs = 8;
inline constexpr int kMaxInstructions = 48;
inline constexpr int kMaxValues = kMaxInputs + kMaxInstructions;

using Value = uint8_t;  // the number of an input or of an instruction's result
inline constexpr Value kNoValue = 255;

// What an instruction does with a tile of rows x cols elements. A row value has one element a row.
enum class Form : uint8_t {
  Block,   // kernel on rows x cols elements
  Row,     // kernel on row values
  Reduce,  // a block to a row value
  Expand,  // a row value to a block
  Fused,   // row by row: blocks and row values to a block, a row value, or both
};

inline constexpr int kMaxArgs = 5;

struct Instruction {
  cpu::BlockKernel kernel;  // Reduce, Fused: combines partial results
  union {
    cpu::ReduceKernel reduce;   // Reduce
    cpu::RowKernel row_kernel;  // Fused
  };
  Form form;
  Value args[kMaxArgs];  // kNoValue where the kernel takes fewer
  Value result;          // kNoValue for a Fused one without a block
  Value total;           // Fused only: the row value
};

// Built once, run over many blocks. Inputs come first, in the order of the operands.
class Program {
 public:
  Value input(DType dtype);
  // An input with one element a row: its operand is broadcast along the last axis.
  Value row_input(DType dtype);
  // A number, the same for all rows, of those that execute_rows is given.
  Value number(DType dtype);
  // `v` converted; `v` itself when it has that dtype.
  Value cast(Value v, DType to);
  // Operands of one dtype (where: the first is bool), which must have a kernel for `op`.
  Value apply(Op op, Value a, Value b = kNoValue, Value c = kNoValue);
  // `v` reduced along each row: a row value. What it meets in `apply` decides whether it stays one.
  // A program that reduces must be run on whole rows (execute_rows).
  Value reduce(ReduceOp op, Value v);
  // The kernel of a row operator on its operands, absent ones kNoValue.
  Value fused(RowOp op, std::initializer_list<Value> args);
  // The same for an operator with a sum: the block, if it is asked for, and the sum, a row value.
  Value fused_sum(RowOp op, std::initializer_list<Value> args, Value* block = nullptr);
  void output(Value v);

  // Do only row operators read this value?
  bool read_by_fused_only(Value v) const { return fused_only_[v]; }
  // The instruction that makes a value; -1 for an input.
  int producer(Value v) const { return producer_[v]; }
  // The last instruction that reads a value, or that makes it; the end for an output.
  int last_use(Value v) const { return last_use_[v]; }
  bool is_number(Value v) const { return is_number_[v]; }
  DType dtype(Value v) const { return dtypes_[v]; }
  int64_t widest() const { return widest_; }  // bytes of an element of the largest dtype, 8 or more
  int inputs() const { return inputs_; }
  int values() const { return values_; }
  int instructions() const { return instructions_; }
  bool is_row(Value v) const { return row_[v]; }
  const Instruction& instruction(int i) const { return code_[i]; }
  int outputs() const { return outputs_; }
  Value output_value(int i) const { return output_[i]; }
  // A rough count of work an element, in simple operations.
  int cost() const { return cost_; }

 private:
  Value new_value(DType dtype, bool row);
  Instruction& add(Form form, std::initializer_list<Value> args, int cost);
  Instruction& add_fused(RowOp op, std::initializer_list<Value> args, int cost);
  Value result(Instruction& instruction, DType dtype);
  Value expand(Value v);

  int inputs_ = 0;
  int values_ = 0;
  int instructions_ = 0;
  int outputs_ = 0;
  int cost_ = 0;
  int64_t widest_ = 8;
  Value output_[kMaxOutputs];
  DType dtypes_[kMaxValues];
  bool row_[kMaxValues];
  bool fused_only_[kMaxValues];
  bool is_number_[kMaxInputs];
  int8_t producer_[kMaxValues];
  int8_t last_use_[kMaxValues];
  Instruction code_[kMaxInstructions];
};

// The program that `make(program, type, inputs...)` gives for inputs of these dtypes. Where all are
// of `type` it is made once, so `make` must give the same each time; else it is made in `other`.
template <class Make, class... Inputs>
const Program& program_for(Make make, Program& other, DType type, Inputs... inputs) {
  static_assert(std::is_empty_v<Make>, "what it depends on must be arguments");
  if (((inputs == type) && ...) && is_float(type)) {
    const auto of = [&](DType dtype) {
      Program program;
      make(program, dtype, (static_cast<void>(inputs), dtype)...);
      return program;
    };
    static const Program singles = of(DType::Float32), doubles = of(DType::Float64);
    return type == DType::Float32 ? singles : doubles;
  }
  make(other, type, inputs...);
  return other;
}

// The operator that combines partial results of a reduction.
Op combiner(ReduceOp op);

// The dtype of op's result on operands of dtype `operands`.
DType result_dtype(Op op, DType operands);

}  // namespace ndtape::engine
