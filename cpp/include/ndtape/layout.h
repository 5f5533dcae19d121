// Shapes, strides and the algebra of views. No memory is touched here.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "ndtape/error.h"
#include "ndtape/hot.h"

namespace ndtape {

inline constexpr int kMaxAxes = 64;

// A list of up to 64 integers: a shape, strides or axes. Up to five stay inside the object.
class Dims {
 public:
  static constexpr int kInline = 5;
  Dims() : size_(0) {}
  Dims(std::initializer_list<int64_t> values) : Dims(values.begin(), values.end()) {}
  explicit Dims(const std::vector<int64_t>& v) : Dims(v.data(), v.data() + v.size()) {}
  Dims(const int64_t* begin, const int64_t* end) : size_(0) {
    if (begin == end) return;
    if (end - begin > kMaxAxes) throw_too_many(end - begin);
    resize(static_cast<int>(end - begin));
    std::memcpy(data(), begin, sizeof(int64_t) * static_cast<size_t>(size_));
  }
  Dims(int n, int64_t value) : size_(0) {
    resize(n);
    for (int i = 0; i < size_; ++i) (*this)[i] = value;
  }
  Dims(const Dims& other) : size_(0) {
    if (other.size_ > kInline) {
      resize_heap(other.size_);
      std::memcpy(heap_, other.heap_, sizeof(int64_t) * static_cast<size_t>(size_));
    } else {
      take_inline(other);
    }
  }
  Dims(Dims&& other) noexcept { take(other); }
  Dims& operator=(const Dims& other) {
    if (size_ <= kInline && other.size_ <= kInline) {
      take_inline(other);
    } else if (this != &other) {
      *this = Dims(other);
    }
    return *this;
  }
  Dims& operator=(Dims&& other) noexcept {
    if (this != &other) {
      if (size_ > kInline) delete[] heap_;
      take(other);
    }
    return *this;
  }
  ~Dims() {
    if (size_ > kInline) delete[] heap_;
  }

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t* data() { return size_ > kInline ? heap_ : inline_; }
  const int64_t* data() const { return size_ > kInline ? heap_ : inline_; }
  int64_t& operator[](int i) { return data()[i]; }
  int64_t operator[](int i) const { return data()[i]; }
  int64_t* begin() { return data(); }
  int64_t* end() { return data() + size_; }
  const int64_t* begin() const { return data(); }
  const int64_t* end() const { return data() + size_; }
  int64_t back() const { return data()[size_ - 1]; }
  bool operator==(const Dims& other) const {
    if (size_ != other.size_) return false;
    const int64_t *mine = data(), *theirs = other.data();
    for (int i = 0; i < size_; ++i) {
      if (mine[i] != theirs[i]) return false;
    }
    return true;
  }

  // New elements are 0. Throws ValueError above 64.
  void resize(int n) {
    if (n > kInline || size_ > kInline) return resize_heap(n);
    for (int i = 0; i < kInline; ++i) inline_[i] = i < size_ ? inline_[i] : 0;
    size_ = n;
  }
  void push_back(int64_t value) {
    resize(size_ + 1);
    data()[size_ - 1] = value;
  }
  void insert(int at, int64_t value);
  void erase(int at);

 private:
  // Word by word: what was written a moment ago as words is slow to be read by vectors. A loop that
  // ends in two ways is not made a call of memcpy.
  void take_inline(const Dims& other) noexcept {
    size_ = other.size_;
    for (int i = 0; i < kInline && i < other.size_; ++i) inline_[i] = other.inline_[i];
  }
  void take(Dims& other) noexcept {
    if (other.size_ > kInline) {
      size_ = other.size_;
      heap_ = other.heap_;
    } else {
      take_inline(other);
    }
    other.size_ = 0;
  }
  void resize_heap(int n);
  [[noreturn]] static void throw_too_many(int64_t n);
  union {
    int64_t inline_[kInline];
    int64_t* heap_;
  };
  int size_;
};

std::string to_string(const Dims& shape);  // "(2, 3)", "(4,)", "()"

// Product of a shape's lengths. Throws ValueError when an axis is negative, or when the product,
// zeros left out, times `itemsize` does not fit 63 bits.
NDTAPE_HOT int64_t element_count(const Dims& shape, int64_t itemsize = 1);

// `axis` counted from the front. Throws IndexError naming `what` when it is out of range.
int normalize_axis(int64_t axis, int ndim, const char* what);
// Several axes, normalised and in the given order; throws ValueError on repeats.
Dims normalize_axes(const Dims& axes, int ndim, const char* what);

// NumPy's broadcasting; throws ValueError naming `what` and both shapes.
Dims broadcast_shapes(const Dims& a, const Dims& b, const char* what);

// Where the elements of a tensor lie in its storage. Strides and offset count elements.
struct Layout {
  Dims shape;
  Dims strides;
  int64_t offset = 0;

  NDTAPE_HOT static Layout contiguous(const Dims& shape);

  int ndim() const { return shape.size(); }
  int64_t size() const {
    int64_t n = 1;
    for (int64_t d : shape) n *= d;
    return n;
  }
  bool is_contiguous() const {  // row-major, without gaps; true when empty
    return shape.size() == 1 ? strides[0] == 1 || shape[0] <= 1 : axes_are_contiguous();
  }
  bool has_repeats() const;  // may two index tuples name one element? (never a false "no")

  Layout permute(const Dims& axes) const;  // axes normalised, each once
  // Python's slice on one axis: `count` elements from `start` by `step`, already resolved.
  Layout slice(int axis, int64_t start, int64_t count, int64_t step) const;
  Layout select(int axis, int64_t index) const;  // drops the axis; 0 <= index < length
  Layout flip(int axis) const;
  Layout expand_dims(int axis) const;
  Layout squeeze(int axis) const;
  Layout broadcast_to(const Dims& to) const;  // throws ValueError when the shapes do not fit
  // The same elements in the same order under another shape, when strides can say so.
  // Sizes must agree (see resolve_reshape).
  std::optional<Layout> reshape(const Dims& to) const;

 private:
  NDTAPE_HOT bool axes_are_contiguous() const;
};

// Resolves one -1 of a requested shape. Throws ValueError when the sizes do not agree.
Dims resolve_reshape(const Dims& from, const Dims& to);

}  // namespace ndtape
