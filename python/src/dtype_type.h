// ndtape.float32 and its like: one Python object a dtype, and what may stand for it.
#pragma once

#include <optional>

#include "call.h"
#include "ndtape/dtype.h"

namespace ndtape::python {

void create_dtypes(PyObject* module);

PyObject* dtype_object(DType t);  // borrowed
PyObject* numpy_dtype(DType t);   // borrowed: the np.dtype of the same name

// The dtype of a native np.dtype object; none when ndtape has no such type.
std::optional<DType> from_numpy_dtype(PyObject* descr);
// A dtype argument: ours, a name, np.dtype, a NumPy scalar type, or Python's bool, int or float.
// Throws TypeError naming the object.
DType parse_dtype(PyObject* object);
// The same, absent when not given or None.
std::optional<DType> parse_optional_dtype(PyObject* object);

}  // namespace ndtape::python

namespace pybind11::detail {
template <>
struct type_caster<ndtape::DType> {
  PYBIND11_TYPE_CASTER(ndtape::DType, const_name("DType"));
  bool load(handle source, bool) {
    value = ndtape::python::parse_dtype(source.ptr());
    return true;
  }
  static handle cast(ndtape::DType t, return_value_policy, handle) {
    return Py_NewRef(ndtape::python::dtype_object(t));
  }
};
}  // namespace pybind11::detail
