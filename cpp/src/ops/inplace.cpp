// Changes to a tensor's memory, recorded like any other operation.
#include <string>
#include <utility>

#include "engine/elementwise.h"
#include "engine/index.h"
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

void check_fits(const char* what, const Tensor& value, const Dims& shape) {
  if (value.shape() != shape && broadcast_shapes(shape, value.shape(), what) != shape) {
    throw ValueError(std::string(what) + ": a value of shape " + to_string(value.shape()) +
                     " does not broadcast to the target's shape " + to_string(shape));
  }
}

void refuse_leaf(const char* what, const Tensor& x) {
  if (!grad_enabled()) return;
  const bool is_part = static_cast<bool>(x.impl()->base);
  const TensorImpl* whole = is_part ? x.impl()->base.get() : x.impl();
  if (whole->node && static_cast<const Node*>(whole->node.get())->is_leaf()) {
    throw TapeError(std::string(what) + ": " + (is_part ? "a view of " : "") +
                    describe(is_part ? Tensor(x.impl()->base) : x) +
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

// Changes x by a recorded operator that leaves it its result, of which x's base and their views are
// told. Whether it is recorded depends on x and the value alone.
template <class Change>
void change(const char* what, const Tensor& x, const Tensor& value, Change&& make) {
  const bool recorded = recording(x, value);
  const bool is_part = static_cast<bool>(x.impl()->base);
  if (recorded && is_part) check_places(what, Tensor(x.impl()->base), x.layout());
  make();
  if (!recorded) return;
  if (is_part) return renew_part(Tensor(x.impl()->base), x.layout(), x);
  ++x.impl()->generation;
}

// A view is its base's, also where it was made unrecorded.
void renew_unrecorded(const Tensor& x) {
  const TensorImpl* base = x.impl()->base.get();
  if (base && base->node && grad_enabled() && !has_history(x)) renew_history(x);
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
  check_writable(r.name, x);
  check_fits(r.name, value, x.shape());
  refuse_leaf(r.name, x);
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
  renew_unrecorded(x);
  if ((type != x.dtype() || anomaly_watchers.load(std::memory_order_relaxed) > 0) &&
      recording(x, value)) {
    // The result is rounded, or looked at, before x is changed.
    return write(r.name, x, r.recorded(x, value, Into::New));
  }
  change(r.name, x, value, [&] {
    if (r.recorded) {
      r.recorded(x, value, Into::First);
    } else {
      binary(r.op, x, value, Into::First);
    }
  });
}

void assign(const Tensor& x, const Tensor& value) {
  check_writable("assignment", x);
  check_fits("assignment", value, x.shape());
  refuse_leaf("assignment", x);
  check_kind("assignment", value.dtype(), x.dtype());
  if (is_assigned_to_itself(x, value)) return;
  write("assignment", x, value);
}

void assign_where(const Tensor& x, const Tensor& mask, const Tensor& value) {
  check_mask(mask, x.shape());
  check_writable("assignment", x);
  const Tensor chosen = contiguous(mask);
  const std::vector<int64_t> counts = engine::count_mask(chosen);
  const Dims target = {counts.empty() ? 0 : counts.back()};
  check_fits("assignment", value, target);
  refuse_leaf("assignment", x);
  check_kind("assignment", value.dtype(), x.dtype());
  renew_unrecorded(x);
  change("assignment", x, value, [&] {
    {
      const GradMode off(false);
      // What lies in x's memory is read in one order and written in another.
      const bool meet = overlaps(x, value) || x.data() == value.data();
      Tensor source = value.dtype() != x.dtype() ? astype(value, x.dtype())
                      : meet                     ? copy(value)
                                                 : contiguous(value);
      if (source.size() > 1) source = broadcast_to(source, target);
      begin_change(x);
      const Tensor dense = contiguous(x);
      engine::expand(source, chosen, counts, dense);
      if (!dense.is_same(x)) engine::copy(dense, x);
    }
    if (!recording(x, value)) return;
    record_on(
        "assign", x,
        wrt(x, [mask = save_key(chosen)](
                   const Tensor& g) { return where(mask, scalar(false, g.dtype()), g); }),
        wrt(value, [mask = save_key(chosen)](const Tensor& g) { return masked_select(g, mask); }));
  });
}

}  // namespace ndtape
