#include "examples.h"

#include <cstring>

namespace ndtape::python {
namespace {

// Chosen where results are exact, so that they look the same on every machine.
struct Example {
  const char* name;
  const char* lines;
};

constexpr Example kExamples[] = {
    {"abs", ">>> nt.abs(nt.tensor([-2, 3]))\ntensor([2, 3])\n"},
    {"negative", ">>> nt.negative(nt.tensor([1, -2]))\ntensor([-1,  2])\n"},
    {"sign", ">>> nt.sign(nt.tensor([-3, 0, 2]))\ntensor([-1,  0,  1])\n"},
    {"square", ">>> nt.square(nt.tensor([-3, 2]))\ntensor([9, 4])\n"},
    {"conj", ">>> nt.conj(nt.tensor([1 + 2j]))\ntensor([1.-2.j], dtype=complex64)\n"},
    {"real", ">>> nt.real(nt.tensor([1 + 2j]))\ntensor([1.])\n"},
    {"imag", ">>> nt.imag(nt.tensor([1 + 2j]))\ntensor([2.])\n"},
    {"relu", ">>> nt.relu(nt.tensor([-1.0, 2.0]))\ntensor([0., 2.])\n"},
    {"ceil", ">>> nt.ceil(nt.tensor([1.2, -1.2]))\ntensor([ 2., -1.])\n"},
    {"floor", ">>> nt.floor(nt.tensor([1.2, -1.2]))\ntensor([ 1., -2.])\n"},
    {"trunc", ">>> nt.trunc(nt.tensor([1.7, -1.7]))\ntensor([ 1., -1.])\n"},
    {"round",
     ">>> nt.round(nt.tensor([0.5, 1.5, -1.2]))\ntensor([ 0.,  2., -1.])\n"
     ">>> nt.round(nt.tensor([0.125, 2.666]), 2)\ntensor([0.12, 2.67])\n"},
    {"reciprocal", ">>> nt.reciprocal(nt.tensor([2.0, 4.0]))\ntensor([0.5 , 0.25])\n"},
    {"sqrt", ">>> nt.sqrt(nt.tensor([4.0, 9.0]))\ntensor([2., 3.])\n"},
    {"exp", ">>> nt.exp(nt.tensor([0.0, -nt.inf]))\ntensor([1., 0.])\n"},
    {"exp2", ">>> nt.exp2(nt.tensor([3.0, -1.0]))\ntensor([8. , 0.5])\n"},
    {"expm1", ">>> nt.expm1(nt.tensor([0.0, -nt.inf]))\ntensor([ 0., -1.])\n"},
    {"log", ">>> nt.log(nt.tensor([1.0, 0.0]))\ntensor([  0., -inf])\n"},
    {"log1p", ">>> nt.log1p(nt.tensor([0.0, -1.0]))\ntensor([  0., -inf])\n"},
    {"log2", ">>> nt.log2(nt.tensor([8.0, 0.5]))\ntensor([ 3., -1.])\n"},
    {"log10", ">>> nt.log10(nt.tensor([1.0, 0.0]))\ntensor([  0., -inf])\n"},
    {"sin", ">>> nt.sin(nt.tensor([0.0]))\ntensor([0.])\n"},
    {"cos", ">>> nt.cos(nt.tensor([0.0]))\ntensor([1.])\n"},
    {"tan", ">>> nt.tan(nt.tensor([0.0]))\ntensor([0.])\n"},
    {"asin", ">>> nt.asin(nt.tensor([0.0]))\ntensor([0.])\n"},
    {"acos", ">>> nt.acos(nt.tensor([1.0]))\ntensor([0.])\n"},
    {"atan", ">>> nt.atan(nt.tensor([0.0]))\ntensor([0.])\n"},
    {"sinh", ">>> nt.sinh(nt.tensor([0.0]))\ntensor([0.])\n"},
    {"cosh", ">>> nt.cosh(nt.tensor([0.0]))\ntensor([1.])\n"},
    {"tanh", ">>> nt.tanh(nt.tensor([0.0, nt.inf]))\ntensor([0., 1.])\n"},
    {"asinh", ">>> nt.asinh(nt.tensor([0.0]))\ntensor([0.])\n"},
    {"acosh", ">>> nt.acosh(nt.tensor([1.0]))\ntensor([0.])\n"},
    {"atanh", ">>> nt.atanh(nt.tensor([0.0, 1.0]))\ntensor([ 0., inf])\n"},
    {"sigmoid", ">>> nt.sigmoid(nt.tensor([0.0, nt.inf]))\ntensor([0.5, 1. ])\n"},
    {"softplus", ">>> nt.softplus(nt.tensor([-nt.inf, 1000.0]))\ntensor([   0., 1000.])\n"},
    {"gelu", ">>> nt.gelu(nt.tensor([0.0, 100.0]))\ntensor([  0., 100.])\n"},
    {"erf", ">>> nt.erf(nt.tensor([0.0, nt.inf]))\ntensor([0., 1.])\n"},
    {"isnan", ">>> nt.isnan(nt.tensor([1.0, nt.nan]))\ntensor([False,  True])\n"},
    {"isinf", ">>> nt.isinf(nt.tensor([1.0, -nt.inf]))\ntensor([False,  True])\n"},
    {"isfinite", ">>> nt.isfinite(nt.tensor([1.0, nt.nan]))\ntensor([ True, False])\n"},
    {"signbit", ">>> nt.signbit(nt.tensor([1.0, -0.0]))\ntensor([False,  True])\n"},
    {"logical_not", ">>> nt.logical_not(nt.tensor([0, 2]))\ntensor([ True, False])\n"},
    {"bitwise_invert", ">>> nt.bitwise_invert(nt.tensor([0, 5]))\ntensor([-1, -6])\n"},
    {"add", ">>> nt.add(nt.tensor([1, 2]), 10)\ntensor([11, 12])\n"},
    {"subtract", ">>> nt.subtract(nt.tensor([1, 2]), 10)\ntensor([-9, -8])\n"},
    {"multiply", ">>> nt.multiply(nt.tensor([1.0, 2.0]), 0.5)\ntensor([0.5, 1. ])\n"},
    {"divide", ">>> nt.divide(nt.tensor([1.0, 3.0]), 2)\ntensor([0.5, 1.5])\n"},
    {"floor_divide", ">>> nt.floor_divide(nt.tensor([7, -7]), 2)\ntensor([ 3, -4])\n"},
    {"remainder", ">>> nt.remainder(nt.tensor([7, -7]), 3)\ntensor([1, 2])\n"},
    {"pow", ">>> nt.pow(nt.tensor([2.0, 3.0]), 2)\ntensor([4., 9.])\n"},
    {"maximum", ">>> nt.maximum(nt.tensor([1.0, -1.0]), 0)\ntensor([1., 0.])\n"},
    {"minimum", ">>> nt.minimum(nt.tensor([1.0, -1.0]), 0)\ntensor([ 0., -1.])\n"},
    {"atan2", ">>> nt.atan2(nt.tensor([0.0]), nt.tensor([1.0]))\ntensor([0.])\n"},
    {"hypot", ">>> nt.hypot(nt.tensor([3.0]), 4.0)\ntensor([5.])\n"},
    {"logaddexp", ">>> nt.logaddexp(nt.tensor([0.0]), -nt.inf)\ntensor([0.])\n"},
    {"copysign", ">>> nt.copysign(nt.tensor([1.0, -2.0]), -0.0)\ntensor([-1., -2.])\n"},
    {"nextafter", ">>> nt.nextafter(nt.tensor([0.0]), nt.tensor([0.0]))\ntensor([0.])\n"},
    {"equal", ">>> nt.equal(nt.tensor([1, 2]), 2)\ntensor([False,  True])\n"},
    {"not_equal", ">>> nt.not_equal(nt.tensor([1, 2]), 2)\ntensor([ True, False])\n"},
    {"less", ">>> nt.less(nt.tensor([1, 2]), 2)\ntensor([ True, False])\n"},
    {"less_equal", ">>> nt.less_equal(nt.tensor([1, 2]), 2)\ntensor([ True,  True])\n"},
    {"greater", ">>> nt.greater(nt.tensor([1, 2]), 1)\ntensor([False,  True])\n"},
    {"greater_equal", ">>> nt.greater_equal(nt.tensor([1, 2]), 2)\ntensor([False,  True])\n"},
    {"logical_and",
     ">>> nt.logical_and(nt.tensor([True, False]), True)\n"
     "tensor([ True, False])\n"},
    {"logical_or", ">>> nt.logical_or(nt.tensor([True, False]), False)\ntensor([ True, False])\n"},
    {"logical_xor",
     ">>> nt.logical_xor(nt.tensor([True, False]), True)\n"
     "tensor([False,  True])\n"},
    {"bitwise_and", ">>> nt.bitwise_and(nt.tensor([6, 5]), 3)\ntensor([2, 1])\n"},
    {"bitwise_or", ">>> nt.bitwise_or(nt.tensor([6, 5]), 3)\ntensor([7, 7])\n"},
    {"bitwise_xor", ">>> nt.bitwise_xor(nt.tensor([6, 5]), 3)\ntensor([5, 6])\n"},
    {"bitwise_left_shift", ">>> nt.bitwise_left_shift(nt.tensor([1, 3]), 2)\ntensor([ 4, 12])\n"},
    {"bitwise_right_shift",
     ">>> nt.bitwise_right_shift(nt.tensor([8, -8]), 1)\n"
     "tensor([ 4, -4])\n"},
};

}  // namespace

const char* find_example(const char* name) {
  for (const Example& example : kExamples) {
    if (std::strcmp(example.name, name) == 0) return example.lines;
  }
  return nullptr;
}

}  // namespace ndtape::python
