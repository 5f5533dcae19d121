// Gathers and scatters by several arrays of integers at once.
#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "cpu/kernels.h"
#include "engine/elementwise.h"
#include "engine/index.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

// The places that the indices name on the axes between the first and the last of x, in pieces whose
// offsets stay in the L1 cache.
class Points {
 public:
  Points(const Tensor& x, const std::vector<Tensor>& indices)
      : x_(x), indices_(indices), shape_(indices[0].shape()), count_(indices[0].size()) {
    for (const Tensor& index : indices) dense_ = dense_ && index.is_contiguous();
    cols_ = dense_ || shape_.empty() ? count_ : shape_.back();
  }

  int64_t count() const { return count_; }

  // out[p] = the sum of index k at first + p times steps[k].
  void offsets(int64_t first, int64_t n, const int64_t* steps, int64_t* out) const {
    std::memset(out, 0, static_cast<size_t>(n) * sizeof(int64_t));
    while (n > 0) {
      const int64_t col = first % cols_, m = std::min(n, cols_ - col);
      for (size_t k = 0; k < indices_.size(); ++k) {
        const int64_t length = x_.length(static_cast<int>(k) + 1);
        const int64_t stride = dense_ ? 1 : indices_[k].strides()[shape_.size() - 1];
        const int64_t* at = row(k, first / cols_) + col * stride;
        if (!cpu::kernels().add_offsets(at, stride, length, steps[k], out, m)) {
          refuse(k, at, stride, length);
        }
      }
      first += m;
      out += m;
      n -= m;
    }
  }

 private:
  const int64_t* row(size_t k, int64_t number) const {
    const int64_t* at = indices_[k].data<int64_t>();
    if (dense_) return at;
    for (int i = shape_.size() - 2; i >= 0; --i) {
      at += number % shape_[i] * indices_[k].strides()[i];
      number /= shape_[i];
    }
    return at;
  }

  [[noreturn]] static void refuse(size_t k, const int64_t* at, int64_t stride, int64_t length) {
    while (-length <= *at && *at < length) at += stride;
    throw IndexError("index: " + std::to_string(*at) + " in array " + std::to_string(k) +
                     " is out of range for an axis of length " + std::to_string(length));
  }

  const Tensor& x_;
  const std::vector<Tensor>& indices_;
  const Dims shape_;
  const int64_t count_;
  int64_t cols_ = 0;
  bool dense_ = true;
};

// What is moved at each point: `inner` elements, `step` bytes apart, or one if they lie together
// and a kernel knows their size.
struct Item {
  explicit Item(const Tensor& x) : inner(x.length(x.ndim() - 1)), element(itemsize(x.dtype())) {
    step = x.strides()[x.ndim() - 1] * element;
    const int64_t whole = inner * element;
    if (inner > 1 && step == element && whole <= 16 && (whole & (whole - 1)) == 0) {
      element = whole;
      inner = 1;
    }
  }
  int size_class() const { return __builtin_ctzll(static_cast<uint64_t>(element)); }
  int64_t bytes() const { return inner * element; }

  int64_t inner, element, step;
};

std::vector<int64_t> byte_steps(const Tensor& x) {
  std::vector<int64_t> steps;
  for (int i = 1; i < x.ndim() - 1; ++i) steps.push_back(x.strides()[i] * itemsize(x.dtype()));
  return steps;
}

template <class Body>
void run_pieces(int64_t count, int64_t work, Body&& body) {
  if (work > kParallelWork / 4) {
    parallel_for(count, body);
  } else {
    body(0, count);
  }
}

constexpr int64_t kPiece = 1024;

int64_t pieces_of(int64_t count) { return (count + kPiece - 1) / kPiece; }

}  // namespace

void take_points(const Tensor& x, const std::vector<Tensor>& indices, const Tensor& out) {
  const Points points(x, indices);
  if (points.count() == 0) return;
  const Item item(x);
  const std::vector<int64_t> steps = byte_steps(x);
  const auto take = cpu::kernels().take[item.size_class()];
  const auto gather = cpu::kernels().gather[item.size_class()];
  const auto* from = static_cast<const char*>(x.data());
  auto* to = static_cast<char*>(out.mutable_data());
  const int64_t outer = x.length(0), outer_step = x.strides()[0] * itemsize(x.dtype());
  const int64_t bytes = item.bytes();
  auto run = [&](int64_t begin, int64_t end) {
    int64_t offsets[kPiece];
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t first = piece * kPiece, n = std::min(kPiece, points.count() - first);
      points.offsets(first, n, steps.data(), offsets);
      for (int64_t o = 0; o < outer; ++o) {
        const char* source = from + o * outer_step;
        char* target = to + (o * points.count() + first) * bytes;
        if (item.inner == 1) {
          take(source, 0, offsets, target, 0, 1, n);
          continue;
        }
        for (int64_t p = 0; p < n; ++p, target += bytes) {
          if (item.step == item.element) {
            std::memcpy(target, source + offsets[p], static_cast<size_t>(bytes));
          } else {
            gather(source + offsets[p], 0, item.step, target, 1, item.inner);
          }
        }
      }
    }
  };
  // Also where nothing is moved, the indices are looked at.
  run_pieces(pieces_of(points.count()), std::max(points.count(), out.size()), run);
}

void put_points(const Tensor& x, const std::vector<Tensor>& indices, const Tensor& values,
                FunctionRef<void()> begin_writing) {
  const Points points(x, indices);
  const int64_t count = points.count();
  if (count == 0) return;
  const Item item(x);
  const std::vector<int64_t> steps = byte_steps(x);
  const Tensor places = Tensor::empty({count}, DType::Int64);
  auto* offsets = places.mutable_data<int64_t>();
  run_pieces(pieces_of(count), count, [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kPiece;
    points.offsets(first, std::min(count, end * kPiece) - first, steps.data(), offsets + first);
  });
  begin_writing();
  const auto put = cpu::kernels().put[item.size_class()];
  const auto scatter = cpu::kernels().scatter[item.size_class()];
  const auto* from = static_cast<const char*>(values.data());
  auto* to = static_cast<char*>(x.mutable_data());
  const int64_t outer_step = x.strides()[0] * itemsize(x.dtype()), bytes = item.bytes();
  // Threads share the outer axis alone, for the last of several values is to stay.
  run_pieces(x.length(0), values.size(), [&](int64_t begin, int64_t end) {
    for (int64_t o = begin; o < end; ++o) {
      char* target = to + o * outer_step;
      const char* source = from + o * count * bytes;
      if (item.inner == 1) {
        put(target, offsets, source, count);
        continue;
      }
      for (int64_t p = 0; p < count; ++p, source += bytes) {
        if (item.step == item.element) {
          std::memcpy(target + offsets[p], source, static_cast<size_t>(bytes));
        } else {
          scatter(source, target + offsets[p], 0, item.step, 1, item.inner);
        }
      }
    }
  });
}

void number_points(const Tensor& x, const std::vector<Tensor>& indices, const Tensor& out) {
  const Points points(x, indices);
  if (points.count() == 0) return;
  std::vector<int64_t> steps(indices.size());
  int64_t step = 1;
  for (size_t k = indices.size(); k-- > 0; step *= x.length(static_cast<int>(k) + 1)) {
    steps[k] = step;
  }
  auto* numbers = out.mutable_data<int64_t>();
  run_pieces(pieces_of(points.count()), points.count(), [&](int64_t begin, int64_t end) {
    const int64_t first = begin * kPiece, last = std::min(points.count(), end * kPiece);
    points.offsets(first, last - first, steps.data(), numbers + first);
  });
}

}  // namespace ndtape::engine
