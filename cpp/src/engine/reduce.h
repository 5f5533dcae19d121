// Reductions: the program's output is combined along axes, in a tree set by the shape alone.
#pragma once

#include "engine/program.h"
#include "ndtape/tensor.h"

namespace ndtape::engine {

// out[kept] = op over the reduced axes of the program's one output, evaluated on inputs broadcast
// to `shape`. `out` has length 1 on the axes of `reduced` and the dtype of the program's output.
// No axis may be empty.
void reduce(const Program& program, const Dims& shape, const Tensor* inputs, const Dims& reduced,
            ReduceOp op, const Tensor& out);

// The position along `axis` of the first extreme element, NaN counting as the most extreme;
// out: int64, with length 1 on `axis`. The axis may not be empty.
void arg_reduce(const Tensor& x, int axis, bool largest, const Tensor& out);

}  // namespace ndtape::engine
