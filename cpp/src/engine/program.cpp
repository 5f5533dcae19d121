#include "engine/program.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace ndtape::engine {

Op combiner(ReduceOp op) {
  switch (op) {
    case ReduceOp::sum:
      return Op::add;
    case ReduceOp::prod:
      return Op::multiply;
    case ReduceOp::max:
      return Op::maximum;
    default:
      return Op::minimum;
  }
}

DType result_dtype(Op op, DType operands) {
  switch (info(op).types) {
    case Types::Compare:
    case Types::Logical:
    case Types::Test:
      return DType::Bool;
    case Types::Part:
      return real_dtype(operands);
    default:
      return operands;
  }
}

Value Program::new_value(DType dtype) {
  if (values_ >= kMaxValues) throw std::logic_error("program: too many values");
  dtypes_[values_] = dtype;
  widest_ = std::max(widest_, itemsize(dtype));
  row_[values_] = false;
  producer_[values_] = instructions_ - 1;
  return static_cast<Value>(values_++);
}

Value Program::input(DType dtype) {
  if (inputs_ >= kMaxInputs || instructions_ > 0) {
    throw std::logic_error("program: inputs come first, at most 24");
  }
  ++inputs_;
  return new_value(dtype);  // instructions_ is 0: made by none
}

Value Program::row_input(DType dtype) {
  const Value v = input(dtype);
  row_[v] = true;
  return v;
}

Value Program::emit(Instruction instruction, DType result, int cost) {
  if (instructions_ >= kMaxInstructions) throw std::logic_error("program: too many instructions");
  ++instructions_;
  instruction.result = new_value(result);
  row_[instruction.result] = instruction.form == Form::Row || instruction.form == Form::Reduce;
  code_[instructions_ - 1] = instruction;
  cost_ += cost;
  return instruction.result;
}

Value Program::cast(Value v, DType to) {
  DType from = dtypes_[v];
  if (from == to) return v;
  auto kernel = cpu::kernels().cast[static_cast<int>(from)][static_cast<int>(to)];
  const Form form = row_[v] ? Form::Row : Form::Block;
  return emit({kernel, nullptr, form, {v, kNoValue, kNoValue, kNoValue, kNoValue}, kNoValue}, to,
              1);
}

Value Program::apply(Op op, Value a, Value b, Value c) {
  DType operands = dtypes_[op == Op::where ? b : a];
  auto kernel = cpu::kernels().block[static_cast<int>(op)][static_cast<int>(operands)];
  if (!kernel) {
    throw std::logic_error(std::string("program: no kernel for ") + info(op).name + " of " +
                           name(operands));
  }
  Value args[] = {a, b, c};
  bool any_block = false;
  for (Value v : args) any_block |= v != kNoValue && !row_[v];
  // One number for the whole row needs no block of its own, where there is a kernel for that.
  if (any_block && is_float(operands) && c == kNoValue && b != kNoValue && row_[a] != row_[b]) {
    if (op == Op::add || op == Op::multiply) {
      return fused(op == Op::add ? RowOp::add : RowOp::multiply,
                   {row_[a] ? b : a, row_[a] ? a : b});
    }
    if (op == Op::subtract && row_[b]) return fused(RowOp::subtract, {a, b});
  }
  if (any_block) {
    for (Value& v : args) {
      if (v != kNoValue && row_[v]) v = expand(v);
    }
  }
  const Form form = any_block ? Form::Block : Form::Row;
  const bool costly = info(op).types == Types::Float || op == Op::pow;
  const int cost = costly ? static_cast<int>(itemsize(operands)) : 1;  // fewer lanes, more terms
  return emit({kernel, nullptr, form, {args[0], args[1], args[2], kNoValue, kNoValue}, kNoValue},
              result_dtype(op, operands), cost);
}

Value Program::expand(Value v) {
  return emit(
      {nullptr, nullptr, Form::Expand, {v, kNoValue, kNoValue, kNoValue, kNoValue}, kNoValue},
      dtypes_[v], 1);
}

Value Program::reduce(ReduceOp op, Value v) {
  const int dtype = static_cast<int>(dtypes_[v]);
  const auto& kernels = cpu::kernels();
  return emit({kernels.block[static_cast<int>(combiner(op))][dtype],
               kernels.reduce[static_cast<int>(op)][dtype],
               Form::Reduce,
               {v, kNoValue, kNoValue, kNoValue, kNoValue},
               kNoValue},
              dtypes_[v], 1);
}

Instruction Program::fused_instruction(RowOp op, std::initializer_list<Value> args,
                                       DType dtype) const {
  const auto& kernels = cpu::kernels();
  const int d = static_cast<int>(dtype);
  Instruction in{};
  in.kernel = kernels.block[static_cast<int>(Op::add)][d];
  in.form = Form::Fused;
  in.result = kNoValue;
  in.row_kernel = kernels.row[static_cast<int>(op)][d];
  int n = 0;
  for (Value v : args) in.args[n++] = v;
  while (n < kMaxArgs) in.args[n++] = kNoValue;
  return in;
}

Value Program::fused(RowOp op, std::initializer_list<Value> args) {
  const DType dtype = dtypes_[*args.begin()];
  return emit(fused_instruction(op, args, dtype), dtype, 1);
}

Value Program::fused_sum(RowOp op, std::initializer_list<Value> args, Value* block) {
  if (instructions_ >= kMaxInstructions) throw std::logic_error("program: too many instructions");
  const DType dtype = dtypes_[*args.begin()];
  Instruction in = fused_instruction(op, args, dtype);
  ++instructions_;
  if (block) *block = in.result = new_value(dtype);
  in.total = new_value(dtype);
  row_[in.total] = true;
  code_[instructions_ - 1] = in;
  cost_ += op == RowOp::exp_sum ? static_cast<int>(itemsize(dtype)) : 1;
  return in.total;
}

bool Program::read_by_fused_only(Value v) const {
  for (int i = 0; i < instructions_; ++i) {
    if (code_[i].form == Form::Fused) continue;
    for (Value a : code_[i].args) {
      if (a == v) return false;
    }
  }
  for (int i = 0; i < outputs_; ++i) {
    if (output_[i] == v) return false;
  }
  return true;
}

void Program::output(Value v) {
  if (outputs_ >= kMaxOutputs) throw std::logic_error("program: too many outputs");
  output_[outputs_++] = v;
}

}  // namespace ndtape::engine
