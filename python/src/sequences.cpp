// Tensors from nested lists and tuples.
#include <limits>

#include "convert.h"
#include "dtype_type.h"
#include "ndtape/tape.h"
#include "numpy_interop.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

// What the leaves of a nested sequence say about the dtype of the whole.
struct Leaves {
  bool any_bool = false, any_int = false, any_float = false, any_complex = false;
  bool other = false;          // something NumPy has to look at
  std::optional<DType> typed;  // of leaves that carry a dtype, promoted
  bool mixed = false;          // their kinds differ: NumPy's rules decide

  void add(DType t) {
    if (!typed) {
      typed = t;
    } else if (*typed != t) {
      try {
        typed = promote(*typed, t);
      } catch (const TypeError&) {
        mixed = true;
      }
    }
  }
};

bool is_sequence(PyObject* o) { return PyList_Check(o) || PyTuple_Check(o); }

// Whether a class statement made its type, which NumPy did not.
bool is_own_type(PyObject* o) { return Py_TYPE(o)->tp_flags & Py_TPFLAGS_HEAPTYPE; }

std::optional<DType> dtype_of_numpy(PyObject* o) {
  return from_numpy_dtype(own(PyObject_GetAttrString(o, "dtype")).ptr());
}

// Refuses what would never end: a sequence inside itself, or more elements than memory has.
void check_nesting(PyObject* o, PyObject** path, int depth) {
  if (depth >= kMaxAxes) throw ValueError("nested sequences: more than 64 deep");
  for (int i = 0; i < depth; ++i) {
    if (path[i] == o) throw ValueError("nested sequences: a sequence contains itself");
  }
}

void look_at(PyObject* o, Leaves& leaves, PyObject** path, int depth, int64_t& budget) {
  if (is_sequence(o)) {
    check_nesting(o, path, depth);
    path[depth] = o;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) {
      look_at(PySequence_Fast_GET_ITEM(o, i), leaves, path, depth + 1, budget);
    }
    if (--budget < 0) throw std::bad_alloc();
    return;
  }
  if (--budget < 0) throw std::bad_alloc();
  if (PyFloat_CheckExact(o)) {
    leaves.any_float = true;
  } else if (PyBool_Check(o)) {
    leaves.any_bool = true;
  } else if (PyLong_CheckExact(o)) {
    leaves.any_int = true;
  } else if (PyComplex_CheckExact(o)) {
    leaves.any_complex = true;
  } else if (is_tensor(o)) {
    if (requires_grad(unwrap(o))) {
      throw TapeError("a sequence holds " + describe(unwrap(o)) +
                      ", which records gradients; use ndtape.stack");
    }
    leaves.add(unwrap(o).dtype());
  } else if (is_ndarray(o) || is_numpy_scalar(o)) {
    // A subclass may have code of its own here, which could change the sequences around it.
    std::optional<DType> t = is_own_type(o) ? std::nullopt : dtype_of_numpy(o);
    if (t) {
      leaves.add(*t);
    } else {
      leaves.other = true;
    }
  } else {
    leaves.other = true;
  }
}

// The dtype to ask NumPy for; none leaves it to NumPy.
std::optional<DType> dtype_of_leaves(const Leaves& leaves) {
  if (leaves.other || leaves.mixed) return {};
  if (leaves.typed) {
    DType t = *leaves.typed;
    // Python numbers are weak beside values that have a dtype.
    if (leaves.any_complex) return complex_dtype(is_inexact(t) ? t : default_float());
    if (leaves.any_float && !is_inexact(t)) return default_float();
    if (leaves.any_int && t == DType::Bool) return DType::Int64;
    return t;
  }
  if (leaves.any_complex) return complex_dtype(default_float());
  if (leaves.any_float) return default_float();
  if (leaves.any_int) return DType::Int64;
  if (leaves.any_bool) return DType::Bool;
  return default_float();  // no elements
}

// The same leaves in tuples: what has code of its own may change a list while NumPy reads it.
py::object frozen(PyObject* o) {
  if (!is_sequence(o)) return py::reinterpret_borrow<py::object>(o);
  py::object now = PyList_Check(o) ? own(PyList_AsTuple(o)) : py::reinterpret_borrow<py::object>(o);
  py::tuple result(PyTuple_GET_SIZE(now.ptr()));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(now.ptr()); ++i) {
    PyTuple_SET_ITEM(result.ptr(), i, frozen(PyTuple_GET_ITEM(now.ptr(), i)).release().ptr());
  }
  return result;
}

// Throws the error of the first int of a nested sequence that the dtype cannot hold.
void refuse_misfit(PyObject* o, DType dtype) {
  Number number;
  if (is_sequence(o)) {
    py::object hold = py::reinterpret_borrow<py::object>(o);
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) {
      refuse_misfit(PySequence_Fast_GET_ITEM(o, i), dtype);
    }
  } else if (PyLong_Check(o) && parse_number(o, number)) {
    number.source = o;
    if (beyond(number, dtype)) does_not_fit(number, dtype);
  }
}

// NumPy's complaint about a value that a dtype cannot hold becomes a ValueError that names it.
py::object asarray_checked(PyObject* o, DType dtype) {
  try {
    return numpy_asarray(o, dtype);
  } catch (const PythonError&) {
    if (!PyErr_ExceptionMatches(PyExc_OverflowError)) throw;
    PyErr_Clear();
    refuse_misfit(o, dtype);
    throw ValueError(std::string("a number does not fit dtype ") + name(dtype));
  }
}

// ---- sequences of Python's own numbers, without NumPy ----------------------------------------

// The lengths along the first elements; throws when there are more elements than memory.
Dims shape_of(PyObject* o) {
  Dims shape;
  while (is_sequence(o)) {
    Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
    shape.push_back(n);
    if (n == 0) break;
    o = PySequence_Fast_GET_ITEM(o, 0);
  }
  element_count(shape, 8);
  return shape;
}

[[noreturn]] void ragged() {
  throw ValueError("nested sequences: lengths differ, so they are no array");
}

template <class T>
void store(PyObject* o, Complex<T>* out) {
  Py_complex z = PyComplex_AsCComplex(o);
  if (PyErr_Occurred()) {
    PyErr_Clear();
    does_not_fit({0.0, true, o}, dtype_of<Complex<T>>);
  }
  *out = {static_cast<T>(z.real), static_cast<T>(z.imag)};
}

template <class T>
void store(PyObject* o, T* out) {
  if constexpr (std::is_floating_point_v<T>) {
    double value = PyFloat_AsDouble(o);
    if (value == -1.0 && PyErr_Occurred()) {
      PyErr_Clear();
      does_not_fit({0.0, true, o}, dtype_of<T>);
    }
    *out = static_cast<T>(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    *out = PyObject_IsTrue(o) == 1;
  } else {
    Number number;
    parse_number(o, number);
    number.source = o;
    if (beyond(number, dtype_of<T>)) does_not_fit(number, dtype_of<T>);
    *out = std::visit(
        [](auto value) {
          if constexpr (std::is_same_v<decltype(value), Complex<double>>) {
            return T{};  // refused before it gets here
          } else {
            return static_cast<T>(value);
          }
        },
        number.value);
  }
}

template <class T>
void fill(PyObject* o, const Dims& shape, int axis, T*& out) {
  if (axis == shape.size()) {
    if (is_sequence(o)) ragged();
    store(o, out++);
    return;
  }
  if (!is_sequence(o) || PySequence_Fast_GET_SIZE(o) != shape[axis]) ragged();
  for (int64_t i = 0; i < shape[axis]; ++i) {
    fill(PySequence_Fast_GET_ITEM(o, i), shape, axis + 1, out);
  }
}

Tensor from_numbers(PyObject* o, DType dtype) {
  Tensor result = Tensor::empty(shape_of(o), dtype);
  switch (dtype) {
#define NDTAPE_X(id, name, type, kind)       \
  case DType::id: {                          \
    type* out = result.mutable_data<type>(); \
    fill(o, result.shape(), 0, out);         \
    break;                                   \
  }
    NDTAPE_DTYPES(NDTAPE_X)
#undef NDTAPE_X
  }
  return result;
}

}  // namespace

Tensor from_sequence(PyObject* o, std::optional<DType> dtype) {
  PyObject* path[kMaxAxes];
  Leaves leaves;
  int64_t budget = int64_t{1} << 32;
  look_at(o, leaves, path, 0, budget);
  if (!dtype) dtype = dtype_of_leaves(leaves);
  if (!dtype) return from_other(frozen(o).ptr());
  bool any_complex = leaves.any_complex || (leaves.typed && is_complex(*leaves.typed));
  if (any_complex && !is_complex(*dtype)) {
    throw TypeError(std::string("complex numbers do not fit dtype ") + name(*dtype));
  }
  bool plain = !leaves.other && !leaves.typed;
  // Fractions are cut off for an integer dtype; NumPy knows which cannot be.
  if (plain && (is_inexact(*dtype) || !leaves.any_float)) return from_numbers(o, *dtype);
  return from_ndarray(asarray_checked(frozen(o).ptr(), *dtype).ptr());
}

}  // namespace ndtape::python
