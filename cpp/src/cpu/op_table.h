// The elementwise operators: one row each. Kernels, bindings, docs and tests are driven by it.
#pragma once

#include <cstdint>

namespace ndtape {

// Which dtypes an operator takes and what it gives.
enum class Types : uint8_t {
  Numeric,  // any number -> the promoted dtype
  Any,      // bool or any number -> the promoted dtype
  Float,    // float -> same; integers and bool are first converted to the default float dtype
  Part,     // any number -> same; the float dtype of its parts for complex numbers
  Compare,  // bool or any number -> bool
  Logical,  // anything, read as "is it non-zero" -> bool
  Bitwise,  // bool or integers -> the promoted dtype
  Integer,  // integers -> the promoted dtype
  Round,    // any number -> same; the identity on integers
  Test,     // any number -> bool
};

// Whether an operator is defined on real numbers only, or on complex ones too.
enum class Field : uint8_t { R, C };

// X(identifier, arity, types, field, domain of the test data, summary)
// Domains: real, positive, nonzero, unit (-1..1), ge_one, gt_minus_one, bits, small.
#define NDTAPE_OPS(X)                                                                              \
  X(abs, 1, Part, C, real, "Absolute value.")                                                      \
  X(negative, 1, Numeric, C, real, "Numerical negative, ``-x``.")                                  \
  X(sign, 1, Numeric, C, real, "Sign: -1, 0 or 1; NaN for NaN.")                                   \
  X(square, 1, Numeric, C, real, "Square, ``x * x``.")                                             \
  X(conj, 1, Numeric, C, real, "Complex conjugate; x itself where it is real.")                    \
  X(real, 1, Part, C, real, "Real part.")                                                          \
  X(imag, 1, Part, C, real, "Imaginary part; 0 where x is real.")                                  \
  X(relu, 1, Numeric, R, real, "Rectified linear unit, ``max(x, 0)``.")                            \
  X(ceil, 1, Round, R, real, "Smallest integer not less than x.")                                  \
  X(floor, 1, Round, R, real, "Largest integer not greater than x.")                               \
  X(trunc, 1, Round, R, real, "Nearest integer towards zero.")                                     \
  X(round, 1, Round, C, real, "Nearest integer, halves to even; each part of complex numbers.")    \
  X(reciprocal, 1, Float, C, nonzero, "Reciprocal, ``1 / x``.")                                    \
  X(sqrt, 1, Float, C, positive, "Square root.")                                                   \
  X(exp, 1, Float, C, small, "Exponential, e to the power x.")                                     \
  X(exp2, 1, Float, C, small, "2 to the power x.")                                                 \
  X(expm1, 1, Float, C, small, "``exp(x) - 1``, accurate near zero.")                              \
  X(log, 1, Float, C, positive, "Natural logarithm.")                                              \
  X(log1p, 1, Float, C, gt_minus_one, "``log(1 + x)``, accurate near zero.")                       \
  X(log2, 1, Float, C, positive, "Base-2 logarithm.")                                              \
  X(log10, 1, Float, C, positive, "Base-10 logarithm.")                                            \
  X(sin, 1, Float, C, real, "Sine of x in radians.")                                               \
  X(cos, 1, Float, C, real, "Cosine of x in radians.")                                             \
  X(tan, 1, Float, C, unit, "Tangent of x in radians.")                                            \
  X(asin, 1, Float, C, unit, "Inverse sine, in radians.")                                          \
  X(acos, 1, Float, C, unit, "Inverse cosine, in radians.")                                        \
  X(atan, 1, Float, C, real, "Inverse tangent, in radians.")                                       \
  X(sinh, 1, Float, C, small, "Hyperbolic sine.")                                                  \
  X(cosh, 1, Float, C, small, "Hyperbolic cosine.")                                                \
  X(tanh, 1, Float, C, real, "Hyperbolic tangent.")                                                \
  X(asinh, 1, Float, C, real, "Inverse hyperbolic sine.")                                          \
  X(acosh, 1, Float, C, ge_one, "Inverse hyperbolic cosine.")                                      \
  X(atanh, 1, Float, C, unit, "Inverse hyperbolic tangent.")                                       \
  X(sigmoid, 1, Float, R, real, "Logistic function, ``1 / (1 + exp(-x))``.")                       \
  X(softplus, 1, Float, R, real, "``log(1 + exp(x))``, without overflow.")                         \
  X(gelu, 1, Float, R, real, "Gaussian error linear unit, ``x * (1 + erf(x / sqrt(2))) / 2``.")    \
  X(erf, 1, Float, R, real, "Error function.")                                                     \
  X(isnan, 1, Test, C, real, "Whether x is NaN.")                                                  \
  X(isinf, 1, Test, C, real, "Whether x is an infinity.")                                          \
  X(isfinite, 1, Test, C, real, "Whether x is neither NaN nor an infinity.")                       \
  X(signbit, 1, Test, R, real, "Whether the sign bit of x is set.")                                \
  X(logical_not, 1, Logical, C, real, "Whether x is zero or False.")                               \
  X(bitwise_invert, 1, Bitwise, R, bits, "Inverts every bit; logical not for bool.")               \
  X(add, 2, Any, C, real, "Sum; logical or for bool.")                                             \
  X(subtract, 2, Numeric, C, real, "Difference.")                                                  \
  X(multiply, 2, Any, C, real, "Product; logical and for bool.")                                   \
  X(divide, 2, Float, C, nonzero, "True quotient.")                                                \
  X(floor_divide, 2, Numeric, R, nonzero, "Quotient rounded towards negative infinity.")           \
  X(remainder, 2, Numeric, R, nonzero, "Remainder of floor_divide, with the sign of the divisor.") \
  X(pow, 2, Numeric, C, positive, "First argument to the power of the second.")                    \
  X(maximum, 2, Any, R, real, "The larger of two; NaN if either is NaN.")                          \
  X(minimum, 2, Any, R, real, "The smaller of two; NaN if either is NaN.")                         \
  X(atan2, 2, Float, R, real, "Angle of the point (second, first), in radians.")                   \
  X(hypot, 2, Float, R, real, "``sqrt(x**2 + y**2)`` without overflow.")                           \
  X(logaddexp, 2, Float, R, real, "``log(exp(x) + exp(y))`` without overflow.")                    \
  X(copysign, 2, Float, R, real, "Magnitude of the first with the sign of the second.")            \
  X(nextafter, 2, Float, R, real, "Next representable value from the first towards the second.")   \
  X(equal, 2, Compare, C, real, "Whether ``x == y``.")                                             \
  X(not_equal, 2, Compare, C, real, "Whether ``x != y``.")                                         \
  X(less, 2, Compare, R, real, "Whether ``x < y``.")                                               \
  X(less_equal, 2, Compare, R, real, "Whether ``x <= y``.")                                        \
  X(greater, 2, Compare, R, real, "Whether ``x > y``.")                                            \
  X(greater_equal, 2, Compare, R, real, "Whether ``x >= y``.")                                     \
  X(logical_and, 2, Logical, C, real, "Whether both are non-zero.")                                \
  X(logical_or, 2, Logical, C, real, "Whether either is non-zero.")                                \
  X(logical_xor, 2, Logical, C, real, "Whether exactly one is non-zero.")                          \
  X(bitwise_and, 2, Bitwise, R, bits, "Bitwise and.")                                              \
  X(bitwise_or, 2, Bitwise, R, bits, "Bitwise or.")                                                \
  X(bitwise_xor, 2, Bitwise, R, bits, "Bitwise exclusive or.")                                     \
  X(bitwise_left_shift, 2, Integer, R, bits, "Left shift; 0 past the width.")                      \
  X(bitwise_right_shift, 2, Integer, R, bits, "Arithmetic right shift; the sign past the width.")  \
  X(where, 3, Any, C, real, "Second where the first is True, else third.")                         \
  X(clip, 3, Numeric, R, real, "First argument limited to the range from second to third.")

enum class Op : uint8_t {
#define NDTAPE_X(id, arity, types, field, domain, doc) id,
  NDTAPE_OPS(NDTAPE_X)
#undef NDTAPE_X
};

struct OpInfo {
  const char* name;
  uint8_t arity;
  Types types;
  Field field;
  const char* domain;
  const char* doc;
};

inline constexpr OpInfo kOps[] = {
#define NDTAPE_X(id, arity, types, field, domain, doc) \
  {#id, arity, Types::types, Field::field, #domain, doc},
    NDTAPE_OPS(NDTAPE_X)
#undef NDTAPE_X
};

inline constexpr int kOpCount = sizeof(kOps) / sizeof(kOps[0]);

constexpr const OpInfo& info(Op op) { return kOps[static_cast<int>(op)]; }

// Reductions that the kernels know; the others (mean, var, ...) are written with these.
#define NDTAPE_REDUCE_OPS(X) \
  X(sum)                     \
  X(prod)                    \
  X(max)                     \
  X(min)

enum class ReduceOp : uint8_t {
#define NDTAPE_X(id) id,
  NDTAPE_REDUCE_OPS(NDTAPE_X)
#undef NDTAPE_X
};

inline constexpr int kReduceOpCount = 4;

// Kernels on a row whose other operands may be one number for all of it.
enum class RowOp : uint8_t {
  add,            // row, number
  subtract,       // row, number
  subtract_both,  // row, number a, number b: (row - a) - b
  multiply,       // row, number
  exp_sum,        // row, number: exp(row - number), and the sum of it
  square_sum,     // row, number: the sum of (row - number)^2
  normalize,  // row, number m, number s, row w, row b: (row - m) * s * w + b; w and b may be absent
};

inline constexpr int kRowOpCount = 7;

// Steps of optimizers; the numbers each takes are in cpu/steps.cpp.
enum class StepOp : uint8_t { sgd, momentum, nesterov, adagrad, rmsprop, rmsprop_momentum, adam };

inline constexpr int kStepOpCount = 7;

// Scans along an axis. recurrence: s[i] = factor[i] * s[i - 1] + x[i].
enum class ScanOp : uint8_t { sum, prod, recurrence };

inline constexpr int kScanOpCount = 3;

}  // namespace ndtape
