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

Value Program::new_value(DType dtype, bool row) {
  if (values_ >= kMaxValues) throw std::logic_error("program: too many values");
  dtypes_[values_] = dtype;
  widest_ = std::max(widest_, itemsize(dtype));
  row_[values_] = row;
  fused_only_[values_] = true;
  producer_[values_] = last_use_[values_] = static_cast<int8_t>(instructions_ - 1);
  return static_cast<Value>(values_++);
}

Value Program::input(DType dtype) {
  if (inputs_ >= kMaxInputs || instructions_ > 0) {
    throw std::logic_error("program: inputs come first, at most 24");
  }
  is_number_[inputs_++] = false;
  return new_value(dtype, false);  // instructions_ is 0: made by none
}

Value Program::row_input(DType dtype) {
  const Value v = input(dtype);
  row_[v] = true;
  return v;
}

Value Program::number(DType dtype) {
  if (!is_float(dtype))
    throw std::logic_error(std::string("program: a number of dtype ") + name(dtype));
  const Value v = row_input(dtype);
  is_number_[v] = true;
  return v;
}

// Written where it stays: a copy would read by vectors what was just written by bytes, and wait.
Instruction& Program::add(Form form, std::initializer_list<Value> args, int cost) {
  if (instructions_ >= kMaxInstructions) throw std::logic_error("program: too many instructions");
  Instruction& in = code_[instructions_];
  in.kernel = nullptr;
  in.form = form;
  in.result = in.total = kNoValue;
  int n = 0;
  for (Value v : args) {
    in.args[n++] = v;
    if (v == kNoValue) continue;
    last_use_[v] = std::max(last_use_[v], static_cast<int8_t>(instructions_));
    fused_only_[v] = fused_only_[v] && form == Form::Fused;
  }
  while (n < kMaxArgs) in.args[n++] = kNoValue;
  ++instructions_;
  cost_ += cost;
  return in;
}

Value Program::result(Instruction& instruction, DType dtype) {
  const Form form = instruction.form;
  return instruction.result = new_value(dtype, form == Form::Row || form == Form::Reduce);
}

Value Program::cast(Value v, DType to) {
  const DType from = dtypes_[v];
  if (from == to) return v;
  Instruction& in = add(row_[v] ? Form::Row : Form::Block, {v}, 1);
  in.kernel = cpu::kernels().cast[static_cast<int>(from)][static_cast<int>(to)];
  return result(in, to);
}

Value Program::apply(Op op, Value a, Value b, Value c) {
  const DType operands = dtypes_[op == Op::where ? b : a];
  const auto kernel = cpu::kernels().block[static_cast<int>(op)][static_cast<int>(operands)];
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
  const bool costly = info(op).types == Types::Float || op == Op::pow;
  const int cost = costly ? static_cast<int>(itemsize(operands)) : 1;  // fewer lanes, more terms
  Instruction& in = add(any_block ? Form::Block : Form::Row, {args[0], args[1], args[2]}, cost);
  in.kernel = kernel;
  return result(in, result_dtype(op, operands));
}

Value Program::expand(Value v) { return result(add(Form::Expand, {v}, 1), dtypes_[v]); }

Value Program::reduce(ReduceOp op, Value v) {
  const int dtype = static_cast<int>(dtypes_[v]);
  const auto& kernels = cpu::kernels();
  Instruction& in = add(Form::Reduce, {v}, 1);
  in.kernel = kernels.block[static_cast<int>(combiner(op))][dtype];
  in.reduce = kernels.reduce[static_cast<int>(op)][dtype];
  return result(in, dtypes_[v]);
}

Instruction& Program::add_fused(RowOp op, std::initializer_list<Value> args, int cost) {
  const auto& kernels = cpu::kernels();
  const int dtype = static_cast<int>(dtypes_[*args.begin()]);
  Instruction& in = add(Form::Fused, args, cost);
  in.kernel = kernels.block[static_cast<int>(Op::add)][dtype];
  in.row_kernel = kernels.row[static_cast<int>(op)][dtype];
  return in;
}

Value Program::fused(RowOp op, std::initializer_list<Value> args) {
  return result(add_fused(op, args, 1), dtypes_[*args.begin()]);
}

Value Program::fused_sum(RowOp op, std::initializer_list<Value> args, Value* block) {
  const DType dtype = dtypes_[*args.begin()];
  Instruction& in =
      add_fused(op, args, op == RowOp::exp_sum ? static_cast<int>(itemsize(dtype)) : 1);
  if (block) *block = result(in, dtype);
  return in.total = new_value(dtype, true);
}

void Program::output(Value v) {
  if (outputs_ >= kMaxOutputs) throw std::logic_error("program: too many outputs");
  fused_only_[v] = false;
  last_use_[v] = kMaxInstructions;
  output_[outputs_++] = v;
}

}  // namespace ndtape::engine
