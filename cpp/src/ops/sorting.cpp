// Order. The derivative of a sort is a gather's, but for ties.
#include <string>
#include <vector>

#include "engine/index.h"
#include "engine/sort.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {
namespace {

// Applies a sort of lines along an axis of x; the result has another dtype for positions.
template <class F>
Tensor along(const char* what, const Tensor& x, int64_t axis, DType dtype, F&& lines) {
  if (is_complex(x.dtype())) {
    throw TypeError(std::string(what) + ": " + name(x.dtype()) + " has no order");
  }
  if (x.ndim() == 0) {
    const Tensor one = along(what, reshape(x, {1}), axis, dtype, lines);
    return reshape(one, {});
  }
  const int place = normalize_axis(axis, x.ndim(), what), last = x.ndim() - 1;
  GradMode off(false);
  const Tensor from = contiguous(swapaxes(detach(x), place, last));
  const Tensor y = Tensor::empty(from.shape(), dtype);
  if (x.size() > 0) {
    const Dims flat = {x.size() / x.length(place), x.length(place)};
    lines(reshape(from, flat), reshape(y, flat));
  }
  return contiguous(swapaxes(y, place, last));
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

// The number of each element's run of equal ones along an axis of sorted values; undefined where
// none are equal.
Tensor number_runs(const Tensor& sorted, int axis) {
  const int64_t n = sorted.length(axis);
  if (n < 2 || sorted.size() == 0) return {};
  const auto part = [&](int64_t start, int64_t stop) {
    std::vector<Index> index(axis, Slice{});
    index.push_back(Slice{start, stop});
    return get_item(sorted, index);
  };
  const Tensor alike = equal(part(1, n), part(0, n - 1));
  if (!*any(alike).data<bool>()) return {};
  const Tensor steps = astype(logical_not(alike), DType::Int64);
  Dims first = sorted.shape();
  first[axis] = 1;
  return cumulative_sum(concat({zeros(first, DType::Int64), steps}, axis), axis);
}

}  // namespace

Tensor sort(const Tensor& x, int64_t axis, bool descending) {
  if (recording(x)) {
    // A gather; equal elements share the gradient, as those of max do.
    const Tensor sorted = take_along_axis(x, argsort(x, axis, descending), axis);
    if (x.ndim() == 0) return sorted;
    const int place = normalize_axis(axis, x.ndim(), "sort");
    Tensor y = detach(sorted);
    const Tensor runs = number_runs(y, place);
    if (!runs.defined()) return sorted;
    return record("sort", y, wrt(sorted, [runs = save(runs), place](const Tensor& g) {
                    return share(g, runs, place);
                  }));
  }
  return along("sort", x, axis, x.dtype(), [&](const Tensor& from, const Tensor& to) {
    engine::sort_lines(from, descending, to);
  });
}

Tensor argsort(const Tensor& x, int64_t axis, bool descending) {
  return along("argsort", x, axis, DType::Int64, [&](const Tensor& from, const Tensor& to) {
    engine::argsort_lines(from, descending, to);
  });
}

}  // namespace ndtape
