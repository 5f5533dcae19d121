// Several tensors into one, and one into several.
#include <algorithm>
#include <string>

#include "engine/elementwise.h"
#include "ndtape/ops.h"
#include "ops/record.h"

namespace ndtape {
namespace {

Tensor part(const Tensor& x, int axis, int64_t start, int64_t stop) {
  std::vector<Index> index(static_cast<size_t>(axis), Index(Slice{}));
  index.push_back(Slice{start, stop});
  return get_item(x, index);
}

}  // namespace

Tensor concat(const std::vector<Tensor>& tensors, std::optional<int64_t> axis) {
  if (tensors.empty()) throw ValueError("concat: no tensors, expected at least one");
  if (!axis) {
    std::vector<Tensor> flat;
    for (const Tensor& t : tensors) flat.push_back(reshape(t, {-1}));
    return concat(flat, 0);
  }
  const Tensor& first = tensors.front();
  const int along = normalize_axis(*axis, first.ndim(), "concat");
  Dims shape = first.shape();
  shape[along] = 0;
  DType dtype = first.dtype();
  std::vector<int64_t> bounds{0};
  for (const Tensor& t : tensors) {
    bool fits = t.ndim() == first.ndim();
    for (int i = 0; i < t.ndim() && fits; ++i) fits = i == along || t.length(i) == first.length(i);
    if (!fits) {
      throw ValueError("concat: shape " + to_string(t.shape()) + " does not fit " +
                       to_string(first.shape()) + " on the axes other than " +
                       std::to_string(along));
    }
    if (t.dtype() != dtype) dtype = promote(dtype, t.dtype());
    shape[along] += t.length(along);
    bounds.push_back(shape[along]);
  }
  Tensor y = Tensor::empty(shape, dtype);
  for (size_t i = 0; i < tensors.size(); ++i) {
    engine::copy(tensors[i],
                 y.view(y.layout().slice(along, bounds[i], bounds[i + 1] - bounds[i], 1)));
  }
  if (std::none_of(tensors.begin(), tensors.end(), [](const Tensor& t) { return recording(t); })) {
    return y;
  }
  return record_list(
      "concat", y, tensors, [along, bounds = std::move(bounds)](int i, const Tensor& g) {
        return part(g, along, bounds[static_cast<size_t>(i)], bounds[static_cast<size_t>(i) + 1]);
      });
}

Tensor stack(const std::vector<Tensor>& tensors, int64_t axis) {
  if (tensors.empty()) throw ValueError("stack: no tensors, expected at least one");
  const int along = normalize_axis(axis, tensors.front().ndim() + 1, "stack");
  std::vector<Tensor> expanded;
  for (const Tensor& t : tensors) {
    if (t.shape() != tensors.front().shape()) {
      throw ValueError("stack: shape " + to_string(t.shape()) + " differs from " +
                       to_string(tensors.front().shape()));
    }
    expanded.push_back(expand_dims(t, along));
  }
  return concat(expanded, along);
}

std::vector<Tensor> split(const Tensor& x, int64_t sections, int64_t axis) {
  const int along = normalize_axis(axis, x.ndim(), "split");
  const int64_t length = x.length(along);
  if (sections <= 0 || length % sections != 0) {
    throw ValueError("split: " + std::to_string(sections) + " sections do not divide axis " +
                     std::to_string(along) + " of length " + std::to_string(length) + " equally");
  }
  const int64_t each = length / sections;
  std::vector<Tensor> parts;
  for (int64_t i = 0; i < sections; ++i) {
    parts.push_back(part(x, along, i * each, (i + 1) * each));
  }
  return parts;
}

std::vector<Tensor> split_at(const Tensor& x, const Dims& indices, int64_t axis) {
  const int along = normalize_axis(axis, x.ndim(), "split");
  const int64_t length = x.length(along);
  std::vector<Tensor> parts;
  int64_t start = 0;
  for (int64_t index : indices) {  // NumPy's: they are the bounds of slices
    parts.push_back(part(x, along, start, index));
    start = index;
  }
  parts.push_back(part(x, along, start, length));
  return parts;
}

Tensor roll(const Tensor& x, const Dims& shifts, const Axes& axes) {
  if (!axes) {
    if (shifts.size() != 1) {
      throw ValueError("roll: " + std::to_string(shifts.size()) +
                       " shifts without axes, expected one");
    }
    return reshape(roll(reshape(x, {-1}), shifts, Dims{0}), x.shape());
  }
  const int count = axes->size();
  if (shifts.size() != count && shifts.size() != 1 && count != 1) {
    throw ValueError("roll: shifts " + to_string(shifts) + " and axes " + to_string(*axes) +
                     " differ in number");
  }
  Tensor y = x;
  for (int i = 0; i < std::max(count, shifts.size()); ++i) {
    const int along = normalize_axis((*axes)[count == 1 ? 0 : i], x.ndim(), "roll");
    const int64_t length = x.length(along);
    if (length == 0) continue;
    const int64_t by = ((shifts[shifts.size() == 1 ? 0 : i] % length) + length) % length;
    if (by == 0) continue;
    y = concat({part(y, along, length - by, length), part(y, along, 0, length - by)}, along);
  }
  return y.is_same(x) ? copy(x) : y;
}

}  // namespace ndtape
