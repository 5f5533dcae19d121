// Memory handed to other array libraries and taken from them, by DLPack.
#include "dlpack.h"

#include <algorithm>
#include <memory>
#include <type_traits>

#include "areas.h"
#include "convert.h"
#include "ndtape/tape.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

using dlpack::kName;
using dlpack::kUsed;
using dlpack::Managed;
using dlpack::ManagedVersioned;

constexpr char kDlpack[] = R"(DLPack's protocol: hand the memory to another library.

Called by the other library's ``from_dlpack``.

Parameters
----------
stream : None
    The CPU has none.
max_version : tuple of int, optional
    The newest version that the caller understands. Below (1, 0), as without it, the capsule is a
    legacy one, which cannot say that memory is read-only: such memory is then copied.
dl_device : tuple of int, optional
    Where the caller wants it: ``(1, 0)``, the CPU.
copy : bool, optional
    True to copy, False to fail where a copy is needed.

Returns
-------
capsule
    Of the same memory; read-only where the tensor is, or where elements share an address.

Raises
------
BufferError
    When the tensor records gradients (hand out ``x.detach()``), for another device, or when
    `copy` is False and a copy is needed.
)";

constexpr char kDlpackDevice[] = R"(DLPack's protocol: where the memory lies.

Returns
-------
tuple of int
    ``(1, 0)``: the CPU.
)";

constexpr char kFromDlpack[] = R"(Make a tensor over the memory of another library's array.

Parameters
----------
x : object
    With the methods ``__dlpack__`` and ``__dlpack_device__``: an array of NumPy, PyTorch, JAX, ...
device : str, optional
    ``'cpu'``. Without it the array must lie there already.
copy : bool, optional
    True for memory of its own, False to share or fail, None to copy only if needed.

Returns
-------
Tensor
    Keeps the memory alive. It is read-only when its producer says so, or, by the legacy protocol,
    cannot say otherwise: in-place operators then raise ValueError.

Raises
------
BufferError
    When the memory cannot be shared: another device, a dtype that ndtape has not, a tensor that
    records gradients.
TypeError
    When `x` does not have the two methods.
ValueError
    When what the producer hands out is malformed.

Examples
--------
>>> import ndtape as nt
>>> import numpy as np
>>> a = np.zeros(2)
>>> x = nt.from_dlpack(a)
>>> x[0] = 5
>>> a
array([5., 0.])
)";

[[noreturn]] void refuse(const std::string& reason) {
  PyErr_SetString(PyExc_BufferError, reason.c_str());
  throw PythonError{};
}

// ---- dtypes ------------------------------------------------------------------------------------

uint8_t type_code(Kind kind) {
  switch (kind) {
    case Kind::Bool:
      return dlpack::kBool;
    case Kind::Int:
      return dlpack::kInt;
    case Kind::UInt:
      return dlpack::kUInt;
    case Kind::Float:
      return dlpack::kFloat;
    case Kind::Complex:
      return dlpack::kComplex;
  }
  return dlpack::kInt;
}

dlpack::DataType data_type(DType t) {
  return {type_code(kind(t)), static_cast<uint8_t>(8 * itemsize(t)), 1};
}

DType dtype_of_data(const dlpack::DataType& type) {
  for (int i = 0; i < kDTypeCount; ++i) {
    DType t = static_cast<DType>(i);
    dlpack::DataType own = data_type(t);
    if (own.code == type.code && own.bits == type.bits && type.lanes == 1) return t;
  }
  refuse("from_dlpack: no dtype of ndtape has type code " + std::to_string(type.code) + " with " +
         std::to_string(type.bits) + " bits and " + std::to_string(type.lanes) + " lanes");
}

// ---- out ---------------------------------------------------------------------------------------

// A capsule's contents, with a share in the storage.
template <class M>
struct Exported {
  M managed = {};
  Tensor tensor;
  Dims shape;
  Dims strides;
};

// Called on any thread of its consumer's.
template <class M>
void delete_exported(M* managed) {
  call_anywhere([](void* owner) { delete static_cast<Exported<M>*>(owner); }, managed->context);
}

// Of a capsule that nobody has consumed.
template <class M>
void delete_capsule(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, kName<M>)) return;
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, kName<M>));
  if (managed->deleter) managed->deleter(managed);
}

template <class M>
PyObject* make_capsule(const Tensor& x, bool read_only, bool copied) {
  auto owner = std::make_unique<Exported<M>>();
  owner->tensor = x;
  owner->shape = x.shape();
  owner->strides = x.strides();
  M& managed = owner->managed;
  managed.array = {x.mutable_data(),    {dlpack::kCpu, 0},     x.ndim(), data_type(x.dtype()),
                   owner->shape.data(), owner->strides.data(), 0};
  managed.context = owner.get();
  managed.deleter = delete_exported<M>;
  if constexpr (std::is_same_v<M, ManagedVersioned>) {
    managed.version = dlpack::kVersion;
    managed.flags = (read_only ? dlpack::kReadOnly : 0) | (copied ? dlpack::kIsCopied : 0);
  }
  PyObject* capsule = check(PyCapsule_New(&managed, kName<M>, delete_capsule<M>));
  owner.release();
  return capsule;
}

// A pair of integers; `what` names it in errors.
std::pair<int64_t, int64_t> parse_pair(PyObject* o, const char* what) {
  if (!PyTuple_Check(o) || PyTuple_GET_SIZE(o) != 2) {
    PyErr_Format(PyExc_TypeError, "%s must be a tuple of two integers, not %.100R", what, o);
    throw PythonError{};
  }
  return {parse_int(PyTuple_GET_ITEM(o, 0), what), parse_int(PyTuple_GET_ITEM(o, 1), what)};
}

void refuse_history(const Tensor& x, const char* what) {
  if (requires_grad(x)) {
    refuse(std::string(what) + ": this tensor records gradients; export x.detach() instead");
  }
}

PyObject* export_tensor(const Spec&, PyObject* const* v) {
  Tensor x = unwrap(v[0]);
  if (v[1] && v[1] != Py_None) throw ValueError("__dlpack__: stream must be None on the CPU");
  bool versioned = v[2] && v[2] != Py_None &&
                   parse_pair(v[2], "__dlpack__: max_version").first >= static_cast<int64_t>(1);
  if (v[3] && v[3] != Py_None) {
    auto [type, id] = parse_pair(v[3], "__dlpack__: dl_device");
    if (type != dlpack::kCpu || id != 0) {
      refuse("__dlpack__: dl_device (" + std::to_string(type) + ", " + std::to_string(id) +
             ") is not the CPU, (1, 0)");
    }
  }
  PyObject* copy_argument = v[4] ? v[4] : Py_None;
  refuse_history(x, "__dlpack__");
  bool read_only = !x.storage().writable() || x.layout().has_repeats();
  bool copied = copy_argument != Py_None && parse_bool(copy_argument, false);
  if (!versioned && read_only && !copied) {
    if (copy_argument != Py_None) {
      refuse("__dlpack__: copy=False, but legacy capsules cannot say that memory is read-only");
    }
    copied = true;
  }
  if (copied) {
    x = unlocked(is_large(x), [&] { return copy(x); });
    read_only = false;
  }
  return versioned ? make_capsule<ManagedVersioned>(x, read_only, copied)
                   : make_capsule<Managed>(x, read_only, copied);
}

PyObject* export_device(const Spec&, PyObject* const*) {
  return Py_BuildValue("(ii)", static_cast<int>(dlpack::kCpu), 0);
}

// ---- in ----------------------------------------------------------------------------------------

// The deleter may be Python's, and the tensor let go anywhere.
template <class M>
void release_managed(void* managed) {
  auto* m = static_cast<M*>(managed);
  if (!m->deleter) return;
  call_anywhere([](void* context) { static_cast<M*>(context)->deleter(static_cast<M*>(context)); },
                m);
}

[[noreturn]] void malformed(const std::string& reason) {
  throw ValueError("from_dlpack: malformed capsule: " + reason);
}

// Where the elements lie, and the bytes around them; all of it checked.
struct Region {
  DType dtype = DType::Bool;
  Layout layout;
  char* low = nullptr;
  size_t bytes = 0;
};

Region read_array(const dlpack::Array& a) {
  if (a.device.type != dlpack::kCpu) {
    refuse("from_dlpack: device type " + std::to_string(a.device.type) + " is not the CPU, 1");
  }
  Region region;
  region.dtype = dtype_of_data(a.dtype);
  if (a.ndim < 0 || a.ndim > kMaxAxes) {
    malformed("it has " + std::to_string(a.ndim) + " axes, not 0 to 64");
  }
  if (a.ndim > 0 && !a.shape) malformed("it has no shape");
  int64_t size = itemsize(region.dtype);
  Layout& layout = region.layout;
  layout = Layout::contiguous(Dims(a.shape, a.shape + a.ndim));
  if (element_count(layout.shape, size) == 0) return region;
  // Each term is below 2^126 + 2^62 with the check after it, so that 128 bits suffice.
  constexpr __int128 kMost = __int128{1} << 62;
  __int128 low = 0;
  __int128 high = 0;
  for (int i = 0; i < a.ndim; ++i) {
    int64_t stride = a.strides ? a.strides[i] : layout.strides[i];
    // The stride of an axis that is never stepped along means nothing.
    if (layout.shape[i] <= 1) continue;
    layout.strides[i] = stride;
    (stride < 0 ? low : high) += static_cast<__int128>(stride) * (layout.shape[i] - 1) * size;
    if (low < -kMost || high > kMost) malformed("its strides reach beyond any memory");
  }
  if (!a.data) malformed("its data pointer is null");
  __int128 first = static_cast<__int128>(reinterpret_cast<uintptr_t>(a.data)) + a.byte_offset;
  if (first + low < 0 || first + high + size > (__int128{1} << 63)) {
    malformed("it reaches beyond any memory");
  }
  int64_t alignment = std::min<int64_t>(size, alignof(double));
  if (first % alignment != 0) {
    malformed("its elements are not aligned to " + std::to_string(alignment) + " bytes");
  }
  layout.offset = static_cast<int64_t>(-low / size);
  region.low = static_cast<char*>(a.data) + a.byte_offset + static_cast<int64_t>(low);
  region.bytes = static_cast<size_t>(high - low + size);
  return region;
}

// Takes over the contents of a capsule; `copied` is whether nobody else has the memory.
template <class M>
Tensor consume(PyObject* capsule, bool* copied) {
  auto* managed = static_cast<M*>(PyCapsule_GetPointer(capsule, kName<M>));
  if (!managed) throw PythonError{};
  bool writable = false;
  if constexpr (std::is_same_v<M, ManagedVersioned>) {
    if (managed->version.major != dlpack::kVersion.major) {
      refuse("from_dlpack: version " + std::to_string(managed->version.major) + "." +
             std::to_string(managed->version.minor) + " of the protocol is not 1.x");
    }
    writable = !(managed->flags & dlpack::kReadOnly);
    *copied = managed->flags & dlpack::kIsCopied;
  }
  Region region = read_array(managed->array);
  if (!region.low) {  // no elements
    Tensor result = Tensor::empty(region.layout.shape, region.dtype);
    *copied = true;
    check(PyCapsule_SetName(capsule, kUsed<M>));
    release_managed<M>(managed);
    return result;
  }
  // From here on the contents are ours to delete.
  check(PyCapsule_SetName(capsule, kUsed<M>));
  Ref<Storage> storage;
  try {
    storage = Storage::adopt(region.low, region.bytes, writable, release_managed<M>, managed);
  } catch (...) {
    release_managed<M>(managed);
    throw;
  }
  return Tensor(
      Ref<TensorImpl>(new TensorImpl(region.dtype, std::move(region.layout), std::move(storage))));
}

py::object method_of(PyObject* o, const char* name) {
  PyObject* method = PyObject_GetAttrString(o, name);
  if (!method) {
    if (!PyErr_ExceptionMatches(PyExc_AttributeError)) throw PythonError{};
    PyErr_Clear();
    throw TypeError(std::string("from_dlpack: ") + Py_TYPE(o)->tp_name + " has no " + name);
  }
  return own(method);
}

// Asks for a capsule by the present protocol, or by the first one if the object has no other.
py::object ask(PyObject* o, bool to_cpu, PyObject* copy_argument) {
  py::object method = method_of(o, "__dlpack__");
  py::dict arguments;
  arguments["max_version"] = py::make_tuple(dlpack::kVersion.major, dlpack::kVersion.minor);
  if (to_cpu) arguments["dl_device"] = py::make_tuple(static_cast<int>(dlpack::kCpu), 0);
  if (copy_argument != Py_None) {
    arguments["copy"] = py::reinterpret_borrow<py::object>(copy_argument);
  }
  py::tuple none(0);
  PyObject* capsule = PyObject_Call(method.ptr(), none.ptr(), arguments.ptr());
  if (!capsule && PyErr_ExceptionMatches(PyExc_TypeError) && !to_cpu) {
    PyErr_Clear();
    capsule = PyObject_CallNoArgs(method.ptr());
  }
  return own(capsule);
}

PyObject* import_tensor(const Spec&, PyObject* const* v) {
  check_device(v[1]);
  PyObject* copy_argument = v[2] ? v[2] : Py_None;
  bool wants_copy = copy_argument != Py_None && parse_bool(copy_argument, false);
  if (copy_argument != Py_None) copy_argument = wants_copy ? Py_True : Py_False;
  Tensor result;
  bool copied = false;
  if (is_tensor(v[0])) {
    // The same storage, so that changes are still counted.
    refuse_history(unwrap(v[0]), "from_dlpack");
    result = detach(unwrap(v[0]));
  } else {
    py::object where = own(PyObject_CallNoArgs(method_of(v[0], "__dlpack_device__").ptr()));
    int64_t type = parse_pair(where.ptr(), "from_dlpack: the array's device").first;
    bool elsewhere = type != dlpack::kCpu;
    if (elsewhere && (!v[1] || v[1] == Py_None)) {
      refuse("from_dlpack: the array lies on a device of type " + std::to_string(type) +
             "; pass device='cpu' to have it copied");
    }
    py::object capsule = ask(v[0], elsewhere, copy_argument);
    if (PyCapsule_IsValid(capsule.ptr(), kName<ManagedVersioned>)) {
      result = consume<ManagedVersioned>(capsule.ptr(), &copied);
    } else if (PyCapsule_IsValid(capsule.ptr(), kName<Managed>)) {
      result = consume<Managed>(capsule.ptr(), &copied);
    } else if (PyCapsule_CheckExact(capsule.ptr())) {
      const char* name = PyCapsule_GetName(capsule.ptr());
      malformed(std::string("its name is ") + (name ? "\"" + std::string(name) + "\"" : "missing") +
                ", not \"dltensor_versioned\" or \"dltensor\"");
    } else {
      throw TypeError(std::string("from_dlpack: __dlpack__ returned ") +
                      Py_TYPE(capsule.ptr())->tp_name + ", not a capsule");
    }
  }
  if (wants_copy && !copied) result = unlocked(is_large(result), [&] { return copy(result); });
  return wrap(std::move(result));
}

}  // namespace

void define_dlpack() {
  define(kMethod, "__dlpack__", "(x, *, stream=None, max_version=None, dl_device=None, copy=None)",
         kDlpack, export_tensor);
  define(kMethod, "__dlpack_device__", "(x)", kDlpackDevice, export_device);
  define(kFunction, "from_dlpack", "(x, /, *, device=None, copy=None)", kFromDlpack, import_tensor);
}

}  // namespace ndtape::python
