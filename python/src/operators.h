// Operators and elementwise functions of Python objects.
#pragma once

#include "call.h"
#include "convert.h"

namespace ndtape::python {

using Unary = Tensor (*)(const Tensor&);
using Binary = Tensor (*)(const Tensor&, const Tensor&);

// function(a, b) with numbers made tensors beside the other operand.
PyObject* apply_binary(Binary function, Operand a, Operand b);
PyObject* apply_unary(Unary function, const Tensor& x);

bool is_large_product(const Tensor& a, const Tensor& b);
bool is_large_product(const Tensor& a, int64_t columns);

}  // namespace ndtape::python
