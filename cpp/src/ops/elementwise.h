// From an op and its operands to a result: dtypes, broadcasting, and the call of the engine.
#pragma once

#include "cpu/op_table.h"
#include "ndtape/ops.h"
#include "ndtape/tape.h"

namespace ndtape {

// Throw TypeError for a dtype that the row of `op` does not take, ValueError for shapes that do
// not broadcast. The result is new and row-major.
Tensor unary(Op op, const Tensor& x);
Tensor binary(Op op, const Tensor& a, const Tensor& b);
Tensor ternary(Op op, const Tensor& a, const Tensor& b, const Tensor& c);

// The same, written into `out`, which has the result's shape; the result is cast to out's dtype.
// Operands may overlap `out` in any way.
void binary_into(Op op, const Tensor& a, const Tensor& b, const Tensor& out);

// Where the result of an operator goes: to a new tensor, or to its first operand, in place. That
// has the result's shape and dtype then; what is kept of it is copied first.
enum class Into { New, First };
inline Tensor binary(Op op, const Tensor& a, const Tensor& b, Into into) {
  if (into == Into::New) return binary(op, a, b);
  begin_change(a);
  binary_into(op, a, b, a);
  return a;
}

// Operators as they are recorded, either way. What their rules read of operands is saved before the
// result is computed.
Tensor add(const Tensor& a, const Tensor& b, Into into);
Tensor subtract(const Tensor& a, const Tensor& b, Into into);
Tensor multiply(const Tensor& a, const Tensor& b, Into into);
Tensor divide(const Tensor& a, const Tensor& b, Into into);
Tensor floor_divide(const Tensor& a, const Tensor& b, Into into);
Tensor remainder(const Tensor& a, const Tensor& b, Into into);
Tensor pow(const Tensor& a, const Tensor& b, Into into);

// The dtype that operands of `op` are converted to before it is applied.
DType operand_dtype(Op op, DType dtype);

// Do two tensors share bytes, other than as the very same view?
bool overlaps(const Tensor& a, const Tensor& b);

// Throws TypeError for what needs an order, which complex numbers do not have.
void refuse_complex(const Tensor& x, const char* what);

// conj(x), or x itself where it is real: what rules of derivatives multiply by.
Tensor conjugate(const Tensor& x);

// g where the condition holds, else 0.
Tensor keep_where(const Tensor& condition, const Tensor& g);

}  // namespace ndtape
