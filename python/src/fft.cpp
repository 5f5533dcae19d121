// Fourier transforms by the library's own kernels: None for all else, which nt.fft looks at.
#include <cmath>
#include <optional>
#include <utility>

#include "areas.h"
#include "convert.h"
#include "ndtape/ops.h"
#include "operation.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

// None where the transform is not ours.
template <class F>
PyObject* transformed(const Tensor& x, F&& transform) {
  Tensor y = unlocked(is_large(x), transform);
  return y.defined() ? wrap(std::move(y)) : new_none();
}

double factor_argument(PyObject* o) {
  const double factor = PyFloat_AsDouble(o);
  if (factor == -1.0 && PyErr_Occurred()) throw PythonError{};
  return factor;
}

PyObject* call_fft(const Spec& spec, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], spec.name);
  const int64_t axis = parse_int(v[1], "axis");
  const bool inverse = parse_bool(v[2], false);
  const double factor = factor_argument(v[3]);
  return transformed(x, [&] { return try_fft(x, axis, inverse, factor); });
}

PyObject* call_rfft(const Spec& spec, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], spec.name);
  const int64_t axis = parse_int(v[1], "axis");
  const double factor = factor_argument(v[2]);
  return transformed(x, [&] { return try_rfft(x, axis, factor); });
}

PyObject* call_irfft(const Spec& spec, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], spec.name);
  const int64_t axis = parse_int(v[1], "axis"), n = parse_int(v[2], "n");
  const double factor = factor_argument(v[3]);
  return transformed(x, [&] { return try_irfft(x, axis, n, factor); });
}

// What a transform of n numbers is multiplied by; nothing for what is no norm.
std::optional<double> factor_of(PyObject* norm, int64_t n, bool inverse) {
  if (!PyUnicode_Check(norm)) return {};
  const auto is = [&](const char* name) {
    return PyUnicode_CompareWithASCIIString(norm, name) == 0;
  };
  const auto length = static_cast<double>(n);
  if (is("backward")) return inverse ? 1 / length : 1.0;
  if (is("forward")) return inverse ? 1.0 : 1 / length;
  if (is("ortho")) return 1 / std::sqrt(length);
  return {};
}

Tensor transformed_unrecorded(const Tensor& x, int64_t axis, bool inverse, double factor) {
  return unlocked(is_large(x), [&] {
    const GradMode off(false);
    return try_fft(x, axis, inverse, factor);
  });
}

// All of a call that has nothing unusual in it.
PyObject* call_fft_along(const Spec& spec, PyObject* const* v) {
  if (!is_tensor(v[0]) || !PyLong_CheckExact(v[1])) return new_none();
  const Tensor x = unwrap(v[0]);  // a share: the GIL may be away
  int64_t axis = parse_offset(v[1], "axis");
  if (axis < 0) axis += x.ndim();
  if (axis < 0 || axis >= x.ndim() || x.size() == 0 || !is_inexact(x.dtype())) return new_none();
  const bool inverse = parse_bool(v[2], false);
  const std::optional<double> factor = factor_of(v[3], x.length(static_cast<int>(axis)), inverse);
  if (!factor) return new_none();
  const CustomOperation* const operation = operation_argument(v[4], spec.name);
  const Tensor y = transformed_unrecorded(x, axis, inverse, *factor);
  if (!y.defined()) return new_none();
  if (grad_enabled() && requires_grad(x)) record_operation(operation, {&x, 1}, {&y, 1}, {});
  return wrap(y);
}

// The same along the last axis, without a factor before the inverse: as most calls are written. The
// object is the operation.
template <bool inverse>
PyObject* call_plain_fft(const Spec& spec, PyObject* const* v) {
  if (!is_tensor(v[0]) || v[1] || v[2] || v[3]) return new_none();
  const Tensor x = unwrap(v[0]);  // a share: the GIL may be away
  if (x.ndim() == 0 || x.size() == 0 || !is_inexact(x.dtype())) return new_none();
  const double factor = inverse ? 1.0 / static_cast<double>(x.shape().back()) : 1.0;
  const Tensor y = transformed_unrecorded(x, x.ndim() - 1, inverse, factor);
  if (!y.defined()) return new_none();
  if (grad_enabled() && requires_grad(x)) {
    record_operation(operation_given(spec), {&x, 1}, {&y, 1}, {});
  }
  return wrap(y);
}

}  // namespace

void define_fft() {
  define(kFunction, "_fft", "(x, axis, inverse, factor, /)",
         "Transform numbers along an axis, or None where others are to do it.", call_fft);
  define(kFunction, "_rfft", "(x, axis, factor, /)", "Likewise real numbers to half of it all.",
         call_rfft);
  define(kFunction, "_irfft", "(x, axis, n, factor, /)", "Likewise back, to n real numbers.",
         call_irfft);
  define_first("fft", "(x, /, n=None, axis=-1, norm='backward')", call_plain_fft<false>);
  define_first("ifft", "(x, /, n=None, axis=-1, norm='backward')", call_plain_fft<true>);
  define(kFunction, "_fft_along", "(x, axis, inverse, norm, operation, /)",
         "Transform along an axis and record it, or None where anything is unusual.",
         call_fft_along);
}

}  // namespace ndtape::python
