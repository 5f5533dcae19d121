// Arguments of layers and their functions. The usual ones are read at once; for all others, and for
// errors, the functions of ndtape.nn._checks are asked.
#pragma once

#include <Python.h>

#include <cstdint>

#include "ndtape/tensor.h"

namespace ndtape::python {

// The argument `name` of `function` as a tensor.
Tensor named_tensor(PyObject* o, const char* function, const char* name);
Tensor named_tensor_or_none(PyObject* o, const char* function, const char* name);
// A tensor (n, channels, *lengths) with so many lengths.
Tensor images_argument(PyObject* o, const char* function, int64_t axes);
// An integer of at least 1.
int64_t positive_integer(PyObject* o, const char* name);
// One integer of at least `least` an axis: a single one stands for all.
Dims per_axis(PyObject* o, const char* name, int64_t axes, int64_t least = 1);

}  // namespace ndtape::python
