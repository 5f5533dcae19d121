#include "numpy_interop.h"

#include <pybind11/numpy.h>

#include <algorithm>
#include <new>

#include "convert.h"
#include "dtype_type.h"
#include "ndtape/tape.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

using NumpyApi = py::detail::npy_api;

const NumpyApi& numpy() {
  static const NumpyApi* const api = &NumpyApi::get();
  return *api;
}

void release_owner(void* owner) { release_anywhere(static_cast<PyObject*>(owner)); }

const char* buffer_format(DType t) {
  switch (t) {
    case DType::Bool:
      return "?";
    case DType::Int8:
      return "b";
    case DType::Int16:
      return "h";
    case DType::Int32:
      return "i";
    case DType::Int64:
      return sizeof(long) == 8 ? "l" : "q";
    case DType::UInt8:
      return "B";
    case DType::UInt16:
      return "H";
    case DType::UInt32:
      return "I";
    case DType::UInt64:
      return sizeof(long) == 8 ? "L" : "Q";
    case DType::Float32:
      return "f";
    case DType::Float64:
      return "d";
    case DType::Complex64:
      return "Zf";
    case DType::Complex128:
      return "Zd";
  }
  return "";
}

// Elements that share an address must not be written through NumPy.
bool is_writable(const Tensor& x) { return x.storage().writable() && !x.layout().has_repeats(); }

int refuse_buffer(Py_buffer* view, const char* reason) {
  view->obj = nullptr;
  PyErr_SetString(PyExc_BufferError, reason);
  return -1;
}

int get_buffer(PyObject* self, Py_buffer* view, int flags) noexcept {
  return guarded(-1, [&] {
    const Tensor& x = unwrap(self);
    view->obj = nullptr;
    if (requires_grad(x)) {
      return refuse_buffer(view, "Tensor: records gradients; export x.detach() instead");
    }
    bool writable = is_writable(x);
    if ((flags & PyBUF_WRITABLE) && !writable) {
      return refuse_buffer(view, "Tensor: the memory is read-only");
    }
    int n = x.ndim();
    bool c_order = x.is_contiguous();
    bool wants_strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES;
    bool wants_c = (flags & PyBUF_C_CONTIGUOUS) == PyBUF_C_CONTIGUOUS;
    if ((!wants_strides || wants_c) && !c_order) {
      return refuse_buffer(view, "Tensor: the memory is not contiguous");
    }
    if ((flags & PyBUF_F_CONTIGUOUS) == PyBUF_F_CONTIGUOUS && !(c_order && n <= 1)) {
      Dims reversed(n, 0);
      for (int i = 0; i < n; ++i) reversed[i] = n - 1 - i;
      if (!x.layout().permute(reversed).is_contiguous()) {
        return refuse_buffer(view, "Tensor: the memory is not in Fortran order");
      }
    }
    int64_t size = itemsize(x.dtype());
    auto* dims = new Py_ssize_t[static_cast<size_t>(2 * n + 1)];
    for (int i = 0; i < n; ++i) {
      dims[i] = x.shape()[i];
      dims[n + i] = x.strides()[i] * size;
    }
    view->buf = x.mutable_data();
    view->obj = Py_NewRef(self);
    view->len = x.size() * size;
    view->itemsize = size;
    view->readonly = !writable;
    view->ndim = n;
    view->format = (flags & PyBUF_FORMAT) ? const_cast<char*>(buffer_format(x.dtype())) : nullptr;
    view->shape = (flags & PyBUF_ND) ? dims : nullptr;
    view->strides = wants_strides ? dims + n : nullptr;
    view->suboffsets = nullptr;
    view->internal = dims;
    return 0;
  });
}

void release_buffer(PyObject*, Py_buffer* view) {
  delete[] static_cast<Py_ssize_t*>(view->internal);
}

}  // namespace

void add_buffer_slots(std::vector<PyType_Slot>& slots) {
  slots.push_back({Py_bf_getbuffer, reinterpret_cast<void*>(get_buffer)});
  slots.push_back({Py_bf_releasebuffer, reinterpret_cast<void*>(release_buffer)});
}

bool is_ndarray(PyObject* o) { return numpy().PyArray_Check_(o); }

bool is_numpy_scalar(PyObject* o) {
  // Their common base, np.generic, is not in pybind11's table.
  static PyObject* const generic =
      PyObject_GetAttrString(py::module_::import("numpy").ptr(), "generic");
  return generic && PyObject_TypeCheck(o, reinterpret_cast<PyTypeObject*>(generic));
}

py::object numpy_asarray(PyObject* o, std::optional<DType> dtype) {
  // FromAny takes over the reference to the dtype.
  PyObject* descr = dtype ? Py_NewRef(numpy_dtype(*dtype)) : nullptr;
  int flags = NumpyApi::NPY_ARRAY_ENSUREARRAY_;
  if (dtype) flags |= NumpyApi::NPY_ARRAY_FORCECAST_;
  return own(numpy().PyArray_FromAny_(o, descr, 0, 0, flags, nullptr));
}

Tensor share_ndarray(PyObject* array) {
  auto* a = py::detail::array_proxy(array);
  std::optional<DType> dtype = from_numpy_dtype(a->descr);
  if (!dtype) return {};
  int64_t size = itemsize(*dtype);
  Layout layout;
  layout.shape.resize(a->nd);
  layout.strides.resize(a->nd);
  int64_t low = 0;
  int64_t high = 0;
  bool empty = false;
  for (int i = 0; i < a->nd; ++i) {
    int64_t length = a->dimensions[i];
    int64_t stride = a->strides[i];
    layout.shape[i] = length;
    if (length == 0) empty = true;
    // The stride of an axis that is never stepped along means nothing.
    if (length > 1) {
      if (stride % size != 0) return {};
      layout.strides[i] = stride / size;
      (stride < 0 ? low : high) += stride * (length - 1);
    } else {
      layout.strides[i] = 1;
    }
  }
  if (empty) return Tensor::empty(layout.shape, *dtype);
  if (!(a->flags & NumpyApi::NPY_ARRAY_ALIGNED_)) return {};
  layout.offset = -low / size;
  bool writable = a->flags & NumpyApi::NPY_ARRAY_WRITEABLE_;
  Ref<Storage> storage = Storage::adopt(a->data + low, static_cast<size_t>(high - low + size),
                                        writable, release_owner, array);
  Py_INCREF(array);  // the storage's, which gives it back
  return Tensor(Ref<TensorImpl>(new TensorImpl(*dtype, std::move(layout), std::move(storage))));
}

Tensor from_ndarray(PyObject* array, bool* copied) {
  if (copied) *copied = false;
  Tensor shared = share_ndarray(array);
  if (shared.defined()) return shared;
  if (copied) *copied = true;
  // Native, aligned and dense.
  PyObject* descr = py::detail::array_proxy(array)->descr;
  py::object native = own(PyObject_CallMethod(descr, "newbyteorder", "s", "="));
  std::optional<DType> dtype = from_numpy_dtype(native.ptr());
  if (!dtype) {
    PyErr_Format(PyExc_TypeError, "ndtape has no dtype for NumPy's %S", descr);
    throw PythonError{};
  }
  py::object copy = own(PyObject_CallMethod(array, "astype", "Os", native.ptr(), "C"));
  shared = share_ndarray(copy.ptr());
  if (!shared.defined()) throw TypeError("asarray: this array's memory cannot be read");
  return shared;
}

PyObject* to_ndarray(PyObject* owner, const char* what) {
  const Tensor& x = unwrap(owner);
  if (requires_grad(x)) {
    throw TapeError(std::string(what) + ": this tensor, " + describe(x) +
                    ", records gradients; use x.detach().numpy()");
  }
  int n = x.ndim();
  Py_intptr_t dims[kMaxAxes];
  Py_intptr_t strides[kMaxAxes];
  int64_t size = itemsize(x.dtype());
  for (int i = 0; i < n; ++i) {
    dims[i] = x.shape()[i];
    strides[i] = x.strides()[i] * size;
  }
  const NumpyApi& api = numpy();
  int flags = is_writable(x) ? NumpyApi::NPY_ARRAY_WRITEABLE_ : 0;
  py::object array =
      own(api.PyArray_NewFromDescr_(api.PyArray_Type_, Py_NewRef(numpy_dtype(x.dtype())), n, dims,
                                    strides, x.mutable_data(), flags, nullptr));
  check(api.PyArray_SetBaseObject_(array.ptr(), Py_NewRef(owner)));
  return array.release().ptr();
}

}  // namespace ndtape::python
