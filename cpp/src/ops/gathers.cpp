// Picking elements by integer positions.
#include <string>

#include "engine/elementwise.h"
#include "engine/index.h"
#include "ops/elementwise.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {
namespace {

// Positions as the engine takes them: int64, row-major, in range.
Tensor positions(const Tensor& indices, int64_t length, const char* what) {
  if (!is_integer(indices.dtype())) {
    throw TypeError(std::string(what) + ": indices of dtype " + name(indices.dtype()) +
                    ", expected an integer dtype");
  }
  Tensor p = indices.dtype() == DType::Int64 ? contiguous(indices) : astype(indices, DType::Int64);
  engine::check_indices(p, length, what);
  return p;
}

int64_t product(const Dims& shape, int first, int last) {
  int64_t n = 1;
  for (int i = first; i < last; ++i) n *= shape[i];
  return n;
}

// A shape with the axis replaced by other axes.
Dims with_axis(const Dims& shape, int axis, const Dims& by) {
  Dims result(shape.begin(), shape.begin() + axis);
  for (int64_t d : by) result.push_back(d);
  for (int i = axis + 1; i < shape.size(); ++i) result.push_back(shape[i]);
  return result;
}

// Indices broadcast against each other, as the engine takes them but not yet known to be in range.
std::vector<Tensor> broadcast_indices(const std::vector<Tensor>& indices) {
  if (indices.empty()) throw ValueError("index: no arrays");
  Dims shape;
  for (const Tensor& index : indices) {
    if (!is_integer(index.dtype())) {
      throw IndexError(std::string("index: an array of dtype ") + name(index.dtype()) +
                       ", expected an integer dtype");
    }
    try {
      shape = broadcast_shapes(shape, index.shape(), "index");
    } catch (const ValueError&) {
      throw IndexError("index: arrays of shapes " + to_string(shape) + " and " +
                       to_string(index.shape()) + " do not broadcast");
    }
  }
  std::vector<Tensor> result;
  for (const Tensor& index : indices) {
    const Tensor whole = index.dtype() == DType::Int64 ? index : astype(index, DType::Int64);
    const Tensor wide = broadcast_to(detach(whole), shape);
    // Short lines are not worth stepping along.
    result.push_back(shape.size() > 1 && shape.back() < 16 ? contiguous(wide) : wide);
  }
  return result;
}

// x as the engine takes it: (outer, n_1, ..., n_k, inner).
Tensor around(const Tensor& x, int first, int last) {
  const Dims& shape = x.shape();
  Dims lengths = {product(shape, 0, first)};
  for (int i = first; i < last; ++i) lengths.push_back(shape[i]);
  lengths.push_back(product(shape, last, shape.size()));
  return reshape(x, lengths);
}

// The axes from `first` to `last` replaced by those of the indices.
Dims picked_shape(const Dims& shape, int first, int last, const Dims& by) {
  Dims result(shape.begin(), shape.begin() + first);
  for (int64_t d : by) result.push_back(d);
  for (int i = last; i < shape.size(); ++i) result.push_back(shape[i]);
  return result;
}

// One past the last of the axes that so many indices name.
int last_axis(const Tensor& x, const std::vector<Tensor>& indices, int64_t first) {
  const auto count = static_cast<int64_t>(indices.size());
  if (first < 0 || first > x.ndim() - count) {
    throw IndexError("index: " + std::to_string(count) + " arrays from axis " +
                     std::to_string(first) + " on, for a tensor of " + std::to_string(x.ndim()) +
                     " axes");
  }
  return static_cast<int>(first + count);
}

// y = x, or zeros without one, plus values at positions p along an axis; y is nobody else's yet.
Tensor add_at(Tensor y, const Tensor* x, const Tensor& p, const Tensor& values, int axis) {
  const Dims& shape = y.shape();
  const int64_t outer = product(shape, 0, axis), inner = product(shape, axis + 1, shape.size());
  {
    GradMode off(false);
    const bool as_it_is = x && x->dtype() == y.dtype() && x->is_contiguous();
    if (!as_it_is) engine::copy(x ? *x : scalar(0.0, y.dtype()), y);
    const Tensor added = values.dtype() == y.dtype() ? values : astype(values, y.dtype());
    const Dims lines = {outer, shape[axis], inner};
    engine::index_add(reshape(y, lines), reshape(as_it_is ? *x : y, lines), p,
                      reshape(contiguous(added), {outer, p.size(), inner}));
  }
  const bool wants_x = x && recording(*x), wants_values = recording(values);
  if (!wants_x && !wants_values) return y;
  auto to_values = [p = save_key(p), axis](const Tensor& g) { return take(g, p, axis); };
  if (!x) return record("index_add", y, wrt(values, to_values));
  return record("index_add", y, wrt(*x, [](const Tensor& g) { return g; }), wrt(values, to_values));
}

// The derivative of take along an axis of `shape`. Kept positions are looked at again: another
// library may share their memory, and have changed it.
Tensor untake(const Dims& shape, const Tensor& p, const Tensor& g, int axis) {
  engine::check_indices(p, shape[axis], "take");
  return add_at(Tensor::empty(shape, g.dtype()), nullptr, p, g, axis);
}

}  // namespace

Tensor add_along_axis(const Dims& shape, const Tensor& indices, const Tensor& values, int axis) {
  Tensor y = zeros(shape, values.dtype());
  engine::add_along(y, indices, axis, values);
  if (!recording(values)) return y;
  return record("add_along_axis", y, wrt(values, [indices = save(indices), axis](const Tensor& g) {
                  return take_along_axis(g, indices, axis);
                }));
}

Saved save_key(const Tensor& key) { return save(key.storage().owned() ? key : copy(key)); }

void check_mask(const Tensor& mask, const Dims& shape) {
  if (mask.dtype() != DType::Bool || mask.shape() != shape) {
    throw IndexError(std::string("a mask of dtype ") + name(mask.dtype()) + " and shape " +
                     to_string(mask.shape()) + " for a tensor of shape " + to_string(shape) +
                     ", expected bool and the same shape");
  }
}

Tensor take(const Tensor& x, const Tensor& indices, std::optional<int64_t> axis) {
  if (!axis) {
    if (x.ndim() != 1) return take(reshape(x, {-1}), indices, 0);
    axis = 0;
  }
  const int along = normalize_axis(*axis, x.ndim(), "take");
  const Dims& shape = x.shape();
  const Tensor p = positions(indices, shape[along], "take");
  const int64_t outer = product(shape, 0, along), inner = product(shape, along + 1, shape.size());
  const Dims result = with_axis(shape, along, indices.shape());
  Tensor y = Tensor::empty(result, x.dtype());
  const Dims lines = {outer, shape[along], inner};
  if (const std::optional<Layout> in_place = x.layout().reshape(lines)) {
    engine::take(x, *in_place, p, y);
  } else {
    const Tensor dense = copy(detach(x));
    engine::take(dense, Layout::contiguous(lines), p, y);
  }
  if (!recording(x)) return y;
  return record("take", y, wrt(x, [shape, p = save_key(p), along](const Tensor& g) {
                  return untake(shape, p, g, along);
                }));
}

Tensor take_points(const Tensor& x, const std::vector<Tensor>& indices, int64_t first) {
  const int last = last_axis(x, indices, first), begin = static_cast<int>(first);
  const std::vector<Tensor> places = broadcast_indices(indices);
  const Dims& shape = x.shape();
  const Dims result = picked_shape(shape, begin, last, places[0].shape());
  Tensor y = Tensor::empty(result, x.dtype());
  const Tensor whole = around(detach(x), begin, last);
  engine::take_points(whole, places, y);
  if (!recording(x)) return y;
  const Tensor numbers = Tensor::empty({places[0].size()}, DType::Int64);
  engine::number_points(whole, places, numbers);
  const int64_t outer = whole.length(0), inner = whole.length(last - begin + 1);
  const Dims lines = {outer, product(shape, begin, last), inner};
  const Dims moved = {outer, numbers.size(), inner};
  return record("index", y, wrt(x, [=, p = save(numbers)](const Tensor& g) {
                  return reshape(untake(lines, p, reshape(g, moved), 1), shape);
                }));
}

void put_points(const Tensor& x, const std::vector<Tensor>& indices, int64_t first,
                const Tensor& values) {
  if (recording(x, values)) throw TapeError("put_points: it is not recorded");
  const int last = last_axis(x, indices, first), begin = static_cast<int>(first);
  const std::vector<Tensor> places = broadcast_indices(indices);
  const Dims target = picked_shape(x.shape(), begin, last, places[0].shape());
  check_writable("assignment", x);
  if (broadcast_shapes(target, values.shape(), "assignment") != target) {
    throw ValueError("assignment: a value of shape " + to_string(values.shape()) +
                     " does not broadcast to the shape " + to_string(target) + " of what is named");
  }
  if (values.dtype() != x.dtype()) {
    throw TypeError(std::string("assignment: values of dtype ") + name(values.dtype()) +
                    " into a tensor of dtype " + name(x.dtype()));
  }
  Tensor source = broadcast_to(detach(values), target);
  // The very same elements, too, are read in one order and written in another.
  const bool meet = overlaps(x, values) || x.data() == values.data();
  source = meet ? copy(source) : contiguous(source);
  const Tensor plain = detach(x);
  const Tensor whole = around(plain, begin, last);
  engine::put_points(whole, places, source, [&] { begin_change(x); });
  // Axes that no view can join were joined in a copy.
  if (&whole.storage() != &x.storage()) engine::copy(reshape(whole, x.shape()), plain);
}

Tensor masked_select(const Tensor& x, const Tensor& mask) {
  check_mask(mask, x.shape());
  const Tensor dense = contiguous(mask);
  const std::vector<int64_t> counts = engine::count_mask(dense);
  const int64_t count = counts.empty() ? 0 : counts.back();
  Tensor y = Tensor::empty({count}, x.dtype());
  {
    GradMode off(false);
    engine::compress(contiguous(x), dense, counts, y);
  }
  if (!recording(x)) return y;
  return record("masked_select", y,
                wrt(x, [shape = x.shape(), kept = save_key(dense), count](const Tensor& g) {
                  const Tensor dense = kept, places = Tensor::empty({count}, DType::Int64);
                  const std::vector<int64_t> counts = engine::count_mask(dense);
                  const int64_t now = counts.empty() ? 0 : counts.back();
                  if (now != count) {
                    throw TapeError("masked_select" + recorded_at(*current_node()) +
                                    ": the mask of shape " + to_string(dense.shape()) +
                                    " was changed through shared memory: it was True " +
                                    std::to_string(count) + " times, and is " +
                                    std::to_string(now) + " times");
                  }
                  engine::mask_positions(dense, counts, places);
                  return reshape(untake({element_count(shape)}, places, g, 0), shape);
                }));
}

Tensor index_add(const Tensor& x, const Tensor& indices, const Tensor& values, int64_t axis) {
  const int along = normalize_axis(axis, x.ndim(), "index_add");
  const DType dtype = promote(x.dtype(), values.dtype());
  const Tensor p = positions(indices, x.length(along), "index_add");
  const Dims expected = with_axis(x.shape(), along, indices.shape());
  if (values.shape() != expected) {
    throw ValueError("index_add: values have shape " + to_string(values.shape()) + ", expected " +
                     to_string(expected));
  }
  return add_at(Tensor::empty(x.shape(), dtype), &x, p, values, along);
}

Tensor take_along_axis(const Tensor& x, const Tensor& indices, int64_t axis) {
  if (x.ndim() != indices.ndim()) {
    throw ValueError("take_along_axis: indices of shape " + to_string(indices.shape()) +
                     " for a tensor of shape " + to_string(x.shape()) + ", expected as many axes");
  }
  const int along = normalize_axis(axis, x.ndim(), "take_along_axis");
  Dims rest_x = x.shape(), rest_i = indices.shape();
  rest_x[along] = rest_i[along] = 1;
  Dims shape = broadcast_shapes(rest_x, rest_i, "take_along_axis");
  shape[along] = indices.length(along);
  const Tensor p = broadcast_to(positions(indices, x.length(along), "take_along_axis"), shape);
  Dims full = shape;
  full[along] = x.length(along);
  const Tensor wide = full == x.shape() ? x : broadcast_to(x, full);
  Tensor y = Tensor::empty(shape, x.dtype());
  engine::take_along(wide, p, along, y);
  if (!recording(wide)) return y;
  return record("take_along_axis", y, wrt(wide, [full, p = save_key(p), along](const Tensor& g) {
                  const Tensor places = p;
                  engine::check_indices(contiguous(places), full[along], "take_along_axis");
                  return add_along_axis(full, places, g, along);
                }));
}

}  // namespace ndtape
