// Order. The derivative of a sort is a gather's: it is put together where both are known.
#include <string>

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

}  // namespace

Tensor sort(const Tensor& x, int64_t axis, bool descending) {
  if (recording(x)) return take_along_axis(x, argsort(x, axis, descending), axis);
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
