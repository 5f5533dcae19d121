#include "tensor_type.h"

#include <structmember.h>

#include <new>

#include "convert.h"
#include "device_type.h"
#include "dtype_type.h"
#include "ndtape/ops.h"
#include "ndtape/tape.h"
#include "operators.h"

namespace ndtape::python {

PyTypeObject* tensor_type = nullptr;

namespace {

// Freed objects, kept for the next ones. Guarded by the GIL.
constexpr int kPool = 256;
TensorObject* pool[kPool];
int pooled = 0;

NDTAPE_HOT void deallocate(PyObject* self) {
  auto* object = reinterpret_cast<TensorObject*>(self);
  PyTypeObject* type = Py_TYPE(self);
  if (object->weak_references) PyObject_ClearWeakRefs(self);
  object->tensor.~Tensor();
  if (pooled < kPool) {
    pool[pooled++] = object;
  } else {
    PyObject_Free(object);
  }
  Py_DECREF(type);
}

// Equality is elementwise, but an object is still itself in a dict.
Py_hash_t hash(PyObject* self) {
  return static_cast<Py_hash_t>(reinterpret_cast<uintptr_t>(self) >> 4);
}

PyObject* refuse_new(PyTypeObject*, PyObject*, PyObject*) {
  PyErr_SetString(PyExc_TypeError, "Tensor: use ndtape.tensor or ndtape.asarray to make one");
  return nullptr;
}

// Formatting is Python's work: a function of ndtape._repr.
PyObject* formatter(const char* name) {
  PyObject* module = PyImport_ImportModule("ndtape._repr");
  if (!module) return nullptr;
  PyObject* function = PyObject_GetAttrString(module, name);
  Py_DECREF(module);
  return function;
}

PyObject* repr(PyObject* self) {
  static PyObject* format = nullptr;
  if (!format) format = formatter("tensor_repr");
  return format ? PyObject_CallOneArg(format, self) : nullptr;
}

PyObject* str(PyObject* self) {
  static PyObject* format = nullptr;
  if (!format) format = formatter("tensor_str");
  return format ? PyObject_CallOneArg(format, self) : nullptr;
}

PyObject* get_dtype(PyObject* self, void*) { return Py_NewRef(dtype_object(unwrap(self).dtype())); }
PyObject* get_shape(PyObject* self, void*) {
  return guarded([&] { return tuple_of(unwrap(self).shape()); });
}
PyObject* get_strides(PyObject* self, void*) {
  return guarded([&] {
    const Tensor& x = unwrap(self);
    return tuple_of(x.strides(), itemsize(x.dtype()));
  });
}
PyObject* get_ndim(PyObject* self, void*) { return PyLong_FromLong(unwrap(self).ndim()); }
PyObject* get_size(PyObject* self, void*) { return PyLong_FromLongLong(unwrap(self).size()); }
PyObject* get_itemsize(PyObject* self, void*) {
  return PyLong_FromLongLong(itemsize(unwrap(self).dtype()));
}
PyObject* get_nbytes(PyObject* self, void*) {
  const Tensor& x = unwrap(self);
  return PyLong_FromLongLong(x.size() * itemsize(x.dtype()));
}
PyObject* get_device(PyObject* self, void*) {
  return Py_NewRef(device_object(unwrap(self).device()));
}
PyObject* get_transpose(PyObject* self, void*) {
  return guarded([&] {
    const Tensor& x = unwrap(self);
    Dims axes(x.ndim(), 0);
    for (int i = 0; i < x.ndim(); ++i) axes[i] = x.ndim() - 1 - i;
    return wrap(permute_dims(x, axes));
  });
}
PyObject* get_matrix_transpose(PyObject* self, void*) {
  return guarded([&] { return wrap(matrix_transpose(unwrap(self))); });
}
template <Tensor (*part)(const Tensor&)>
PyObject* get_part(PyObject* self, void*) {
  return guarded([&] { return apply_unary(part, unwrap(self)); });
}
PyObject* get_requires_grad(PyObject* self, void*) {
  return guarded([&] { return PyBool_FromLong(requires_grad(unwrap(self))); });
}
int set_requires_grad_property(PyObject* self, PyObject* value, void*) {
  return guarded(-1, [&] {
    if (!value || !PyBool_Check(value)) throw TypeError("requires_grad must be True or False");
    set_requires_grad(unwrap(self), value == Py_True);
    return 0;
  });
}
PyObject* get_grad(PyObject* self, void*) {
  return guarded([&] { return wrap(grad(unwrap(self))); });
}
int set_grad_property(PyObject* self, PyObject* value, void*) {
  return guarded(-1, [&] {
    if (value && value != Py_None && !is_tensor(value)) {
      throw TypeError(std::string("grad must be a Tensor or None, not ") + Py_TYPE(value)->tp_name);
    }
    // `del x.grad` clears it as well.
    set_grad(unwrap(self), value && value != Py_None ? unwrap(value) : Tensor());
    return 0;
  });
}
PyObject* get_is_leaf(PyObject* self, void*) {
  return guarded([&] { return PyBool_FromLong(is_leaf(unwrap(self))); });
}
PyObject* get_grad_fn(PyObject* self, void*) {
  return guarded([&] {
    const char* name = node_name(unwrap(self));
    return name ? PyUnicode_FromString(name) : new_none();
  });
}
PyObject* get_version(PyObject* self, void*) {
  return PyLong_FromUnsignedLong(unwrap(self).storage().version());
}
PyObject* get_priority(PyObject*, void*) { return PyFloat_FromDouble(1000.0); }

PyGetSetDef properties[] = {
    {"dtype", get_dtype, nullptr, "The type of the elements.", nullptr},
    {"shape", get_shape, nullptr, "The length of each axis.", nullptr},
    {"strides", get_strides, nullptr, "Bytes from one element to the next along each axis.",
     nullptr},
    {"ndim", get_ndim, nullptr, "The number of axes.", nullptr},
    {"size", get_size, nullptr, "The number of elements.", nullptr},
    {"itemsize", get_itemsize, nullptr, "Bytes an element.", nullptr},
    {"nbytes", get_nbytes, nullptr, "Bytes of all elements.", nullptr},
    {"device", get_device, nullptr, "Where the memory lies: ``Device('cpu')``.", nullptr},
    {"T", get_transpose, nullptr, "A view with the axes in reverse order.", nullptr},
    {"mT", get_matrix_transpose, nullptr, "A view with the last two axes swapped.", nullptr},
    {"real", get_part<ndtape::real>, nullptr, "The real part: `ndtape.real`.", nullptr},
    {"imag", get_part<ndtape::imag>, nullptr, "The imaginary part: `ndtape.imag`.", nullptr},
    {"requires_grad", get_requires_grad, set_requires_grad_property,
     "Whether operations on it are recorded, for `backward`.", nullptr},
    {"grad", get_grad, set_grad_property,
     "The gradient that `backward` has accumulated here, or None.", nullptr},
    {"is_leaf", get_is_leaf, nullptr, "Whether it is not the result of a recorded operation.",
     nullptr},
    {"grad_fn", get_grad_fn, nullptr, "Name of the recorded operation it results from, or None.",
     nullptr},
    {"_version", get_version, nullptr, "The number of in-place changes to its memory.", nullptr},
    // NumPy's operators leave mixed work to ours: ndarray + Tensor is a Tensor.
    {"__array_priority__", get_priority, nullptr, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(TensorObject, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};

constexpr char kDoc[] =
    "An n-dimensional array of numbers that can record what is done to it.\n\n"
    "Made by `ndtape.tensor`, `ndtape.asarray`, `ndtape.zeros` and the like. Operators and\n"
    "methods are those of `numpy.ndarray`; with ``requires_grad=True`` they are recorded on the\n"
    "tape, and `backward` walks it back.\n\n"
    "Examples\n"
    "--------\n"
    ">>> import ndtape as nt\n"
    ">>> x = nt.tensor([1.0, 2.0], requires_grad=True)\n"
    ">>> (x * x).sum().backward()\n"
    ">>> x.grad\n"
    "tensor([2., 4.])\n";

}  // namespace

void create_tensor_type(PyObject* module) {
  std::vector<PyType_Slot> slots = {
      {Py_tp_doc, const_cast<char*>(kDoc)},
      {Py_tp_new, reinterpret_cast<void*>(refuse_new)},
      {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
      {Py_tp_repr, reinterpret_cast<void*>(repr)},
      {Py_tp_str, reinterpret_cast<void*>(str)},
      {Py_tp_hash, reinterpret_cast<void*>(hash)},
      {Py_tp_getset, properties},
      {Py_tp_members, members},
  };
  add_operator_slots(slots);
  add_indexing_slots(slots);
  add_buffer_slots(slots);
  slots.push_back({0, nullptr});
  PyType_Spec spec = {"ndtape.Tensor", sizeof(TensorObject), 0, Py_TPFLAGS_DEFAULT, slots.data()};
  PyObject* type = check(PyType_FromSpec(&spec));
  tensor_type = reinterpret_cast<PyTypeObject*>(type);
  check(PyModule_AddObjectRef(module, "Tensor", type));
}

PyObject* wrap(Tensor tensor) {
  if (!tensor.defined()) return new_none();
  TensorObject* object;
  if (pooled > 0) {
    object = pool[--pooled];
  } else {
    object = static_cast<TensorObject*>(PyObject_Malloc(sizeof(TensorObject)));
    if (!object) throw std::bad_alloc();
  }
  PyObject_Init(reinterpret_cast<PyObject*>(object), tensor_type);
  new (&object->tensor) Tensor(std::move(tensor));
  object->weak_references = nullptr;
  return reinterpret_cast<PyObject*>(object);
}

PyObject* tuple_of(const Dims& values, int64_t factor) {
  py::object result = own(PyTuple_New(values.size()));
  for (int i = 0; i < values.size(); ++i) {
    PyTuple_SET_ITEM(result.ptr(), i, check(PyLong_FromLongLong(values[i] * factor)));
  }
  return result.release().ptr();
}

PyObject* item(const Tensor& x, const char* what) {
  if (x.size() != 1) {
    throw ValueError(std::string(what) + ": needs a tensor of one element, not of shape " +
                     to_string(x.shape()));
  }
  switch (x.dtype()) {
    case DType::Bool:
      return PyBool_FromLong(*x.data<unsigned char>());
    case DType::Int8:
      return PyLong_FromLong(*x.data<int8_t>());
    case DType::Int16:
      return PyLong_FromLong(*x.data<int16_t>());
    case DType::Int32:
      return PyLong_FromLong(*x.data<int32_t>());
    case DType::Int64:
      return PyLong_FromLongLong(*x.data<int64_t>());
    case DType::UInt8:
      return PyLong_FromLong(*x.data<uint8_t>());
    case DType::UInt16:
      return PyLong_FromLong(*x.data<uint16_t>());
    case DType::UInt32:
      return PyLong_FromUnsignedLong(*x.data<uint32_t>());
    case DType::UInt64:
      return PyLong_FromUnsignedLongLong(*x.data<uint64_t>());
    case DType::Float32:
      return PyFloat_FromDouble(static_cast<double>(*x.data<float>()));
    case DType::Float64:
      return PyFloat_FromDouble(*x.data<double>());
    case DType::Complex64: {
      const auto* z = x.data<Complex<float>>();
      return PyComplex_FromDoubles(z->re, z->im);
    }
    case DType::Complex128: {
      const auto* z = x.data<Complex<double>>();
      return PyComplex_FromDoubles(z->re, z->im);
    }
  }
  Py_UNREACHABLE();
}

}  // namespace ndtape::python
