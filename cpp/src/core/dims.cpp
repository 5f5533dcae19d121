// Lists of lengths, strides and axes, and the checks on them.
#include <algorithm>
#include <cstring>
#include <limits>

#include "ndtape/layout.h"

namespace ndtape {

void Dims::throw_too_many(int64_t n) {
  throw ValueError(std::to_string(n) + " axes are more than the " + std::to_string(kMaxAxes) +
                   " that a tensor may have");
}

void Dims::resize_heap(int n) {
  if (n > kMaxAxes) throw_too_many(n);
  const int kept = std::min(n, size_);
  int64_t* old = size_ > kInline ? heap_ : nullptr;
  if (n > kInline) {
    int64_t* grown = new int64_t[n];
    std::copy_n(data(), kept, grown);
    std::fill(grown + kept, grown + n, 0);
    heap_ = grown;
  } else {
    // From the heap back inside: kept == n.
    std::copy_n(old, kept, inline_);
  }
  size_ = n;
  delete[] old;
}

void Dims::insert(int at, int64_t value) {
  resize(size_ + 1);
  int64_t* p = data();
  std::copy_backward(p + at, p + size_ - 1, p + size_);
  p[at] = value;
}

void Dims::erase(int at) {
  int64_t* p = data();
  std::copy(p + at + 1, p + size_, p + at);
  resize(size_ - 1);
}

std::string to_string(const Dims& shape) {
  std::string s = "(";
  for (int i = 0; i < shape.size(); ++i) {
    if (i > 0) s += ", ";
    s += std::to_string(shape[i]);
  }
  if (shape.size() == 1) s += ",";
  return s + ")";
}

int64_t element_count(const Dims& shape, int64_t itemsize) {
  int64_t bytes = itemsize;  // of the tensor with empty axes left out
  int64_t count = 1;
  for (const int64_t length : shape) {
    if (length < 0) {
      throw ValueError("shape " + to_string(shape) + " has a negative length");
    }
    if (length != 0 && __builtin_mul_overflow(bytes, length, &bytes)) {
      throw ValueError("shape " + to_string(shape) + " with " + std::to_string(itemsize) +
                       " bytes an element is larger than memory can be");
    }
    count *= length;  // never more than `bytes`
  }
  return count;
}

int normalize_axis(int64_t axis, int ndim, const char* what) {
  if (axis < -ndim || axis >= ndim) {
    throw IndexError(std::string(what) + ": axis " + std::to_string(axis) +
                     " is out of range for " + std::to_string(ndim) +
                     (ndim == 1 ? " axis" : " axes"));
  }
  return static_cast<int>(axis < 0 ? axis + ndim : axis);
}

Dims normalize_axes(const Dims& axes, int ndim, const char* what) {
  Dims result;
  uint64_t seen = 0;
  for (const int64_t axis : axes) {
    const int a = normalize_axis(axis, ndim, what);
    if (seen >> a & 1) {
      throw ValueError(std::string(what) + ": axis " + std::to_string(axis) + " appears twice in " +
                       to_string(axes));
    }
    seen |= uint64_t{1} << a;
    result.push_back(a);
  }
  return result;
}

Dims broadcast_shapes(const Dims& a, const Dims& b, const char* what) {
  if (a == b) return a;
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  const int lead = longer.size() - shorter.size();
  Dims result = longer;
  for (int i = 0; i < shorter.size(); ++i) {
    const int64_t x = longer[lead + i];
    const int64_t y = shorter[i];
    if (x == y || y == 1) continue;
    if (x != 1) {
      const int axis_a = &longer == &a ? lead + i : i;
      const int axis_b = &longer == &a ? i : lead + i;
      throw ValueError(std::string(what) + ": shapes " + to_string(a) + " and " + to_string(b) +
                       " do not broadcast: " + std::to_string(a[axis_a]) + " (axis " +
                       std::to_string(axis_a) + ") != " + std::to_string(b[axis_b]) + " (axis " +
                       std::to_string(axis_b) + ")");
    }
    result[lead + i] = y;
  }
  return result;
}

Dims resolve_reshape(const Dims& from, const Dims& to) {
  const auto fail = [&](const char* why) -> ValueError {
    return ValueError("reshape: shape " + to_string(from) + " cannot become " + to_string(to) +
                      ": " + why);
  };
  int unknown = -1;
  Dims known = to;
  for (int i = 0; i < to.size(); ++i) {
    if (to[i] >= 0) continue;
    if (to[i] != -1) throw fail("a length is negative");
    if (unknown >= 0) throw fail("only one length may be -1");
    unknown = i;
    known[i] = 1;
  }
  const int64_t size = element_count(from);
  const int64_t product = element_count(known);
  if (unknown < 0) {
    if (product != size) throw fail("the numbers of elements differ");
    return known;
  }
  if (product == 0) throw fail("the length given as -1 is not determined");
  if (size % product != 0) throw fail("the numbers of elements differ");
  known[unknown] = size / product;
  return known;
}

}  // namespace ndtape
