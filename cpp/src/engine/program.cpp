#include "engine/program.h"

#include <stdexcept>
#include <string>

namespace ndtape::engine {

DType result_dtype(Op op, DType operands) {
  switch (info(op).types) {
    case Types::Compare:
    case Types::Logical:
    case Types::Test:
      return DType::Bool;
    default:
      return operands;
  }
}

Value Program::new_value(DType dtype) {
  if (values_ >= kMaxValues) throw std::logic_error("program: too many values");
  dtypes_[values_] = dtype;
  return static_cast<Value>(values_++);
}

Value Program::input(DType dtype) {
  if (inputs_ >= kMaxInputs || instructions_ > 0) {
    throw std::logic_error("program: inputs come first, at most 24");
  }
  ++inputs_;
  return new_value(dtype);
}

Value Program::emit(cpu::BlockKernel kernel, Value a, Value b, Value c, DType result, int cost) {
  if (instructions_ >= kMaxInstructions) throw std::logic_error("program: too many instructions");
  Value v = new_value(result);
  code_[instructions_++] = Instruction{kernel, {a, b, c}, v};
  cost_ += cost;
  return v;
}

Value Program::cast(Value v, DType to) {
  DType from = dtypes_[v];
  if (from == to) return v;
  auto kernel = cpu::kernels().cast[static_cast<int>(from)][static_cast<int>(to)];
  return emit(kernel, v, kNoValue, kNoValue, to, 1);
}

Value Program::apply(Op op, Value a, Value b, Value c) {
  DType operands = dtypes_[op == Op::where ? b : a];
  auto kernel = cpu::kernels().block[static_cast<int>(op)][static_cast<int>(operands)];
  if (!kernel) {
    throw std::logic_error(std::string("program: no kernel for ") + info(op).name + " of " +
                           name(operands));
  }
  int cost = info(op).types == Types::Float || op == Op::pow ? 8 : 1;
  return emit(kernel, a, b, c, result_dtype(op, operands), cost);
}

void Program::output(Value v) {
  if (outputs_ >= kMaxOutputs) throw std::logic_error("program: too many outputs");
  output_[outputs_++] = v;
}

}  // namespace ndtape::engine
