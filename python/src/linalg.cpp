// Linear algebra of matrices of few rows, recorded: what comes before the functions of nt.linalg,
// which look at all else.
#include "ndtape/linalg.h"

#include <array>
#include <string>
#include <utility>

#include "areas.h"
#include "convert.h"
#include "ndtape/tape.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

// The __new__ of a class of named tuples is a Python function; what that does is done here.
template <size_t N>
PyObject* new_tuple(PyTypeObject* type, const std::array<Tensor, N>& y) {
  const py::object result = own(type->tp_alloc(type, N));
  for (size_t k = 0; k < N; ++k) {
    PyTuple_SET_ITEM(result.ptr(), static_cast<Py_ssize_t>(k), check(wrap(y[k])));
  }
  return Py_NewRef(result.ptr());
}

std::array<Tensor, 2> list_of(Eigen y) { return {std::move(y.values), std::move(y.vectors)}; }
std::array<Tensor, 3> list_of(SingularValues y) {
  return {std::move(y.u), std::move(y.values), std::move(y.vh)};
}
std::array<Tensor, 2> list_of(Orthogonal y) { return {std::move(y.q), std::move(y.r)}; }

// The operand is what is saved: the rule makes the results again.
template <Tensor (*F)(const Tensor&)>
PyObject* call_for_one(const Spec& spec, PyObject* const* v) {
  if (!is_tensor(v[0])) return new_none();
  const Tensor x = unwrap(v[0]);  // a share: the GIL may be away
  std::array<Tensor, 1> y = {unlocked(is_large(x), [&] { return F(x); })};
  if (!y[0].defined()) return new_none();
  record_operation(operation_given(spec), {&x, 1}, y);
  return wrap(std::move(y[0]));
}

template <class Compute>
PyObject* call_for_several(const Spec& spec, PyObject* const* v, Compute compute) {
  if (!is_tensor(v[0])) return new_none();
  const Tensor x = unwrap(v[0]);
  const auto y = unlocked(is_large(x), [&] { return list_of(compute(x)); });
  if (!y[0].defined()) return new_none();
  record_operation(operation_given(spec), {&x, 1}, y);
  return new_tuple(tuple_class_given(spec, 1), y);
}

PyObject* call_cholesky(const Spec& spec, PyObject* const* v) {
  return parse_bool(v[1], false) ? new_none() : call_for_one<try_cholesky>(spec, v);
}

PyObject* call_eigh(const Spec& spec, PyObject* const* v) {
  return call_for_several(spec, v, try_eigh);
}

PyObject* call_svd(const Spec& spec, PyObject* const* v) {
  const bool full = parse_bool(v[1], true);
  return call_for_several(spec, v, [full](const Tensor& x) {
    const bool is_square = x.ndim() >= 2 && x.length(x.ndim() - 2) == x.shape().back();
    return full && !is_square ? SingularValues() : try_svd(x);
  });
}

PyObject* call_qr(const Spec& spec, PyObject* const* v) {
  const auto is = [&](const char* mode) {
    return PyUnicode_Check(v[1]) && PyUnicode_CompareWithASCIIString(v[1], mode) == 0;
  };
  const bool complete = v[1] && is("complete");
  if (v[1] && !complete && !is("reduced")) return new_none();
  return call_for_several(spec, v, [complete](const Tensor& x) { return try_qr(x, complete); });
}

PyObject* call_solve(const Spec& spec, PyObject* const* v) {
  if (!is_tensor(v[0]) || !is_tensor(v[1])) return new_none();
  const std::array<Tensor, 2> of = {unwrap(v[0]), unwrap(v[1])};
  const bool release = is_large(of[0]) || is_large(of[1]);
  Tensor y = unlocked(release, [&] { return try_solve(of[0], of[1]); });
  if (!y.defined()) return new_none();
  record_operation(operation_given(spec), of, {&y, 1});
  return wrap(std::move(y));
}

// The sign of real matrices is constant.
PyObject* call_slogdet(const Spec& spec, PyObject* const* v) {
  if (!is_tensor(v[0])) return new_none();
  const Tensor x = unwrap(v[0]);
  const SignedLogarithm found = unlocked(is_large(x), [&] { return try_slogdet(x); });
  if (!found.sign.defined()) return new_none();
  const std::array<Tensor, 2> y = {found.sign, found.logarithm};
  if (grad_enabled() && requires_grad(x)) {
    if (is_complex(x.dtype())) {
      const std::array<Tensor, 2> saved = {x, found.sign};
      record_operation(operation_given(spec, 1), {&x, 1}, y, saved);
    } else {
      record_operation(operation_given(spec), {&x, 1}, {&found.logarithm, 1});
    }
  }
  return new_tuple(tuple_class_given(spec, 2), y);
}

}  // namespace

void define_linalg() {
  define_first("det", "(x, /)", call_for_one<try_det>);
  define_first("slogdet", "(x, /)", call_slogdet);
  define_first("inv", "(x, /)", call_for_one<try_inv>);
  define_first("solve", "(x1, x2, /)", call_solve);
  define_first("cholesky", "(x, /, *, upper=False)", call_cholesky);
  define_first("eigh", "(x, /)", call_eigh);
  define_first("eigvalsh", "(x, /)", call_for_one<try_eigvalsh>);
  define_first("svd", "(x, /, full_matrices=True)", call_svd);
  define_first("svdvals", "(x, /)", call_for_one<try_svdvals>);
  define_first("qr", "(x, /, mode='reduced')", call_qr);
}

}  // namespace ndtape::python
