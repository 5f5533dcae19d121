// x[key], x[key] = value, len and iteration. Basic keys become views here; keys with arrays or
// masks go to ndtape._indexing, but for those that everybody uses: rows and points by number.
#include <pybind11/numpy.h>

#include <vector>

#include "convert.h"
#include "dtype_type.h"
#include "ndtape/ops.h"
#include "ndtape/tape.h"
#include "numpy_interop.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

[[noreturn]] void bad_key(PyObject* key) {
  PyErr_Format(PyExc_IndexError,
               "a tensor is indexed by integers, slices, ..., None, integer or boolean arrays; "
               "not by %.100s",
               Py_TYPE(key)->tp_name);
  throw PythonError{};
}

// An int beyond 64 bits is out of range for any axis.
int64_t index_value(PyObject* o) {
  py::object index = py::reinterpret_steal<py::object>(PyNumber_Index(o));
  if (!index) {
    // What a key's own __index__ raises is the caller's to see.
    if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw PythonError{};
    PyErr_Clear();
    bad_key(o);
  }
  int overflow = 0;
  long long value = PyLong_AsLongLongAndOverflow(index.ptr(), &overflow);
  if (overflow) throw IndexError("index: out of range");
  return value;
}

Slice parse_slice(PyObject* o) {
  Py_ssize_t start, stop, step;
  check(PySlice_Unpack(o, &start, &stop, &step));
  auto* slice = reinterpret_cast<PySliceObject*>(o);
  Slice result;
  if (slice->start != Py_None) result.start = start;
  if (slice->stop != Py_None) result.stop = stop;
  result.step = step;
  return result;
}

// Whether a NumPy array is an integer without axes, which counts as an int.
bool is_number_of_an_axis(PyObject* array) {
  auto* a = py::detail::array_proxy(array);
  if (a->nd != 0) return false;
  std::optional<DType> dtype = from_numpy_dtype(a->descr);
  return dtype && is_integer(*dtype);
}

// Adds one entry; false for what only an advanced index can mean.
bool parse_entry(PyObject* o, std::vector<Index>& out) {
  if (PyLong_CheckExact(o)) {
    out.push_back(index_value(o));
  } else if (PySlice_Check(o)) {
    out.push_back(parse_slice(o));
  } else if (o == Py_None) {
    out.push_back(NewAxis{});
  } else if (o == Py_Ellipsis) {
    out.push_back(Ellipsis{});
  } else if (is_tensor(o)) {
    const Tensor& x = unwrap(o);
    if (x.ndim() != 0 || !is_integer(x.dtype())) return false;
    out.push_back(index_value(o));
  } else if (is_ndarray(o) && is_number_of_an_axis(o)) {
    out.push_back(index_value(o));
  } else if (PyBool_Check(o) || is_ndarray(o) || PyList_Check(o) || PyTuple_Check(o)) {
    return false;
  } else if (is_numpy_scalar(o) && !PyIndex_Check(o)) {
    return false;
  } else if (PyIndex_Check(o) && !PyUnicode_Check(o)) {
    if (is_numpy_scalar(o)) {
      // np.bool_ has an __index__ in some versions.
      py::object kind = own(PyObject_GetAttrString(o, "dtype"));
      kind = own(PyObject_GetAttrString(kind.ptr(), "kind"));
      if (PyUnicode_CompareWithASCIIString(kind.ptr(), "b") == 0) return false;
    }
    out.push_back(index_value(o));
  } else {
    bad_key(o);
  }
  return true;
}

bool parse_key(PyObject* key, std::vector<Index>& out) {
  if (!PyTuple_Check(key)) return parse_entry(key, out);
  Py_ssize_t n = PyTuple_GET_SIZE(key);
  out.reserve(static_cast<size_t>(n));
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (!parse_entry(PyTuple_GET_ITEM(key, i), out)) return false;
  }
  return true;
}

// The view of a key of ints and slices alone, on a tensor of few axes, at little cost. False for
// any other key, and for one that is out of range.
bool quick_view(const Layout& from, PyObject* key, Layout& to) {
  constexpr int kFew = 5;
  const bool several = PyTuple_CheckExact(key);
  const int entries = several ? static_cast<int>(PyTuple_GET_SIZE(key)) : 1;
  if (entries > from.ndim() || from.ndim() > kFew) return false;
  int64_t shape[kFew], strides[kFew], offset = from.offset;
  int ndim = 0;
  for (int axis = 0; axis < from.ndim(); ++axis) {
    const int64_t length = from.shape[axis], stride = from.strides[axis];
    if (axis >= entries) {
      shape[ndim] = length;
      strides[ndim++] = stride;
      continue;
    }
    PyObject* entry = several ? PyTuple_GET_ITEM(key, axis) : key;
    if (PyLong_CheckExact(entry)) {
      int overflow = 0;
      long long index = PyLong_AsLongLongAndOverflow(entry, &overflow);
      if (index < 0) index += length;
      if (overflow || index < 0 || index >= length) return false;
      offset += index * stride;
    } else if (PySlice_Check(entry)) {
      auto* slice = reinterpret_cast<PySliceObject*>(entry);
      if (slice->step != Py_None) return false;
      Py_ssize_t start, stop, step;
      check(PySlice_Unpack(entry, &start, &stop, &step));
      const Py_ssize_t count = PySlice_AdjustIndices(length, &start, &stop, 1);
      if (count > 0) offset += start * stride;
      shape[ndim] = count;
      strides[ndim++] = stride;
    } else {
      return false;
    }
  }
  to.shape = Dims(shape, shape + ndim);
  to.strides = Dims(strides, strides + ndim);
  to.offset = offset;
  return true;
}

// A mask of x's own shape.
bool whole_mask(PyObject* self, PyObject* key, Tensor& mask) {
  const Tensor& x = unwrap(self);
  if (x.ndim() == 0) return false;
  if (is_tensor(key)) {
    mask = unwrap(key);
  } else if (is_ndarray(key)) {
    mask = to_tensor(key);
  } else {
    return false;
  }
  return mask.dtype() == DType::Bool && mask.shape() == x.shape();
}

// ndtape._indexing.get or .set.
PyObject* advanced(const char* name) {
  static PyObject* module = nullptr;
  if (!module) module = check(PyImport_ImportModule("ndtape._indexing"));
  return check(PyObject_GetAttrString(module, name));
}

// x[rows]: a tensor, array or list of integers alone, or a mask of the first axis.
bool rows_by_number(PyObject* self, PyObject* key, Tensor& rows) {
  if (PyTuple_Check(key) || PyBool_Check(key) || unwrap(self).ndim() == 0) return false;
  if (is_tensor(key)) {
    rows = unwrap(key);
  } else if (is_ndarray(key) || PyList_Check(key)) {
    rows = to_tensor(key);
  } else {
    return false;
  }
  if (rows.dtype() == DType::Bool && rows.shape() == Dims{unwrap(self).length(0)}) {
    rows = masked_select(arange_int(0, 1, rows.length(0), DType::Int64), rows);
  }
  return is_integer(rows.dtype());
}

// x[i, j, ...]: tensors, arrays or lists of integers alone.
bool points_by_number(PyObject* self, PyObject* key, std::vector<Tensor>& indices) {
  if (!PyTuple_Check(key)) return false;
  const Py_ssize_t n = PyTuple_GET_SIZE(key);
  if (n == 0 || n > unwrap(self).ndim()) return false;
  for (Py_ssize_t i = 0; i < n; ++i) {
    PyObject* entry = PyTuple_GET_ITEM(key, i);
    if (!is_tensor(entry) && !is_ndarray(entry) && !PyList_Check(entry)) return false;
    indices.push_back(is_tensor(entry) ? unwrap(entry) : to_tensor(entry));
    if (!is_integer(indices.back().dtype())) return false;
  }
  return true;
}

PyObject* get(PyObject* self, PyObject* key) noexcept {
  return guarded([&]() -> PyObject* {
    Layout quick;
    const Tensor& source = unwrap(self);
    if ((!requires_grad(source) || source.is_contiguous()) &&
        quick_view(source.layout(), key, quick)) {
      return wrap(get_item(source, quick));
    }
    std::vector<Index> index;
    if (parse_key(key, index)) return wrap(get_item(unwrap(self), index));
    Tensor rows;
    if (whole_mask(self, key, rows)) {
      const Tensor& x = unwrap(self);
      return wrap(unlocked(is_large(x), [&] { return masked_select(x, rows); }));
    }
    if (rows_by_number(self, key, rows)) {
      const Tensor& x = unwrap(self);
      bool release = is_large(x) || is_large(rows);
      return wrap(unlocked(release, [&] { return take(x, rows, 0); }));
    }
    std::vector<Tensor> points;
    if (points_by_number(self, key, points)) {
      const Tensor& x = unwrap(self);
      bool release = is_large(x) || is_large(points[0]);
      return wrap(unlocked(release, [&] { return take_points(x, points, 0); }));
    }
    py::object function = py::reinterpret_steal<py::object>(advanced("get"));
    return check(PyObject_CallFunctionObjArgs(function.ptr(), self, key, nullptr));
  });
}

Tensor value_for(const Tensor& x, PyObject* value) {
  Number number;
  if (is_tensor(value)) return unwrap(value);
  if (parse_number(value, number)) {
    bool truth = x.dtype() == DType::Bool && !std::holds_alternative<double>(number.value);
    return truth ? number_tensor(number, DType::Bool) : weak_number(number, x.dtype());
  }
  if (PyList_Check(value) || PyTuple_Check(value)) {
    // The numbers of a list take the dtype of what they are put into, where that loses nothing.
    Tensor plain = to_tensor(value);
    if (plain.dtype() == x.dtype() || (is_float(plain.dtype()) && !is_float(x.dtype()))) {
      return plain;
    }
    return to_tensor(value, x.dtype());
  }
  return tensor_argument(value, "x[key] = value");
}

int set(PyObject* self, PyObject* key, PyObject* value) noexcept {
  return guarded(-1, [&] {
    if (!value) throw TypeError("a tensor's elements cannot be deleted");
    const Tensor& x = unwrap(self);
    Layout quick;
    std::vector<Index> index;
    const bool is_quick = quick_view(x.layout(), key, quick);
    if (is_quick || parse_key(key, index)) {
      Tensor target;
      {
        const GradMode off(false);  // what was there before needs no history
        target = is_quick ? get_item(x, quick) : get_item(x, index);
      }
      Tensor source = value_for(x, value);
      // Leading axes of length 1 too many are let pass, as NumPy does.
      while (source.ndim() > target.ndim() && source.length(0) == 1) {
        source = get_item(source, {Index(int64_t{0})});
      }
      unlocked(is_large(target), [&] { assign(target, source); });
      return 0;
    }
    Tensor mask;
    if (whole_mask(self, key, mask)) {
      Tensor source = value_for(x, value);
      while (source.ndim() > 1 && source.length(0) == 1) {
        source = get_item(source, {Index(int64_t{0})});
      }
      unlocked(is_large(x), [&] { assign_where(x, mask, source); });
      return 0;
    }
    py::object function = py::reinterpret_steal<py::object>(advanced("set"));
    py::object source = own(wrap(value_for(x, value)));
    own(PyObject_CallFunctionObjArgs(function.ptr(), self, key, source.ptr(), nullptr));
    return 0;
  });
}

Py_ssize_t length(PyObject* self) noexcept {
  return guarded(Py_ssize_t{-1}, [&]() -> Py_ssize_t {
    const Tensor& x = unwrap(self);
    if (x.ndim() == 0) throw TypeError("len() of a 0-d tensor");
    return x.length(0);
  });
}

PyObject* item_at(PyObject* self, Py_ssize_t i) noexcept {
  return guarded([&]() -> PyObject* {
    const Tensor& x = unwrap(self);
    if (x.ndim() == 0 || i < 0 || i >= x.length(0)) throw IndexError("index: out of range");
    return wrap(get_item(x, {Index(static_cast<int64_t>(i))}));
  });
}

PyObject* iterate(PyObject* self) noexcept {
  if (unwrap(self).ndim() == 0) {
    PyErr_SetString(PyExc_TypeError, "iteration over a 0-d tensor");
    return nullptr;
  }
  return PySeqIter_New(self);
}

int contains(PyObject* self, PyObject* value) noexcept {
  return guarded(-1, [&]() -> int {
    py::object equal = own(PyObject_RichCompare(self, value, Py_EQ));
    if (!is_tensor(equal.ptr())) return 0;
    return PyObject_IsTrue(own(item(any(unwrap(equal.ptr())), "in")).ptr());
  });
}

}  // namespace

void add_indexing_slots(std::vector<PyType_Slot>& slots) {
  slots.push_back({Py_mp_subscript, reinterpret_cast<void*>(get)});
  slots.push_back({Py_mp_ass_subscript, reinterpret_cast<void*>(set)});
  slots.push_back({Py_mp_length, reinterpret_cast<void*>(length)});
  slots.push_back({Py_sq_length, reinterpret_cast<void*>(length)});
  slots.push_back({Py_sq_item, reinterpret_cast<void*>(item_at)});
  slots.push_back({Py_sq_contains, reinterpret_cast<void*>(contains)});
  slots.push_back({Py_tp_iter, reinterpret_cast<void*>(iterate)});
}

}  // namespace ndtape::python
