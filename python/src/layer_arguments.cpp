#include "layer_arguments.h"

#include "call.h"
#include "convert.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

template <class... Args>
py::object ask(const char* function, const char* format, Args... args) {
  const py::object checks = own(PyImport_ImportModule("ndtape.nn._checks"));
  return own(PyObject_CallMethod(checks.ptr(), function, format, args...));
}

// An int that is plain and at least `least`?
bool is_plain(PyObject* o, int64_t least, int64_t& value) {
  if (!PyLong_CheckExact(o)) return false;
  int overflow = 0;
  value = PyLong_AsLongLongAndOverflow(o, &overflow);
  return !overflow && value >= least;
}

}  // namespace

Tensor named_tensor(PyObject* o, const char* function, const char* name) {
  if (is_tensor(o)) return unwrap(o);
  const py::object found = ask("tensor", "ssO", function, name, o);
  return tensor_argument(found.ptr(), function);
}

Tensor named_tensor_or_none(PyObject* o, const char* function, const char* name) {
  return !o || o == Py_None ? Tensor() : named_tensor(o, function, name);
}

Tensor images_argument(PyObject* o, const char* function, int64_t axes) {
  Tensor x = named_tensor(o, function, "x");
  if (x.ndim() != axes + 2) {
    const py::object refused = own(wrap(x));
    ask("images", "sOL", function, refused.ptr(), static_cast<long long>(axes));
  }
  return x;
}

int64_t positive_integer(PyObject* o, const char* name) {
  int64_t value = 0;
  if (is_plain(o, 1, value)) return value;
  return parse_int(ask("integer", "sO", name, o).ptr(), name);
}

Dims per_axis(PyObject* o, const char* name, int64_t axes, int64_t least) {
  int64_t value = 0;
  if (is_plain(o, least, value)) return Dims(static_cast<int>(axes), value);
  if (PyTuple_CheckExact(o) && PyTuple_GET_SIZE(o) == axes) {  // as layers give them
    Dims result(static_cast<int>(axes), 0);
    int i = 0;
    while (i < axes && is_plain(PyTuple_GET_ITEM(o, i), least, result[i])) ++i;
    if (i == axes) return result;
  }
  const py::object found =
      ask("per_axis", "sOLL", name, o, static_cast<long long>(axes), static_cast<long long>(least));
  return parse_dims(found.ptr(), name);
}

}  // namespace ndtape::python
