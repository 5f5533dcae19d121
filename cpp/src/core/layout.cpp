#include "ndtape/layout.h"

#include <algorithm>

namespace ndtape {
namespace {

int64_t multiply_or_one(int64_t a, int64_t b) {
  int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? 1 : product;
}

}  // namespace

Layout Layout::contiguous(const Dims& shape) {
  Layout result;
  result.shape = shape;
  result.strides = shape;  // of the right length
  int64_t* strides = result.strides.data();
  int64_t stride = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    strides[i] = stride;
    // Only strides of axes of a shape that no one has counted can overflow; they are not used.
    stride = multiply_or_one(stride, std::max<int64_t>(shape[i], 1));
  }
  return result;
}

bool Layout::axes_are_contiguous() const {
  const int64_t* lengths = shape.data();
  const int64_t* steps = strides.data();
  int64_t expected = 1;
  for (int i = shape.size() - 1; i >= 0; --i) {
    if (lengths[i] == 1) continue;
    if (lengths[i] == 0) return true;
    if (steps[i] != expected) {
      while (--i >= 0) {
        if (lengths[i] == 0) return true;
      }
      return false;
    }
    expected *= lengths[i];
  }
  return true;
}

bool Layout::has_repeats() const {
  struct Axis {
    int64_t length, step;
  };
  Axis axes[kMaxAxes];
  int count = 0;
  for (int i = 0; i < ndim(); ++i) {
    if (shape[i] == 0) return false;
    if (shape[i] == 1) continue;
    if (strides[i] == 0) return true;
    axes[count++] = {shape[i], strides[i] < 0 ? -strides[i] : strides[i]};
  }
  // Distinct elements are certain when each step clears all that shorter steps can reach.
  std::sort(axes, axes + count, [](const Axis& a, const Axis& b) { return a.step < b.step; });
  int64_t reach = 0;
  for (int i = 0; i < count; ++i) {
    if (axes[i].step <= reach) return true;
    int64_t extent;
    if (__builtin_mul_overflow(axes[i].length - 1, axes[i].step, &extent) ||
        __builtin_add_overflow(reach, extent, &reach)) {
      return true;
    }
  }
  return false;
}

Layout Layout::permute(const Dims& axes) const {
  Layout result;
  result.offset = offset;
  result.shape.resize(axes.size());
  result.strides.resize(axes.size());
  for (int i = 0; i < axes.size(); ++i) {
    result.shape[i] = shape[static_cast<int>(axes[i])];
    result.strides[i] = strides[static_cast<int>(axes[i])];
  }
  return result;
}

Layout Layout::slice(int axis, int64_t start, int64_t count, int64_t step) const {
  Layout result = *this;
  result.shape[axis] = count;
  if (count > 0) result.offset += start * strides[axis];
  // With fewer than two elements the step leads nowhere, and may be anything.
  if (count > 1) result.strides[axis] = strides[axis] * step;
  return result;
}

Layout Layout::select(int axis, int64_t index) const {
  Layout result = *this;
  result.offset += index * strides[axis];
  result.shape.erase(axis);
  result.strides.erase(axis);
  return result;
}

Layout Layout::flip(int axis) const {
  const int64_t length = shape[axis];
  return length > 1 ? slice(axis, length - 1, length, -1) : *this;
}

Layout Layout::expand_dims(int axis) const {
  Layout result = *this;
  const bool last = axis == ndim();
  result.shape.insert(axis, 1);
  result.strides.insert(axis, last ? 1 : multiply_or_one(shape[axis], strides[axis]));
  return result;
}

Layout Layout::squeeze(int axis) const {
  Layout result = *this;
  result.shape.erase(axis);
  result.strides.erase(axis);
  return result;
}

Layout Layout::broadcast_to(const Dims& to) const {
  const auto fail = [&] {
    throw ValueError("broadcast_to: shape " + to_string(shape) + " does not broadcast to " +
                     to_string(to));
  };
  element_count(to);
  const int lead = to.size() - ndim();
  if (lead < 0) fail();
  Layout result;
  result.offset = offset;
  result.shape = to;
  result.strides.resize(to.size());
  for (int i = 0; i < ndim(); ++i) {
    if (shape[i] == to[lead + i]) {
      result.strides[lead + i] = strides[i];
    } else if (shape[i] != 1) {
      fail();
    }
  }
  return result;
}

std::optional<Layout> Layout::reshape(const Dims& to) const {
  Layout result = contiguous(to);
  result.offset = offset;
  if (is_contiguous()) return result;

  // Axes of length 1 say nothing about where elements lie.
  Dims lengths, steps;
  for (int i = 0; i < ndim(); ++i) {
    if (shape[i] == 1) continue;
    lengths.push_back(shape[i]);
    steps.push_back(strides[i]);
  }
  // Match runs of old axes with runs of new ones of the same size; the old axes of a run must
  // step evenly, as if they were one.
  int old_begin = 0;
  int new_begin = 0;
  while (old_begin < lengths.size()) {
    int old_end = old_begin + 1;
    int new_end = new_begin + 1;
    int64_t old_size = lengths[old_begin];
    int64_t new_size = to[new_begin];
    while (old_size != new_size) {
      if (new_size < old_size) {
        new_size *= to[new_end++];
      } else {
        old_size *= lengths[old_end++];
      }
    }
    for (int i = old_begin; i + 1 < old_end; ++i) {
      if (steps[i] != lengths[i + 1] * steps[i + 1]) return std::nullopt;
    }
    int64_t step = steps[old_end - 1];
    for (int i = new_end - 1; i >= new_begin; --i) {
      result.strides[i] = step;
      step = multiply_or_one(step, to[i]);
    }
    old_begin = old_end;
    new_begin = new_end;
  }
  for (int i = new_begin; i < to.size(); ++i) result.strides[i] = 1;  // trailing lengths of 1
  return result;
}

}  // namespace ndtape
