// NumPy arrays and tensors over the same memory.
#pragma once

#include <optional>

#include "call.h"
#include "ndtape/tensor.h"

namespace ndtape::python {

bool is_ndarray(PyObject* o);
bool is_numpy_scalar(PyObject* o);

// np.asarray(o), with a dtype when given; a new reference.
py::object numpy_asarray(PyObject* o, std::optional<DType> dtype = {});

// The tensor over an array's memory, which it keeps alive. Undefined when the array's byte order,
// alignment or strides are none a tensor can have. Throws TypeError for a dtype ndtape has not.
Tensor share_ndarray(PyObject* array);
// The same, through a copy that NumPy makes where memory cannot be shared.
Tensor from_ndarray(PyObject* array, bool* copied = nullptr);

// The array over a tensor's memory; keeps `owner`, a Tensor object, alive. Throws TapeError for a
// tensor that records.
PyObject* to_ndarray(PyObject* owner, const char* what);

}  // namespace ndtape::python
