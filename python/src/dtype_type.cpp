#include "dtype_type.h"

#include <pybind11/numpy.h>

#include <array>
#include <cstring>

namespace ndtape::python {
namespace {

using NumpyApi = py::detail::npy_api;

struct DTypeObject {
  PyObject_HEAD DType value;
};

PyTypeObject* dtype_type = nullptr;
PyObject* objects[kDTypeCount];
PyObject* numpy_dtypes[kDTypeCount];
Py_hash_t hashes[kDTypeCount];

DType value(PyObject* self) { return reinterpret_cast<DTypeObject*>(self)->value; }

int numpy_number(DType t) {
  switch (t) {
    case DType::Bool:
      return NumpyApi::NPY_BOOL_;
    case DType::Int8:
      return NumpyApi::NPY_INT8_;
    case DType::Int16:
      return NumpyApi::NPY_INT16_;
    case DType::Int32:
      return NumpyApi::NPY_INT32_;
    case DType::Int64:
      return NumpyApi::NPY_INT64_;
    case DType::UInt8:
      return NumpyApi::NPY_UINT8_;
    case DType::UInt16:
      return NumpyApi::NPY_UINT16_;
    case DType::UInt32:
      return NumpyApi::NPY_UINT32_;
    case DType::UInt64:
      return NumpyApi::NPY_UINT64_;
    case DType::Float32:
      return NumpyApi::NPY_FLOAT_;
    case DType::Float64:
      return NumpyApi::NPY_DOUBLE_;
    case DType::Complex64:
      return NumpyApi::NPY_CFLOAT_;
    case DType::Complex128:
      return NumpyApi::NPY_CDOUBLE_;
  }
  return -1;
}

constexpr DType sized(Kind kind, size_t bytes) {
  for (int i = 0; i < kDTypeCount; ++i) {
    if (kDTypes[i].kind == kind && kDTypes[i].size == bytes) return static_cast<DType>(i);
  }
  return DType::Bool;
}

// NumPy's numbers of C types, in its order.
constexpr std::array<DType, 11> kByNumber = {
    DType::Bool,
    sized(Kind::Int, sizeof(signed char)),
    sized(Kind::UInt, sizeof(unsigned char)),
    sized(Kind::Int, sizeof(short)),
    sized(Kind::UInt, sizeof(unsigned short)),
    sized(Kind::Int, sizeof(int)),
    sized(Kind::UInt, sizeof(unsigned int)),
    sized(Kind::Int, sizeof(long)),
    sized(Kind::UInt, sizeof(unsigned long)),
    sized(Kind::Int, sizeof(long long)),
    sized(Kind::UInt, sizeof(unsigned long long)),
};

std::optional<DType> named(const char* name) {
  if (std::strcmp(name, "float") == 0) return default_float();
  if (std::strcmp(name, "complex") == 0) return complex_dtype(default_float());
  if (std::strcmp(name, "int") == 0) return DType::Int64;
  for (int i = 0; i < kDTypeCount; ++i) {
    if (std::strcmp(name, kDTypes[i].name) == 0) return static_cast<DType>(i);
  }
  return {};
}

PyObject* repr(PyObject* self) { return PyUnicode_FromFormat("ndtape.%s", name(value(self))); }

PyObject* str(PyObject* self) { return PyUnicode_FromString(name(value(self))); }

Py_hash_t hash(PyObject* self) { return hashes[static_cast<int>(value(self))]; }

PyObject* compare(PyObject* self, PyObject* other, int op) noexcept {
  return guarded([&]() -> PyObject* {
    if (op != Py_EQ && op != Py_NE) return Py_NewRef(Py_NotImplemented);
    bool equal = self == other;
    const NumpyApi& api = NumpyApi::get();
    if (PyUnicode_Check(other)) {
      const char* text = PyUnicode_AsUTF8(other);
      if (text) {
        equal = std::strcmp(text, name(value(self))) == 0;
      } else {
        PyErr_Clear();
      }
    } else if (api.PyArrayDescr_Check_(other)) {
      equal = from_numpy_dtype(other) == value(self);
    } else if (PyType_Check(other)) {
      // NumPy's scalar types compare like its dtypes: np.float32 is one.
      PyObject* mine = api.PyArray_TypeObjectFromType_(numpy_number(value(self)));
      equal = mine == other;
      Py_XDECREF(mine);
      if (!mine) PyErr_Clear();
    } else if (Py_TYPE(other) != dtype_type) {
      return Py_NewRef(Py_NotImplemented);
    }
    return PyBool_FromLong(equal == (op == Py_EQ));
  });
}

PyObject* get_name(PyObject* self, void*) { return str(self); }
PyObject* get_kind(PyObject* self, void*) {
  switch (kind(value(self))) {
    case Kind::Bool:
      return PyUnicode_FromString("b");
    case Kind::Int:
      return PyUnicode_FromString("i");
    case Kind::UInt:
      return PyUnicode_FromString("u");
    case Kind::Float:
      return PyUnicode_FromString("f");
    case Kind::Complex:
      return PyUnicode_FromString("c");
  }
  Py_UNREACHABLE();
}
PyObject* get_itemsize(PyObject* self, void*) { return PyLong_FromLongLong(itemsize(value(self))); }
PyObject* get_dtype(PyObject* self, void*) { return Py_NewRef(numpy_dtype(value(self))); }

// Pickled by name: what comes back is the same object.
PyObject* reduce(PyObject* self, PyObject*) { return str(self); }

PyGetSetDef properties[] = {
    {"name", get_name, nullptr, "Its name, such as ``'float32'``.", nullptr},
    {"kind", get_kind, nullptr, "NumPy's letter: b, i, u, f or c.", nullptr},
    {"itemsize", get_itemsize, nullptr, "Bytes an element.", nullptr},
    {"dtype", get_dtype, nullptr, "The `numpy.dtype` of the same type.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyMethodDef methods[] = {
    {"__reduce__", reduce, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

void deallocate(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>("The type of a tensor's elements: ``ndtape.float32``, ...")},
    {Py_tp_repr, reinterpret_cast<void*>(repr)},
    {Py_tp_str, reinterpret_cast<void*>(str)},
    {Py_tp_hash, reinterpret_cast<void*>(hash)},
    {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
    {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
    {Py_tp_getset, properties},
    {Py_tp_methods, methods},
    {0, nullptr},
};
PyType_Spec spec = {"ndtape.DType", sizeof(DTypeObject), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};

[[noreturn]] void not_understood(PyObject* object) {
  PyErr_Clear();
  PyErr_Format(PyExc_TypeError, "dtype: %.200R is not a dtype of ndtape", object);
  throw PythonError{};
}

}  // namespace

void create_dtypes(PyObject* module) {
  const NumpyApi& api = NumpyApi::get();
  dtype_type = reinterpret_cast<PyTypeObject*>(check(PyType_FromSpec(&spec)));
  check(PyModule_AddObjectRef(module, "DType", reinterpret_cast<PyObject*>(dtype_type)));
  for (int i = 0; i < kDTypeCount; ++i) {
    DType t = static_cast<DType>(i);
    DTypeObject* object = PyObject_New(DTypeObject, dtype_type);
    if (!object) throw PythonError{};
    object->value = t;
    objects[i] = reinterpret_cast<PyObject*>(object);
    numpy_dtypes[i] = check(api.PyArray_DescrFromType_(numpy_number(t)));
    // Equal to np.dtype, so hashed like it.
    hashes[i] = PyObject_Hash(numpy_dtypes[i]);
    check(PyModule_AddObjectRef(module, name(t), objects[i]));
  }
}

PyObject* dtype_object(DType t) { return objects[static_cast<int>(t)]; }

PyObject* numpy_dtype(DType t) { return numpy_dtypes[static_cast<int>(t)]; }

std::optional<DType> from_numpy_dtype(PyObject* descr) {
  auto* d = py::detail::array_descriptor_proxy(descr);
  if (d->byteorder != '=' && d->byteorder != '|') return {};
  if (d->type_num >= 0 && d->type_num < static_cast<int>(kByNumber.size())) {
    return kByNumber[static_cast<size_t>(d->type_num)];
  }
  if (d->type_num == NumpyApi::NPY_FLOAT_) return DType::Float32;
  if (d->type_num == NumpyApi::NPY_DOUBLE_) return DType::Float64;
  if (d->type_num == NumpyApi::NPY_CFLOAT_) return DType::Complex64;
  if (d->type_num == NumpyApi::NPY_CDOUBLE_) return DType::Complex128;
  return {};
}

DType parse_dtype(PyObject* object) {
  if (Py_TYPE(object) == dtype_type) return value(object);
  if (object == reinterpret_cast<PyObject*>(&PyFloat_Type)) return default_float();
  if (object == reinterpret_cast<PyObject*>(&PyComplex_Type)) {
    return complex_dtype(default_float());
  }
  if (object == reinterpret_cast<PyObject*>(&PyLong_Type)) return DType::Int64;
  if (object == reinterpret_cast<PyObject*>(&PyBool_Type)) return DType::Bool;
  if (object == Py_None) not_understood(object);
  if (PyUnicode_Check(object)) {
    const char* text = PyUnicode_AsUTF8(object);
    if (!text) not_understood(object);
    if (auto t = named(text)) return *t;
  }
  const NumpyApi& api = NumpyApi::get();
  PyObject* descr = nullptr;
  if (api.PyArrayDescr_Check_(object)) {
    descr = Py_NewRef(object);
  } else if (!api.PyArray_DescrConverter_(object, &descr) || !descr) {
    if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_Exception)) throw PythonError{};
    not_understood(object);
  }
  py::object owner = py::reinterpret_steal<py::object>(descr);
  if (auto t = from_numpy_dtype(descr)) return *t;
  not_understood(object);
}

std::optional<DType> parse_optional_dtype(PyObject* object) {
  if (!object || object == Py_None) return {};
  return parse_dtype(object);
}

}  // namespace ndtape::python
