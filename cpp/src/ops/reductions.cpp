// Reductions to fewer elements, and their derivatives.
#include <limits>
#include <string>

#include "engine/elementwise.h"
#include "engine/program.h"
#include "engine/reduce.h"
#include "ops/elementwise.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {
namespace {

using engine::Program;
using engine::Value;

Dims all_axes(int ndim) {
  Dims axes;
  for (int i = 0; i < ndim; ++i) axes.push_back(i);
  return axes;
}

Dims resolve(const Tensor& x, const Axes& axes, const char* what) {
  return axes ? normalize_axes(*axes, x.ndim(), what) : all_axes(x.ndim());
}

// x's shape with length 1 on the reduced axes.
Dims kept_shape(const Dims& shape, const Dims& axes) {
  Dims kept = shape;
  for (int64_t axis : axes) kept[static_cast<int>(axis)] = 1;
  return kept;
}

int64_t reduced_count(const Dims& shape, const Dims& axes) {
  int64_t n = 1;
  for (int64_t axis : axes) n *= shape[static_cast<int>(axis)];
  return n;
}

// Drops the axes of length 1 that a reduction left. y is new, and no one else's yet.
Tensor finish(Tensor y, const Dims& axes, bool keepdims) {
  if (keepdims || axes.empty()) return y;
  uint64_t drop = 0;
  for (int64_t axis : axes) drop |= uint64_t{1} << axis;
  Dims left;
  for (int i = 0; i < y.ndim(); ++i) {
    if (!(drop >> i & 1)) left.push_back(y.length(i));
  }
  y.impl()->layout = Layout::contiguous(left);
  return y;
}

// Axes in one word, for rules to hold.
class AxisSet {
 public:
  explicit AxisSet(const Dims& axes) {
    for (int64_t axis : axes) bits_ |= uint64_t{1} << axis;
  }
  operator Dims() const {  // NOLINT: reading it is using it
    Dims axes;
    for (int i = 0; i < kMaxAxes; ++i) {
      if (bits_ >> i & 1) axes.push_back(i);
    }
    return axes;
  }

 private:
  uint64_t bits_ = 0;
};

// A gradient or a result, reduced along `axes`, as it broadcasts against the tensor's `shape`.
Tensor with_kept_axes(const Tensor& g, const Dims& shape, const Dims& axes) {
  return reshape(g, kept_shape(shape, axes));
}

// The reduction of cast(x) along axes, all of them kept with length 1.
Tensor reduce_kept(ReduceOp op, const Tensor& x, const Dims& axes, DType dtype, Scalar identity) {
  if (reduced_count(x.shape(), axes) == 0) {
    return full(kept_shape(x.shape(), axes), identity, dtype);
  }
  Tensor y = Tensor::empty(kept_shape(x.shape(), axes), dtype);
  if (y.size() == 0) return y;
  Program program;
  program.output(program.cast(program.input(x.dtype()), dtype));
  engine::reduce(program, x.shape(), &x, axes, op, y);
  return y;
}

// Sums of bool and small integers are of 64 bits.
DType accumulator(DType dtype) {
  switch (kind(dtype)) {
    case Kind::Bool:
    case Kind::Int:
      return DType::Int64;
    case Kind::UInt:
      return DType::UInt64;
    default:
      return dtype;
  }
}

// The dtype that a sum or product is made in.
DType accumulator(const Tensor& x, std::optional<DType> dtype, const char* what) {
  const DType type = dtype.value_or(accumulator(x.dtype()));
  if (kind(type) == Kind::Bool) {
    throw TypeError(std::string(what) + ": dtype " + name(type) + ", expected a number");
  }
  return type;
}

void refuse_empty(const Tensor& x, const Dims& axes, const char* what) {
  if (reduced_count(x.shape(), axes) == 0) {
    throw ValueError(std::string(what) + ": shape " + to_string(x.shape()) +
                     " has no elements along axes " + to_string(axes) + ", expected at least one");
  }
}

// Is it along the last axes, in rows of a size that a row program takes, and enough of them or few
// elements at all?
bool is_row_reduction(const Tensor& x, const Dims& axes) {
  const int count = axes.size();
  if (is_complex(x.dtype()) || count == 0 || x.size() == 0) return false;
  for (int64_t axis : axes) {
    if (axis < x.ndim() - count) return false;
  }
  const bool contiguous = x.is_contiguous();
  if (x.size() <= engine::kFewElements) return contiguous;
  const int64_t length = reduced_count(x.shape(), axes);
  return length >= 16 && length <= engine::kLongestRow && x.size() / length >= 16 &&
         (contiguous || (count == 1 && x.strides()[x.ndim() - 1] == 1));
}

DType float_of(DType dtype) { return is_inexact(dtype) ? dtype : default_float(); }

// What each of some elements, at least one along the axes, has of a gradient: an equal share.
Tensor shared(const Tensor& g, const Tensor& chosen, const Dims& axes) {
  return keep_where(chosen, g / sum(astype(chosen, g.dtype()), axes, true));
}

Tensor extreme(ReduceOp op, const char* name, const Tensor& x, const Axes& axes, bool keepdims) {
  const Dims which = resolve(x, axes, name);
  refuse_complex(x, name);
  refuse_empty(x, which, name);
  Tensor y = finish(reduce_kept(op, x, which, x.dtype(), false), which, keepdims);
  if (!recording(x)) return y;
  // Of few elements it costs less to find the result again than to keep it.
  Saved kept = x.size() <= engine::kFewElements ? Saved() : save_output(y);
  return record(
      name, y,
      wrt(x, [op, x = save(x), kept = std::move(kept), axes = AxisSet(which)](const Tensor& g) {
        const Tensor t = x;
        const Dims which = axes;
        const Tensor top = kept ? with_kept_axes(kept, t.shape(), which)
                                : reduce_kept(op, t, which, t.dtype(), false);
        // Ties share the gradient equally.
        return shared(with_kept_axes(g, t.shape(), which), equal(t, top), which);
      }));
}

Tensor truth(ReduceOp op, const char* name, const Tensor& x, const Axes& axes, bool keepdims,
             bool identity) {
  const Dims which = resolve(x, axes, name);
  return finish(reduce_kept(op, x, which, DType::Bool, identity), which, keepdims);
}

// Along the last axis, the product of all elements but each one: up a tree of pairwise products,
// then down. No division, so zeros are right, in higher derivatives too.
Tensor product_of_others(const Tensor& x) {
  std::vector<Tensor> levels{x};
  auto part = [](const Tensor& t, int64_t start, int64_t stop) {
    return get_item(t, {Ellipsis{}, Slice{start, stop}});
  };
  while (levels.back().shape().back() > 1) {
    const Tensor& t = levels.back();
    const int64_t n = t.shape().back(), half = n / 2;
    Tensor up = part(t, 0, half) * part(t, half, 2 * half);
    levels.push_back(n & 1 ? concat({up, part(t, n - 1, n)}, -1) : up);
  }
  Tensor others = ones(levels.back().shape(), x.dtype());
  for (size_t i = levels.size() - 1; i-- > 0;) {
    const Tensor& t = levels[i];
    const int64_t n = t.shape().back(), half = n / 2;
    const Tensor above = part(others, 0, half);
    std::vector<Tensor> parts{above * part(t, half, 2 * half), above * part(t, 0, half)};
    if (n & 1) parts.push_back(part(others, half, half + 1));
    others = concat(parts, -1);
  }
  return others;
}

Tensor arg_extreme(const char* name, const Tensor& x, std::optional<int64_t> axis, bool keepdims,
                   bool largest) {
  refuse_complex(x, name);
  if (!axis) {
    const Tensor flat = reshape(detach(x), {-1});
    if (flat.size() == 0) {
      throw ValueError(std::string(name) + ": shape " + to_string(x.shape()) +
                       " has no elements, expected at least one");
    }
    Tensor y = arg_extreme(name, flat, 0, false, largest);
    return keepdims ? reshape(y, Dims(x.ndim(), 1)) : y;
  }
  const int along = normalize_axis(*axis, x.ndim(), name);
  refuse_empty(x, {along}, name);
  Tensor y = Tensor::empty(kept_shape(x.shape(), {along}), DType::Int64);
  if (y.size() > 0) engine::arg_reduce(x, along, largest, y);
  return finish(y, {along}, keepdims);
}

}  // namespace

Tensor sum(const Tensor& x, const Axes& axes, bool keepdims, std::optional<DType> dtype) {
  const Dims which = resolve(x, axes, "sum");
  const DType type = accumulator(x, dtype, "sum");
  Tensor y = finish(reduce_kept(ReduceOp::sum, x, which, type, false), which, keepdims);
  if (!is_inexact(type) || !recording(x)) return y;
  return record("sum", y, wrt(x, [shape = x.shape(), axes = AxisSet(which)](const Tensor& g) {
                  return broadcast_to(with_kept_axes(g, shape, axes), shape);
                }));
}

Tensor prod(const Tensor& x, const Axes& axes, bool keepdims, std::optional<DType> dtype) {
  const Dims which = resolve(x, axes, "prod");
  const DType type = accumulator(x, dtype, "prod");
  Tensor y = finish(reduce_kept(ReduceOp::prod, x, which, type, int64_t{1}), which, keepdims);
  if (!is_inexact(type) || !recording(x)) return y;
  return record(
      "prod", y, wrt(x, [x = save(x), axes = AxisSet(which)](const Tensor& g) {
        const Tensor t = x;
        if (t.size() == 0) return zeros(t.shape(), g.dtype());
        const Dims which = axes;
        // The reduced axes last, as one.
        Dims order, back(t.ndim(), 0);
        bool is_reduced[kMaxAxes] = {};
        for (int64_t axis : which) is_reduced[axis] = true;
        for (int reduced = 0; reduced < 2; ++reduced) {
          for (int i = 0; i < t.ndim(); ++i) {
            if (is_reduced[i] == (reduced == 1)) order.push_back(i);
          }
        }
        for (int i = 0; i < t.ndim(); ++i) back[static_cast<int>(order[i])] = i;
        const Tensor moved = permute_dims(t, order);
        const Tensor rows = reshape(
            moved, {t.size() / reduced_count(t.shape(), which), reduced_count(t.shape(), which)});
        const Tensor others = permute_dims(reshape(product_of_others(rows), moved.shape()), back);
        return with_kept_axes(g, t.shape(), which) * conjugate(others);
      }));
}

Tensor max(const Tensor& x, const Axes& axes, bool keepdims) {
  return extreme(ReduceOp::max, "max", x, axes, keepdims);
}

Tensor min(const Tensor& x, const Axes& axes, bool keepdims) {
  return extreme(ReduceOp::min, "min", x, axes, keepdims);
}

Tensor any(const Tensor& x, const Axes& axes, bool keepdims) {
  return truth(ReduceOp::max, "any", x, axes, keepdims, false);
}

Tensor all(const Tensor& x, const Axes& axes, bool keepdims) {
  return truth(ReduceOp::min, "all", x, axes, keepdims, true);
}

namespace {

// A dense tensor's real and imaginary parts side by side, in the same memory: each is divided by
// itself, so that a NaN in one stays out of the other.
Tensor real_parts(const Tensor& x) {
  if (!is_complex(x.dtype())) return x;
  Dims shape = x.shape();
  shape.push_back(2);
  Layout layout = Layout::contiguous(shape);
  layout.offset = 2 * x.layout().offset;
  return Tensor(Ref<TensorImpl>(
      new TensorImpl(real_dtype(x.dtype()), std::move(layout), Ref<Storage>(&x.storage()))));
}

// Rows along the last axes that are too long, or too few, for a program of whole rows: in pieces.
constexpr int64_t kPiece = 4096;

bool is_in_pieces(const Tensor& x, const Dims& axes) {
  if (is_complex(x.dtype()) || !x.is_contiguous() || x.size() == 0) return false;
  for (int64_t axis : axes) {
    if (axis < x.ndim() - axes.size()) return false;
  }
  return reduced_count(x.shape(), axes) >= 4 * kPiece;
}

// The sum of squared distances from the mean for each row, from the moments of its pieces: memory
// is read once. T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise
// algorithm for computing sample variances", COMPSTAT 1982.
Tensor squares_by_pieces(const Tensor& x, int64_t length, DType type) {
  const auto make = [](Program& p, DType type, DType given) {
    const Value x = p.input(given), length = p.number(type);
    const Value row = p.cast(x, type);
    const Value center = p.apply(Op::divide, p.reduce(ReduceOp::sum, row), length);
    p.output(center);
    p.output(p.fused_sum(RowOp::square_sum, {row, center}));
  };
  Program other;
  const Program& program = engine::program_for(make, other, type, x.dtype());
  const int64_t rows = x.size() / length, whole = length / kPiece, rest = length % kPiece,
                pieces = whole + (rest > 0);
  const Tensor moments = Tensor::empty({2, rows, pieces}, type);
  const auto run = [&](int64_t first, int64_t count, int64_t size) {
    const Tensor from = x.view(
        Layout{{rows, count, size}, {length, kPiece, 1}, x.layout().offset + first * kPiece});
    Tensor to[2];
    for (int i = 0; i < 2; ++i) {
      to[i] = moments.view(Layout{{rows, count, 1}, {pieces, 1, 1}, i * rows * pieces + first});
    }
    const auto number = static_cast<double>(size);
    engine::execute_rows(program, from.shape(), &from, to, &number);
  };
  run(0, whole, kPiece);
  if (rest > 0) run(whole, 1, rest);

  const Tensor all = type == DType::Float64 ? moments : astype(moments, DType::Float64);
  const Tensor y = Tensor::empty({rows}, DType::Float64);
  const auto size = [&](int64_t k) { return static_cast<double>(k < whole ? kPiece : rest); };
  for (int64_t r = 0; r < rows; ++r) {
    const double *centers = all.data<double>() + r * pieces, *squares = centers + rows * pieces;
    double mean = 0, total = 0;
    for (int64_t k = 0; k < pieces; ++k) {
      mean += (centers[k] - centers[0]) * size(k) / static_cast<double>(length);
    }
    mean += centers[0];
    for (int64_t k = 0; k < pieces; ++k) {
      const double distance = centers[k] - mean;
      total += squares[k] + size(k) * distance * distance;
    }
    y.mutable_data<double>()[r] = total;
  }
  return type == DType::Float64 ? y : astype(y, type);
}

}  // namespace

Tensor mean(const Tensor& x, const Axes& axes, bool keepdims) {
  const Dims which = resolve(x, axes, "mean");
  const DType type = float_of(x.dtype());
  const double count = static_cast<double>(reduced_count(x.shape(), which));
  Tensor y = reduce_kept(ReduceOp::sum, x, which, type, false);
  const Tensor parts = real_parts(y);
  binary_into(Op::divide, parts, scalar(count, parts.dtype()), parts);
  y = finish(y, which, keepdims);
  if (!recording(x)) return y;
  return record("mean", y,
                wrt(x, [shape = x.shape(), axes = AxisSet(which), count](const Tensor& g) {
                  return broadcast_to(with_kept_axes(g / count, shape, axes), shape);
                }));
}

Tensor var(const Tensor& x, const Axes& axes, double correction, bool keepdims) {
  const Dims which = resolve(x, axes, "var");
  const DType type = real_dtype(float_of(x.dtype()));
  // Without any left the standard wants NaN, where dividing by 0 would give an infinity.
  const auto count = static_cast<double>(reduced_count(x.shape(), which));
  const double left = count - correction;
  const double freedom = left > 0 ? left : std::numeric_limits<double>::quiet_NaN();
  // Two passes: the mean, then the sum of squared differences, in one program. Along rows, or
  // pieces of them, both are made while those are in the cache.
  Tensor y;
  if (is_row_reduction(x, which)) {
    y = Tensor::empty(kept_shape(x.shape(), which), type);
    const auto make = [](Program& p, DType type, DType given) {
      const Value x = p.input(given), length = p.number(type), divisor = p.number(type);
      const Value row = p.cast(x, type);
      const Value center = p.apply(Op::divide, p.reduce(ReduceOp::sum, row), length);
      p.output(p.apply(Op::divide, p.fused_sum(RowOp::square_sum, {row, center}), divisor));
    };
    Program other;
    const Program& program = engine::program_for(make, other, type, x.dtype());
    const double numbers[] = {count, freedom};
    engine::execute_rows(program, x.shape(), &x, &y, numbers, which.size());
  } else {
    GradMode off(false);
    const Dims kept = kept_shape(x.shape(), which);
    if (count == 0) {
      y = full(kept, 0.0, type);
    } else if (is_in_pieces(x, which)) {
      y = reshape(squares_by_pieces(x, reduced_count(x.shape(), which), type), kept);
    } else {
      const Tensor center = mean(x, which, true);
      y = Tensor::empty(kept, type);
      Program program;
      const Value in_x = program.input(x.dtype()), in_center = program.input(center.dtype());
      Value distance = program.apply(Op::subtract, program.cast(in_x, center.dtype()), in_center);
      if (is_complex(center.dtype())) distance = program.apply(Op::abs, distance);
      program.output(program.apply(Op::square, distance));
      const Tensor inputs[] = {x, center};
      if (y.size() > 0) engine::reduce(program, x.shape(), inputs, which, ReduceOp::sum, y);
    }
    binary_into(Op::divide, y, scalar(freedom, type), y);
  }
  y = finish(y, which, keepdims);
  if (!recording(x)) return y;
  return record("var", y, wrt(x, [x = save(x), axes = AxisSet(which), freedom](const Tensor& g) {
                  const Tensor t = x;
                  const Dims which = axes;
                  return with_kept_axes(g * (2.0 / freedom), t.shape(), which) *
                         (t - mean(t, which, true));
                }));
}

Tensor std(const Tensor& x, const Axes& axes, double correction, bool keepdims) {
  const Tensor v = var(x, axes, correction, keepdims);
  if (!recording(v)) return sqrt(v);
  Tensor y = sqrt(detach(v));
  // Where all elements are equal: 0, as of norms.
  return record("std", y, wrt(v, [y = save_output(y)](const Tensor& g) {
                  const Tensor root = y, equals = equal(root, scalar(false, root.dtype()));
                  const Tensor safe = where(equals, scalar(int64_t{1}, root.dtype()), root);
                  return keep_where(logical_not(equals), g * 0.5 / safe);
                }));
}

namespace {

// The gradient of logsumexp's argument: g * softmax(x).
Tensor logsumexp_gradient(const Tensor& x, const Tensor& total, const Dims& axes, const Tensor& g) {
  const Tensor shift = keep_where(isfinite(total), total);
  const Tensor over = with_kept_axes(g, x.shape(), axes);
  const Tensor power = x - with_kept_axes(shift, x.shape(), axes);
  const Scalar infinity = std::numeric_limits<double>::infinity();
  const Tensor endless = equal(total, scalar(infinity, total.dtype()));
  if (!*any(endless).data<bool>()) return over * exp(power);
  // Infinite elements are the largest ones.
  const Tensor finite = logical_not(with_kept_axes(endless, x.shape(), axes));
  const Tensor largest = equal(x, scalar(infinity, x.dtype()));
  return where(finite, over * exp(keep_where(finite, power)),
               shared(over, logical_or(finite, largest), axes));
}

}  // namespace

Tensor logsumexp(const Tensor& x, const Axes& axes, bool keepdims) {
  const Dims which = resolve(x, axes, "logsumexp");
  refuse_complex(x, "logsumexp");
  const DType type = float_of(x.dtype());
  Tensor y;
  {
    // log(sum(exp(x - max))) + max; a max that is infinite is left out.
    GradMode off(false);
    if (is_row_reduction(x, which)) {
      y = Tensor::empty(kept_shape(x.shape(), which), type);
      const auto make = [](Program& p, DType type, DType given) {
        const Value x = p.input(given), zero = p.number(type);
        const Value row = p.cast(x, type);
        const Value top = p.reduce(ReduceOp::max, row);
        const Value shift = p.apply(Op::where, p.apply(Op::isfinite, top), top, zero);
        const Value total = p.fused_sum(RowOp::exp_sum, {row, shift});
        p.output(p.apply(Op::add, p.apply(Op::log, total), shift));
      };
      Program other;
      const Program& program = engine::program_for(make, other, type, x.dtype());
      const double zero = 0;
      engine::execute_rows(program, x.shape(), &x, &y, &zero, which.size());
    } else {
      const Scalar lowest = -std::numeric_limits<double>::infinity();
      const Tensor top = reduce_kept(ReduceOp::max, x, which, type, lowest);
      const Tensor shift = keep_where(isfinite(top), top);
      if (reduced_count(x.shape(), which) == 0) {
        y = top;
      } else {
        y = Tensor::empty(kept_shape(x.shape(), which), type);
        Program program;
        const Value in_x = program.input(x.dtype()), in_shift = program.input(type);
        program.output(program.apply(
            Op::exp, program.apply(Op::subtract, program.cast(in_x, type), in_shift)));
        const Tensor inputs[] = {x, shift};
        if (y.size() > 0) engine::reduce(program, x.shape(), inputs, which, ReduceOp::sum, y);
        y = log(y) + shift;
      }
    }
  }
  y = finish(y, which, keepdims);
  if (!recording(x)) return y;
  // Of few elements it costs less to make the total again than to keep it.
  if (x.size() <= engine::kFewElements) {
    return record("logsumexp", y, wrt(x, [x = save(x), axes = AxisSet(which)](const Tensor& g) {
                    const Tensor t = x;
                    return logsumexp_gradient(t, logsumexp(t, Dims(axes), false), axes, g);
                  }));
  }
  return record("logsumexp", y,
                wrt(x, [x = save(x), total = save_output(y), axes = AxisSet(which)](
                           const Tensor& g) { return logsumexp_gradient(x, total, axes, g); }));
}

Tensor argmax(const Tensor& x, std::optional<int64_t> axis, bool keepdims) {
  return arg_extreme("argmax", x, axis, keepdims, true);
}

Tensor argmin(const Tensor& x, std::optional<int64_t> axis, bool keepdims) {
  return arg_extreme("argmin", x, axis, keepdims, false);
}

Tensor sum_to(const Tensor& x, const Dims& shape) {
  if (x.shape() == shape) return x;
  const int lead = x.ndim() - shape.size();
  Dims axes;
  bool fits = lead >= 0;
  for (int i = 0; i < x.ndim() && fits; ++i) {
    if (i < lead || (shape[i - lead] == 1 && x.length(i) != 1)) {
      axes.push_back(i);
    } else {
      fits = shape[i - lead] == x.length(i);
    }
  }
  if (!fits) {
    throw ValueError("sum_to: shape " + to_string(x.shape()) + " is not a broadcast of " +
                     to_string(shape));
  }
  return reshape(sum(x, axes, true), shape);
}

}  // namespace ndtape
