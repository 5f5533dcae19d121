#include "engine/recurrent.h"

#include <algorithm>

#include "cpu/kernels.h"
#include "cpu/layers.h"
#include "engine/packed_product.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

constexpr int64_t kRowsOfTask = 4;  // sequences that are never parted
constexpr int64_t kMostRows = 48;   // sequences taken together: their states fit the L2 cache

template <class T>
class Runner {
 public:
  explicit Runner(const Sequence& s)
      : s_(s),
        n_(s.hidden),
        width_(s.gates() * s.hidden),
        cell_(*cpu::kernels().cell[s.dtype == DType::Float64]),
        w_(static_cast<const T*>(s.weight)),
        z_(static_cast<T*>(s.z)),
        h_(static_cast<T*>(s.h)),
        c_(static_cast<T*>(s.c)),
        kept_(static_cast<T*>(s.kept)) {}

  void forward(T* y, int64_t y_row, int64_t y_step) {
    const PackedMatrix<T> b(w_, 1, n_, n_, width_);  // the weight, transposed
    const int64_t own = s_.cell == Cell::gru ? width_ : 0;
    for_rows([&](int64_t first, int64_t rows) {
      T* const packed = buffer(b.scratch() + kMostRows * own);
      T* const sums = packed + b.scratch();
      for (int64_t t = 0; t < s_.steps; ++t) {
        T* const z = z_ + (t * s_.count + first) * width_;
        const T* const h = state(h_, t, first);
        own ? b.multiply(h, n_, 1, rows, sums, width_, false, packed)
            : b.multiply(h, n_, 1, rows, z, width_, true, packed);
        for (int64_t r = 0; r < rows; ++r) {
          step(t, first + r, z + r * width_, sums + r * own);
          if (y) std::copy_n(state(h_, t + 1, first + r), n_, y + (first + r) * y_row + t * y_step);
        }
      }
    });
  }

  void backward(const T* dy, int64_t dy_row, int64_t dy_step, T* dz, T* dz_hidden, T* dh, T* dc) {
    const PackedMatrix<T> b(w_, n_, 1, width_, n_);
    T* const through = s_.cell == Cell::gru ? dz_hidden : dz;
    const auto add = block(Op::add);
    for_rows([&](int64_t first, int64_t rows) {
      T* const packed = buffer(b.scratch());
      for (int64_t t = s_.steps; t-- > 0;) {
        for (int64_t r = first; r < first + rows; ++r) {
          T* const g = dh + r * n_;
          if (dy) add(g, dy + r * dy_row + t * dy_step, nullptr, g, n_);
          const int64_t at = t * s_.count + r;
          slope(t, r, g, dc ? dc + r * n_ : nullptr, dz + at * width_, through + at * width_);
        }
        // A GRU's state also goes past the gates.
        b.multiply(through + (t * s_.count + first) * width_, width_, 1, rows, dh + first * n_, n_,
                   s_.cell == Cell::gru, packed);
      }
    });
  }

 private:
  cpu::BlockKernel block(Op op) const {
    return cpu::kernels().block[static_cast<int>(op)][static_cast<int>(s_.dtype)];
  }
  T* state(T* all, int64_t t, int64_t row) const { return all + (t * s_.count + row) * n_; }
  static T* buffer(int64_t values) {
    return static_cast<T*>(scratch(Scratch::Vector, static_cast<size_t>(values) * sizeof(T)));
  }

  // Sequences do not meet: how many go together makes no difference to any.
  template <class Body>
  void for_rows(Body&& body) const {
    const auto run = [&](int64_t begin, int64_t end) {
      const int64_t last = std::min(end * kRowsOfTask, s_.count);
      for (int64_t row = begin * kRowsOfTask; row < last; row += kMostRows) {
        body(row, std::min(kMostRows, last - row));
      }
    };
    const int64_t tasks = (s_.count + kRowsOfTask - 1) / kRowsOfTask;
    if (s_.count * s_.steps * width_ * n_ < kSerialWork) return run(0, tasks);
    parallel_for(tasks, run);
  }

  void step(int64_t t, int64_t row, T* z, T* sums) const {
    const auto tanh = block(Op::tanh), sigmoid = block(Op::sigmoid), add = block(Op::add);
    const auto in_place = [](cpu::BlockKernel f, T* x, int64_t n) { f(x, nullptr, nullptr, x, n); };
    T *const h = state(h_, t, row), *const next = state(h_, t + 1, row);
    if (s_.bias) add(z, s_.bias, nullptr, z, width_);
    if (s_.cell == Cell::rnn) {
      tanh(z, nullptr, nullptr, next, n_);
    } else if (s_.cell == Cell::lstm) {
      T *const c = state(c_, t, row), *const c_next = state(c_, t + 1, row),
               *const tanh_c = state(kept_, t, row);
      in_place(sigmoid, z, 2 * n_);
      in_place(tanh, z + 2 * n_, n_);
      in_place(sigmoid, z + 3 * n_, n_);
      cell_.lstm_state(z, c, c_next, n_);
      tanh(c_next, nullptr, nullptr, tanh_c, n_);
      block(Op::multiply)(z + 3 * n_, tanh_c, nullptr, next, n_);
    } else {
      if (s_.hidden_bias) add(sums, s_.hidden_bias, nullptr, sums, width_);
      add(z, sums, nullptr, z, 2 * n_);
      in_place(sigmoid, z, 2 * n_);
      std::copy_n(sums + 2 * n_, n_, state(kept_, t, row));
      cell_.gru_candidate(z, sums + 2 * n_, z + 2 * n_, n_);
      in_place(tanh, z + 2 * n_, n_);
      cell_.gru_state(z, h, next, n_);
    }
  }

  void slope(int64_t t, int64_t row, T* dh, T* dc, T* dz, T* dz_hidden) const {
    const T* const z = z_ + (t * s_.count + row) * width_;
    if (s_.cell == Cell::rnn) {
      cell_.rnn_slope(state(h_, t + 1, row), dh, dz, n_);
    } else if (s_.cell == Cell::lstm) {
      cell_.lstm_slope(z, state(c_, t, row), state(kept_, t, row), dh, dc, dz, n_);
    } else {
      cell_.gru_slope(z, state(kept_, t, row), state(h_, t, row), dh, dz, dz_hidden, n_);
    }
  }

  const Sequence& s_;
  const int64_t n_, width_;
  const cpu::CellKernels& cell_;
  const T* const w_;
  T *const z_, *const h_, *const c_, *const kept_;
};

template <class F>
void with_type(const Sequence& s, F&& run) {
  if (s.count == 0 || s.hidden == 0) return;
  s.dtype == DType::Float32 ? run(float()) : run(double());
}

}  // namespace

void run_sequence(const Sequence& s, void* y, int64_t y_row, int64_t y_step) {
  with_type(s, [&]<class T>(T) { Runner<T>(s).forward(static_cast<T*>(y), y_row, y_step); });
}

void run_sequence_back(const Sequence& s, const void* dy, int64_t dy_row, int64_t dy_step, void* dz,
                       void* dz_hidden, void* dh, void* dc) {
  with_type(s, [&]<class T>(T) {
    Runner<T>(s).backward(static_cast<const T*>(dy), dy_row, dy_step, static_cast<T*>(dz),
                          static_cast<T*>(dz_hidden), static_cast<T*>(dh), static_cast<T*>(dc));
  });
}

}  // namespace ndtape::engine
