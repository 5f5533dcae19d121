#include "engine/pool.h"

#include <algorithm>
#include <vector>

#include "cpu/kernels.h"
#include "cpu/layers.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {

PoolWindow PoolAxis::window(int64_t o) const {
  if (kernel == 0) {
    const int64_t begin = o * input / output, end = ((o + 1) * input + output - 1) / output;
    return {begin, end - begin, 1.0 / static_cast<double>(end - begin)};
  }
  int64_t begin = o * stride - padding, count = kernel;
  if (begin < 0) {
    const int64_t skipped = (-begin + dilation - 1) / dilation;
    begin += skipped * dilation;
    count -= skipped;
  }
  count = std::min(count, (input - begin + dilation - 1) / dilation);
  return {begin, count, 1.0 / static_cast<double>(padding_counts ? kernel : count)};
}

namespace {

constexpr int64_t kParallelElements = 16 * 1024;

int64_t input_size(const PoolAxis (&axes)[3]) {
  return axes[0].input * axes[1].input * axes[2].input;
}
int64_t output_size(const PoolAxis (&axes)[3]) {
  return axes[0].output * axes[1].output * axes[2].output;
}

void for_planes(int64_t planes, int64_t size, FunctionRef<void(int64_t, int64_t)> body) {
  if (planes * size < kParallelElements) return body(0, planes);
  parallel_for(planes, body);
}

const cpu::PoolKernels& pool_kernels(DType dtype) {
  return *cpu::kernels().pool[dtype == DType::Float64];
}

template <class F>
void with_type(DType dtype, F&& run) {
  dtype == DType::Float32 ? run(float()) : run(double());
}

// Neighbouring windows of the last axis that begin a fixed step apart and see as many values, which
// count for as much.
struct Run {
  PoolWindow first;
  int64_t count;  // of windows
  int64_t step;
};

// Where the windows lie, on all axes.
struct Windows {
  explicit Windows(const PoolAxis (&of)[3]) : axes(of) {
    outer.reserve(static_cast<size_t>(of[0].output + of[1].output));
    for (int a = 0; a < 2; ++a) {
      for (int64_t o = 0; o < of[a].output; ++o) outer.push_back(of[a].window(o));
    }
    for (int64_t o = 0; o < of[2].output; ++o) {
      const PoolWindow next = of[2].window(o);
      if (!runs.empty()) {
        Run& run = runs.back();
        const int64_t step = next.begin - run.first.begin - (run.count - 1) * run.step;
        if (next.count == run.first.count && next.share == run.first.share && step > 0 &&
            (run.count == 1 || step == run.step)) {
          run.step = step;
          ++run.count;
          continue;
        }
      }
      runs.push_back({next, 1, 1});
    }
  }

  // Calls row(w0, w1) with the outer axes' windows, for each pair of outer output positions.
  template <class Row>
  void each_row(Row&& row) const {
    const PoolWindow* const second = outer.data() + axes[0].output;
    for (int64_t i = 0; i < axes[0].output; ++i) {
      for (int64_t j = 0; j < axes[1].output; ++j) row(outer[static_cast<size_t>(i)], second[j]);
    }
  }

  const PoolAxis (&axes)[3];
  std::vector<PoolWindow> outer;  // of the first axis, and of the second
  std::vector<Run> runs;
};

// A kernel takes one value of each of a run of windows at a time.
template <class T>
void max_plane(const Windows& windows, const cpu::PoolKernels& kernels, const T* x, T* y,
               int32_t* positions) {
  const PoolAxis &a0 = windows.axes[0], &a1 = windows.axes[1], &a2 = windows.axes[2];
  windows.each_row([&](const PoolWindow& w0, const PoolWindow& w1) {
    for (const Run& run : windows.runs) {
      const int64_t first = (w0.begin * a1.input + w1.begin) * a2.input + run.first.begin;
      bool start = true;
      for (int64_t i = 0; i < w0.count; ++i) {
        for (int64_t j = 0; j < w1.count; ++j) {
          int64_t p = first + (i * a0.dilation * a1.input + j * a1.dilation) * a2.input;
          for (int64_t k = 0; k < run.first.count; ++k, p += a2.dilation) {
            kernels.max(x + p, run.step, start, static_cast<int32_t>(p), y, positions, run.count);
            start = false;
          }
        }
      }
      y += run.count;
      if (positions) positions += run.count;
    }
  });
}

// Calls visit(place in x, place in y, share, run) for each value that every window of a run sees.
template <class Visit>
void each_value(const Windows& windows, Visit&& visit) {
  const PoolAxis &a0 = windows.axes[0], &a1 = windows.axes[1], &a2 = windows.axes[2];
  int64_t q = 0;
  windows.each_row([&](const PoolWindow& w0, const PoolWindow& w1) {
    const double share = w0.share * w1.share;
    for (const Run& run : windows.runs) {
      for (int64_t i = 0; i < w0.count; ++i) {
        for (int64_t j = 0; j < w1.count; ++j) {
          const int64_t row = (w0.begin + i * a0.dilation) * a1.input + w1.begin + j * a1.dilation;
          int64_t p = row * a2.input + run.first.begin;
          for (int64_t k = 0; k < run.first.count; ++k, p += a2.dilation) {
            visit(p, q, share * run.first.share, run);
          }
        }
      }
      q += run.count;
    }
  });
}

}  // namespace

void max_pool(DType dtype, int64_t planes, const PoolAxis (&axes)[3], const void* x, void* y,
              int32_t* positions) {
  const int64_t in = input_size(axes), out = output_size(axes);
  const Windows windows(axes);
  const cpu::PoolKernels& kernels = pool_kernels(dtype);
  with_type(dtype, [&]<class T>(T) {
    for_planes(planes, in, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        max_plane(windows, kernels, static_cast<const T*>(x) + p * in, static_cast<T*>(y) + p * out,
                  positions ? positions + p * out : nullptr);
      }
    });
  });
}

void gather_planes(DType dtype, int64_t planes, int64_t input, int64_t output, const void* x,
                   const int32_t* positions, void* y) {
  with_type(dtype, [&]<class T>(T) {
    for_planes(planes, output, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        const T* const from = static_cast<const T*>(x) + p * input;
        T* const to = static_cast<T*>(y) + p * output;
        for (int64_t i = 0; i < output; ++i) to[i] = from[positions[p * output + i]];
      }
    });
  });
}

void scatter_planes(DType dtype, int64_t planes, int64_t input, int64_t output, const void* y,
                    const int32_t* positions, void* x) {
  with_type(dtype, [&]<class T>(T) {
    for_planes(planes, input, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        const T* const from = static_cast<const T*>(y) + p * output;
        T* const to = static_cast<T*>(x) + p * input;
        std::fill_n(to, input, T(0));
        for (int64_t i = 0; i < output; ++i) to[positions[p * output + i]] += from[i];
      }
    });
  });
}

void mean_pool(DType dtype, int64_t planes, const PoolAxis (&axes)[3], const void* x, void* y) {
  const int64_t in = input_size(axes), out = output_size(axes);
  const Windows windows(axes);
  const cpu::PoolKernels& kernels = pool_kernels(dtype);
  with_type(dtype, [&]<class T>(T) {
    for_planes(planes, in, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        const T* const from = static_cast<const T*>(x) + p * in;
        T* const to = static_cast<T*>(y) + p * out;
        std::fill_n(to, out, T(0));
        each_value(windows, [&](int64_t i, int64_t o, double share, const Run& run) {
          kernels.add(from + i, run.step, share, to + o, run.count);
        });
      }
    });
  });
}

void mean_spread(DType dtype, int64_t planes, const PoolAxis (&axes)[3], const void* y, void* x) {
  const int64_t in = input_size(axes), out = output_size(axes);
  const Windows windows(axes);
  const cpu::PoolKernels& kernels = pool_kernels(dtype);
  with_type(dtype, [&]<class T>(T) {
    for_planes(planes, in, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        const T* const from = static_cast<const T*>(y) + p * out;
        T* const to = static_cast<T*>(x) + p * in;
        std::fill_n(to, in, T(0));
        each_value(windows, [&](int64_t i, int64_t o, double share, const Run& run) {
          kernels.spread(from + o, run.step, share, to + i, run.count);
        });
      }
    });
  });
}

}  // namespace ndtape::engine
