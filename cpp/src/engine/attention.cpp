#include "engine/attention.h"

#include <algorithm>
#include <optional>

#include "cpu/kernels.h"
#include "cpu/layers.h"
#include "engine/packed_product.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

constexpr int64_t kBlockBytes = 256 << 10;  // of the scores of a block of targets
constexpr int64_t kMostTargets = 256;
constexpr int64_t kLeastTargets = 12;  // a tile's
// Batches smaller than this are cut along their targets too, into parts of at least so many.
constexpr int64_t kTasks = 8;
constexpr int64_t kTargetsOfPart = 128;

int64_t ceil_div(int64_t n, int64_t d) { return (n + d - 1) / d; }

template <class T>
class Attention {
 public:
  explicit Attention(const AttentionShape& s)
      : s_(s), kernels_(*cpu::kernels().attention[s.dtype == DType::Float64]) {
    const int64_t fitting = kBlockBytes / (s.sources * static_cast<int64_t>(sizeof(T)));
    block_ = std::clamp(fitting, kLeastTargets, kMostTargets);
    parts_ = std::clamp(ceil_div(kTasks, s.batch), int64_t{1}, ceil_div(s.targets, kTargetsOfPart));
  }

  void forward(T* y) const {
    if (!s_.top) return forward_few(y);
    for_parts([&](int64_t i, int64_t begin, int64_t end, int64_t) {
      const PackedMatrix<T> keys(key(i), 1, s_.key.row, s_.features, s_.sources),
          values(value(i), s_.value.row, 1, s_.sources, s_.outputs);
      const int64_t packing = std::max(keys.scratch(), values.scratch());
      T* const packed = buffer(packing + (s_.weights ? 0 : block_ * s_.sources));
      for (int64_t t = begin; t < end; t += block_) {
        const int64_t rows = std::min(block_, end - t), seen = sources_of(t + rows);
        T* const w = s_.weights ? kept(i, t) : packed + packing;
        weigh(keys, i, t, rows, seen, w, packed, false);
        values.multiply(w, s_.sources, 1, rows, y + (i * s_.targets + t) * s_.outputs, s_.outputs,
                        false, packed, seen, s_.outputs);
      }
    });
  }

  void backward(const T* dy, T* dquery, T* dkey, T* dvalue) const {
    const int64_t key_size = s_.sources * s_.features, value_size = s_.sources * s_.outputs;
    // Of each part of each matrix, but for the first, which has its place in the result.
    const int64_t others = (parts_ - 1) * s_.batch;
    const Ref<Storage> memory =
        Storage::allocate(static_cast<size_t>(others * (key_size + value_size)) * sizeof(T));
    T* const more_keys = static_cast<T*>(memory->data());
    T* const more_values = more_keys + others * key_size;
    const auto place = [&](T* result, T* more, int64_t size, int64_t i, int64_t part) {
      return part == 0 ? result + i * size : more + (i * (parts_ - 1) + part - 1) * size;
    };
    for_parts([&](int64_t i, int64_t begin, int64_t end, int64_t part) {
      T* const dk = place(dkey, more_keys, key_size, i, part);
      T* const dv = place(dvalue, more_values, value_size, i, part);
      std::fill_n(dk, key_size, T(0));
      std::fill_n(dv, value_size, T(0));
      back_part(i, begin, end, dy, dquery, dk, dv);
    });
    for (int64_t i = 0; i < s_.batch; ++i) {
      add_parts(dkey + i * key_size, more_keys + i * (parts_ - 1) * key_size, key_size);
      add_parts(dvalue + i * value_size, more_values + i * (parts_ - 1) * value_size, value_size);
    }
  }

 private:
  T* matrix(const Stack& stack, int64_t i) const {
    return reinterpret_cast<T*>(stack.data) + place(stack, i);
  }
  int64_t place(const Stack& stack, int64_t i) const {
    int64_t at = 0;
    for (int axis = s_.batch_axes.size() - 1; axis >= 0; --axis) {
      at += i % s_.batch_axes[axis] * stack.steps[axis];
      i /= s_.batch_axes[axis];
    }
    return at;
  }
  const T* query(int64_t i) const { return matrix(s_.query, i); }
  const T* key(int64_t i) const { return matrix(s_.key, i); }
  const T* value(int64_t i) const { return matrix(s_.value, i); }
  T* kept(int64_t i, int64_t t) const {
    return static_cast<T*>(s_.weights) + (i * s_.targets + t) * s_.sources;
  }
  static T* buffer(int64_t values) {
    return static_cast<T*>(scratch(Scratch::Vector, static_cast<size_t>(values) * sizeof(T)));
  }
  // Sources that any of the targets before `end` sees.
  int64_t sources_of(int64_t end) const {
    return s_.causal ? std::min(end, s_.sources) : s_.sources;
  }

  // Calls body(matrix, first target, last, part); parts are set by the shape.
  template <class Body>
  void for_parts(Body&& body) const {
    const auto run = [&](int64_t first, int64_t last) {
      for (int64_t task = first; task < last; ++task) {
        const int64_t part = task % parts_;
        body(task / parts_, part * s_.targets / parts_, (part + 1) * s_.targets / parts_, part);
      }
    };
    const int64_t tasks = s_.batch * parts_;
    if (s_.batch * s_.targets * s_.sources * s_.features < kSerialWork) return run(0, tasks);
    parallel_for(tasks, run);
  }

  // The weights of a block of targets for the first `seen` sources.
  void weigh(const PackedMatrix<T>& keys, int64_t i, int64_t t, int64_t rows, int64_t seen, T* w,
             T* packed, bool again) const {
    keys.multiply(query(i) + t * s_.query.row, s_.query.row, 1, rows, w, s_.sources, false, packed,
                  s_.features, seen);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t at = i * s_.targets + t + r;
      to_weights(i, t + r, seen, w + r * s_.sources, again, static_cast<T*>(s_.top) + at,
                 static_cast<T*>(s_.inverse) + at);
    }
  }

  // The weights of a target from its scores.
  void to_weights(int64_t i, int64_t t, int64_t seen, T* row, bool again, T* top,
                  T* inverse) const {
    const int64_t own = sources_of(t + 1);
    const T* bias = nullptr;
    const uint8_t* visible = nullptr;
    if (s_.mask.data) {
      const int64_t from = place(s_.mask, i) + t * s_.mask.row;
      if (s_.additive) {
        bias = reinterpret_cast<T*>(s_.mask.data) + from;
      } else {
        visible = reinterpret_cast<uint8_t*>(s_.mask.data) + from;
      }
    }
    kernels_.weights(row, s_.scale, bias, visible, again, top, inverse, own);
    std::fill_n(row + own, seen - own, T(0));
  }

  void forward_few(T* y) const {
    T own[kFewWeighed], top, inverse;
    for (int64_t i = 0; i < s_.batch; ++i) {
      const T *query = this->query(i), *const keys = key(i), *const values = value(i);
      for (int64_t t = 0; t < s_.targets; ++t, query += s_.query.row, y += s_.outputs) {
        T* const w = s_.weights ? kept(i, t) : own;
        for (int64_t j = 0; j < s_.sources; ++j) {
          w[j] = 0;
          for (int64_t k = 0; k < s_.features; ++k) w[j] += query[k] * keys[j * s_.key.row + k];
        }
        to_weights(i, t, s_.sources, w, false, &top, &inverse);
        for (int64_t k = 0; k < s_.outputs; ++k) {
          y[k] = 0;
          for (int64_t j = 0; j < s_.sources; ++j) y[k] += w[j] * values[j * s_.value.row + k];
        }
      }
    }
  }

  void back_part(int64_t i, int64_t begin, int64_t end, const T* dy, T* dquery, T* dk,
                 T* dv) const {
    const int64_t n = s_.sources, d = s_.features, e = s_.outputs;
    const PackedMatrix<T> keys(key(i), s_.key.row, 1, n, d),
        values_across(value(i), 1, s_.value.row, e, n);
    std::optional<PackedMatrix<T>> keys_across;  // for weights that were not kept
    if (!s_.weights) keys_across.emplace(key(i), 1, s_.key.row, d, n);
    const int64_t packing = PackedMatrix<T>::scratch(std::max({n, d, e, block_}));
    T* const packed = buffer(packing + (s_.weights ? 1 : 2) * block_ * n);
    T* const slopes = packed + packing;
    for (int64_t t = begin; t < end; t += block_) {
      const int64_t rows = std::min(block_, end - t), seen = sources_of(t + rows);
      T* const w = s_.weights ? kept(i, t) : slopes + block_ * n;
      if (!s_.weights) weigh(*keys_across, i, t, rows, seen, w, packed, true);
      const T* const g = dy + (i * s_.targets + t) * e;
      values_across.multiply(g, e, 1, rows, slopes, n, false, packed, e, seen);
      const PackedMatrix<T> gradients(g, e, 1, rows, e);
      gradients.multiply(w, 1, n, seen, dv, e, true, packed);
      for (int64_t r = 0; r < rows; ++r) {
        kernels_.slope(w + r * n, slopes + r * n, s_.scale, seen);
      }
      keys.multiply(slopes, n, 1, rows, dquery + (i * s_.targets + t) * d, d, false, packed, seen,
                    d);
      const PackedMatrix<T> queries(query(i) + t * s_.query.row, s_.query.row, 1, rows, d);
      queries.multiply(slopes, 1, n, seen, dk, d, true, packed);
    }
  }

  // to += the parts one after another.
  void add_parts(T* to, const T* parts, int64_t size) const {
    for (int64_t p = 0; p + 1 < parts_; ++p) {
      for (int64_t k = 0; k < size; ++k) to[k] += parts[p * size + k];
    }
  }

  const AttentionShape& s_;
  const cpu::AttentionKernels& kernels_;
  int64_t block_;  // targets taken together
  int64_t parts_;  // of the targets of a matrix
};

}  // namespace

void attend(const AttentionShape& s, void* y) {
  if (s.dtype == DType::Float32) {
    Attention<float>(s).forward(static_cast<float*>(y));
  } else {
    Attention<double>(s).forward(static_cast<double*>(y));
  }
}

void attend_back(const AttentionShape& s, const void* dy, void* dquery, void* dkey, void* dvalue) {
  const auto run = [&]<class T>(T) {
    Attention<T>(s).backward(static_cast<const T*>(dy), static_cast<T*>(dquery),
                             static_cast<T*>(dkey), static_cast<T*>(dvalue));
  };
  s.dtype == DType::Float32 ? run(float()) : run(double());
}

}  // namespace ndtape::engine
