#include "convert.h"

#include <algorithm>
#include <cmath>

#include "device_type.h"
#include "dtype_type.h"
#include "ndtape/tape.h"
#include "numpy_interop.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

[[noreturn]] void wrong_type(const char* what, const char* wanted, PyObject* o) {
  throw TypeError(std::string(what) + ": expected " + wanted + ", not " + Py_TYPE(o)->tp_name);
}

void parse_long(PyObject* o, Number& out) {
  int overflow = 0;
  long long value = PyLong_AsLongLongAndOverflow(o, &overflow);
  if (overflow == 0) {
    if (value == -1 && PyErr_Occurred()) throw PythonError{};
    out.value = static_cast<int64_t>(value);
    return;
  }
  out.source = o;
  if (overflow > 0) {
    unsigned long long large = PyLong_AsUnsignedLongLong(o);
    if (!PyErr_Occurred()) {
      out.value = static_cast<uint64_t>(large);
      return;
    }
    PyErr_Clear();
  }
  double nearest = PyLong_AsDouble(o);
  if (nearest == -1.0 && PyErr_Occurred()) {
    if (!PyErr_ExceptionMatches(PyExc_OverflowError)) throw PythonError{};
    PyErr_Clear();
    nearest = overflow > 0 ? INFINITY : -INFINITY;
  }
  out.value = nearest;
  out.huge = true;
}

}  // namespace

Tensor from_other(PyObject* o, bool* copied) {
  if (PyUnicode_Check(o) || PyBytes_Check(o)) {
    throw TypeError("a string is not an array of numbers");
  }
  if (o == Py_None) throw TypeError("None is not an array of numbers");
  py::object array = numpy_asarray(o);
  auto dtype = own(PyObject_GetAttrString(array.ptr(), "dtype"));
  if (!from_numpy_dtype(dtype.ptr())) {
    py::object kind = own(PyObject_GetAttrString(dtype.ptr(), "kind"));
    const char* letter = PyUnicode_AsUTF8(kind.ptr());
    if (letter && *letter == 'O') {
      PyErr_Format(PyExc_TypeError, "cannot make a tensor of %.200s: not numbers, or too large",
                   Py_TYPE(o)->tp_name);
      throw PythonError{};
    }
  }
  return from_ndarray(array.ptr(), copied);
}

void does_not_fit(const Number& number, DType dtype) {
  PyErr_Format(PyExc_ValueError, "%R does not fit dtype %s", number.source, name(dtype));
  throw PythonError{};
}

bool parse_number(PyObject* o, Number& out) {
  if (PyFloat_CheckExact(o)) {
    out.value = PyFloat_AS_DOUBLE(o);
    return true;
  }
  if (PyBool_Check(o)) {
    out.value = o == Py_True;
    return true;
  }
  if (PyLong_Check(o)) {
    parse_long(o, out);
    return true;
  }
  // Subclasses of float and complex; np.float64 and np.complex128 are such, but have a dtype.
  if (PyFloat_Check(o) && !is_numpy_scalar(o)) {
    out.value = PyFloat_AS_DOUBLE(o);
    return true;
  }
  if (PyComplex_Check(o) && !is_numpy_scalar(o)) {
    out.value = Complex<double>{PyComplex_RealAsDouble(o), PyComplex_ImagAsDouble(o)};
    return true;
  }
  return false;
}

int beyond(const Number& number, DType dtype) {
  if (!is_integer(dtype)) return 0;
  if (number.huge) return std::get<double>(number.value) < 0 ? -1 : 1;
  int bits = static_cast<int>(itemsize(dtype)) * 8;
  if (auto* big = std::get_if<uint64_t>(&number.value)) {
    (void)big;  // above int64
    return dtype == DType::UInt64 ? 0 : 1;
  }
  auto* value = std::get_if<int64_t>(&number.value);
  if (!value) return 0;
  if (kind(dtype) == Kind::UInt) {
    if (*value < 0) return -1;
    return bits < 64 && *value >> bits != 0 ? 1 : 0;
  }
  if (bits == 64) return 0;
  int64_t top = int64_t{1} << (bits - 1);
  return *value < -top ? -1 : (*value >= top ? 1 : 0);
}

Tensor weak_number(const Number& number, DType beside) {
  if (number.huge && !is_inexact(beside)) does_not_fit(number, beside);
  return weak_scalar(number.value, beside);
}

Tensor meet(const Number& number, Tensor& other) {
  Tensor result = weak_number(number, other.dtype());
  if (result.dtype() != other.dtype()) other = astype(other, result.dtype());
  return result;
}

Tensor number_tensor(const Number& number, std::optional<DType> dtype) {
  if (!dtype) {
    if (std::holds_alternative<bool>(number.value)) {
      dtype = DType::Bool;
    } else if (std::holds_alternative<double>(number.value) && !number.huge) {
      dtype = default_float();
    } else if (std::holds_alternative<Complex<double>>(number.value)) {
      dtype = complex_dtype(default_float());
    } else {
      dtype = DType::Int64;
    }
  }
  if (std::holds_alternative<Complex<double>>(number.value) && !is_complex(*dtype)) {
    throw TypeError(std::string("a complex number does not fit dtype ") + name(*dtype));
  }
  bool large = number.huge || std::holds_alternative<uint64_t>(number.value);
  if (large && !is_inexact(*dtype) && (number.huge || *dtype != DType::UInt64)) {
    does_not_fit(number, *dtype);
  }
  return scalar(number.value, *dtype);
}

Tensor to_tensor(PyObject* o, std::optional<DType> dtype, Copy copy_mode) {
  Tensor result;
  bool fresh = false;  // memory nobody else has
  Number number;
  if (is_tensor(o)) {
    result = unwrap(o);
  } else if (is_ndarray(o)) {
    result = from_ndarray(o, &fresh);
  } else if (parse_number(o, number)) {
    result = number_tensor(number, dtype);
    fresh = true;
  } else if (PyList_Check(o) || PyTuple_Check(o)) {
    result = from_sequence(o, dtype);
    fresh = true;
  } else if (is_numpy_scalar(o)) {
    result = from_other(o, nullptr);
    fresh = true;
  } else {
    result = from_other(o, &fresh);
  }
  if (dtype && result.dtype() != *dtype) {
    result = unlocked(is_large(result), [&] { return astype(result, *dtype); });
    fresh = true;
  }
  if (copy_mode == Copy::kNever && fresh) {
    throw ValueError("asarray: copy=False, but this object cannot be shared without a copy");
  }
  if (copy_mode == Copy::kAlways && (!fresh || !result.storage().owned())) {
    result = unlocked(is_large(result), [&] { return copy(result); });
  }
  return result;
}

Tensor tensor_argument(PyObject* o, const char* function) {
  if (is_tensor(o)) return unwrap(o);
  if (o == Py_None || PyUnicode_Check(o)) wrong_type(function, "a tensor or an array", o);
  return to_tensor(o);
}

bool parse_operand(PyObject* o, Operand& out) {
  if (is_tensor(o)) {
    out.tensor = unwrap(o);
    return true;
  }
  if (parse_number(o, out.number)) return true;
  if (is_ndarray(o) || PyList_Check(o) || PyTuple_Check(o) || is_numpy_scalar(o)) {
    out.tensor = to_tensor(o);
    return true;
  }
  return false;
}

Operand operand_argument(PyObject* o, const char* function) {
  Operand result;
  if (!parse_operand(o, result)) result.tensor = tensor_argument(o, function);
  return result;
}

namespace {

// An int; beyond 64 bits `overflow` is its sign.
int64_t parse_any_int(PyObject* o, const char* what, int& overflow) {
  py::object index = py::reinterpret_steal<py::object>(PyNumber_Index(o));
  if (!index) {
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw PythonError{};
    PyErr_Clear();
    wrong_type(what, "an integer", o);
  }
  long long value = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (value == -1 && PyErr_Occurred()) throw PythonError{};
  return value;
}

}  // namespace

int64_t parse_int(PyObject* o, const char* what) {
  int overflow = 0;
  int64_t value = parse_any_int(o, what, overflow);
  if (overflow) throw ValueError(std::string(what) + ": integer too large");
  return value;
}

int64_t parse_offset(PyObject* o, const char* what) {
  constexpr int64_t kFar = int64_t{1} << 62;
  int overflow = 0;
  int64_t value = parse_any_int(o, what, overflow);
  if (overflow) value = overflow * kFar;
  return std::clamp(value, -kFar, kFar);
}

double parse_double(PyObject* o, const char* what) {
  if (PyFloat_CheckExact(o)) return PyFloat_AS_DOUBLE(o);
  double value = PyFloat_AsDouble(o);
  if (value == -1.0 && PyErr_Occurred()) {
    if (PyErr_ExceptionMatches(PyExc_OverflowError)) {
      PyErr_Clear();
      throw ValueError(std::string(what) + ": number too large");
    }
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw PythonError{};
    PyErr_Clear();
    wrong_type(what, "a number", o);
  }
  return value;
}

bool parse_bool(PyObject* o, bool otherwise) {
  if (!o) return otherwise;
  if (o == Py_True) return true;
  if (o == Py_False) return false;
  int value = PyObject_IsTrue(o);
  check(value);
  return value;
}

namespace {

Dims parse_integers(Rest items, const char* what) {
  if (items.size() > kMaxAxes) throw ValueError(std::string(what) + ": more than 64 axes");
  Dims result;
  result.resize(static_cast<int>(items.size()));
  for (int i = 0; i < result.size(); ++i) result[i] = parse_int(items[i], what);
  return result;
}

}  // namespace

Dims parse_dims(PyObject* o, const char* what) {
  if (PyLong_Check(o)) return Dims{parse_int(o, what)};
  if (!PyTuple_Check(o) && PyIndex_Check(o) && !PySequence_Check(o)) {
    return Dims{parse_int(o, what)};
  }
  if (is_tensor(o) && unwrap(o).ndim() == 0) return Dims{parse_int(o, what)};
  if (PyUnicode_Check(o) || PyBytes_Check(o) || !PySequence_Check(o)) {
    wrong_type(what, "an integer or a sequence of integers", o);
  }
  // A tuple cannot change while an element's __index__ runs.
  py::object tuple =
      PyTuple_CheckExact(o) ? py::reinterpret_borrow<py::object>(o) : own(PySequence_Tuple(o));
  return parse_integers(
      {PySequence_Fast_ITEMS(tuple.ptr()), static_cast<size_t>(PyTuple_GET_SIZE(tuple.ptr()))},
      what);
}

Dims parse_shape(PyObject* o) {
  Dims shape = parse_dims(o, "shape");
  element_count(shape);
  return shape;
}

Axes parse_axes(PyObject* o) {
  if (!o || o == Py_None) return {};
  if (PyLong_CheckExact(o)) {
    int overflow = 0;
    long long axis = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (overflow) throw IndexError("axis: out of range");
    return Dims{axis};
  }
  return parse_dims(o, "axis");
}

std::optional<int64_t> parse_axis(PyObject* o) {
  if (!o || o == Py_None) return {};
  return parse_int(o, "axis");
}

Dims parse_variadic(Rest args, const char* what) {
  return args.size() == 1 ? parse_dims(args[0], what) : parse_integers(args, what);
}

void check_device(PyObject* o) {
  if (o) parse_device(o);
}

std::vector<Tensor> parse_tensors(PyObject* o, const char* function) {
  if (is_tensor(o) || is_ndarray(o)) {
    // An array is a sequence along its first axis.
    Tensor whole = tensor_argument(o, function);
    if (whole.ndim() == 0) wrong_type(function, "a sequence of tensors", o);
    std::vector<Tensor> rows;
    for (int64_t i = 0; i < whole.length(0); ++i) rows.push_back(get_item(whole, {Index(i)}));
    return rows;
  }
  if (PyUnicode_Check(o) || PyDict_Check(o)) wrong_type(function, "a sequence of tensors", o);
  py::object items = py::reinterpret_steal<py::object>(PySequence_Tuple(o));
  if (!items) {
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw PythonError{};
    PyErr_Clear();
    wrong_type(function, "a sequence of tensors", o);
  }
  std::vector<Tensor> result;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items.ptr()); ++i) {
    result.push_back(tensor_argument(PyTuple_GET_ITEM(items.ptr(), i), function));
  }
  return result;
}

}  // namespace ndtape::python
