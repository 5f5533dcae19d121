// Reads bytes as requests to the layout algebra and as programs of views, and checks what comes of
// them against models that are plain enough to be right. Throws Difference where they differ.
#pragma once

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "ndtape/ndtape.h"

namespace ndtape::testing {

struct Difference : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require(bool holds, const char* what) {
  if (!holds) throw Difference(what);
}

// Bytes as numbers; zeros when there are no more.
class Bytes {
 public:
  Bytes(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  uint8_t byte() {
    if (size_ == 0) return 0;
    --size_;
    return *data_++;
  }
  int below(int n) { return byte() % n; }
  // Mostly small, sometimes any 64 bits or an extreme.
  int64_t integer() {
    const int kind = below(8);
    if (kind < 6) return static_cast<int8_t>(byte()) % 12;
    constexpr int64_t kExtremes[] = {INT64_MAX, INT64_MIN, INT64_MAX / 2, int64_t{1} << 32};
    if (kind == 6) return kExtremes[below(4)];
    uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | byte();
    return static_cast<int64_t>(bits);
  }
  Dims dims(int most) {
    Dims result;
    for (int n = below(most + 1); n > 0; --n) result.push_back(integer());
    return result;
  }

 private:
  const uint8_t* data_;
  size_t size_;
};

// Whether f ends with an error of those that bad shapes and positions get.
template <class F>
bool refused(F f) {
  try {
    f();
  } catch (const ValueError&) {
    return true;
  } catch (const IndexError&) {
    return true;
  }
  return false;
}

// ---- the algebra on any numbers
// ------------------------------------------------------------------

inline void fuzz_counts(Bytes& bytes) {
  const Dims shape = bytes.dims(8);
  __int128 product = 1;
  bool negative = false, large = false;
  for (int64_t d : shape) {
    negative |= d < 0;
    if (d > 0 && !large) product *= d;
    large |= product > INT64_MAX;
  }
  int64_t count = 0;
  const bool no = refused([&] { count = element_count(shape); });
  require(no == (negative || large), "element_count refuses what it should take, or the reverse");
  if (no) return;
  const bool empty = std::find(shape.begin(), shape.end(), 0) != shape.end();
  require(count == (empty ? 0 : static_cast<int64_t>(product)), "element_count");
  const Layout layout = Layout::contiguous(shape);
  require(layout.is_contiguous() && !layout.has_repeats(), "contiguous");
}

inline void fuzz_axes(Bytes& bytes) {
  const Dims axes = bytes.dims(6);
  const int ndim = bytes.below(7);
  std::vector<int64_t> expected;
  bool bad = false;
  for (int64_t a : axes) {
    bad |= a < -ndim || a >= ndim;
    expected.push_back(a < 0 ? a + ndim : a);
    bad |= std::count(expected.begin(), expected.end(), expected.back()) > 1;
  }
  Dims found;
  require(refused([&] { found = normalize_axes(axes, ndim, "fuzz"); }) == bad, "normalize_axes");
  if (!bad) require(found == Dims(expected), "normalize_axes: values");
}

inline void fuzz_broadcast(Bytes& bytes) {
  const Dims a = bytes.dims(5), b = bytes.dims(5);
  const auto valid = [](const Dims& d) {
    return std::all_of(d.begin(), d.end(), [](int64_t n) { return n >= 0; });
  };
  if (!valid(a) || !valid(b)) return;
  const int n = std::max(a.size(), b.size());
  Dims expected(n, 1);
  bool bad = false;
  for (int i = 1; i <= n; ++i) {
    const int64_t x = i <= a.size() ? a[a.size() - i] : 1, y = i <= b.size() ? b[b.size() - i] : 1;
    bad |= x != y && x != 1 && y != 1;
    expected[n - i] = x == 1 ? y : x;
  }
  Dims found;
  require(refused([&] { found = broadcast_shapes(a, b, "fuzz"); }) == bad, "broadcast_shapes");
  if (!bad) require(found == expected, "broadcast_shapes: values");
}

// ---- programs of views
// ---------------------------------------------------------------------------

// Elements in row-major order.
struct Model {
  std::vector<int64_t> shape, values;

  int ndim() const { return static_cast<int>(shape.size()); }
  int64_t inner(int axis) const {
    int64_t n = 1;
    for (int i = axis + 1; i < ndim(); ++i) n *= shape[i];
    return n;
  }
  // The elements at these positions along an axis.
  Model take(int axis, const std::vector<int64_t>& positions) const {
    Model result{shape, {}};
    result.shape[axis] = static_cast<int64_t>(positions.size());
    const int64_t width = inner(axis), length = shape[axis];
    const int64_t outer =
        length * width == 0 ? 0 : static_cast<int64_t>(values.size()) / (length * width);
    for (int64_t o = 0; o < outer; ++o) {
      for (int64_t p : positions) {
        for (int64_t i = 0; i < width; ++i) {
          result.values.push_back(values[(o * length + p) * width + i]);
        }
      }
    }
    return result;
  }
  Model permute(const std::vector<int>& axes) const {
    Model result;
    for (int a : axes) result.shape.push_back(shape[a]);
    std::vector<int64_t> index(shape.size(), 0);
    for (size_t count = 0; count < values.size(); ++count) {
      int64_t at = 0;
      for (int i = 0; i < ndim(); ++i) at += index[i] * inner(axes[i]);
      result.values.push_back(values[at]);
      for (int i = ndim() - 1; i >= 0 && ++index[i] == result.shape[i]; --i) index[i] = 0;
    }
    return result;
  }
};

// Python's rule for a slice, an element at a time.
inline std::vector<int64_t> positions(const Slice& s, int64_t length) {
  const auto clamp = [&](int64_t x) -> __int128 {
    const __int128 from_front = x < 0 ? static_cast<__int128>(x) + length : x;
    const __int128 low = s.step > 0 ? 0 : -1, high = s.step > 0 ? length : length - 1;
    return std::clamp(from_front, low, std::max(low, high));
  };
  __int128 at = s.start ? clamp(*s.start) : (s.step > 0 ? 0 : length - 1);
  const __int128 stop = s.stop ? clamp(*s.stop) : (s.step > 0 ? length : -1);
  std::vector<int64_t> result;
  for (; s.step > 0 ? at < stop : at > stop; at += s.step) {
    result.push_back(static_cast<int64_t>(at));
  }
  return result;
}

inline void fuzz_views(Bytes& bytes) {
  Model model;
  int64_t size = 1;
  for (int n = bytes.below(5); n > 0; --n) {
    model.shape.push_back(bytes.below(6));
    size *= model.shape.back();
  }
  for (int64_t i = 0; i < size; ++i) model.values.push_back(i);
  Tensor x = reshape(arange_int(0, 1, size, DType::Int64), Dims(model.shape));
  for (int step = 0; step < 12 && !bytes.empty(); ++step) {
    const int axis = model.ndim() > 0 ? bytes.below(model.ndim()) : 0;
    const auto on_axis = [&](Index entry) {
      std::vector<Index> index(static_cast<size_t>(axis), Slice{});
      index.push_back(entry);
      return index;
    };
    switch (bytes.below(7)) {
      case 0: {  // a slice
        if (model.ndim() == 0) break;
        Slice s;
        if (bytes.below(3)) s.start = bytes.integer();
        if (bytes.below(3)) s.stop = bytes.integer();
        s.step = bytes.integer();
        Tensor y;
        const bool no = refused([&] { y = get_item(x, on_axis(s)); });
        require(no == (s.step == 0), "a slice is refused for its step alone");
        if (no) break;
        x = y;
        model = model.take(axis, positions(s, model.shape[axis]));
        break;
      }
      case 1: {  // one position
        const int64_t at = bytes.integer();
        if (model.ndim() == 0) break;
        const int64_t length = model.shape[axis];
        Tensor y;
        const bool no = refused([&] { y = get_item(x, on_axis(at)); });
        require(no == (at < -length || at >= length), "an index is refused out of range alone");
        if (no) break;
        x = y;
        model = model.take(axis, {at < 0 ? at + length : at});
        model.shape.erase(model.shape.begin() + axis);
        break;
      }
      case 2: {  // axes in another order
        std::vector<int> order;
        for (int i = 0; i < model.ndim(); ++i) order.push_back(i);
        for (int i = model.ndim() - 1; i > 0; --i) std::swap(order[i], order[bytes.below(i + 1)]);
        Dims axes;
        for (int a : order) axes.push_back(a);
        x = permute_dims(x, axes);
        model = model.permute(order);
        break;
      }
      case 3: {  // another shape
        const Dims to = bytes.dims(4);
        Tensor y;
        if (refused([&] { y = reshape(x, to); })) break;
        require(y.size() == x.size(), "reshape keeps the number of elements");
        // Without elements an axis may be longer than a model could count.
        if (std::any_of(y.shape().begin(), y.shape().end(), [](int64_t n) { return n > 5000; })) {
          break;
        }
        x = y;
        model.shape.assign(y.shape().begin(), y.shape().end());
        break;
      }
      case 4: {
        if (model.ndim() == 0) break;
        x = flip(x, Dims{axis});
        std::vector<int64_t> backwards;
        for (int64_t i = model.shape[axis]; i-- > 0;) backwards.push_back(i);
        model = model.take(axis, backwards);
        break;
      }
      case 5:
        if (model.ndim() > 6) break;
        x = expand_dims(x, axis);
        model.shape.insert(model.shape.begin() + axis, 1);
        break;
      default: {  // an axis of length 1 repeated
        if (model.ndim() == 0 || model.shape[axis] != 1 || model.values.size() > 2000) break;
        Dims to(x.shape());
        to[axis] = bytes.below(4);
        x = broadcast_to(x, to);
        model = model.take(axis, std::vector<int64_t>(static_cast<size_t>(to[axis]), 0));
      }
    }
    require(x.shape() == Dims(model.shape), "shape");
    const Tensor dense = copy(x);
    require(std::equal(model.values.begin(), model.values.end(), dense.data<int64_t>(),
                       dense.data<int64_t>() + dense.size()),
            "elements");
    if (x.layout().is_contiguous() && x.size() > 0) {
      require(std::equal(model.values.begin(), model.values.end(), x.data<int64_t>()),
              "is_contiguous");
    }
    if (x.size() == 0) continue;
    // Addresses, not values: a reshape that copies puts equal values in several places.
    std::vector<int64_t> places = {0};
    for (int i = 0; i < x.ndim(); ++i) {
      std::vector<int64_t> next;
      for (int64_t place : places) {
        for (int64_t k = 0; k < x.shape()[i]; ++k) next.push_back(place + k * x.strides()[i]);
      }
      places = next;
    }
    std::sort(places.begin(), places.end());
    const bool repeats = std::adjacent_find(places.begin(), places.end()) != places.end();
    require(!repeats || x.layout().has_repeats(), "has_repeats");
  }
}

inline void fuzz_layout(const uint8_t* data, size_t size) {
  Bytes bytes(data, size);
  switch (bytes.below(8)) {
    case 0:
      return fuzz_counts(bytes);
    case 1:
      return fuzz_axes(bytes);
    case 2:
      return fuzz_broadcast(bytes);
    default:
      return fuzz_views(bytes);
  }
}

}  // namespace ndtape::testing
