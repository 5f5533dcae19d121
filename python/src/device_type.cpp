#include "device_type.h"

namespace ndtape::python {
namespace {

struct DeviceObject {
  PyObject_HEAD Device value;
};

PyTypeObject* device_type = nullptr;
PyObject* cpu = nullptr;

Device value(PyObject* self) { return reinterpret_cast<DeviceObject*>(self)->value; }

PyObject* repr(PyObject* self) {
  return PyUnicode_FromFormat("ndtape.Device('%s')", name(value(self)));
}

PyObject* str(PyObject* self) { return PyUnicode_InternFromString(name(value(self))); }

// Equal to its name, so hashed like it.
Py_hash_t hash(PyObject* self) {
  PyObject* text = str(self);
  if (!text) return -1;
  Py_hash_t result = PyObject_Hash(text);
  Py_DECREF(text);
  return result;
}

PyObject* compare(PyObject* self, PyObject* other, int op) {
  if (op != Py_EQ && op != Py_NE) return Py_NewRef(Py_NotImplemented);
  bool equal;
  if (PyUnicode_Check(other)) {
    equal = PyUnicode_CompareWithASCIIString(other, name(value(self))) == 0;
  } else if (Py_TYPE(other) == device_type) {
    equal = value(self) == value(other);
  } else {
    return Py_NewRef(Py_NotImplemented);
  }
  return PyBool_FromLong(equal == (op == Py_EQ));
}

PyObject* make(PyTypeObject*, PyObject* args, PyObject* keywords) {
  return guarded([&]() -> PyObject* {
    static const char* names[] = {"", nullptr};
    PyObject* which = nullptr;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O:Device", const_cast<char**>(names),
                                     &which)) {
      throw PythonError{};
    }
    return Py_NewRef(device_object(parse_device(which)));
  });
}

PyObject* get_type(PyObject* self, void*) { return str(self); }

PyObject* reduce(PyObject* self, PyObject*) {
  return Py_BuildValue("O(s)", reinterpret_cast<PyObject*>(device_type), name(value(self)));
}

PyGetSetDef properties[] = {
    {"type", get_type, nullptr, "The kind of device: ``'cpu'``.", nullptr},
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

constexpr char kDoc[] =
    "Where a tensor's memory lies: ``Device('cpu')``.\n\n"
    "It equals its name, which may be given in its place.\n\n"
    "Examples\n"
    "--------\n"
    ">>> import ndtape as nt\n"
    ">>> nt.zeros(3).device\n"
    "ndtape.Device('cpu')\n"
    ">>> nt.zeros(3).device == 'cpu'\n"
    "True\n";

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>(kDoc)},
    {Py_tp_new, reinterpret_cast<void*>(make)},
    {Py_tp_repr, reinterpret_cast<void*>(repr)},
    {Py_tp_str, reinterpret_cast<void*>(str)},
    {Py_tp_hash, reinterpret_cast<void*>(hash)},
    {Py_tp_richcompare, reinterpret_cast<void*>(compare)},
    {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
    {Py_tp_getset, properties},
    {Py_tp_methods, methods},
    {0, nullptr},
};
PyType_Spec spec = {"ndtape.Device", sizeof(DeviceObject), 0, Py_TPFLAGS_DEFAULT, slots};

}  // namespace

void create_devices(PyObject* module) {
  device_type = reinterpret_cast<PyTypeObject*>(check(PyType_FromSpec(&spec)));
  check(PyModule_AddObjectRef(module, "Device", reinterpret_cast<PyObject*>(device_type)));
  DeviceObject* object = PyObject_New(DeviceObject, device_type);
  if (!object) throw PythonError{};
  object->value = Device::Cpu;
  cpu = reinterpret_cast<PyObject*>(object);
}

PyObject* device_object(Device) { return cpu; }

Device parse_device(PyObject* object) {
  if (!object || object == Py_None) return Device::Cpu;
  if (Py_TYPE(object) == device_type) return value(object);
  if (PyUnicode_Check(object) && PyUnicode_CompareWithASCIIString(object, "cpu") == 0) {
    return Device::Cpu;
  }
  PyErr_Format(PyExc_ValueError, "device: %.100R is unknown; the only one is 'cpu'", object);
  throw PythonError{};
}

}  // namespace ndtape::python
