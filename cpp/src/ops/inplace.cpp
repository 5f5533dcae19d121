// Changes to a tensor's memory, recorded like any other operation.
#include <string>

#include "engine/elementwise.h"
#include "ops/elementwise.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {
namespace {

struct Row {
  const char* name;
  Op op;
  Tensor (*function)(const Tensor&, const Tensor&);
};

const Row& row(InPlaceOp op) {
  static constexpr Row rows[] = {
      {"+=", Op::add, add},
      {"-=", Op::subtract, subtract},
      {"*=", Op::multiply, multiply},
      {"/=", Op::divide, divide},
      {"//=", Op::floor_divide, floor_divide},
      {"%=", Op::remainder, remainder},
      {"**=", Op::pow, pow},
      {"&=", Op::bitwise_and, bitwise_and},
      {"|=", Op::bitwise_or, bitwise_or},
      {"^=", Op::bitwise_xor, bitwise_xor},
      {"<<=", Op::bitwise_left_shift, bitwise_left_shift},
      {">>=", Op::bitwise_right_shift, bitwise_right_shift},
  };
  return rows[static_cast<int>(op)];
}

void check_target(const char* what, const Tensor& x, const Tensor& value) {
  const std::string at = std::string(what) + ": ";
  check_writable(what, x);
  if (broadcast_shapes(x.shape(), value.shape(), what) != x.shape()) {
    throw ValueError(at + "a value of shape " + to_string(value.shape()) +
                     " does not broadcast to the target's shape " + to_string(x.shape()));
  }
  if (!grad_enabled()) return;
  const Tensor base = x.impl()->base ? Tensor(x.impl()->base) : x;
  if (requires_grad(base) && is_leaf(base)) {
    throw TapeError(at + (x.impl()->base ? "a view of " : "") + describe(base) +
                    ", which requires grad, cannot be changed in place while recording; use "
                    "no_grad()");
  }
}

// Kinds a value may be written into without loss of its nature: bool < integer < float < complex.
void check_kind(const char* what, DType from, DType to) {
  auto rank = [](DType t) {
    return is_complex(t) ? 3 : is_float(t) ? 2 : t == DType::Bool ? 0 : 1;
  };
  if (rank(from) > rank(to)) {
    throw TypeError(std::string(what) + ": a result of dtype " + name(from) +
                    " does not fit the target's dtype " + name(to));
  }
}

// x as it is now: its memory and its history, which the coming change does not touch.
Tensor as_before(const Tensor& x) {
  const Tensor y = detach(x);
  const Edge edge = edge_of(x);
  set_history(y, edge.node, edge.index);
  return y;
}

// Writes the recorded value y into x and gives x, its base and their views that history.
void write_recorded(const char* what, const Tensor& x, const Tensor& y) {
  TensorImpl* impl = x.impl();
  if (!impl->base) {
    begin_change(x);
    engine::copy(y, x);
    const Edge edge = edge_of(y);
    set_history(x, edge.node, edge.index);
    ++impl->generation;
    return;
  }
  const Tensor base(impl->base);
  const Place place = place_of(what, base, x.layout());
  const Tensor before = as_before(base);
  begin_change(x);
  engine::copy(y, x);
  Tensor changed = base;
  record_list("assign", changed, {before, y}, [place](int i, const Tensor& g) {
    return i == 0 ? clear_part(g, place) : read_part(g, place);
  });
  ++impl->base->generation;
}

}  // namespace

void check_writable(const char* what, const Tensor& x) {
  const std::string at = std::string(what) + ": ";
  if (!x.storage().writable()) {
    throw ValueError(at + "the tensor of shape " + to_string(x.shape()) +
                     " shares read-only memory; change a copy instead");
  }
  if (x.layout().has_repeats()) {
    throw ValueError(at + "the tensor of shape " + to_string(x.shape()) + " and strides " +
                     to_string(x.strides()) + " names one element several times; change a " +
                     "copy instead");
  }
}

void update(InPlaceOp op, const Tensor& x, const Tensor& value) {
  const Row& r = row(op);
  check_target(r.name, x, value);
  // What the operator itself refuses (dtypes, negative integer powers), it refuses on no elements.
  DType type = x.dtype();
  if (value.dtype() != type) {
    try {
      type = promote(type, value.dtype());
    } catch (const TypeError& e) {
      throw TypeError(std::string(r.name) + ": " + e.what());
    }
  }
  check_kind(r.name, operand_dtype(r.op, type), x.dtype());
  if (recording(x, value) && is_inexact(x.dtype())) {
    const Tensor y = r.function(as_before(x), value.is_same(x) ? as_before(x) : value);
    write_recorded(r.name, x, y.dtype() == x.dtype() ? y : astype(y, x.dtype()));
    return;
  }
  if (r.op == Op::pow && is_integer(type)) {
    const Tensor y = pow(x, value);  // checks the exponents
    begin_change(x);
    engine::copy(y, x);
  } else {
    begin_change(x);
    binary_into(r.op, x, value, x);
  }
}

void assign(const Tensor& x, const Tensor& value) {
  check_target("assignment", x, value);
  check_kind("assignment", value.dtype(), x.dtype());
  const bool record_it = is_inexact(x.dtype()) && recording(x, value);
  const Tensor source = overlaps(x, value) ? copy(value) : value;
  if (!record_it) {
    begin_change(x);
    engine::copy(source, x);
    return;
  }
  Tensor y = source.dtype() == x.dtype() ? source : astype(source, x.dtype());
  if (y.shape() != x.shape()) {
    // Leading axes of length 1 that x does not have are dropped first.
    while (y.ndim() > x.ndim()) y = squeeze(y, Dims{0});
    y = broadcast_to(y, x.shape());
  }
  write_recorded("assignment", x, y);
}

}  // namespace ndtape
