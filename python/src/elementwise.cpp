// One function for each row of the op table.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "areas.h"
#include "examples.h"
#include "ndtape/config.h"
#include "operators.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

const OpRow& row(const Spec& spec) { return *static_cast<const OpRow*>(spec.context); }

PyObject* call_unary(const Spec& spec, PyObject* const* v) {
  if (is_tensor(v[0])) return apply_unary(row(spec).unary, unwrap(v[0]));
  Operand x = operand_argument(v[0], spec.name);
  return apply_unary(row(spec).unary, x.is_number() ? number_tensor(x.number) : x.tensor);
}

PyObject* call_binary(const Spec& spec, PyObject* const* v) {
  return apply_binary(row(spec).binary, operand_argument(v[0], spec.name),
                      operand_argument(v[1], spec.name));
}

// Makes two operands tensors, numbers beside the other.
void meet_both(Operand& a, Operand& b) {
  if (a.is_number() && b.is_number()) a.tensor = number_tensor(a.number);
  if (a.is_number()) {
    a.tensor = meet(a.number, b.tensor);
  } else if (b.is_number()) {
    b.tensor = meet(b.number, a.tensor);
  }
}

bool is_given(PyObject* o) { return o && o != Py_None; }

PyObject* call_where(const Spec& spec, PyObject* const* v) {
  Operand test = operand_argument(v[0], spec.name);
  Tensor condition = test.is_number() ? number_tensor(test.number) : test.tensor;
  if (condition.dtype() != DType::Bool) condition = astype(condition, DType::Bool);
  if (!is_given(v[1]) && !is_given(v[2])) {
    const py::object module = own(PyImport_ImportModule("ndtape._searching"));
    return PyObject_CallMethod(module.ptr(), "nonzero", "(O)", v[0]);
  }
  if (!is_given(v[1]) || !is_given(v[2]))
    throw TypeError("where: one of x1 and x2, expected both or neither");
  Operand a = operand_argument(v[1], spec.name);
  Operand b = operand_argument(v[2], spec.name);
  meet_both(a, b);
  bool release = is_large(condition) || is_large(a.tensor) || is_large(b.tensor);
  return wrap(unlocked(release, [&] { return where(condition, a.tensor, b.tensor); }));
}

PyObject* call_clip(const Spec& spec, PyObject* const* v) {
  Tensor x = tensor_argument(v[0], spec.name);
  Operand low, high;
  bool has_low = is_given(v[1]);
  bool has_high = is_given(v[2]);
  if (has_low) low = operand_argument(v[1], spec.name);
  if (has_high) high = operand_argument(v[2], spec.name);
  // A bound that no element can reach is none.
  if (has_low && low.is_number() && beyond(low.number, x.dtype()) < 0) has_low = false;
  if (has_high && high.is_number() && beyond(high.number, x.dtype()) > 0) has_high = false;
  if (has_low && low.is_number()) low.tensor = meet(low.number, x);
  if (has_high && high.is_number()) high.tensor = meet(high.number, x);
  return wrap(unlocked(is_large(x), [&] {
    if (has_low && has_high) return clip(x, low.tensor, high.tensor);
    if (has_low) return maximum(x, low.tensor);
    if (has_high) return minimum(x, high.tensor);
    return copy(x);
  }));
}

PyObject* call_positive(const Spec& spec, PyObject* const* v) {
  return apply_unary(ndtape::copy, tensor_argument(v[0], spec.name));
}

// To 10^-decimals. Where that power is beyond the dtype, or an element times it, there are no such
// decimals to round.
Tensor round_to(const Tensor& x, int64_t decimals) {
  if (decimals == 0 || (decimals > 0 && !is_inexact(x.dtype()))) return ndtape::round(x);
  const double power = std::pow(10.0, static_cast<double>(std::abs(decimals)));
  if (!is_inexact(x.dtype()))
    return astype(round_to(astype(x, DType::Float64), decimals), x.dtype());
  const bool narrow = itemsize(x.dtype()) == (is_complex(x.dtype()) ? 8 : 4);
  const double most =
      narrow ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  if (power > most) return decimals > 0 ? copy(x) : multiply(x, weak_scalar(0.0, x.dtype()));
  const Tensor ten = weak_scalar(power, x.dtype());
  if (decimals < 0) return multiply(ndtape::round(divide(x, ten)), ten);
  const Tensor scaled = multiply(x, ten);
  return where(isfinite(scaled), divide(ndtape::round(scaled), ten), x);
}

PyObject* call_round(const Spec& spec, PyObject* const* v) {
  const int64_t decimals = is_given(v[1]) ? parse_offset(v[1], "round: decimals") : 0;
  if (decimals == 0) return call_unary(spec, v);
  const Tensor x = tensor_argument(v[0], spec.name);
  return wrap(unlocked(is_large(x), [&] { return round_to(x, decimals); }));
}

const char* accepted(const OpRow& row) {
  auto is = [&](const char* name) { return std::strcmp(row.types, name) == 0; };
  if (is("Numeric") || is("Round") || is("Part") || is("Test")) {
    return row.complex ? "Of a numeric dtype." : "Of a real numeric dtype.";
  }
  if (is("Float")) {
    return row.complex ? "Of a float or complex dtype; integers become the default float dtype."
                       : "Of a float dtype; integers become the default float dtype.";
  }
  if (is("Bitwise")) return "Of dtype bool or an integer dtype.";
  if (is("Integer")) return "Of an integer dtype.";
  return row.complex ? "Of any dtype." : "Of any dtype but the complex ones.";
}

const char* returned(const OpRow& row) {
  auto is = [&](const char* name) { return std::strcmp(row.types, name) == 0; };
  if (is("Compare") || is("Logical") || is("Test")) return "Of dtype bool.";
  if (is("Float")) return row.complex ? "Of a float or complex dtype." : "Of a float dtype.";
  if (is("Part")) return "Of x's dtype; the float dtype of its parts where x is complex.";
  return "Of the promoted dtype.";
}

std::string document(const OpRow& row) {
  std::string s = row.doc;
  s += "\n\nParameters\n----------\n";
  s += row.arity == 1 ? "x : array_like\n    " : "x1, x2 : array_like\n    ";
  s += accepted(row);
  if (std::strcmp(row.name, "round") == 0) {
    s += "\ndecimals : int, optional\n"
         "    To how many decimals, as NumPy has it; negative ones stand before the point.";
  }
  if (row.arity == 2) s += " They are broadcast together.";
  s += "\n\nReturns\n-------\nTensor\n    ";
  s += returned(row);
  s += "\n\nRaises\n------\nTypeError\n    When a dtype is not accepted";
  s += row.arity == 1 ? ".\n" : ", or no dtype holds both.\n";
  if (row.arity == 2) s += "ValueError\n    When the shapes do not broadcast.\n";
  if (const char* example = find_example(row.name)) {
    s += "\nExamples\n--------\n>>> import ndtape as nt\n";
    s += example;
  }
  return s;
}

constexpr char kWhere[] = R"(Choose elements by a condition.

Parameters
----------
condition : array_like
    Where True (or non-zero), elements come from `x1`.
x1, x2 : array_like, optional
    Of any dtype. All three are broadcast together.

Returns
-------
Tensor, or tuple of Tensor
    Of the dtype that `x1` and `x2` promote to. Without them, as in NumPy, `nonzero` of the
    condition.

Raises
------
TypeError
    When no dtype holds both.
ValueError
    When the shapes do not broadcast.

Examples
--------
>>> import ndtape as nt
>>> x = nt.tensor([-1.0, 2.0])
>>> nt.where(x > 0, x, 0.0)
tensor([0., 2.])
)";

constexpr char kClip[] = R"(Limit elements to a range.

Parameters
----------
x : array_like
    Of a numeric dtype.
min, max : array_like, optional
    Bounds, broadcast with `x`; None for no bound. Where they cross, `max` wins.

Returns
-------
Tensor
    Of the promoted dtype.

Raises
------
TypeError
    When a dtype is not accepted, or no dtype holds all.
ValueError
    When the shapes do not broadcast.

Examples
--------
>>> import ndtape as nt
>>> nt.clip(nt.tensor([-2.0, 0.5, 3.0]), 0.0, 1.0)
tensor([0. , 0.5, 1. ])
)";

constexpr char kPositive[] = R"(A copy: ``+x``.

Parameters
----------
x : array_like
    Of a numeric dtype.

Returns
-------
Tensor
    Equal to `x`.

Examples
--------
>>> import ndtape as nt
>>> nt.positive(nt.tensor([1, -2]))
tensor([ 1, -2])
)";

}  // namespace

void define_elementwise() {
  for (const OpRow& row : op_rows()) {
    if (row.unary) {
      if (std::strcmp(row.name, "round") == 0) {
        for (const char* name : {"round", "__round__"}) {
          define(*name == '_' ? kMethod : kBoth, name, "(x, /, decimals=0)", document(row).c_str(),
                 call_round, &row);
        }
        continue;
      }
      bool method = std::strcmp(row.name, "conj") == 0;
      define(method ? kBoth : kFunction, row.name, "(x, /)", document(row).c_str(), call_unary,
             &row);
    } else if (row.binary) {
      define(kFunction, row.name, "(x1, x2, /)", document(row).c_str(), call_binary, &row);
    } else if (std::strcmp(row.name, "where") == 0) {
      define(kFunction, row.name, "(condition, x1=None, x2=None, /)", kWhere, call_where, &row);
    } else if (std::strcmp(row.name, "clip") == 0) {
      define(kBoth, row.name, "(x, /, min=None, max=None)", kClip, call_clip, &row);
    } else {
      throw std::logic_error(std::string("op table: no binding for ") + row.name);
    }
  }
  define(kFunction, "positive", "(x, /)", kPositive, call_positive);
}

}  // namespace ndtape::python
