// Runs an optimizer's step over tensors' memory.
#pragma once

#include "cpu/op_table.h"
#include "ndtape/tensor.h"

namespace ndtape::engine {

inline constexpr int kMaxStepTensors = 4;

// tensors: the parameter, its gradient and the rule's state, `count` in all, of one shape and float
// dtype; all but the gradient are written. They share no memory, but that the gradient may be one
// of the others.
void step(StepOp op, const Tensor* tensors, int count, const double* numbers);

}  // namespace ndtape::engine
