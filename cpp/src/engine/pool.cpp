#include "engine/pool.h"

#include <algorithm>

#include "cpu/kernels.h"
#include "cpu/layers.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {

namespace {

constexpr int64_t kParallelElements = 16 * 1024;

int64_t input_size(const PoolAxis (&axes)[3]) {
  return axes[0].input * axes[1].input * axes[2].input;
}
int64_t output_size(const PoolAxis (&axes)[3]) {
  return axes[0].output() * axes[1].output() * axes[2].output();
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

// Calls row(o0 and o1 flattened, i, j) for each pair of outer output positions, where i and j are
// the outer axes' windows as (begin, count).
template <class Row>
void each_row(const PoolAxis (&axes)[3], Row&& row) {
  for (int64_t i = 0; i < axes[0].output(); ++i) {
    for (int64_t j = 0; j < axes[1].output(); ++j) row(i, j);
  }
}

// Neighbouring windows of an axis that begin a fixed step apart and see as many values, which count
// for as much.
struct Run {
  int64_t first, count;  // of windows
  int64_t step;
};

std::vector<Run> runs_of(const PoolAxis& axis) {
  std::vector<Run> runs;
  for (int64_t o = 0; o < axis.output();) {
    Run run{o, 1, 1};
    const auto like_last = [&](int64_t next) {
      return run.step > 0 && next < axis.output() && axis.count[next] == axis.count[o] &&
             axis.share[next] == axis.share[o] &&
             axis.begin[next] - axis.begin[next - 1] == run.step;
    };
    if (o + 1 < axis.output()) run.step = axis.begin[o + 1] - axis.begin[o];
    while (like_last(o + run.count)) ++run.count;
    runs.push_back(run);
    o += run.count;
  }
  return runs;
}

// A kernel takes one value of each of a run of windows at a time.
template <class T>
void max_plane(const PoolAxis (&axes)[3], const std::vector<Run>& runs,
               const cpu::PoolKernels& kernels, const T* x, T* y, int32_t* positions) {
  const PoolAxis &a0 = axes[0], &a1 = axes[1], &a2 = axes[2];
  each_row(axes, [&](int64_t o0, int64_t o1) {
    for (const Run& run : runs) {
      const int64_t first =
          (a0.begin[o0] * a1.input + a1.begin[o1]) * a2.input + a2.begin[run.first];
      bool start = true;
      for (int64_t i = 0; i < a0.count[o0]; ++i) {
        for (int64_t j = 0; j < a1.count[o1]; ++j) {
          int64_t p = first + (i * a0.step * a1.input + j * a1.step) * a2.input;
          for (int64_t k = 0; k < a2.count[run.first]; ++k, p += a2.step) {
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
void each_value(const PoolAxis (&axes)[3], const std::vector<Run>& runs, Visit&& visit) {
  const PoolAxis &a0 = axes[0], &a1 = axes[1], &a2 = axes[2];
  int64_t q = 0;
  each_row(axes, [&](int64_t o0, int64_t o1) {
    const double share = a0.share[o0] * a1.share[o1];
    for (const Run& run : runs) {
      for (int64_t i = 0; i < a0.count[o0]; ++i) {
        for (int64_t j = 0; j < a1.count[o1]; ++j) {
          const int64_t row = (a0.begin[o0] + i * a0.step) * a1.input + a1.begin[o1] + j * a1.step;
          int64_t p = row * a2.input + a2.begin[run.first];
          for (int64_t k = 0; k < a2.count[run.first]; ++k, p += a2.step) {
            visit(p, q, share * a2.share[run.first], run);
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
  const std::vector<Run> runs = runs_of(axes[2]);
  const cpu::PoolKernels& kernels = pool_kernels(dtype);
  with_type(dtype, [&]<class T>(T) {
    for_planes(planes, in, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        max_plane(axes, runs, kernels, static_cast<const T*>(x) + p * in,
                  static_cast<T*>(y) + p * out, positions ? positions + p * out : nullptr);
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
  const std::vector<Run> runs = runs_of(axes[2]);
  const cpu::PoolKernels& kernels = pool_kernels(dtype);
  with_type(dtype, [&]<class T>(T) {
    for_planes(planes, in, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        const T* const from = static_cast<const T*>(x) + p * in;
        T* const to = static_cast<T*>(y) + p * out;
        std::fill_n(to, out, T(0));
        each_value(axes, runs, [&](int64_t i, int64_t o, double share, const Run& run) {
          kernels.add(from + i, run.step, share, to + o, run.count);
        });
      }
    });
  });
}

void mean_spread(DType dtype, int64_t planes, const PoolAxis (&axes)[3], const void* y, void* x) {
  const int64_t in = input_size(axes), out = output_size(axes);
  const std::vector<Run> runs = runs_of(axes[2]);
  const cpu::PoolKernels& kernels = pool_kernels(dtype);
  with_type(dtype, [&]<class T>(T) {
    for_planes(planes, in, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) {
        const T* const from = static_cast<const T*>(y) + p * out;
        T* const to = static_cast<T*>(x) + p * in;
        std::fill_n(to, in, T(0));
        each_value(axes, runs, [&](int64_t i, int64_t o, double share, const Run& run) {
          kernels.spread(from + o, run.step, share, to + i, run.count);
        });
      }
    });
  });
}

}  // namespace ndtape::engine
