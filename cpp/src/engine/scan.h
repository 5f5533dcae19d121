// Scans: running sums and their like along an axis.
#pragma once

#include "engine/program.h"
#include "ndtape/tensor.h"

namespace ndtape::engine {

bool has_scan(ScanOp op, DType dtype);

// out = the running result of x, converted to out's dtype, along `axis`; x and out of one shape.
// `factor`, of out's shape and dtype, is the recurrence's, else null. The same bits for any layout
// of the operands that leaves the axis's length.
void scan(ScanOp op, const Tensor& x, const Tensor* factor, int axis, const Tensor& out);

}  // namespace ndtape::engine
