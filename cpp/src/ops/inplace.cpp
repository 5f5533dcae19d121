// Changes to a tensor's memory, recorded like any other operation.
#include <string>
#include <utility>

#include "engine/elementwise.h"
#include "ops/elementwise.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {
namespace {

struct Row {
  const char* name;
  Op op;
  Tensor (*recorded)(const Tensor&, const Tensor&, Into);  // null for operators of integers alone
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
      {"&=", Op::bitwise_and, nullptr},
      {"|=", Op::bitwise_or, nullptr},
      {"^=", Op::bitwise_xor, nullptr},
      {"<<=", Op::bitwise_left_shift, nullptr},
      {">>=", Op::bitwise_right_shift, nullptr},
  };
  return rows[static_cast<int>(op)];
}

void check_target(const char* what, const Tensor& x, const Tensor& value) {
  check_writable(what, x);
  if (value.shape() != x.shape() && broadcast_shapes(x.shape(), value.shape(), what) != x.shape()) {
    throw ValueError(std::string(what) + ": a value of shape " + to_string(value.shape()) +
                     " does not broadcast to the target's shape " + to_string(x.shape()));
  }
  if (!grad_enabled()) return;
  const TensorImpl* base = x.impl()->base ? x.impl()->base.get() : x.impl();
  if (base->node && static_cast<const Node*>(base->node.get())->is_leaf()) {
    throw TapeError(std::string(what) + ": " + (x.impl()->base ? "a view of " : "") +
                    describe(x.impl()->base ? Tensor(x.impl()->base) : x) +
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

// x, which is no view, has new values, made by `node` if any; views are derived from it again.
void renew(const Tensor& x, Ref<Node> node) {
  ++x.impl()->generation;
  set_history(x, std::move(node));
}

// The same for the part of x that a view names, when `part` has the history of its new elements;
// the rest is as it was.
void renew_part(const Tensor& x, const Layout& view, const Tensor& part) {
  auto rule = [place = place_of(x, view)](int i, const Tensor& g) {
    return i == 0 ? clear_part(g, place) : read_part(g, place);
  };
  using Assign = ListNode<decltype(rule)>;
  renew(x, Ref<Node>::of_new(new Assign("assign", std::move(rule), x, part)));
}

// Is this the end of x[key] += y, which assigns a view to its own place? A view that was made
// unrecorded is a constant there, and no such case.
bool is_assigned_to_itself(const Tensor& x, const Tensor& value) {
  const TensorImpl &to = *x.impl(), &from = *value.impl();
  if (!to.base || !(to.base == from.base) || to.layout.offset != from.layout.offset ||
      to.layout.shape != from.layout.shape || to.layout.strides != from.layout.strides) {
    return false;
  }
  const bool follows_base = from.generation != from.base->generation || from.node;
  return follows_base || !from.base->node;
}

// Writes the value into x, broadcast and cast, and gives x, its base and their views its history.
void write(const char* what, const Tensor& x, const Tensor& value) {
  const bool is_part = static_cast<bool>(x.impl()->base);
  const Tensor whole = is_part ? Tensor(x.impl()->base) : x;
  const bool recorded = is_inexact(x.dtype()) && recording(whole, value);
  if (recorded && is_part) check_places(what, whole, x.layout());
  const Tensor source = overlaps(x, value) ? copy(value) : value;
  begin_change(x);
  engine::copy(source, x);
  if (!recorded) return;
  if (is_part) return renew_part(whole, x.layout(), source);
  Ref<Node> node;
  if (has_history(source)) {
    auto rule = [](const Tensor& g) { return g; };
    node = Ref<Node>::of_new(new RuleNode<decltype(rule)>("assign", wrt(source, std::move(rule))));
  }
  renew(x, std::move(node));
}

}  // namespace

void check_writable(const char* what, const Tensor& x) {
  if (!x.storage().writable()) {
    throw ValueError(std::string(what) + ": the tensor of shape " + to_string(x.shape()) +
                     " shares read-only memory; change a copy instead");
  }
  if (!x.is_contiguous() && x.layout().has_repeats()) {
    throw ValueError(std::string(what) + ": the tensor of shape " + to_string(x.shape()) +
                     " and strides " + to_string(x.strides()) +
                     " names one element several times; change a copy instead");
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
  const Ref<TensorImpl>& base = x.impl()->base;
  // A view is its base's, also where it was made unrecorded.
  if (base && base->node && grad_enabled() && !has_history(x)) renew_history(x);
  const bool recorded = recording(x, value);
  if (recorded && (type != x.dtype() || anomaly_watchers.load(std::memory_order_relaxed) > 0)) {
    // The result is rounded, or looked at, before x is changed.
    return write(r.name, x, r.recorded(x, value, Into::New));
  }
  if (recorded && base) check_places(r.name, Tensor(base), x.layout());
  if (r.recorded) {
    r.recorded(x, value, Into::First);
  } else {
    binary(r.op, x, value, Into::First);
  }
  if (!recorded) return;
  if (base) return renew_part(Tensor(base), x.layout(), x);
  ++x.impl()->generation;
}

void assign(const Tensor& x, const Tensor& value) {
  check_target("assignment", x, value);
  check_kind("assignment", value.dtype(), x.dtype());
  if (is_assigned_to_itself(x, value)) return;
  write("assignment", x, value);
}

}  // namespace ndtape
