// The number slots of Tensor: what Python's operators call, with nothing in between.
#include "operators.h"

#include "ndtape/tape.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

// The outcome of a comparison when every element is below (sign < 0) or above the number.
bool compares(Binary f, bool elements_below) {
  if (f == ndtape::equal) return false;
  if (f == ndtape::not_equal) return true;
  return elements_below == (f == ndtape::less || f == ndtape::less_equal);
}

bool is_comparison(Binary f) {
  return f == ndtape::equal || f == ndtape::not_equal || f == ndtape::less ||
         f == ndtape::less_equal || f == ndtape::greater || f == ndtape::greater_equal;
}

// Integers can be compared with a Python int that their dtype cannot hold.
std::optional<Tensor> compare_beyond(Binary f, const Operand& a, const Operand& b) {
  if (!is_comparison(f)) return {};
  const Operand& x = a.is_number() ? b : a;
  const Operand& number = a.is_number() ? a : b;
  int side = beyond(number.number, x.tensor.dtype());
  if (side == 0) return {};
  bool elements_below = side > 0;
  // For number < x read x > number.
  bool value = compares(f, a.is_number() ? !elements_below : elements_below);
  return full(x.tensor.shape(), value, DType::Bool);
}

PyObject* run(Binary f, const Tensor& a, const Tensor& b) {
  if (is_large(a) || is_large(b)) {
    return wrap(unlocked(true, [&] { return f(a, b); }));
  }
  return wrap(f(a, b));
}

template <Binary f>
PyObject* binary(PyObject* a, PyObject* b) noexcept {
  return guarded([&]() -> PyObject* {
    if (is_tensor(a)) {
      const Tensor& x = unwrap(a);
      if (is_tensor(b)) return run(f, x, unwrap(b));
      if (PyFloat_CheckExact(b) && is_inexact(x.dtype())) {
        return run(f, x, weak_scalar(PyFloat_AS_DOUBLE(b), x.dtype()));
      }
    }
    Operand left, right;
    if (!parse_operand(a, left) || !parse_operand(b, right)) {
      return Py_NewRef(Py_NotImplemented);
    }
    return apply_binary(f, std::move(left), std::move(right));
  });
}

template <Unary f>
PyObject* unary(PyObject* a) noexcept {
  return guarded([&] { return apply_unary(f, unwrap(a)); });
}

PyObject* power(PyObject* a, PyObject* b, PyObject* modulus) noexcept {
  if (modulus != Py_None) return Py_NewRef(Py_NotImplemented);
  return binary<ndtape::pow>(a, b);
}

PyObject* divmod(PyObject* a, PyObject* b) noexcept {
  return guarded([&]() -> PyObject* {
    py::object quotient = own(binary<ndtape::floor_divide>(a, b));
    if (quotient.ptr() == Py_NotImplemented) return quotient.release().ptr();
    py::object rest = own(binary<ndtape::remainder>(a, b));
    return check(PyTuple_Pack(2, quotient.ptr(), rest.ptr()));
  });
}

PyObject* matrix_multiply(PyObject* a, PyObject* b) noexcept {
  return guarded([&]() -> PyObject* {
    Operand left, right;
    if (!parse_operand(a, left) || !parse_operand(b, right)) {
      return Py_NewRef(Py_NotImplemented);
    }
    if (left.is_number() || right.is_number()) {
      throw ValueError("matmul: an operand is a scalar; use * instead");
    }
    bool release = is_large_product(left.tensor, right.tensor);
    return wrap(unlocked(release, [&] { return matmul(left.tensor, right.tensor); }));
  });
}

template <InPlaceOp op>
PyObject* in_place(PyObject* self, PyObject* value) noexcept {
  return guarded([&]() -> PyObject* {
    const Tensor& x = unwrap(self);
    auto run = [&](const Tensor& y) {
      unlocked(is_large(x), [&] { update(op, x, y); });
      return Py_NewRef(self);
    };
    if (is_tensor(value)) return run(unwrap(value));
    if (PyFloat_CheckExact(value) && is_inexact(x.dtype())) {
      return run(weak_scalar(PyFloat_AS_DOUBLE(value), x.dtype()));
    }
    Operand operand;
    if (!parse_operand(value, operand)) return Py_NewRef(Py_NotImplemented);
    return run(operand.is_number() ? weak_number(operand.number, x.dtype()) : operand.tensor);
  });
}

PyObject* in_place_power(PyObject* self, PyObject* value, PyObject* modulus) noexcept {
  if (modulus != Py_None) return Py_NewRef(Py_NotImplemented);
  return in_place<InPlaceOp::pow>(self, value);
}

PyObject* in_place_matrix_multiply(PyObject* self, PyObject* value) noexcept {
  return guarded([&]() -> PyObject* {
    py::object product = own(matrix_multiply(self, value));
    if (product.ptr() == Py_NotImplemented) return product.release().ptr();
    const Tensor& x = unwrap(self);
    const Tensor& y = unwrap(product.ptr());
    if (!(x.shape() == y.shape())) {
      throw ValueError("matmul: the product's shape " + to_string(y.shape()) +
                       " is not that of the updated tensor " + to_string(x.shape()));
    }
    if (x.dtype() != y.dtype()) throw TypeError("matmul: the product's dtype does not fit");
    assign(x, y);
    return Py_NewRef(self);
  });
}

int truth(PyObject* self) noexcept {
  return guarded(-1, [&] {
    const Tensor& x = unwrap(self);
    if (x.size() != 1) {
      throw ValueError("the truth value of a tensor of shape " + to_string(x.shape()) +
                       " is ambiguous; use any() or all()");
    }
    return PyObject_IsTrue(own(item(x, "bool")).ptr());
  });
}

PyObject* to_int(PyObject* self) noexcept {
  return guarded([&] { return PyNumber_Long(own(item(unwrap(self), "int")).ptr()); });
}

PyObject* to_float(PyObject* self) noexcept {
  return guarded([&] { return PyNumber_Float(own(item(unwrap(self), "float")).ptr()); });
}

PyObject* to_index(PyObject* self) noexcept {
  return guarded([&] {
    const Tensor& x = unwrap(self);
    if (x.ndim() != 0 || !is_integer(x.dtype())) {
      throw TypeError("only a 0-d tensor of integers can be used as an index, not one of shape " +
                      to_string(x.shape()) + " and dtype " + name(x.dtype()));
    }
    return item(x, "index");
  });
}

PyObject* compare(PyObject* a, PyObject* b, int op) noexcept {
  switch (op) {
    case Py_LT:
      return binary<ndtape::less>(a, b);
    case Py_LE:
      return binary<ndtape::less_equal>(a, b);
    case Py_EQ:
      return binary<ndtape::equal>(a, b);
    case Py_NE:
      return binary<ndtape::not_equal>(a, b);
    case Py_GT:
      return binary<ndtape::greater>(a, b);
    default:
      return binary<ndtape::greater_equal>(a, b);
  }
}

}  // namespace

bool is_large_product(const Tensor& a, const Tensor& b) {
  return is_large_product(a, b.ndim() > 1 ? b.length(b.ndim() - 1) : 1);
}

bool is_large_product(const Tensor& a, int64_t columns) {
  return static_cast<double>(a.size()) * static_cast<double>(columns) > 64.0 * 64.0 * 64.0;
}

PyObject* apply_unary(Unary function, const Tensor& x) {
  if (is_large(x)) return wrap(unlocked(true, [&] { return function(x); }));
  return wrap(function(x));
}

PyObject* apply_binary(Binary function, Operand a, Operand b) {
  if (a.is_number() && b.is_number()) a.tensor = number_tensor(a.number);
  if (a.is_number() || b.is_number()) {
    if (auto result = compare_beyond(function, a, b)) return wrap(*result);
    if (a.is_number()) {
      a.tensor = meet(a.number, b.tensor);
    } else {
      b.tensor = meet(b.number, a.tensor);
    }
  }
  return run(function, a.tensor, b.tensor);
}

void add_operator_slots(std::vector<PyType_Slot>& slots) {
  auto add = [&](int slot, auto* function) {
    slots.push_back({slot, reinterpret_cast<void*>(function)});
  };
  add(Py_nb_add, binary<ndtape::add>);
  add(Py_nb_subtract, binary<ndtape::subtract>);
  add(Py_nb_multiply, binary<ndtape::multiply>);
  add(Py_nb_true_divide, binary<ndtape::divide>);
  add(Py_nb_floor_divide, binary<ndtape::floor_divide>);
  add(Py_nb_remainder, binary<ndtape::remainder>);
  add(Py_nb_divmod, divmod);
  add(Py_nb_power, power);
  add(Py_nb_matrix_multiply, matrix_multiply);
  add(Py_nb_and, binary<ndtape::bitwise_and>);
  add(Py_nb_or, binary<ndtape::bitwise_or>);
  add(Py_nb_xor, binary<ndtape::bitwise_xor>);
  add(Py_nb_lshift, binary<ndtape::bitwise_left_shift>);
  add(Py_nb_rshift, binary<ndtape::bitwise_right_shift>);
  add(Py_nb_negative, unary<ndtape::negative>);
  add(Py_nb_positive, unary<ndtape::copy>);
  add(Py_nb_absolute, unary<ndtape::abs>);
  add(Py_nb_invert, unary<ndtape::bitwise_invert>);
  add(Py_nb_inplace_add, in_place<InPlaceOp::add>);
  add(Py_nb_inplace_subtract, in_place<InPlaceOp::subtract>);
  add(Py_nb_inplace_multiply, in_place<InPlaceOp::multiply>);
  add(Py_nb_inplace_true_divide, in_place<InPlaceOp::divide>);
  add(Py_nb_inplace_floor_divide, in_place<InPlaceOp::floor_divide>);
  add(Py_nb_inplace_remainder, in_place<InPlaceOp::remainder>);
  add(Py_nb_inplace_power, in_place_power);
  add(Py_nb_inplace_matrix_multiply, in_place_matrix_multiply);
  add(Py_nb_inplace_and, in_place<InPlaceOp::bitwise_and>);
  add(Py_nb_inplace_or, in_place<InPlaceOp::bitwise_or>);
  add(Py_nb_inplace_xor, in_place<InPlaceOp::bitwise_xor>);
  add(Py_nb_inplace_lshift, in_place<InPlaceOp::left_shift>);
  add(Py_nb_inplace_rshift, in_place<InPlaceOp::right_shift>);
  add(Py_nb_bool, truth);
  add(Py_nb_int, to_int);
  add(Py_nb_float, to_float);
  add(Py_nb_index, to_index);
  add(Py_tp_richcompare, compare);
}

}  // namespace ndtape::python
