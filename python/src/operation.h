// Operations whose rules are Python functions, as _core.operation makes them.
#pragma once

#include <Python.h>

#include "ndtape/tape.h"

namespace ndtape::python {

// Null for any other object.
const CustomOperation* operation_of(PyObject* o);
// Throws TypeError, with `what` before it, for any other object.
const CustomOperation* operation_argument(PyObject* o, const char* what);

}  // namespace ndtape::python
