// Linear algebra of matrices of few rows, recorded: None for all else, which nt.linalg looks at.
#include "ndtape/linalg.h"

#include <array>
#include <string>
#include <utility>

#include "areas.h"
#include "convert.h"
#include "operation.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

// The class of named tuples that results of several parts come in. Its __new__ is a Python
// function; what that does is done here.
PyTypeObject* tuple_class(PyObject* o, const char* what) {
  if (PyType_Check(o) && PyType_IsSubtype(reinterpret_cast<PyTypeObject*>(o), &PyTuple_Type)) {
    return reinterpret_cast<PyTypeObject*>(o);
  }
  throw TypeError(std::string(what) + ": expected a class of tuples, not " + Py_TYPE(o)->tp_name);
}

template <size_t N>
PyObject* new_tuple(PyTypeObject* type, const std::array<Tensor, N>& y) {
  const py::object result = own(type->tp_alloc(type, N));
  for (size_t i = 0; i < N; ++i) {
    PyTuple_SET_ITEM(result.ptr(), static_cast<Py_ssize_t>(i), check(wrap(y[i])));
  }
  return Py_NewRef(result.ptr());
}

std::array<Tensor, 2> list_of(Eigen y) { return {std::move(y.values), std::move(y.vectors)}; }
std::array<Tensor, 3> list_of(SingularValues y) {
  return {std::move(y.u), std::move(y.values), std::move(y.vh)};
}
std::array<Tensor, 2> list_of(Orthogonal y) { return {std::move(y.q), std::move(y.r)}; }

// The operand is what is saved: the rule makes the results again.
template <size_t N>
bool record(const CustomOperation* operation, const Tensor& x, const std::array<Tensor, N>& y) {
  if (!y[0].defined()) return false;
  if (grad_enabled() && requires_grad(x)) record_operation(operation, {&x, 1}, y, {&x, 1});
  return true;
}

template <Tensor (*F)(const Tensor&)>
PyObject* call_for_one(const Spec& spec, PyObject* const* v) {
  if (!is_tensor(v[0])) return new_none();
  const Tensor x = unwrap(v[0]);  // a share: the GIL may be away
  const CustomOperation* const operation = operation_argument(v[1], spec.name);
  std::array<Tensor, 1> y = {unlocked(is_large(x), [&] { return F(x); })};
  return record(operation, x, y) ? wrap(std::move(y[0])) : new_none();
}

// v: x, the operation and the class of the result.
template <class Compute>
PyObject* call_for_several(const Spec& spec, PyObject* const* v, Compute compute) {
  if (!is_tensor(v[0])) return new_none();
  const Tensor x = unwrap(v[0]);
  const CustomOperation* const operation = operation_argument(v[1], spec.name);
  PyTypeObject* const type = tuple_class(v[2], spec.name);
  const auto y = unlocked(is_large(x), [&] { return list_of(compute(x)); });
  return record(operation, x, y) ? new_tuple(type, y) : new_none();
}

PyObject* call_eigh(const Spec& spec, PyObject* const* v) {
  return call_for_several(spec, v, try_eigh);
}

PyObject* call_svd(const Spec& spec, PyObject* const* v) {
  const bool full = parse_bool(v[3], true);
  return call_for_several(spec, v, [full](const Tensor& x) {
    const bool is_square = x.ndim() >= 2 && x.length(x.ndim() - 2) == x.shape().back();
    return full && !is_square ? SingularValues() : try_svd(x);
  });
}

PyObject* call_qr(const Spec& spec, PyObject* const* v) {
  const bool complete = parse_bool(v[3], false);
  return call_for_several(spec, v, [complete](const Tensor& x) { return try_qr(x, complete); });
}

PyObject* call_solve(const Spec& spec, PyObject* const* v) {
  if (!is_tensor(v[0]) || !is_tensor(v[1])) return new_none();
  const std::array<Tensor, 2> of = {unwrap(v[0]), unwrap(v[1])};
  const CustomOperation* const operation = operation_argument(v[2], spec.name);
  const bool release = is_large(of[0]) || is_large(of[1]);
  Tensor y = unlocked(release, [&] { return try_solve(of[0], of[1]); });
  if (!y.defined()) return new_none();
  if (grad_enabled() && (requires_grad(of[0]) || requires_grad(of[1]))) {
    record_operation(operation, of, {&y, 1}, of);
  }
  return wrap(std::move(y));
}

// The sign of real matrices is constant.
PyObject* call_slogdet(const Spec& spec, PyObject* const* v) {
  if (!is_tensor(v[0])) return new_none();
  const Tensor x = unwrap(v[0]);
  const CustomOperation* const operation =
      operation_argument(v[is_complex(x.dtype()) ? 2 : 1], spec.name);
  PyTypeObject* const type = tuple_class(v[3], spec.name);
  const SignedLogarithm found = unlocked(is_large(x), [&] { return try_slogdet(x); });
  const Tensor &sign = found.sign, &logarithm = found.logarithm;
  if (!sign.defined()) return new_none();
  const std::array<Tensor, 2> y = {sign, logarithm}, saved = {x, sign};
  if (grad_enabled() && requires_grad(x)) {
    if (is_complex(x.dtype())) {
      record_operation(operation, {&x, 1}, y, saved);
    } else {
      record_operation(operation, {&x, 1}, {&logarithm, 1}, {&x, 1});
    }
  }
  return new_tuple(type, y);
}

}  // namespace

void define_linalg() {
  define(kFunction, "_det", "(x, operation, /)", "Determinants of matrices of few rows, or None.",
         call_for_one<try_det>);
  define(kFunction, "_slogdet", "(x, real_operation, complex_operation, result, /)",
         "Their signs and logarithms, or None.", call_slogdet);
  define(kFunction, "_inv", "(x, operation, /)", "Inverses of matrices of few rows, or None.",
         call_for_one<try_inv>);
  define(kFunction, "_solve", "(x, b, operation, /)",
         "y of x @ y = b for matrices of few rows, or None.", call_solve);
  define(kFunction, "_cholesky", "(x, operation, /)",
         "Lower factors of matrices of few rows, or None.", call_for_one<try_cholesky>);
  define(kFunction, "_eigh", "(x, operation, result, /)",
         "Eigenvalues and eigenvectors of symmetric matrices of few rows, or None.", call_eigh);
  define(kFunction, "_eigvalsh", "(x, operation, /)", "Their eigenvalues alone, or None.",
         call_for_one<try_eigvalsh>);
  define(kFunction, "_svd", "(x, operation, result, full_matrices, /)",
         "Singular values and vectors of matrices of few rows and columns, or None.", call_svd);
  define(kFunction, "_svdvals", "(x, operation, /)", "Their singular values alone, or None.",
         call_for_one<try_svdvals>);
  define(kFunction, "_qr", "(x, operation, result, complete, /)",
         "Orthonormal columns and upper triangles, of matrices of few rows and columns, or None.",
         call_qr);
}

}  // namespace ndtape::python
