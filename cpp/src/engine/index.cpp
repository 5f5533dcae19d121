#include "engine/index.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "cpu/kernels.h"
#include "engine/elementwise.h"
#include "engine/interpreter.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

cpu::BlockKernel add_kernel(DType dtype) {
  return cpu::kernels().block[static_cast<int>(Op::add)][static_cast<int>(dtype)];
}

int64_t wrap(int64_t index, int64_t length) { return index < 0 ? index + length : index; }

// Calls body(first element of each operand, axis stride of each) for every line of `count` along
// `axis`, on several threads when lines are many.
struct Lines {
  const Tensor* tensors[3];
  int count;
  int axis;

  template <class Body>
  void for_each(int64_t elements, Body&& body) const {
    const Tensor& shape_of = *tensors[1];
    Dims outer = shape_of.shape();
    outer[axis] = 1;
    const int64_t lines = element_count(outer);
    auto run = [&](int64_t begin, int64_t end) {
      for (int64_t line = begin; line < end; ++line) {
        char* at[3];
        for (int k = 0; k < count; ++k) at[k] = static_cast<char*>(tensors[k]->mutable_data());
        int64_t rest = line;
        for (int i = outer.size() - 1; i >= 0; --i) {
          const int64_t index = rest % outer[i];
          rest /= outer[i];
          for (int k = 0; k < count; ++k) {
            at[k] += index * tensors[k]->strides()[i] * itemsize(tensors[k]->dtype());
          }
        }
        body(at);
      }
    };
    if (elements > kParallelWork / 4 && lines > 1) {
      parallel_for(lines, run);
    } else {
      run(0, lines);
    }
  }
};

// Calls body(piece, its first element, how many) for the pieces of a mask, or of positions, on
// several threads when there are many.
template <class Body>
void for_each_piece(int64_t size, Body&& body) {
  const int64_t pieces = (size + kMaskPiece - 1) / kMaskPiece;
  auto run = [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      body(p, p * kMaskPiece, std::min(kMaskPiece, size - p * kMaskPiece));
    }
  };
  if (size > kParallelWork) {
    parallel_for(pieces, run);
  } else {
    run(0, pieces);
  }
}

}  // namespace

std::vector<int64_t> count_mask(const Tensor& mask) {
  const auto* bytes = static_cast<const uint8_t*>(mask.data());
  std::vector<int64_t> counts(static_cast<size_t>((mask.size() + kMaskPiece - 1) / kMaskPiece));
  for_each_piece(mask.size(), [&](int64_t p, int64_t first, int64_t n) {
    int64_t count = 0;
    for (int64_t i = first;
         i < first + n;) {  // bytes are summed as such while they cannot overflow
      const int64_t stop = std::min(i + 255, first + n);
      uint8_t some = 0;
      for (; i < stop; ++i) some = static_cast<uint8_t>(some + bytes[i]);
      count += some;
    }
    counts[static_cast<size_t>(p)] = count;
  });
  for (size_t p = 1; p < counts.size(); ++p) counts[p] += counts[p - 1];
  return counts;
}

void compress(const Tensor& x, const Tensor& mask, const std::vector<int64_t>& counts,
              const Tensor& out) {
  const int64_t element = itemsize(x.dtype());
  const auto kernel = cpu::kernels().compress[__builtin_ctzll(static_cast<uint64_t>(element))];
  const auto* from = static_cast<const char*>(x.data());
  const auto* bytes = static_cast<const uint8_t*>(mask.data());
  auto* to = static_cast<char*>(out.mutable_data());
  for_each_piece(mask.size(), [&](int64_t p, int64_t first, int64_t) {
    const int64_t before = p == 0 ? 0 : counts[static_cast<size_t>(p - 1)];
    kernel(from + first * element, bytes + first, to + before * element,
           counts[static_cast<size_t>(p)] - before);
  });
}

namespace {

// Eight at a time, which are often all or none. Single ones without branches, which a mask of no
// pattern would mislead.
template <int Bytes>
void put_masked(const char* values, int64_t step, const uint8_t* mask, int64_t n, char* x) {
  constexpr uint64_t kAll = 0x0101010101010101;
  const auto put_some = [&](int64_t count) {
    for (int64_t i = 0; i < count; ++i, x += Bytes) {
      const bool taken = mask[i] != 0;
      const char* const from[] = {x, values};
      std::memcpy(x, from[taken], Bytes);
      values += taken * step;
    }
    mask += count;
  };
  int64_t left = n;
  for (; left >= 8; left -= 8) {
    uint64_t eight;
    std::memcpy(&eight, mask, 8);
    if (eight != 0 && eight != kAll) {
      put_some(8);
      continue;
    }
    if (eight == kAll) {
      for (int i = 0; i < 8; ++i) std::memcpy(x + i * Bytes, values + i * step, Bytes);
      values += 8 * step;
    }
    mask += 8;
    x += 8 * Bytes;
  }
  put_some(left);
}

}  // namespace

void expand(const Tensor& values, const Tensor& mask, const std::vector<int64_t>& counts,
            const Tensor& x) {
  using Kernel = void (*)(const char*, int64_t, const uint8_t*, int64_t, char*);
  static constexpr Kernel kernels[] = {put_masked<1>, put_masked<2>, put_masked<4>, put_masked<8>,
                                       put_masked<16>};
  const int64_t element = itemsize(x.dtype()), step = values.size() == 1 ? 0 : element;
  const auto kernel = kernels[__builtin_ctzll(static_cast<uint64_t>(element))];
  const auto* from = static_cast<const char*>(values.data());
  const auto* bytes = static_cast<const uint8_t*>(mask.data());
  auto* to = static_cast<char*>(x.mutable_data());
  for_each_piece(mask.size(), [&](int64_t p, int64_t first, int64_t n) {
    const int64_t before = p == 0 ? 0 : counts[static_cast<size_t>(p - 1)];
    kernel(from + before * step, step, bytes + first, n, to + first * element);
  });
}

void mask_positions(const Tensor& mask, const std::vector<int64_t>& counts, const Tensor& out) {
  const auto* bytes = static_cast<const uint8_t*>(mask.data());
  auto* to = out.mutable_data<int64_t>();
  for_each_piece(mask.size(), [&](int64_t p, int64_t first, int64_t) {
    const int64_t last = counts[static_cast<size_t>(p)];
    int64_t found = p == 0 ? 0 : counts[static_cast<size_t>(p - 1)];
    for (int64_t i = first; found < last; ++i) {
      to[found] = i;
      found += bytes[i];
    }
  });
}

void check_indices(const Tensor& indices, int64_t length, const char* what) {
  const int64_t* p = indices.data<int64_t>();
  std::atomic<bool> bad{false};
  for_each_piece(indices.size(), [&](int64_t, int64_t first, int64_t n) {
    const auto shift = static_cast<uint64_t>(length), range = 2 * shift;
    bool seen = false;
    for (int64_t i = first; i < first + n; ++i) {
      seen |= static_cast<uint64_t>(p[i]) + shift >= range;
    }
    if (seen) bad.store(true, std::memory_order_relaxed);
  });
  if (!bad.load(std::memory_order_relaxed)) return;
  const int64_t* wrong = std::find_if(p, p + indices.size() - 1,
                                      [&](int64_t i) { return i < -length || i >= length; });
  throw IndexError(std::string(what) + ": index " + std::to_string(*wrong) +
                   " is out of range for an axis of length " + std::to_string(length));
}

namespace {

template <int Bytes>
void pick(const char* items, const int64_t* places, int64_t n, char* out) {
  for (int64_t j = 0; j < n; ++j) std::memcpy(out + j * Bytes, items + places[j] * Bytes, Bytes);
}

// Single elements of many rows: a few rows at a time are transposed, so that what lies at one
// place of them moves as one, and transposed back.
class TakeAcross {
 public:
  TakeAcross(int64_t element, int64_t length) : element_(element), length_(length) {}

  bool suits(int64_t rows, int64_t count) const {
    return element_ <= 8 && rows >= 64 && length_ <= 2 * count && length_ * item() <= kMostBytes;
  }
  int64_t rows() const { return std::max<int64_t>(8, 16 / element_); }  // at a time

  // out[r * out_row + j] = row r of x at places[j], for as many rows; steps in bytes.
  void run(const char* x, int64_t x_row, int64_t step, const int64_t* places, int64_t count,
           char* out, int64_t out_row) const {
    const int size_class = __builtin_ctzll(static_cast<uint64_t>(element_));
    const auto gather = cpu::kernels().gather[size_class];
    const auto scatter = cpu::kernels().scatter[size_class];
    char* const items = static_cast<char*>(scratch((length_ + kPiece) * item()));
    char* const some = items + length_ * item();
    for (int64_t i = 0; i < length_; i += kPiece) {
      gather(x + i * step, step, x_row, items + i * item(), std::min(kPiece, length_ - i), rows());
    }
    for (int64_t j = 0; j < count; j += kPiece) {
      const int64_t n = std::min(kPiece, count - j);
      switch (item()) {
        case 16:
          pick<16>(items, places + j, n, some);
          break;
        case 32:
          pick<32>(items, places + j, n, some);
          break;
        default:
          pick<64>(items, places + j, n, some);
      }
      scatter(some, out + j * element_, element_, out_row, n, rows());
    }
  }

 private:
  static constexpr int64_t kPiece = 128, kMostBytes = 256 << 10;  // those stay in the L2 cache

  int64_t item() const { return rows() * element_; }  // bytes: 16, 32 or 64

  const int64_t element_, length_;
};

}  // namespace

void take(const Tensor& x, const Layout& lines, const Tensor& indices, const Tensor& out) {
  const int64_t outer = lines.shape[0], length = lines.shape[1];
  int64_t inner = lines.shape[2], element = itemsize(x.dtype());
  const int64_t count = indices.size();
  if (outer == 0 || inner == 0 || count == 0) return;
  const int64_t* positions = indices.data<int64_t>();
  const int64_t outer_step = lines.strides[0] * element, step = lines.strides[1] * element,
                inner_step = lines.strides[2] * element;
  // A few elements side by side move as one.
  const int64_t whole = inner * element;
  if (inner > 1 && inner_step == element && whole <= 16 && (whole & (whole - 1)) == 0) {
    element = whole;
    inner = 1;
  }
  const int size_class = __builtin_ctzll(static_cast<uint64_t>(element));
  const auto gather = cpu::kernels().gather[size_class];
  const auto kernel = cpu::kernels().take[size_class];
  const auto* from = static_cast<const char*>(x.data());
  auto* to = static_cast<char*>(out.mutable_data());
  std::vector<int64_t> offsets(static_cast<size_t>(count));
  const TakeAcross across(element, length);
  const bool is_across = inner == 1 && across.suits(outer, count);
  for (int64_t j = 0; j < count; ++j) {
    offsets[static_cast<size_t>(j)] = wrap(positions[j], length) * (is_across ? 1 : step);
  }
  if (is_across) {
    const int64_t rows = across.rows(), groups = outer / rows, line = count * element;
    const auto take_rows = [&](int64_t first) {
      across.run(from + first * outer_step, outer_step, step, offsets.data(), count,
                 to + first * line, line);
    };
    const auto run = [&](int64_t begin, int64_t end) {
      for (int64_t g = begin; g < end; ++g) take_rows(g * rows);
    };
    if (out.size() > kParallelWork) {
      parallel_for(groups, run);
    } else {
      run(0, groups);
    }
    // Rows that are left are taken together with some before them.
    if (outer % rows != 0) take_rows(outer - rows);
    return;
  }
  // Tasks are pieces of the positions, for each place, or each few, on the outer axis.
  const int64_t piece = std::clamp<int64_t>(4096 / inner, 1, count);
  const int64_t pieces = (count + piece - 1) / piece;
  const int64_t group = inner == 1 && outer >= 64 ? 4 : 1, groups = (outer + group - 1) / group;
  auto run = [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t o = task / pieces * group, first = task % pieces * piece;
      const int64_t last = std::min(first + piece, count);
      const char* source = from + o * outer_step;
      char* target = to + (o * count + first) * inner * element;
      if (inner == 1) {
        kernel(source, outer_step, offsets.data() + first, target, count * element,
               std::min(group, outer - o), last - first);
        continue;
      }
      for (int64_t j = first; j < last; ++j, target += inner * element) {
        const char* row = source + offsets[static_cast<size_t>(j)];
        if (inner_step == element) {
          std::memcpy(target, row, static_cast<size_t>(inner * element));
        } else {
          gather(row, 0, inner_step, target, 1, inner);
        }
      }
    }
  };
  if (out.size() > kParallelWork) {
    parallel_for(groups * pieces, run);
  } else {
    run(0, groups * pieces);
  }
}

namespace {

// Many numbers to few places of a line: parts of them, as many as the sizes say, are added apart
// and then to each other, so that threads share them and the order is the same for any number of
// these.
template <class T>
void add_in_parts(cpu::AddAtKernel add_at, const Tensor& out, const int64_t* positions,
                  const T* values, int64_t count) {
  constexpr int64_t kParts = 4;
  const int64_t length = out.size();
  const auto add = add_kernel(out.dtype());
  const Tensor sums = Tensor::empty({kParts - 1, length}, out.dtype());
  T* const line = out.mutable_data<T>();
  T* const others = sums.mutable_data<T>();
  parallel_for(kParts, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; ++part) {
      T* to = line;
      if (part > 0) {
        to = others + (part - 1) * length;
        std::fill_n(to, length, T{-0.0});  // what leaves any number as it is
      }
      const int64_t first = count * part / kParts, last = count * (part + 1) / kParts;
      add_at(to, length, positions + first, values + first, last - first);
    }
  });
  for (int64_t part = 1; part < kParts; ++part) {
    add(line, others + (part - 1) * length, nullptr, line, length);
  }
}

// Lines of so many bytes are worth sorting by their places.
constexpr int64_t kLongLine = 1024;

// The numbers of positions, place by place, in order at each.
class ByPlace {
 public:
  ByPlace(const int64_t* positions, int64_t count, int64_t length)
      : end_(static_cast<size_t>(length)), numbers_(static_cast<size_t>(count)) {
    const auto place = [=](int64_t j) { return static_cast<size_t>(wrap(positions[j], length)); };
    for (int64_t j = 0; j < count; ++j) ++end_[place(j)];
    int64_t before = 0;
    for (int64_t& end : end_) {
      most_ = std::max(most_, end);
      before += std::exchange(end, before);
    }
    for (int64_t j = 0; j < count; ++j) {
      numbers_[static_cast<size_t>(end_[place(j)]++)] = j;
    }
  }

  int64_t most() const { return most_; }  // at one place
  int64_t begin(int64_t place) const { return place == 0 ? 0 : end(place - 1); }
  int64_t end(int64_t place) const { return end_[static_cast<size_t>(place)]; }
  // The i-th in all; the last again for those beyond.
  int64_t number(int64_t i) const {
    return numbers_[std::min(static_cast<size_t>(i), numbers_.size() - 1)];
  }
  // The first place whose numbers end after i.
  int64_t after(int64_t i) const {
    return std::upper_bound(end_.begin(), end_.end(), i) - end_.begin();
  }

 private:
  std::vector<int64_t> end_, numbers_;
  int64_t most_ = 0;
};

// Long lines of values to places of one line of such: each is summed beside x where both are near,
// and written once. Threads share the places, by how many are added to them.
void add_by_place(const Tensor& out, const Tensor& x, const ByPlace& places, int64_t count,
                  const Tensor& values) {
  constexpr int64_t kTasks = 64, kPiece = 4096;  // bytes
  const int64_t length = out.length(1), element = itemsize(out.dtype());
  const int64_t line = out.length(2) * element;
  const auto add = add_kernel(out.dtype());
  const auto* start = static_cast<const char*>(x.data());
  const auto* from = static_cast<const char*>(values.data());
  auto* to = static_cast<char*>(out.mutable_data());
  const bool stream = (2 * length + count) * line > kLastCacheBytes;
  parallel_for(kTasks, [&](int64_t begin, int64_t end) {
    alignas(64) char sum[kPiece];
    const int64_t last = end == kTasks ? length : places.after(count * end / kTasks);
    for (int64_t p = begin == 0 ? 0 : places.after(count * begin / kTasks); p < last; ++p) {
      for (int64_t first = 0; first < line; first += kPiece) {
        const int64_t bytes = std::min(kPiece, line - first);
        const void* so_far = start + p * line + first;
        for (int64_t i = places.begin(p); i < places.end(p); ++i) {
          // What comes next is fetched meanwhile.
          const char* const next = from + places.number(i + 1) * line + first;
          for (int64_t b = 0; b < bytes; b += 64) __builtin_prefetch(next + b);
          add(so_far, from + places.number(i) * line + first, nullptr, sum, bytes / element);
          so_far = sum;
        }
        char* const target = to + p * line + first;
        if (stream) {
          cpu::kernels().stream(so_far, target, bytes, 1, bytes);
        } else {
          std::memmove(target, so_far, static_cast<size_t>(bytes));
        }
      }
    }
    if (stream) cpu::kernels().stream_end();
  });
}

}  // namespace

void index_add(const Tensor& out, const Tensor& x, const Tensor& indices, const Tensor& values) {
  const int64_t outer = out.length(0), length = out.length(1), inner = out.length(2);
  const int64_t count = indices.size(), element = itemsize(out.dtype());
  if (outer == 0 || length == 0 || inner == 0) return;
  if (outer == 1 && inner * element >= kLongLine && values.size() > kParallelWork &&
      length <= 4 * count) {
    const ByPlace places(indices.data<int64_t>(), count, length);
    if (places.most() <= count / 2) return add_by_place(out, x, places, count, values);
  }
  if (x.data() != out.data()) copy(x, out);
  const int64_t* positions = indices.data<int64_t>();
  const auto add = add_kernel(out.dtype());
  const auto add_at = cpu::kernels().add_at[static_cast<int>(out.dtype())];
  if (outer == 1 && inner == 1 && count > std::max(kParallelWork, 4 * length)) {
    if (out.dtype() == DType::Float32) {
      return add_in_parts(add_at, out, positions, values.data<float>(), count);
    }
    if (out.dtype() == DType::Float64) {
      return add_in_parts(add_at, out, positions, values.data<double>(), count);
    }
  }
  const auto* from = static_cast<const char*>(values.data());
  auto* to = static_cast<char*>(out.mutable_data());
  // Repeated positions add in order: threads share the outer axis and the inner one, never j.
  const int64_t pieces = outer >= 4 ? 1 : std::clamp<int64_t>(inner / 512, 1, 8);
  auto run = [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t o = task / pieces, piece = task % pieces;
      const int64_t first = inner * piece / pieces, last = inner * (piece + 1) / pieces;
      if (inner == 1 && add_at) {
        add_at(to + o * length * element, length, positions, from + o * count * element, count);
        continue;
      }
      for (int64_t j = 0; j < count; ++j) {
        char* target = to + ((o * length + wrap(positions[j], length)) * inner + first) * element;
        const char* source = from + ((o * count + j) * inner + first) * element;
        add(target, source, nullptr, target, last - first);
      }
    }
  };
  if (values.size() > kParallelWork && outer * pieces > 1) {
    parallel_for(outer * pieces, run);
  } else {
    run(0, outer * pieces);
  }
}

void take_along(const Tensor& x, const Tensor& indices, int axis, const Tensor& out) {
  const int64_t count = indices.length(axis), length = x.length(axis);
  if (indices.size() == 0) return;
  const int64_t element = itemsize(x.dtype());
  const int64_t step = x.strides()[axis] * element, index_step = indices.strides()[axis] * 8,
                out_step = out.strides()[axis] * element;
  Lines{{&x, &indices, &out}, 3, axis}.for_each(out.size(), [&](char* const* at) {
    for (int64_t j = 0; j < count; ++j) {
      int64_t index;
      std::memcpy(&index, at[1] + j * index_step, sizeof(index));
      std::memcpy(at[2] + j * out_step, at[0] + wrap(index, length) * step,
                  static_cast<size_t>(element));
    }
  });
}

void add_along(const Tensor& x, const Tensor& indices, int axis, const Tensor& values) {
  const int64_t count = indices.length(axis), length = x.length(axis);
  if (indices.size() == 0) return;
  const int64_t element = itemsize(x.dtype());
  const int64_t step = x.strides()[axis] * element, index_step = indices.strides()[axis] * 8,
                value_step = values.strides()[axis] * element;
  const auto add = add_kernel(x.dtype());
  Lines{{&x, &indices, &values}, 3, axis}.for_each(values.size(), [&](char* const* at) {
    for (int64_t j = 0; j < count; ++j) {
      int64_t index;
      std::memcpy(&index, at[1] + j * index_step, sizeof(index));
      char* target = at[0] + wrap(index, length) * step;
      add(target, at[2] + j * value_step, nullptr, target, 1);
    }
  });
}

}  // namespace ndtape::engine
