// Functions that make tensors.
#include <cmath>
#include <limits>

#include "areas.h"
#include "convert.h"
#include "creation_docs.h"
#include "dtype_type.h"
#include "ndtape/tape.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

PyObject* finish(Tensor result, PyObject* requires_grad) {
  if (parse_bool(requires_grad, false)) set_requires_grad(result, true);
  return wrap(std::move(result));
}

DType float_by_default(PyObject* dtype) {
  return parse_optional_dtype(dtype).value_or(default_float());
}

bool is_large_shape(const Dims& shape) { return element_count(shape) >= kLarge; }

PyObject* make_tensor(const Spec&, PyObject* const* v) {
  std::optional<DType> dtype = parse_optional_dtype(v[1]);
  check_device(v[2]);
  // A new leaf: the history of a tensor that is copied stays behind.
  GradMode off(false);
  return finish(to_tensor(v[0], dtype, Copy::kAlways), v[3]);
}

PyObject* make_asarray(const Spec&, PyObject* const* v) {
  std::optional<DType> dtype = parse_optional_dtype(v[1]);
  check_device(v[2]);
  Copy copy = Copy::kIfNeeded;
  if (v[3] && v[3] != Py_None) copy = parse_bool(v[3], false) ? Copy::kAlways : Copy::kNever;
  if (is_tensor(v[0]) && copy != Copy::kAlways && (!dtype || *dtype == unwrap(v[0]).dtype())) {
    return Py_NewRef(v[0]);
  }
  return wrap(to_tensor(v[0], dtype, copy));
}

template <Tensor (*make)(const Dims&, DType)>
PyObject* filled(const Spec&, PyObject* const* v) {
  Dims shape = parse_shape(v[0]);
  DType dtype = float_by_default(v[1]);
  check_device(v[2]);
  return finish(unlocked(is_large_shape(shape), [&] { return make(shape, dtype); }), v[3]);
}

template <Tensor (*make)(const Dims&, DType)>
PyObject* filled_like(const Spec& spec, PyObject* const* v) {
  Tensor x = tensor_argument(v[0], spec.name);
  DType dtype = parse_optional_dtype(v[1]).value_or(x.dtype());
  check_device(v[2]);
  return finish(unlocked(is_large(x), [&] { return make(x.shape(), dtype); }), v[3]);
}

Tensor full_of(const Dims& shape, PyObject* value, std::optional<DType> dtype, const char* name) {
  Number number;
  if (parse_number(value, number)) {
    if (number.huge || !dtype) dtype = number_tensor(number, dtype).dtype();
    return unlocked(is_large_shape(shape), [&] { return full(shape, number.value, *dtype); });
  }
  Tensor x = to_tensor(value, dtype);
  if (x.ndim() != 0) {
    throw ValueError(std::string(name) + ": fill_value must be a scalar, not of shape " +
                     to_string(x.shape()));
  }
  return copy(broadcast_to(x, shape));
}

PyObject* make_full(const Spec& spec, PyObject* const* v) {
  Dims shape = parse_shape(v[0]);
  std::optional<DType> dtype = parse_optional_dtype(v[2]);
  check_device(v[3]);
  return finish(full_of(shape, v[1], dtype, spec.name), v[4]);
}

PyObject* make_full_like(const Spec& spec, PyObject* const* v) {
  Tensor x = tensor_argument(v[0], spec.name);
  DType dtype = parse_optional_dtype(v[2]).value_or(x.dtype());
  check_device(v[3]);
  return finish(full_of(x.shape(), v[1], dtype, spec.name), v[4]);
}

// ---- ranges ----------------------------------------------------------------------------------

bool is_integer_argument(PyObject* o) { return PyIndex_Check(o) && !PyFloat_Check(o); }

Tensor integer_range(int64_t start, int64_t stop, int64_t step, DType dtype) {
  if (step == 0) throw ValueError("arange: step is zero");
  __int128 distance = static_cast<__int128>(stop) - start;
  __int128 count = distance / step + (distance % step != 0 && (distance < 0) == (step < 0));
  if (count < 0) count = 0;
  if (count > std::numeric_limits<int64_t>::max()) throw ValueError("arange: too many elements");
  int64_t n = static_cast<int64_t>(count);
  element_count(Dims{n}, itemsize(dtype));
  if (n > 0) {
    int64_t last = static_cast<int64_t>(start + static_cast<__int128>(step) * (n - 1));
    if (beyond({start}, dtype) || beyond({last}, dtype)) {
      throw ValueError("arange: values from " + std::to_string(start) + " to " +
                       std::to_string(last) + " do not fit dtype " + name(dtype));
    }
  }
  return unlocked(n >= kLarge, [&] { return arange_int(start, step, n, dtype); });
}

Tensor float_range(double start, double stop, double step, DType dtype) {
  if (step == 0) throw ValueError("arange: step is zero");
  double length = std::ceil((stop - start) / step);
  if (!std::isfinite(length)) throw ValueError("arange: start, stop and step must be finite");
  if (length > 0x1p60) throw ValueError("arange: too many elements");
  int64_t n = length > 0 ? static_cast<int64_t>(length) : 0;
  element_count(Dims{n}, 8);
  return unlocked(n >= kLarge, [&] {
    if (is_complex(dtype)) throw TypeError("arange: dtype must be real, not complex");
    if (is_float(dtype)) return arange(start, step, n, dtype);
    return astype(arange(start, step, n, DType::Float64), dtype);
  });
}

PyObject* make_arange(const Spec&, PyObject* const* v) {
  // One argument is the stop.
  PyObject* start = v[1] && v[1] != Py_None ? v[0] : nullptr;
  PyObject* stop = start ? v[1] : v[0];
  PyObject* step = v[2] && v[2] != Py_None ? v[2] : nullptr;
  std::optional<DType> dtype = parse_optional_dtype(v[3]);
  check_device(v[4]);
  if (dtype == DType::Bool) throw TypeError("arange: dtype bool is not numeric");
  bool integers = is_integer_argument(stop) && (!start || is_integer_argument(start)) &&
                  (!step || is_integer_argument(step));
  if (integers && (!dtype || is_integer(*dtype))) {
    int64_t first = start ? parse_int(start, "arange") : 0;
    int64_t last = parse_int(stop, "arange");
    int64_t by = step ? parse_int(step, "arange") : 1;
    return finish(integer_range(first, last, by, dtype.value_or(DType::Int64)), v[5]);
  }
  double first = start ? parse_double(start, "arange") : 0.0;
  double last = parse_double(stop, "arange");
  double by = step ? parse_double(step, "arange") : 1.0;
  return finish(float_range(first, last, by, dtype.value_or(default_float())), v[5]);
}

// Either bound may be complex; its parts go their ways by themselves.
Tensor complex_linspace(PyObject* start, PyObject* stop, int64_t count, bool endpoint,
                        DType dtype) {
  if (!is_complex(dtype)) {
    throw TypeError(std::string("linspace: complex numbers do not fit dtype ") + name(dtype));
  }
  Py_complex first = PyComplex_AsCComplex(start);
  if (PyErr_Occurred()) throw PythonError{};
  Py_complex last = PyComplex_AsCComplex(stop);
  if (PyErr_Occurred()) throw PythonError{};
  Tensor re = linspace(first.real, last.real, count, endpoint, DType::Float64);
  Tensor im = linspace(first.imag, last.imag, count, endpoint, DType::Float64);
  Tensor exact = add(re, multiply(im, scalar(Complex<double>{0, 1}, DType::Complex128)));
  return exact.dtype() == dtype ? exact : astype(exact, dtype);
}

PyObject* make_linspace(const Spec&, PyObject* const* v) {
  if (PyComplex_Check(v[0]) || PyComplex_Check(v[1])) {
    int64_t count = v[2] ? parse_int(v[2], "linspace") : 50;
    if (count < 0) throw ValueError("linspace: num is negative: " + std::to_string(count));
    element_count(Dims{count}, 16);
    check_device(v[5]);
    DType dtype = parse_optional_dtype(v[4]).value_or(complex_dtype(default_float()));
    return finish(complex_linspace(v[0], v[1], count, parse_bool(v[3], true), dtype), v[6]);
  }
  double start = parse_double(v[0], "linspace");
  double stop = parse_double(v[1], "linspace");
  int64_t count = v[2] ? parse_int(v[2], "linspace") : 50;
  bool endpoint = parse_bool(v[3], true);
  DType dtype = float_by_default(v[4]);
  check_device(v[5]);
  if (count < 0) throw ValueError("linspace: num is negative: " + std::to_string(count));
  element_count(Dims{count}, 8);
  if (!is_inexact(dtype)) {
    Tensor exact = linspace(start, stop, count, endpoint, DType::Float64);
    return finish(astype(floor(exact), dtype), v[6]);
  }
  return finish(
      unlocked(count >= kLarge, [&] { return linspace(start, stop, count, endpoint, dtype); }),
      v[6]);
}

PyObject* make_eye(const Spec&, PyObject* const* v) {
  int64_t rows = parse_int(v[0], "eye");
  int64_t columns = v[1] && v[1] != Py_None ? parse_int(v[1], "eye") : rows;
  int64_t k = v[2] ? parse_offset(v[2], "eye") : 0;
  DType dtype = float_by_default(v[3]);
  check_device(v[4]);
  bool large = element_count(Dims{rows, columns}, itemsize(dtype)) >= kLarge;
  return finish(unlocked(large, [&] { return eye(rows, columns, k, dtype); }), v[5]);
}

template <Tensor (*triangle)(const Tensor&, int64_t)>
PyObject* make_triangle(const Spec& spec, PyObject* const* v) {
  Tensor x = tensor_argument(v[0], spec.name);
  int64_t k = v[1] ? parse_offset(v[1], spec.name) : 0;
  return wrap(unlocked(is_large(x), [&] { return triangle(x, k); }));
}

// ---- the default dtype -------------------------------------------------------------------------

PyObject* set_default(const Spec&, PyObject* const* v) {
  set_default_float(parse_dtype(v[0]));
  return new_none();
}

PyObject* get_default(const Spec&, PyObject* const*) {
  return Py_NewRef(dtype_object(default_float()));
}

constexpr char kShaped[] = "(shape, dtype=None, *, device=None, requires_grad=False)";
constexpr char kLike[] = "(x, /, dtype=None, *, device=None, requires_grad=False)";

}  // namespace

void define_creation() {
  define(kFunction, "tensor", "(data, dtype=None, *, device=None, requires_grad=False)",
         docs::kTensor, make_tensor);
  define(kFunction, "asarray", "(obj, /, dtype=None, *, device=None, copy=None)", docs::kAsarray,
         make_asarray);
  define(kFunction, "zeros", kShaped, docs::kZeros, filled<ndtape::zeros>);
  define(kFunction, "ones", kShaped, docs::kOnes, filled<ndtape::ones>);
  define(kFunction, "empty", kShaped, docs::kEmpty, filled<ndtape::empty>);
  define(kFunction, "full", "(shape, fill_value, dtype=None, *, device=None, requires_grad=False)",
         docs::kFull, make_full);
  define(kFunction, "zeros_like", kLike, docs::kZerosLike, filled_like<ndtape::zeros>);
  define(kFunction, "ones_like", kLike, docs::kOnesLike, filled_like<ndtape::ones>);
  define(kFunction, "empty_like", kLike, docs::kEmptyLike, filled_like<ndtape::empty>);
  define(kFunction, "full_like",
         "(x, /, fill_value, dtype=None, *, device=None, requires_grad=False)", docs::kFullLike,
         make_full_like);
  define(kFunction, "arange",
         "(start, /, stop=None, step=1, *, dtype=None, device=None, requires_grad=False)",
         docs::kArange, make_arange);
  define(kFunction, "linspace",
         "(start, stop, /, num=50, endpoint=True, *, dtype=None, device=None, "
         "requires_grad=False)",
         docs::kLinspace, make_linspace);
  define(kFunction, "eye",
         "(n_rows, n_cols=None, /, k=0, dtype=None, *, device=None, requires_grad=False)",
         docs::kEye, make_eye);
  define(kFunction, "tril", "(x, /, k=0)", docs::kTril, make_triangle<ndtape::tril>);
  define(kFunction, "triu", "(x, /, k=0)", docs::kTriu, make_triangle<ndtape::triu>);
  define(kFunction, "set_default_dtype", "(dtype, /)", docs::kSetDefault, set_default);
  define(kFunction, "get_default_dtype", "()", docs::kGetDefault, get_default);
}

}  // namespace ndtape::python
