#include "engine/normalize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "cpu/kernels.h"
#include "cpu/layers.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

constexpr int64_t kParallelElements = 16 * 1024;

// Tasks of rows: enough for many threads, few enough that their sums are small beside the rows.
constexpr int64_t kMostTasks = 64;
constexpr int64_t kRowsOfTask = 32;

const cpu::NormKernels& norm_kernels(DType dtype) {
  return *cpu::kernels().norm[dtype == DType::Float64];
}

template <class F>
void with_type(DType dtype, F&& run) {
  dtype == DType::Float32 ? run(float()) : run(double());
}

void for_tasks(int64_t tasks, int64_t elements, FunctionRef<void(int64_t, int64_t)> body) {
  if (elements < kParallelElements) return body(0, tasks);
  parallel_for(tasks, body);
}

double scale_of(double var, double epsilon) { return 1.0 / std::sqrt(var + epsilon); }

template <class T>
void rows_gradient(DType dtype, const RowNorm& norm, T* dx, T* dweight, T* dbias) {
  const cpu::NormKernels& kernels = norm_kernels(dtype);
  const T *x = static_cast<const T*>(norm.x), *g = static_cast<const T*>(norm.g),
          *known = static_cast<const T*>(norm.statistics);
  const int64_t n = norm.length;
  const auto length = static_cast<double>(n);
  const bool sums = dweight || dbias;
  const int64_t tasks = std::clamp<int64_t>(norm.rows / kRowsOfTask, 1, kMostTasks);
  std::vector<T> partial(sums ? static_cast<size_t>(tasks * 2 * n) : 0);
  for_tasks(tasks, norm.rows * n, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      T* const to = sums ? partial.data() + task * 2 * n : nullptr;
      for (int64_t r = task * norm.rows / tasks; r < (task + 1) * norm.rows / tasks; ++r) {
        const T *row = x + r * n, *g_row = g + r * norm.g_stride;
        double m = 0, s;
        if (known) {
          s = known[r];
          if (norm.centered) m = known[norm.rows + r];
        } else {
          // The mean is rounded to T, as by the program that normalised.
          if (norm.centered) m = static_cast<T>(kernels.sum(row, n) / length);
          s = scale_of(kernels.squares(row, m, n) / length, norm.epsilon);
        }
        double sum_h = 0, sum_hv = 0;
        if (dx) kernels.row_dots(g_row, row, norm.weight, m, s, n, &sum_h, &sum_hv);
        const double mean_h = norm.centered ? sum_h / length : 0;
        kernels.row_gradient(g_row, row, norm.weight, m, s, mean_h, sum_hv / length,
                             dx ? dx + r * n : nullptr, to, to ? to + n : nullptr, n);
      }
    }
  });
  if (!sums) return;
  for (int64_t step = 1; step < tasks; step *= 2) {
    for (int64_t task = 0; task + step < tasks; task += 2 * step) {
      T* const to = partial.data() + task * 2 * n;
      const T* const from = to + step * 2 * n;
      for (int64_t i = 0; i < 2 * n; ++i) to[i] += from[i];
    }
  }
  if (dweight) std::copy_n(partial.data(), n, dweight);
  if (dbias) std::copy_n(partial.data() + n, n, dbias);
}

struct Part {
  int64_t weight;  // its number
  int64_t at;      // of its first element
};
Part part_of(const ChannelNorm& norm, int64_t set, int64_t part) {
  return {set % norm.weight_sets * norm.weight_set + part * norm.weight_part,
          set * norm.set_stride + part * norm.part_stride};
}

template <class T>
void moments_of_set(const cpu::NormKernels& kernels, const ChannelNorm& norm, int64_t set,
                    const T* x, double* mean, double* var) {
  const double count = static_cast<double>(norm.parts * norm.length);
  double sum = 0, squares = 0;
  for (int64_t p = 0; p < norm.parts; ++p) {
    sum += kernels.sum(x + part_of(norm, set, p).at, norm.length);
  }
  // As the values are shifted in their own dtype, so is the mean rounded.
  const double center = static_cast<T>(sum / count);
  for (int64_t p = 0; p < norm.parts; ++p) {
    squares += kernels.squares(x + part_of(norm, set, p).at, center, norm.length);
  }
  *mean = center;
  *var = squares / count;
}

template <class T>
void channels_gradient(DType dtype, const ChannelNorm& norm, const T* x, const double* mean,
                       const double* var, bool given, double epsilon, const T* weight, const T* g,
                       int64_t g_set, int64_t g_part, T* dx, T* dweight, T* dbias) {
  const cpu::NormKernels& kernels = norm_kernels(dtype);
  const double count = static_cast<double>(norm.parts * norm.length);
  const bool sums = dweight || dbias || (dx && !given);
  // Of each part: the sums of g, and of g times the normalised x.
  std::vector<double> plain(sums ? static_cast<size_t>(norm.sets * norm.parts) : 0),
      with_x(plain.size());
  for_tasks(norm.sets, norm.sets * norm.parts * norm.length, [&](int64_t begin, int64_t end) {
    for (int64_t set = begin; set < end; ++set) {
      const double m = mean[set], s = scale_of(var[set], epsilon);
      double mean_h = 0, mean_hv = 0;
      for (int64_t p = 0; sums && p < norm.parts; ++p) {
        const Part part = part_of(norm, set, p);
        double &sum = plain[set * norm.parts + p], &dot = with_x[set * norm.parts + p];
        kernels.dots(g + set * g_set + p * g_part, x + part.at, m, norm.length, &sum, &dot);
        dot *= s;
        const double w = weight ? static_cast<double>(weight[part.weight]) : 1;
        mean_h += sum * w / count;
        mean_hv += dot * w / count;
      }
      if (!dx) continue;
      if (given) mean_h = mean_hv = 0;
      for (int64_t p = 0; p < norm.parts; ++p) {
        const Part part = part_of(norm, set, p);
        const double w = weight ? static_cast<double>(weight[part.weight]) : 1;
        kernels.affine_gradient(g + set * g_set + p * g_part, x + part.at, m, s * w,
                                -s * s * mean_hv, -s * mean_h, dx + part.at, norm.length);
      }
    }
  });
  std::vector<double> total(static_cast<size_t>(norm.weights));
  const auto add_up = [&](const std::vector<double>& sums_of_parts, T* to) {
    std::fill(total.begin(), total.end(), 0.0);
    for (int64_t set = 0; set < norm.sets; ++set) {
      for (int64_t p = 0; p < norm.parts; ++p) {
        total[part_of(norm, set, p).weight] += sums_of_parts[set * norm.parts + p];
      }
    }
    for (int64_t i = 0; i < norm.weights; ++i) to[i] = static_cast<T>(total[i]);
  };
  if (dweight) add_up(with_x, dweight);
  if (dbias) add_up(plain, dbias);
}

}  // namespace

void normalize_rows_gradient(DType dtype, const RowNorm& norm, void* dx, void* dweight,
                             void* dbias) {
  with_type(dtype, [&]<class T>(T) {
    rows_gradient<T>(dtype, norm, static_cast<T*>(dx), static_cast<T*>(dweight),
                     static_cast<T*>(dbias));
  });
}

void softmax_loss_gradient(DType dtype, int64_t rows, int64_t length, const void* x,
                           const void* statistics, const void* g, const int64_t* labels, void* dx) {
  const cpu::NormKernels& kernels = norm_kernels(dtype);
  const auto largest =
      cpu::kernels().reduce[static_cast<int>(ReduceOp::max)][static_cast<int>(dtype)];
  const auto exp_sum =
      cpu::kernels().row[static_cast<int>(RowOp::exp_sum)][static_cast<int>(dtype)];
  with_type(dtype, [&]<class T>(T) {
    const T *known = static_cast<const T*>(statistics), *slope = static_cast<const T*>(g);
    for_tasks(rows, rows * length, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        const T* const row = static_cast<const T*>(x) + r * length;
        T top, total;
        if (known) {
          top = known[r];
          total = known[rows + r];
        } else {
          largest(row, &top, length);
          const void* const args[] = {row, &top};
          exp_sum(args, nullptr, &total, length);
        }
        T* const to = static_cast<T*>(dx) + r * length;
        kernels.exp_times(row, top, slope[r] / total, to, length);
        to[labels[r]] -= slope[r];
      }
    });
  });
}

void normalize_channels(DType dtype, const ChannelNorm& norm, const void* x, double* mean,
                        double* var, bool given, double epsilon, const void* weight,
                        const void* bias, void* y) {
  const cpu::NormKernels& kernels = norm_kernels(dtype);
  with_type(dtype, [&]<class T>(T) {
    const auto value = [](const void* p, int64_t i, double otherwise) {
      return p ? static_cast<double>(static_cast<const T*>(p)[i]) : otherwise;
    };
    const T* from = static_cast<const T*>(x);
    for_tasks(norm.sets, norm.sets * norm.parts * norm.length, [&](int64_t begin, int64_t end) {
      for (int64_t set = begin; set < end; ++set) {
        if (!given) moments_of_set(kernels, norm, set, from, &mean[set], &var[set]);
        const double s = scale_of(var[set], epsilon);
        for (int64_t p = 0; p < norm.parts; ++p) {
          const Part part = part_of(norm, set, p);
          kernels.affine(from + part.at, mean[set], s * value(weight, part.weight, 1),
                         value(bias, part.weight, 0), static_cast<T*>(y) + part.at, norm.length);
        }
      }
    });
  });
}

void normalize_channels_gradient(DType dtype, const ChannelNorm& norm, const void* x,
                                 const double* mean, const double* var, bool given, double epsilon,
                                 const void* weight, const void* g, int64_t g_set, int64_t g_part,
                                 void* dx, void* dweight, void* dbias) {
  with_type(dtype, [&]<class T>(T) {
    channels_gradient<T>(dtype, norm, static_cast<const T*>(x), mean, var, given, epsilon,
                         static_cast<const T*>(weight), static_cast<const T*>(g), g_set, g_part,
                         static_cast<T*>(dx), static_cast<T*>(dweight), static_cast<T*>(dbias));
  });
}

}  // namespace ndtape::engine
