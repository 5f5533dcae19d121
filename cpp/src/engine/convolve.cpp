// Convolution as a matrix product: (out channels, taps) @ (taps, positions) for every image.
//
// The second operand, the patches, never exists as a whole. A thread copies the part of an image
// that its block of positions meets into a slab, with zeros around it and the last axis dealt out
// by stride, so that neighbouring positions read neighbouring values whatever the stride. There the
// value of a tap at a position lies at tap_offset[tap] + position_offset[position]: panels of the
// product are gathered by those two tables.
//
// The derivative by the input is the same product on the output's gradient: each residue of the
// input's positions modulo the stride meets its own taps, at stride 1. The derivative by the weight
// multiplies by the transposed patches, so its panels have taps as lanes.
#include "engine/convolve.h"

#include <algorithm>
#include <vector>

#include "engine/matmul_internal.h"
#include "engine/patches.h"
#include "ndtape/parallel.h"
#include "ndtape/tensor.h"

namespace ndtape::engine {

namespace {

constexpr int64_t kGroupBytes = 256 << 10;   // of panels gathered together: L2
constexpr int64_t kRowBytes = 512 << 10;     // of packed rows, likewise
constexpr int64_t kStepBytes = 4096;         // of a packed row in one tile
constexpr int64_t kTasks = 16;               // wanted of the derivative by the weight
constexpr int64_t kPartialBytes = 16 << 20;  // for partial sums of it
constexpr int64_t kSumBytes = 512 << 10;     // of sums that one task of it works on: L2
constexpr int64_t kRowsBeside = 8;  // of a tile of one vector: their pointers stay in registers
constexpr int64_t kTapsAdded = 16;  // together, of those sums: more share cache sets

void run_tasks(int64_t count, int64_t work, FunctionRef<void(int64_t, int64_t)> body) {
  if (work < kSerialWork) return body(0, count);
  parallel_for(count, body);
}

// n values, not set.
template <class T>
class Values {
 public:
  explicit Values(int64_t n) : memory_(Storage::allocate(static_cast<size_t>(n) * sizeof(T))) {}
  T* data() const { return static_cast<T*>(memory_->data()); }

 private:
  Ref<Storage> memory_;
};

// A matrix whose panels of at most mr rows, evenly dealt, are packed, block of k by block of k.
template <class T>
class PackedRows {
 public:
  PackedRows(const T* a, int64_t m, int64_t k)
      : g_(gemm_kernels<T>()),
        m_(m),
        k_(k),
        panels_(ceil_div(m, g_.mr)),
        data_(panels_ * g_.mr * k) {
    kc_ = even_block(k, kStepBytes / static_cast<int64_t>(sizeof(T)), 8);
    run_tasks(panels_, m * k, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        for (int64_t p = 0; p < k; p += kc_) {
          g_.pack_a(a + first(i) * k + p, 1, k, steps(p), lanes(i), panel(i, p));
        }
      }
    });
  }
  int64_t block() const { return kc_; }
  int64_t panels() const { return panels_; }
  int64_t steps(int64_t p) const { return std::min(kc_, k_ - p); }
  int64_t first(int64_t i) const { return i * m_ / panels_; }  // row of a panel
  int lanes(int64_t i) const { return static_cast<int>(first(i + 1) - first(i)); }
  T* panel(int64_t i, int64_t p) const {
    return data_.data() + p * panels_ * g_.mr + i * g_.mr * steps(p);
  }

 private:
  const cpu::GemmKernels& g_;
  int64_t m_, k_, panels_, kc_;
  Values<T> data_;
};

// (rows, patches) -> rows @ patches, a block of positions at a time.
template <class T>
class PatchProduct {
 public:
  PatchProduct(const std::vector<PackedRows<T>>& rows, const Patches<T>& patches)
      : rows_(rows), patches_(patches), g_(gemm_kernels<T>()) {
    panel_ = g_.nr * rows[0].block();
    group_ = std::max<int64_t>(1, kGroupBytes / (panel_ * static_cast<int64_t>(sizeof(T))));
    if (patches.in_place()) return;
    gathered_step_.reserve(static_cast<size_t>(rows[0].block()));
    gathered_lane_.reserve(static_cast<size_t>(g_.nr));
    for (int64_t q = 0; q < rows[0].block(); ++q) gathered_step_.push_back(q * g_.nr);
    for (int64_t i = 0; i < g_.nr; ++i) gathered_lane_.push_back(i);
  }

  // Values that `run` wants at `panels`.
  int64_t scratch() const { return patches_.in_place() ? 0 : group_ * panel_ + cpu::kGatherSlack; }

  // c[:, block] = rows of a group @ patches of `block` + bias by rows; c with unit column stride.
  void run(int64_t group, const T* slab, int64_t block, const T* bias, T* panels, T* c,
           int64_t c_row) const {
    const PackedRows<T>& rows = rows_[group];
    const int64_t k = patches_.taps(), n = patches_.block_positions(block);
    const int64_t* const position = patches_.position_offsets();
    const int64_t together = patches_.in_place() ? n : group_ * g_.nr;
    for (int64_t first = 0; first < n; first += together) {
      const int64_t last = std::min(n, first + together);
      for (int64_t p = 0; p < k; p += rows.block()) {
        const int64_t steps = rows.steps(p);
        const int64_t* const tap = patches_.tap_offsets() + p;
        if (!patches_.in_place()) {
          T* to = panels;
          for (int64_t j = first; j < last; j += g_.nr, to += panel_) {
            g_.gather_lanes(slab, tap, steps, position + j, columns(j, last), to);
          }
        }
        for (int64_t i = 0; i < rows.panels(); ++i) {
          const T* const add = bias && p == 0 ? bias + rows.first(i) : nullptr;
          const T* from = panels;
          for (int64_t j = first; j < last; j += g_.nr, from += panel_) {
            const bool there = patches_.in_place();
            g_.tile_columns(
                steps, rows.panel(i, p), there ? slab : from, there ? tap : gathered_step_.data(),
                there ? position + j : gathered_lane_.data(), c + rows.first(i) * c_row + j, c_row,
                rows.lanes(i), columns(j, last), add, p > 0);
          }
        }
      }
    }
  }

 private:
  int columns(int64_t j, int64_t last) const {
    return static_cast<int>(std::min<int64_t>(g_.nr, last - j));
  }

  const std::vector<PackedRows<T>>& rows_;  // of each group
  const Patches<T>& patches_;
  const cpu::GemmKernels& g_;
  int64_t panel_, group_;  // values of a gathered panel; panels gathered together
  std::vector<int64_t> gathered_step_, gathered_lane_;
};

// Where a thread works: a slab, gathered panels, and a block of c where that is scattered.
template <class T>
struct Workplace {
  T *slab, *panels, *c;
  Workplace(size_t slab_bytes, int64_t panel_values, int64_t c_values) {
    const size_t slab_values = slab_bytes / sizeof(T);
    const size_t total = slab_values + static_cast<size_t>(panel_values + c_values);
    slab = static_cast<T*>(scratch(Scratch::Image, (total + 64) * sizeof(T)));
    panels = slab + (slab_values + 15) / 16 * 16;
    c = panels + panel_values;
  }
};

PatchAxis forward_axis(const ConvAxis& axis) {
  PatchAxis result{axis.input, axis.output, axis.stride, axis.padding, {}};
  result.taps.reserve(static_cast<size_t>(axis.kernel));
  for (int64_t i = 0; i < axis.kernel; ++i) result.taps.push_back(i * axis.dilation);
  return result;
}

int64_t products(const ConvShape& s) {
  int64_t result = s.images * s.groups * s.in_channels * s.out_channels;
  for (const ConvAxis& axis : s.axes) result *= axis.output * axis.kernel;
  return result;
}

template <class T>
void convolve(const ConvShape& s, const ConvImages& x, const T* w, const T* bias, T* y) {
  const PatchAxis axes[] = {forward_axis(s.axes[0]), forward_axis(s.axes[1]),
                            forward_axis(s.axes[2])};
  const Patches<T> patches(x, s.in_channels, axes);
  const int64_t m = s.out_channels, k = patches.taps(), n = patches.positions(),
                blocks = patches.blocks();
  std::vector<PackedRows<T>> rows;
  rows.reserve(static_cast<size_t>(s.groups));
  for (int64_t g = 0; g < s.groups; ++g) rows.emplace_back(w + g * m * k, m, k);
  const PatchProduct<T> product(rows, patches);
  run_tasks(
      s.images * s.groups * blocks, s.images * s.groups * m * n * k,
      [&](int64_t begin, int64_t end) {
        const Workplace<T> at(patches.slab_bytes(s.in_channels), product.scratch(), 0);
        for (int64_t task = begin; task < end; ++task) {
          const int64_t block = task % blocks, stack = task / blocks;  // image and group
          const int64_t group = stack % s.groups;
          T* const to = y + stack * m * n + patches.block_begin(block);
          patches.fill(stack / s.groups, group * s.in_channels, s.in_channels, block, at.slab);
          product.run(group, at.slab, block, bias ? bias + group * m : nullptr, at.panels, to, n);
        }
      });
}

// The input positions of one residue modulo the stride, along one axis.
struct Phase {
  PatchAxis axis;
  int64_t residue;
  std::vector<int64_t> weights;  // which weight each tap meets
};

Phase phase_of(const ConvAxis& axis, int64_t residue) {
  Phase phase;
  phase.residue = residue;
  std::vector<int64_t> at;
  for (int64_t i = 0; i < axis.kernel; ++i) {
    const int64_t shift = residue + axis.padding - i * axis.dilation;
    if (shift % axis.stride != 0) continue;
    phase.weights.push_back(i);
    at.push_back(shift / axis.stride);
  }
  const int64_t lowest = at.empty() ? 0 : *std::min_element(at.begin(), at.end());
  phase.axis = {axis.output, ceil_div(axis.input - residue, axis.stride), 1, -lowest, {}};
  for (int64_t o : at) phase.axis.taps.push_back(o - lowest);
  return phase;
}

// The weights that the phases' taps meet: rows are input channels, columns (out channel, tap).
template <class T>
Values<T> transposed_weight(const ConvShape& s, const T* w, const Phase* const (&phases)[3]) {
  const int64_t kernel = s.axes[0].kernel * s.axes[1].kernel * s.axes[2].kernel;
  int64_t columns = s.out_channels;
  for (const Phase* p : phases) columns *= static_cast<int64_t>(p->weights.size());
  const Values<T> a(s.in_channels * columns);
  run_tasks(s.in_channels, s.in_channels * columns, [&](int64_t begin, int64_t end) {
    T* to = a.data() + begin * columns;
    for (int64_t c = begin; c < end; ++c) {
      for (int64_t o = 0; o < s.out_channels; ++o) {
        const T* const from = w + (o * s.in_channels + c) * kernel;
        for (int64_t i : phases[0]->weights) {
          for (int64_t j : phases[1]->weights) {
            const T* const row = from + (i * s.axes[1].kernel + j) * s.axes[2].kernel;
            for (int64_t k : phases[2]->weights) *to++ = row[k];
          }
        }
      }
    }
  });
  return a;
}

// Positions p.. of a phase, counted within it, to their places in an image.
template <class T>
void scatter(const ConvShape& s, const Phase* const (&phases)[3], const T* from, int64_t begin,
             int64_t count, T* image) {
  const int64_t n1 = phases[1]->axis.positions, n2 = phases[2]->axis.positions;
  for (int64_t p = begin; p < begin + count;) {
    const int64_t i = p / (n1 * n2) * s.axes[0].stride + phases[0]->residue;
    const int64_t j = p / n2 % n1 * s.axes[1].stride + phases[1]->residue;
    T* const row = image + (i * s.axes[1].input + j) * s.axes[2].input + phases[2]->residue;
    const int64_t stride = s.axes[2].stride;
    const int64_t stop = std::min(begin + count, (p / n2 + 1) * n2);
    for (int64_t k = p % n2; p < stop; ++p, ++k) row[k * stride] = *from++;
  }
}

template <class T>
void convolve_input(const ConvShape& s, const ConvImages& y, const T* w, T* x) {
  std::vector<Phase> phases[kSpatial];
  bool strided = false, complete = true;
  for (int a = 0; a < kSpatial; ++a) {
    strided = strided || s.axes[a].stride > 1;
    for (int64_t r = 0; r < std::min(s.axes[a].stride, s.axes[a].input); ++r) {
      phases[a].push_back(phase_of(s.axes[a], r));
      complete = complete && !phases[a].back().weights.empty();
    }
  }
  const int64_t plane = s.axes[0].input * s.axes[1].input * s.axes[2].input;
  const int64_t kernel = s.axes[0].kernel * s.axes[1].kernel * s.axes[2].kernel;
  const int64_t m = s.in_channels;
  if (!complete) std::fill_n(x, s.images * s.groups * m * plane, T(0));

  for (const Phase& p0 : phases[0]) {
    for (const Phase& p1 : phases[1]) {
      for (const Phase& p2 : phases[2]) {
        const Phase* const p[] = {&p0, &p1, &p2};
        if (p0.weights.empty() || p1.weights.empty() || p2.weights.empty()) continue;
        const PatchAxis axes[] = {p0.axis, p1.axis, p2.axis};
        const Patches<T> patches(y, s.out_channels, axes);
        const int64_t k = patches.taps(), n = patches.positions(), blocks = patches.blocks();
        std::vector<PackedRows<T>> rows;
        rows.reserve(static_cast<size_t>(s.groups));
        for (int64_t g = 0; g < s.groups; ++g) {
          const T* const from = w + g * s.out_channels * m * kernel;
          rows.emplace_back(transposed_weight(s, from, p).data(), m, k);
        }
        const PatchProduct<T> product(rows, patches);
        run_tasks(s.images * s.groups * blocks, s.images * s.groups * m * n * k,
                  [&](int64_t begin, int64_t end) {
                    const int64_t c_values = strided ? m * patches.block_positions(0) : 0;
                    const Workplace<T> at(patches.slab_bytes(s.out_channels), product.scratch(),
                                          c_values);
                    for (int64_t task = begin; task < end; ++task) {
                      const int64_t block = task % blocks, stack = task / blocks;
                      const int64_t group = stack % s.groups;
                      const int64_t first = patches.block_begin(block),
                                    count = patches.block_positions(block);
                      patches.fill(stack / s.groups, group * s.out_channels, s.out_channels, block,
                                   at.slab);
                      T* const to = x + stack * m * plane;
                      if (!strided) {
                        product.run(group, at.slab, block, nullptr, at.panels, to + first, plane);
                        continue;
                      }
                      product.run(group, at.slab, block, nullptr, at.panels, at.c, count);
                      for (int64_t c = 0; c < m; ++c) {
                        scatter(s, p, at.c + c * count, first, count, to + c * plane);
                      }
                    }
                  });
      }
    }
  }
}

// The derivative by the weight. Its sums run over images and positions, in units of a block of an
// image; runs of units are tasks of their own, whose sums are then added pairwise. Sums are kept as
// (taps, out channels), but where so few channels would leave vectors empty as (out channels,
// taps): then panels of patches are gathered.
template <class T>
class WeightGradient {
 public:
  WeightGradient(const ConvShape& s, const ConvImages& x, const ConvImages& y, T* w,
                 const PatchAxis (&axes)[kSpatial])
      : s_(s), patches_(x, s.in_channels, axes), y_(y), w_(w), g_(gemm_kernels<T>()) {
    m_ = s.out_channels;
    k_ = patches_.taps();
    units_ = s.images * patches_.blocks();
    const int64_t size = static_cast<int64_t>(sizeof(T)), bytes = s.groups * m_ * k_ * size;
    by_taps_ = 2 * m_ < g_.lanes;
    // Parts by taps share no sums: first those that the cache asks for, more if tasks are few.
    const int64_t least = 8 * g_.mr, most = std::max(least, kSumBytes / (m_ * size));
    const int64_t tasks = s.groups * ceil_div(k_, most);
    chunks_ = std::min({units_, ceil_div(kTasks, tasks), 1 + kPartialBytes / bytes});
    const int64_t wanted = ceil_div(k_, ceil_div(kTasks, s.groups * chunks_));
    taps_ = even_block(k_, std::max(least, std::min(most, wanted)), by_taps_ ? g_.nr : g_.mr);
    parts_ = ceil_div(k_, taps_);
    const int64_t width = by_taps_ ? taps_ : m_;
    steps_ = even_block(patches_.block_positions(0),
                        std::max<int64_t>(64, kRowBytes / (width * size)), 8);
  }

  void run() {
    const int64_t size = s_.groups * m_ * k_, tasks = s_.groups * parts_;
    const int64_t work = s_.images * patches_.positions() * size;
    const Values<T> sums(chunks_ * size);
    run_tasks(chunks_ * tasks, work, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t c = task / tasks, group = task % tasks / parts_;
        run_task(group, task % parts_, units_ * c / chunks_, units_ * (c + 1) / chunks_,
                 sums.data() + c * size + group * m_ * k_);
      }
    });
    const int64_t pieces = ceil_div(k_, kTapsAdded);
    run_tasks(s_.groups * pieces, chunks_ * size, [&](int64_t begin, int64_t end) {
      for (int64_t task = begin; task < end; ++task) {
        const int64_t group = task / pieces, first = task % pieces * kTapsAdded;
        finish(sums.data() + group * m_ * k_, size, first, std::min(kTapsAdded, k_ - first),
               w_ + group * m_ * k_);
      }
    });
  }

 private:
  // Taps `part` of a group's sums over some units.
  void run_task(int64_t group, int64_t part, int64_t begin, int64_t end, T* to) const {
    const int64_t first = part * taps_, taps = std::min(taps_, k_ - first);
    const int64_t per_channel = patches_.taps_of_channel(), c0 = first / per_channel;
    const int64_t channels = (first + taps - 1) / per_channel - c0 + 1;
    const int64_t y_values = (by_taps_ ? ceil_div(m_, g_.mr) * g_.mr : panels(m_) * g_.nr) * steps_,
                  x_values = by_taps_ ? panels(taps) * g_.nr * steps_ + cpu::kGatherSlack : 0;
    const Workplace<T> at(patches_.slab_bytes(channels), x_values, y_values);
    const T* const slab = at.slab - c0 * patches_.channel_offset();  // as if of all channels
    const int64_t step = y_.axes[kSpatial - 1];
    bool started = false;
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t block = unit % patches_.blocks(), image = unit / patches_.blocks();
      patches_.fill(image, group * s_.in_channels + c0, channels, block, at.slab);
      const T* const y = static_cast<const T*>(y_.data) + image * y_.image +
                         group * m_ * y_.channel + patches_.block_begin(block) * step;
      const int64_t positions = patches_.block_positions(block);
      for (int64_t p = 0; p < positions; p += steps_, started = true) {
        const Piece piece{first, taps, p, std::min(steps_, positions - p), started};
        by_taps_ ? add_by_taps(piece, slab, y + p * step, at, to)
                 : add_by_channels(piece, slab, y + p * step, at, to);
      }
    }
  }

  struct Piece {
    int64_t first, taps, position, steps;
    bool accumulate;
  };

  void add_by_channels(const Piece& piece, const T* slab, const T* y, const Workplace<T>& at,
                       T* to) const {
    const int64_t most = m_ <= g_.lanes ? std::min<int64_t>(g_.mr, kRowsBeside) : g_.mr;
    const int64_t tiles = ceil_div(piece.taps, most);
    for (int64_t j = 0; j < m_; j += g_.nr) {
      const int channels = lanes(j, m_);
      T* const b = at.c + j * steps_;
      g_.pack_b(y + j * y_.channel, y_.axes[kSpatial - 1], y_.channel, piece.steps, channels, b);
      for (int64_t i = 0; i < tiles; ++i) {
        const int64_t tap = piece.first + i * piece.taps / tiles,
                      end = piece.first + (i + 1) * piece.taps / tiles;
        g_.tile_rows(piece.steps, slab, patches_.position_offsets() + piece.position,
                     patches_.tap_offsets() + tap, b, to + tap * m_ + j, m_,
                     static_cast<int>(end - tap), channels, piece.accumulate);
      }
    }
  }

  void add_by_taps(const Piece& piece, const T* slab, const T* y, const Workplace<T>& at,
                   T* to) const {
    const int64_t step = y_.axes[kSpatial - 1];
    for (int64_t i = 0; i < m_; i += g_.mr) {
      g_.pack_a(y + i * y_.channel, step, y_.channel, piece.steps, rows(i), at.c + i * steps_);
    }
    for (int64_t j = 0; j < piece.taps; j += g_.nr) {
      T* const b = at.panels + j * steps_;
      const int64_t tap = piece.first + j;
      g_.gather_steps(slab, patches_.position_offsets() + piece.position, piece.steps,
                      patches_.tap_offsets() + tap, lanes(j, piece.taps), b);
      for (int64_t i = 0; i < m_; i += g_.mr) {
        g_.tile(piece.steps, at.c + i * steps_, b, to + i * k_ + tap, k_, rows(i),
                lanes(j, piece.taps), piece.accumulate);
      }
    }
  }

  // Adds the chunks' sums of some taps, `chunk` values apart, and writes them where weights lie.
  void finish(T* sums, int64_t chunk, int64_t first, int64_t taps, T* w) const {
    // Values of one row of sums: of a tap's channels together, or of one channel.
    const int64_t rows = by_taps_ ? m_ : 1, row = by_taps_ ? taps : taps * m_;
    for (int64_t stride = 1; stride < chunks_; stride *= 2) {
      for (int64_t c = 0; c + stride < chunks_; c += 2 * stride) {
        for (int64_t r = 0; r < rows; ++r) {
          T* const a = sums + c * chunk + (by_taps_ ? r * k_ + first : first * m_);
          const T* const b = a + stride * chunk;
          for (int64_t i = 0; i < row; ++i) a[i] += b[i];
        }
      }
    }
    const int64_t o_step = by_taps_ ? k_ : 1, t_step = by_taps_ ? 1 : m_;
    for (int64_t o = 0; o < m_; ++o) {
      for (int64_t t = first; t < first + taps; ++t) w[o * k_ + t] = sums[o * o_step + t * t_step];
    }
  }

  int64_t panels(int64_t n) const { return ceil_div(n, g_.nr); }
  int rows(int64_t i) const { return static_cast<int>(std::min<int64_t>(g_.mr, m_ - i)); }
  int lanes(int64_t j, int64_t n) const {
    return static_cast<int>(std::min<int64_t>(g_.nr, n - j));
  }

  const ConvShape& s_;
  const Patches<T> patches_;
  const ConvImages y_;
  T* w_;
  const cpu::GemmKernels& g_;
  int64_t m_, k_, units_, taps_, parts_, chunks_, steps_;  // taps, positions: in one task, tile
  bool by_taps_;
};

template <class T>
void convolve_weight(const ConvShape& s, const ConvImages& x, const ConvImages& y, T* w) {
  const PatchAxis axes[] = {forward_axis(s.axes[0]), forward_axis(s.axes[1]),
                            forward_axis(s.axes[2])};
  WeightGradient<T>(s, x, y, w, axes).run();
}

}  // namespace

void convolve(DType dtype, const ConvShape& shape, const ConvImages& x, const void* w,
              const void* bias, void* y) {
  if (products(shape) <= kFewProducts) return convolve_few(dtype, shape, x, w, bias, y);
  const auto run = [&]<class T>(T) {
    convolve(shape, x, static_cast<const T*>(w), static_cast<const T*>(bias), static_cast<T*>(y));
  };
  dtype == DType::Float32 ? run(float()) : run(double());
}

void convolve_input(DType dtype, const ConvShape& shape, const ConvImages& y, const void* w,
                    void* x) {
  const auto run = [&]<class T>(T) {
    convolve_input(shape, y, static_cast<const T*>(w), static_cast<T*>(x));
  };
  dtype == DType::Float32 ? run(float()) : run(double());
}

void convolve_weight(DType dtype, const ConvShape& shape, const ConvImages& x, const ConvImages& y,
                     void* w) {
  const auto run = [&]<class T>(T) { convolve_weight(shape, x, y, static_cast<T*>(w)); };
  dtype == DType::Float32 ? run(float()) : run(double());
}

}  // namespace ndtape::engine
