// Linear algebra of matrices of few rows, recorded: None for all else, which nt.linalg looks at.
#include "ndtape/linalg.h"

#include <array>

#include "areas.h"
#include "operation.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

// The operand is what is saved: the rule makes the result again.
template <Tensor (*F)(const Tensor&)>
PyObject* call_on_matrices(const Spec& spec, PyObject* const* v) {
  if (!is_tensor(v[0])) return new_none();
  const Tensor x = unwrap(v[0]);  // a share: the GIL may be away
  const CustomOperation* const operation = operation_argument(v[1], spec.name);
  Tensor y = unlocked(is_large(x), [&] { return F(x); });
  if (!y.defined()) return new_none();
  if (grad_enabled() && requires_grad(x)) record_operation(operation, {&x, 1}, {&y, 1}, {&x, 1});
  return wrap(std::move(y));
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
  const CustomOperation *const real_operation = operation_argument(v[1], spec.name),
                               *const complex_operation = operation_argument(v[2], spec.name);
  const SignedLogarithm found = unlocked(is_large(x), [&] { return try_slogdet(x); });
  if (!found.sign.defined()) return new_none();
  const std::array<Tensor, 2> y = {found.sign, found.logarithm}, saved = {x, found.sign};
  if (grad_enabled() && requires_grad(x)) {
    if (is_complex(x.dtype())) {
      record_operation(complex_operation, {&x, 1}, y, saved);
    } else {
      record_operation(real_operation, {&x, 1}, {&y[1], 1}, {&x, 1});
    }
  }
  const py::object sign = own(wrap(y[0])), logarithm = own(wrap(y[1]));
  return check(PyTuple_Pack(2, sign.ptr(), logarithm.ptr()));
}

}  // namespace

void define_linalg() {
  define(kFunction, "_det", "(x, operation, /)", "Determinants of matrices of few rows, or None.",
         call_on_matrices<try_det>);
  define(kFunction, "_slogdet", "(x, real_operation, complex_operation, /)",
         "Their signs and logarithms, or None.", call_slogdet);
  define(kFunction, "_inv", "(x, operation, /)", "Inverses of matrices of few rows, or None.",
         call_on_matrices<try_inv>);
  define(kFunction, "_solve", "(x, b, operation, /)",
         "y of x @ y = b for matrices of few rows, or None.", call_solve);
  define(kFunction, "_cholesky", "(x, operation, /)",
         "Lower factors of matrices of few rows, or None.", call_on_matrices<try_cholesky>);
}

}  // namespace ndtape::python
