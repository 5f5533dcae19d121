// Running sums and products along an axis, and their derivatives.
#include <string>

#include "engine/scan.h"
#include "ops/elementwise.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {
namespace {

Tensor part(const Tensor& x, int axis, int64_t start, int64_t stop) {
  std::vector<Index> index(static_cast<size_t>(axis), Slice{});
  index.push_back(Slice{start, stop});
  return get_item(x, index);
}

// x moved on by one place along the axis: element i becomes that of i - 1, or of i + 1 backwards;
// what comes in is `fill`.
Tensor shifted(const Tensor& x, int axis, bool backwards, double fill) {
  const int64_t n = x.length(axis);
  Dims edge = x.shape();
  edge[axis] = n > 0 ? 1 : 0;
  const Tensor in = full(edge, fill, x.dtype());
  if (backwards) return concat({part(x, axis, 1, n), in}, axis);
  return concat({in, part(x, axis, 0, std::max<int64_t>(n - 1, 0))}, axis);
}

Tensor turned(const Tensor& x, int axis, bool backwards) {
  return backwards ? x.view(x.layout().flip(axis)) : x;
}

// s[i] = factor[i] * s[i - 1] + x[i], from 0; backwards s[i + 1] takes the place of s[i - 1]. The
// derivatives are recurrences themselves: with r[i] = g[i] + factor[i + 1] * r[i + 1] they are r
// for x, and r[i] * s[i - 1] for the factor.
Tensor recurrence(const Tensor& x, const Tensor& factor, int axis, bool backwards) {
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  {
    GradMode off(false);
    const Tensor by = turned(factor, axis, backwards);
    engine::scan(ScanOp::recurrence, turned(x, axis, backwards), &by, axis,
                 turned(y, axis, backwards));
  }
  if (!recording(x, factor)) return y;
  const auto back = [factor = save(factor), axis, backwards](const Tensor& g) {
    return recurrence(g, shifted(conjugate(factor), axis, !backwards, 0), axis, !backwards);
  };
  return record("recurrence", y, wrt(x, back),
                wrt(factor, [back, y = save_output(y), axis, backwards](const Tensor& g) {
                  return back(g) * shifted(conjugate(y), axis, backwards, 0);
                }));
}

struct Plan {
  int axis;
  DType dtype;
};

Plan check(const char* what, ScanOp op, const Tensor& x, std::optional<int64_t> axis,
           std::optional<DType> dtype) {
  if (x.ndim() == 0) {
    throw ValueError(std::string(what) + ": a 0-d tensor has no axis, expected 1 axis or more");
  }
  if (!axis && x.ndim() > 1) {
    throw ValueError(std::string(what) + ": shape " + to_string(x.shape()) + " has " +
                     std::to_string(x.ndim()) + " axes, expected `axis` to name one");
  }
  DType type = x.dtype();
  if (kind(type) == Kind::Bool || kind(type) == Kind::Int) type = DType::Int64;
  if (kind(type) == Kind::UInt) type = DType::UInt64;
  type = dtype.value_or(type);
  if (!engine::has_scan(op, type)) {
    throw TypeError(std::string(what) + ": dtype " + name(type) + ", expected a number");
  }
  return {normalize_axis(axis.value_or(0), x.ndim(), what), type};
}

// The result's tensor, its first element along the axis set when it comes on top.
Tensor running(ScanOp op, const Tensor& x, const Plan& plan, bool include_initial) {
  Dims shape = x.shape();
  if (include_initial) ++shape[plan.axis];
  Tensor y = Tensor::empty(shape, plan.dtype);
  GradMode off(false);
  Tensor rest = y;
  if (include_initial) {
    assign(part(y, plan.axis, 0, 1), scalar(int64_t{op == ScanOp::prod}, plan.dtype));
    rest = part(y, plan.axis, 1, shape[plan.axis]);
  }
  engine::scan(op, x, nullptr, plan.axis, rest);
  return y;
}

}  // namespace

Tensor cumulative_sum(const Tensor& x, std::optional<int64_t> axis, std::optional<DType> dtype,
                      bool include_initial) {
  const Plan plan = check("cumulative_sum", ScanOp::sum, x, axis, dtype);
  Tensor y = running(ScanOp::sum, x, plan, include_initial);
  if (!is_inexact(plan.dtype) || !recording(x)) return y;
  return record("cumulative_sum", y, wrt(x, [along = plan.axis, include_initial](const Tensor& g) {
                  const Tensor h = include_initial ? part(g, along, 1, g.length(along)) : g;
                  const Dims axes{along};
                  return flip(cumulative_sum(flip(h, axes), along), axes);
                }));
}

Tensor cumulative_prod(const Tensor& x, std::optional<int64_t> axis, std::optional<DType> dtype,
                       bool include_initial) {
  const Plan plan = check("cumulative_prod", ScanOp::prod, x, axis, dtype);
  Tensor y = running(ScanOp::prod, x, plan, include_initial);
  if (!is_inexact(plan.dtype) || !recording(x)) return y;
  // y[i] = x[i] * y[i - 1] is a recurrence too. No division, so zeros are right.
  return record("cumulative_prod", y, wrt(x, [x = save(x), plan, include_initial](const Tensor& g) {
                  const int along = plan.axis;
                  const Tensor t = conjugate(astype(x, plan.dtype));
                  const Tensor h = include_initial ? part(g, along, 1, g.length(along)) : g;
                  const Tensor before =
                      part(cumulative_prod(t, along, {}, true), along, 0, t.length(along));
                  return before * recurrence(h, shifted(t, along, true, 0), along, true);
                }));
}

}  // namespace ndtape
