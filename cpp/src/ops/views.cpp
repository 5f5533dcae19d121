// Views: new layouts of the same memory.
#include "ops/views.h"

#include <algorithm>
#include <string>

#include "engine/elementwise.h"
#include "ops/record.h"

namespace ndtape {
namespace {

// A view of some of x's elements: the same change of layout, made on a row-major tensor of x's
// shape, says where the gradient belongs.
template <class Relayout>
Tensor view_part(const char* name, const Tensor& x, Relayout relayout) {
  Tensor y = x.view(relayout(x.layout()));
  if (!recording(x)) return y;
  const bool dense = x.is_contiguous();
  Layout place = dense ? y.layout() : relayout(Layout::contiguous(x.shape()));
  if (dense) place.offset -= x.layout().offset;
  return record(name, y, wrt(x, [place, shape = x.shape()](const Tensor& g) {
                  return embed(g, shape, place);
                }));
}

// A view of all of x's elements in their order: the gradient is reshaped back.
Tensor view_reshaped(const char* name, const Tensor& x, Layout layout) {
  Tensor y = x.view(std::move(layout));
  if (!recording(x)) return y;
  return record(name, y, wrt(x, [from = x.shape()](const Tensor& g) { return reshape(g, from); }));
}

std::string entry_error(int64_t index, int axis, int64_t length) {
  return "index " + std::to_string(index) + " is out of range for axis " + std::to_string(axis) +
         " of length " + std::to_string(length);
}

// Python's rules for slices (slice.indices).
Layout apply_slice(const Layout& layout, int axis, const Slice& s) {
  const int64_t length = layout.shape[axis];
  if (s.step == 0) throw ValueError("slice step is 0, expected any other integer");
  const bool forward = s.step > 0;
  auto resolve = [&](std::optional<int64_t> bound, int64_t absent) {
    if (!bound) return absent;
    int64_t b = *bound;
    if (b < 0) b = b < -length ? -1 : b + length;
    return std::clamp<int64_t>(b, forward ? 0 : -1, forward ? length : length - 1);
  };
  // A bound below the first element is "before it", whichever way the slice runs.
  auto before = [&](std::optional<int64_t> bound) { return bound && *bound < -length; };
  int64_t start = resolve(s.start, forward ? 0 : length - 1);
  int64_t stop = resolve(s.stop, forward ? length : -1);
  if (before(s.start)) start = forward ? 0 : -1;
  if (before(s.stop)) stop = forward ? 0 : -1;
  int64_t count = 0;
  if (forward && stop > start) count = (stop - start - 1) / s.step + 1;
  if (!forward && stop < start) {
    // The step's magnitude as unsigned: the smallest integer has no positive counterpart.
    const uint64_t magnitude = uint64_t{0} - static_cast<uint64_t>(s.step);
    count = static_cast<int64_t>(static_cast<uint64_t>(start - stop - 1) / magnitude) + 1;
  }
  const int64_t step = count <= 1 ? 1 : s.step;  // unused, and may be too large for a stride
  return layout.slice(axis, count == 0 ? 0 : start, count, step);
}

}  // namespace

Tensor contiguous(const Tensor& x) { return x.is_contiguous() ? x : copy(x); }

Tensor extract(const Tensor& x, const Layout& layout) {
  const Tensor dense = contiguous(x);
  return view_part("extract", dense, [&](const Layout& from) {
    Layout moved = layout;
    moved.offset += from.offset;
    return moved;
  });
}

Tensor embed(const Tensor& g, const Dims& shape, const Layout& layout) {
  Tensor y = zeros(shape, g.dtype());
  // An element named several times through stride 0 receives the sum of what falls on it.
  Layout place = layout;
  place.offset += y.layout().offset;
  Dims once = layout.shape;
  for (int i = 0; i < layout.ndim(); ++i) {
    if (layout.strides[i] == 0 && layout.shape[i] > 1) once[i] = place.shape[i] = 1;
  }
  Tensor values;
  {
    GradMode off(false);
    values = sum_to(g, once);
  }
  engine::copy(values, y.view(place));
  if (!recording(g)) return y;
  return record("embed", y, wrt(g, [layout](const Tensor& gg) { return extract(gg, layout); }));
}

Tensor reshape(const Tensor& x, const Dims& shape) {
  const Dims to = resolve_reshape(x.shape(), shape);
  std::optional<Layout> layout = x.layout().reshape(to);
  if (!layout) return reshape(copy(x), to);
  return view_reshaped("reshape", x, *layout);
}

Tensor permute_dims(const Tensor& x, const Dims& axes) {
  const Dims order = normalize_axes(axes, x.ndim(), "permute_dims");
  if (order.size() != x.ndim()) {
    throw ValueError("permute_dims: axes " + to_string(axes) + " do not name each of the " +
                     std::to_string(x.ndim()) + " axes once");
  }
  Tensor y = x.view(x.layout().permute(order));
  if (!recording(x)) return y;
  Dims back = order;
  for (int i = 0; i < order.size(); ++i) back[static_cast<int>(order[i])] = i;
  return record("permute_dims", y,
                wrt(x, [back](const Tensor& g) { return permute_dims(g, back); }));
}

Tensor swapaxes(const Tensor& x, int64_t axis1, int64_t axis2) {
  const int a = normalize_axis(axis1, x.ndim(), "swapaxes");
  const int b = normalize_axis(axis2, x.ndim(), "swapaxes");
  Dims order;
  for (int i = 0; i < x.ndim(); ++i) order.push_back(i);
  std::swap(order[a], order[b]);
  return permute_dims(x, order);
}

Tensor matrix_transpose(const Tensor& x) {
  if (x.ndim() < 2) {
    throw ValueError("matrix_transpose: shape " + to_string(x.shape()) +
                     " has no matrices, expected at least 2 axes");
  }
  return swapaxes(x, -1, -2);
}

Tensor expand_dims(const Tensor& x, int64_t axis) {
  const int at = normalize_axis(axis, x.ndim() + 1, "expand_dims");
  return view_reshaped("expand_dims", x, x.layout().expand_dims(at));
}

Tensor expand_dims(const Tensor& x, const Dims& axes) {
  const int ndim = x.ndim() + axes.size();
  if (ndim > kMaxAxes) {
    throw ValueError("expand_dims: " + std::to_string(ndim) + " axes, expected at most " +
                     std::to_string(kMaxAxes));
  }
  Dims places = normalize_axes(axes, ndim, "expand_dims");
  std::sort(places.begin(), places.end());
  Layout layout = x.layout();
  for (const int64_t at : places) layout = layout.expand_dims(static_cast<int>(at));
  return view_reshaped("expand_dims", x, std::move(layout));
}

Tensor squeeze(const Tensor& x, const Axes& axes) {
  bool drop[kMaxAxes] = {};
  if (axes) {
    for (int64_t axis : normalize_axes(*axes, x.ndim(), "squeeze")) {
      if (x.length(static_cast<int>(axis)) != 1) {
        throw ValueError("squeeze: axis " + std::to_string(axis) + " of shape " +
                         to_string(x.shape()) + " has length " +
                         std::to_string(x.length(static_cast<int>(axis))) + ", expected 1");
      }
      drop[axis] = true;
    }
  } else {
    for (int i = 0; i < x.ndim(); ++i) drop[i] = x.length(i) == 1;
  }
  Layout layout = x.layout();
  for (int i = x.ndim() - 1; i >= 0; --i) {
    if (drop[i]) layout = layout.squeeze(i);
  }
  return view_reshaped("squeeze", x, layout);
}

Tensor broadcast_to(const Tensor& x, const Dims& shape) {
  Tensor y = x.view(x.layout().broadcast_to(shape));
  if (!recording(x)) return y;
  return record("broadcast_to", y, wrt(x, [](const Tensor& g) { return g; }));
}

Tensor flip(const Tensor& x, const Axes& axes) {
  Dims which;
  if (axes) {
    which = normalize_axes(*axes, x.ndim(), "flip");
  } else {
    for (int i = 0; i < x.ndim(); ++i) which.push_back(i);
  }
  Layout layout = x.layout();
  for (int64_t axis : which) layout = layout.flip(static_cast<int>(axis));
  Tensor y = x.view(layout);
  if (!recording(x)) return y;
  return record("flip", y, wrt(x, [which](const Tensor& g) { return flip(g, which); }));
}

Tensor diagonal(const Tensor& x, int64_t offset) {
  if (x.ndim() < 2) {
    throw ValueError("diagonal: shape " + to_string(x.shape()) +
                     " has no matrices, expected at least 2 axes");
  }
  return view_part("diagonal", x, [&](const Layout& l) {
    const int row = l.ndim() - 2, col = l.ndim() - 1;
    const int64_t rows = l.shape[row], cols = l.shape[col];
    const int64_t skip_rows = offset < 0 ? (offset < -rows ? rows : -offset) : 0;
    const int64_t skip_cols = offset > 0 ? std::min(offset, cols) : 0;
    const int64_t count = std::max<int64_t>(0, std::min(rows - skip_rows, cols - skip_cols));
    Layout d = l;
    if (count > 0) d.offset += skip_rows * l.strides[row] + skip_cols * l.strides[col];
    d.shape.erase(col);
    d.strides.erase(col);
    d.shape[row] = count;
    d.strides[row] = l.strides[row] + l.strides[col];
    return d;
  });
}

Layout index_layout(const Layout& from, const std::vector<Index>& index) {
  int consumed = 0, ellipses = 0;
  for (const Index& entry : index) {
    if (std::holds_alternative<Ellipsis>(entry)) ++ellipses;
    if (std::holds_alternative<int64_t>(entry) || std::holds_alternative<Slice>(entry)) ++consumed;
  }
  if (ellipses > 1) throw IndexError("index: an Ellipsis ('...') may appear once only");
  if (consumed > from.ndim()) {
    throw IndexError("index: " + std::to_string(consumed) + " positions for a tensor of " +
                     std::to_string(from.ndim()) + " axes");
  }
  Layout l = from;
  int axis = 0, source = 0;  // in the new layout, in the old one
  for (const Index& entry : index) {
    if (const auto* position = std::get_if<int64_t>(&entry)) {
      const int64_t length = l.shape[axis];
      if (*position < -length || *position >= length) {
        throw IndexError(entry_error(*position, source, length));
      }
      l = l.select(axis, *position < 0 ? *position + length : *position);
      ++source;
    } else if (const auto* slice = std::get_if<Slice>(&entry)) {
      l = apply_slice(l, axis, *slice);
      ++axis;
      ++source;
    } else if (std::holds_alternative<NewAxis>(entry)) {
      l = l.expand_dims(axis++);
    } else {
      axis += from.ndim() - consumed;
      source += from.ndim() - consumed;
    }
  }
  return l;
}

Tensor get_item(const Tensor& x, const std::vector<Index>& index) {
  return view_part("get_item", x, [&](const Layout& l) { return index_layout(l, index); });
}

Tensor get_item(const Tensor& x, const Layout& layout) {
  return view_part("get_item", x, [&](const Layout&) { return layout; });
}

}  // namespace ndtape
