// Methods of Tensor that are no functions: reaching the values, pickling, copying.
#include "areas.h"
#include "convert.h"
#include "dtype_type.h"
#include "method_docs.h"
#include "ndtape/tape.h"
#include "numpy_interop.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

py::object detached_array(const Tensor& x) {
  py::object owner = own(wrap(detach(x)));
  return own(to_ndarray(owner.ptr(), "numpy"));
}

PyObject* method_item(const Spec&, PyObject* const* v) {
  const Tensor& x = unwrap(v[0]);
  Rest args = rest(v[1]);
  if (args.empty()) return item(x, "item");
  if (args.size() == 1 && PyTuple_Check(args[0])) {
    args = {PySequence_Fast_ITEMS(args[0]), static_cast<size_t>(PyTuple_GET_SIZE(args[0]))};
  }
  std::vector<Index> index;
  if (args.size() == 1 && x.ndim() != 1) {
    // A position in the flattened tensor.
    int64_t at = parse_int(args[0], "item");
    int64_t size = x.size();
    if (at < -size || at >= size) {
      throw IndexError("item: index " + std::to_string(at) + " is out of range for " +
                       std::to_string(size) + " elements");
    }
    if (at < 0) at += size;
    for (int axis = x.ndim() - 1; axis >= 0; --axis) {
      index.insert(index.begin(), Index(at % x.length(axis)));
      at /= x.length(axis);
    }
  } else {
    if (args.size() != static_cast<size_t>(x.ndim())) {
      throw ValueError("item: " + std::to_string(args.size()) + " indices for " +
                       std::to_string(x.ndim()) + " axes");
    }
    for (PyObject* o : args) index.push_back(parse_int(o, "item"));
  }
  return item(get_item(detach(x), index), "item");
}

PyObject* method_tolist(const Spec&, PyObject* const* v) {
  const Tensor& x = unwrap(v[0]);
  if (x.ndim() == 0) return item(x, "tolist");
  return PyObject_CallMethod(detached_array(x).ptr(), "tolist", nullptr);
}

PyObject* method_tobytes(const Spec&, PyObject* const* v) {
  return PyObject_CallMethod(detached_array(unwrap(v[0])).ptr(), "tobytes", nullptr);
}

PyObject* method_numpy(const Spec&, PyObject* const* v) { return to_ndarray(v[0], "numpy"); }

PyObject* method_array(const Spec&, PyObject* const* v) {
  py::object array = own(to_ndarray(v[0], "__array__"));
  PyObject* copy = v[2] ? v[2] : Py_None;
  if (v[1] && v[1] != Py_None) {
    DType mine = unwrap(v[0]).dtype();
    int same = PyObject_RichCompareBool(numpy_dtype(mine), v[1], Py_EQ);
    check(same);
    if (!same) {
      if (copy == Py_False) throw ValueError("__array__: copy=False, but another dtype is wanted");
      return PyObject_CallMethod(array.ptr(), "astype", "O", v[1]);
    }
  }
  if (copy != Py_None && parse_bool(copy, false)) {
    return PyObject_CallMethod(array.ptr(), "copy", nullptr);
  }
  return array.release().ptr();
}

PyObject* method_fill(const Spec&, PyObject* const* v) {
  const Tensor& x = unwrap(v[0]);
  Number number;
  Tensor value =
      parse_number(v[1], number) ? weak_number(number, x.dtype()) : tensor_argument(v[1], "fill");
  if (value.ndim() != 0) {
    throw ValueError("fill: value must be a scalar, not of shape " + to_string(value.shape()));
  }
  unlocked(is_large(x), [&] { assign(x, value); });
  return new_none();
}

PyObject* method_format(const Spec&, PyObject* const* v) {
  py::object module = own(PyImport_ImportModule("ndtape._repr"));
  return PyObject_CallMethod(module.ptr(), "tensor_format", "OO", v[0], v[1]);
}

PyObject* method_complex(const Spec&, PyObject* const* v) {
  py::object value = own(item(unwrap(v[0]), "complex"));
  Py_complex z = PyComplex_AsCComplex(value.ptr());
  if (PyErr_Occurred()) throw PythonError{};
  if (z.real != z.real && PyFloat_Check(value.ptr())) z.imag = z.real;  // as the standard has it
  return PyComplex_FromCComplex(z);
}

PyObject* method_array_function(const Spec&, PyObject* const* v) {
  const py::object module = own(PyImport_ImportModule("ndtape._numpy_protocol"));
  return PyObject_CallMethod(module.ptr(), "call_on_arrays", "OOO", v[1], v[3], v[4]);
}

PyObject* method_array_namespace(const Spec&, PyObject* const* v) {
  if (v[1] && v[1] != Py_None) {
    if (!PyUnicode_Check(v[1])) {
      throw TypeError("__array_namespace__: api_version must be a string");
    }
    py::object versions = own(PyImport_ImportModule("ndtape._versions"));
    return PyObject_CallMethod(versions.ptr(), "namespace", "O", v[1]);
  }
  return PyImport_ImportModule("ndtape");
}

PyObject* method_to_device(const Spec&, PyObject* const* v) {
  check_device(v[1]);
  if (v[2] && v[2] != Py_None) throw ValueError("to_device: the CPU has no streams");
  return Py_NewRef(v[0]);
}

PyObject* method_is_contiguous(const Spec&, PyObject* const* v) {
  return PyBool_FromLong(unwrap(v[0]).is_contiguous());
}

PyObject* method_data_ptr(const Spec&, PyObject* const* v) {
  return PyLong_FromVoidPtr(unwrap(v[0]).mutable_data());
}

// ---- copying and pickling ----------------------------------------------------------------------

Tensor twin(const Tensor& x) {
  GradMode off(false);
  Tensor result = unlocked(is_large(x), [&] { return copy(x); });
  if (requires_grad(x)) set_requires_grad(result, true);
  return result;
}

PyObject* method_copy_protocol(const Spec&, PyObject* const* v) {
  const Tensor& x = unwrap(v[0]);
  return wrap(is_leaf(x) ? twin(x) : copy(x));
}

PyObject* method_deepcopy(const Spec&, PyObject* const* v) {
  const Tensor& x = unwrap(v[0]);
  if (!is_leaf(x)) {
    throw TapeError("deepcopy: this tensor is " + describe(x) + "; use x.detach()");
  }
  Tensor result = twin(x);
  Tensor gradient = grad(x);
  if (gradient.defined()) set_grad(result, twin(gradient));
  return wrap(result);
}

PyObject* rebuild_function = nullptr;

// NumPy knows how to pickle arrays of any layout, out of band too.
PyObject* method_reduce(const Spec&, PyObject* const* v) {
  const Tensor& x = unwrap(v[0]);
  if (!rebuild_function) {
    py::object module = own(PyImport_ImportModule("ndtape._core"));
    rebuild_function = check(PyObject_GetAttrString(module.ptr(), "_rebuild"));
  }
  py::object array = detached_array(x);
  PyObject* flag = requires_grad(x) ? Py_True : Py_False;
  return Py_BuildValue("O(OO)", rebuild_function, array.ptr(), flag);
}

PyObject* rebuild(const Spec&, PyObject* const* v) {
  GradMode off(false);
  Tensor result = to_tensor(v[0], {}, Copy::kAlways);
  if (parse_bool(v[1], false)) set_requires_grad(result, true);
  return wrap(result);
}

// ---- methods that are functions of the Python package ------------------------------------------

struct Forwarded {
  const char* module;
  const char* name;
  const char* signature;
};

constexpr Forwarded kForwarded[] = {
    {"ndtape._sorting", "argsort", "(x, /, axis=-1, *, descending=False, stable=True)"},
    {"ndtape._searching", "nonzero", "(x)"},
    {"ndtape._searching", "searchsorted", "(x, v, /, side='left', sorter=None)"},
    {"ndtape._manipulation", "repeat", "(x, repeats, /, axis=None)"},
    {"ndtape._numpy_names", "cumprod", "(x, /, axis=None, dtype=None)"},
    {"ndtape._numpy_names", "cumsum", "(x, /, axis=None, dtype=None)"},
    {"ndtape._numpy_names", "dot", "(x, other, /)"},
    {"ndtape._numpy_names", "trace", "(x, /, offset=0, axis1=0, axis2=1)"},
};

PyObject* forward(const Spec& spec, PyObject* const* v) {
  const auto& to = *static_cast<const Forwarded*>(spec.context);
  const py::object module = own(PyImport_ImportModule(to.module));
  const py::object function = own(PyObject_GetAttrString(module.ptr(), to.name));
  const py::tuple first(spec.required);
  for (int i = 0; i < spec.required; ++i) PyTuple_SET_ITEM(first.ptr(), i, Py_NewRef(v[i]));
  const py::dict named;
  for (size_t i = static_cast<size_t>(spec.required); i < spec.names.size(); ++i) {
    if (v[i]) check(PyDict_SetItem(named.ptr(), spec.names[i], v[i]));
  }
  return check(PyObject_Call(function.ptr(), first.ptr(), named.ptr()));
}

}  // namespace

void define_methods() {
  for (const Forwarded& f : kForwarded) {
    const std::string doc = std::string("As ``ndtape.") + f.name + "`` of this tensor.";
    define(kMethod, f.name, f.signature, doc.c_str(), forward, &f);
  }
  define(kMethod, "item", "(x, *args)", docs::kItem, method_item);
  define(kMethod, "tolist", "(x)", docs::kTolist, method_tolist);
  define(kMethod, "tobytes", "(x)", docs::kTobytes, method_tobytes);
  define(kMethod, "numpy", "(x)", docs::kNumpy, method_numpy);
  define(kMethod, "__array__", "(x, dtype=None, copy=None)", docs::kArray, method_array);
  define(kMethod, "fill", "(x, value)", docs::kFill, method_fill);
  define(kMethod, "__format__", "(x, spec, /)", "For format and f-strings.", method_format);
  define(kMethod, "__complex__", "(x)", "For complex.", method_complex);
  define(kMethod, "__array_function__", "(x, function, types, args, kwargs, /)",
         "NumPy's functions read a tensor as an array.", method_array_function);
  define(kMethod, "__array_namespace__", "(x, *, api_version=None)", "The module ndtape.",
         method_array_namespace);
  define(kMethod, "to_device", "(x, device, /, *, stream=None)", docs::kToDevice, method_to_device);
  define(kMethod, "is_contiguous", "(x)", docs::kIsContiguous, method_is_contiguous);
  define(kMethod, "data_ptr", "(x)", docs::kDataPtr, method_data_ptr);
  define(kMethod, "__copy__", "(x)", "For the copy module.", method_copy_protocol);
  define(kMethod, "__deepcopy__", "(x, memo=None, /)", "For the copy module.", method_deepcopy);
  define(kMethod, "__reduce_ex__", "(x, protocol, /)", "For pickle.", method_reduce);
  define(kFunction, "_rebuild", "(array, requires_grad, /)", "For pickle.", rebuild);
}

}  // namespace ndtape::python
