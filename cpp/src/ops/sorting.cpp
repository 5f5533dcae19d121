// Order. The derivative of a sort is a gather's, but for ties.
#include <string>
#include <vector>

#include "engine/elementwise.h"
#include "engine/index.h"
#include "engine/sort.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {
namespace {

// Puts the values of x in order along an axis, and gives the positions, each if it is wanted. Those
// have that axis last.
struct Order {
  Tensor values, positions;
};
Order order(const char* what, const Tensor& x, int axis, bool descending, bool values,
            bool positions) {
  if (is_complex(x.dtype())) {
    throw TypeError(std::string(what) + ": " + name(x.dtype()) +
                    " has no order; sort by nt.real(z) or nt.abs(z)");
  }
  GradMode off(false);
  const int last = x.ndim() - 1;
  const Tensor from = contiguous(axis == last ? x : swapaxes(detach(x), axis, last));
  Order y;
  if (values) y.values = Tensor::empty(from.shape(), x.dtype());
  if (positions) y.positions = Tensor::empty(from.shape(), DType::Int64);
  engine::sort_lines(from, descending, values ? &y.values : nullptr,
                     positions ? &y.positions : nullptr);
  if (values && axis != last) y.values = contiguous(swapaxes(y.values, axis, last));
  return y;
}

// g with the mean over each run along an axis in the place of its elements, where `runs` numbers
// them. It is its own transpose.
Tensor share(const Tensor& g, const Tensor& runs, int axis) {
  const Tensor sums = zeros(g.shape(), g.dtype()), counts = zeros(g.shape(), g.dtype());
  Tensor y;
  {
    GradMode off(false);
    engine::add_along(sums, runs, axis, g);
    engine::add_along(counts, runs, axis, ones(g.shape(), g.dtype()));
    y = take_along_axis(sums / counts, runs, axis);
  }
  if (!recording(g)) return y;
  return record("share_ties", y, wrt(g, [runs = save(runs), axis](const Tensor& gg) {
                  return share(gg, runs, axis);
                }));
}

}  // namespace

Tensor sort(const Tensor& x, int64_t axis, bool descending) {
  const int along = normalize_axis(axis, x.ndim(), "sort");
  const bool recorded = recording(x);
  // Of few elements it costs less to find the positions again than to keep them.
  const bool few = x.size() <= engine::kFewElements;
  Order found = order("sort", x, along, descending, true, recorded && !few);
  if (!recorded) return std::move(found.values);
  // A gather; equal elements share the gradient, as those of max do.
  return record("sort", found.values,
                wrt(x, [x = few ? save(x) : Saved(), positions = std::move(found.positions), along,
                        descending](const Tensor& g) {
                  const Tensor last =
                      x ? order("sort", x, along, descending, true, true).positions : positions;
                  const Tensor marked = swapaxes(last, along, g.ndim() - 1);
                  const Tensor first = greater_equal(marked, scalar(0, DType::Int64));
                  if (*all(first).data<bool>()) {
                    return add_along_axis(g.shape(), marked, g, along);
                  }
                  const Tensor runs =
                      cumulative_sum(astype(first, DType::Int64), along) - scalar(1, DType::Int64);
                  return add_along_axis(g.shape(), where(first, marked, bitwise_invert(marked)),
                                        share(g, runs, along), along);
                }));
}

Tensor argsort(const Tensor& x, int64_t axis, bool descending) {
  const int along = normalize_axis(axis, x.ndim(), "argsort"), last = x.ndim() - 1;
  const Tensor positions = order("argsort", x, along, descending, false, true).positions;
  return along == last ? positions : contiguous(swapaxes(positions, along, last));
}

}  // namespace ndtape
