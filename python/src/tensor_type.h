// ndtape.Tensor: the Python object around a C++ tensor.
#pragma once

#include "call.h"
#include "ndtape/hot.h"
#include "ndtape/tensor.h"

namespace ndtape::python {

struct TensorObject {
  PyObject_HEAD Tensor tensor;
  PyObject* weak_references;
};

extern PyTypeObject* tensor_type;

void create_tensor_type(PyObject* module);

inline bool is_tensor(PyObject* o) { return Py_TYPE(o) == tensor_type; }
inline const Tensor& unwrap(PyObject* o) { return reinterpret_cast<TensorObject*>(o)->tensor; }
// A new reference. None for an undefined tensor.
NDTAPE_HOT PyObject* wrap(Tensor tensor);

// Work on this many elements is worth letting other Python threads run.
inline constexpr int64_t kLarge = 32768;
inline bool is_large(const Tensor& x) { return x.size() >= kLarge; }

// The slots of each area, for the type.
void add_operator_slots(std::vector<PyType_Slot>& slots);
void add_indexing_slots(std::vector<PyType_Slot>& slots);
void add_buffer_slots(std::vector<PyType_Slot>& slots);

// The only element of a one-element tensor as a bool, int or float.
PyObject* item(const Tensor& x, const char* what);

PyObject* tuple_of(const Dims& values, int64_t factor = 1);

}  // namespace ndtape::python

namespace pybind11::detail {
template <>
struct type_caster<ndtape::Tensor> {
  PYBIND11_TYPE_CASTER(ndtape::Tensor, const_name("Tensor"));
  bool load(handle source, bool) {
    if (!ndtape::python::is_tensor(source.ptr())) return false;
    value = ndtape::python::unwrap(source.ptr());
    return true;
  }
  static handle cast(ndtape::Tensor t, return_value_policy, handle) {
    return ndtape::python::wrap(std::move(t));
  }
};
}  // namespace pybind11::detail
