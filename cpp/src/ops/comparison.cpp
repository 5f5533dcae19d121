// Comparison, logic, bits and tests: results that have no derivative.
#include "ops/elementwise.h"

namespace ndtape {

#define NDTAPE_UNARY(id) \
  Tensor id(const Tensor& x) { return unary(Op::id, x); }
NDTAPE_UNARY(isnan)
NDTAPE_UNARY(isinf)
NDTAPE_UNARY(isfinite)
NDTAPE_UNARY(signbit)
NDTAPE_UNARY(logical_not)
NDTAPE_UNARY(bitwise_invert)
#undef NDTAPE_UNARY

#define NDTAPE_BINARY(id) \
  Tensor id(const Tensor& a, const Tensor& b) { return binary(Op::id, a, b); }
NDTAPE_BINARY(equal)
NDTAPE_BINARY(not_equal)
NDTAPE_BINARY(less)
NDTAPE_BINARY(less_equal)
NDTAPE_BINARY(greater)
NDTAPE_BINARY(greater_equal)
NDTAPE_BINARY(logical_and)
NDTAPE_BINARY(logical_or)
NDTAPE_BINARY(logical_xor)
NDTAPE_BINARY(bitwise_and)
NDTAPE_BINARY(bitwise_or)
NDTAPE_BINARY(bitwise_xor)
NDTAPE_BINARY(bitwise_left_shift)
NDTAPE_BINARY(bitwise_right_shift)
#undef NDTAPE_BINARY

}  // namespace ndtape
