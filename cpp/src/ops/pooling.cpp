// Pooling over the axes of images (images, channels, *lengths).
#include <algorithm>
#include <string>
#include <utility>

#include "engine/elementwise.h"
#include "engine/pool.h"
#include "ops/record.h"
#include "ops/spatial.h"
#include "ops/views.h"

namespace ndtape {

void check_per_axis(const char* what, const char* argument, const Dims& values, int axes,
                    int64_t least) {
  bool good = values.size() == axes;
  for (int64_t v : values) good = good && v >= least && v < (int64_t{1} << 31);
  if (!good) {
    throw ValueError(std::string(what) + ": " + argument + " " + to_string(values) + ", expected " +
                     std::to_string(axes) + " integers of at least " + std::to_string(least));
  }
}

DType real_float(const char* what, const Tensor& x) {
  if (is_float(x.dtype())) return x.dtype();
  if (is_integer(x.dtype()) || x.dtype() == DType::Bool) return default_float();
  throw TypeError(std::string(what) + ": dtype " + name(x.dtype()) + ", expected a float dtype");
}

int64_t windows(const char* what, int64_t length, int64_t kernel, int64_t stride, int64_t padding,
                int64_t dilation) {
  const int64_t reach = dilation * (kernel - 1) + 1;  // lengths are below 2^31, or memory ends
  if (length < 1 || length + 2 * padding < reach) {
    throw ValueError(std::string(what) + ": a window of " + std::to_string(reach) +
                     " does not fit a length of " + std::to_string(length) + " with a padding of " +
                     std::to_string(padding));
  }
  return (length + 2 * padding - reach) / stride + 1;
}

namespace {

struct Pooling {
  int64_t images, channels;
  int spatial;  // of the three axes, the last ones
  engine::PoolAxis axes[3];

  int64_t planes() const { return images * channels; }
  Dims x() const { return shape(&engine::PoolAxis::input); }
  Dims y() const { return shape(&engine::PoolAxis::output); }

 private:
  Dims shape(int64_t engine::PoolAxis::* length) const {
    Dims result{images, channels};
    for (int a = 3 - spatial; a < 3; ++a) result.push_back(axes[a].*length);
    return result;
  }
};

Tensor as_float(const char* what, const Tensor& x) {
  const DType dtype = real_float(what, x);
  return x.dtype() == dtype ? x : astype(x, dtype);
}

int spatial_axes(const char* what, const Tensor& x, int axes) {
  if (axes < 1 || axes > 3 || x.ndim() != axes + 2) {
    throw ValueError(std::string(what) + ": x of shape " + to_string(x.shape()) + " and " +
                     std::to_string(axes) +
                     " lengths of a window, expected (images, channels, *lengths) with the same 1 "
                     "to 3 spatial axes");
  }
  return axes;
}

Pooling plan_windows(const char* what, const Tensor& x, const PoolOptions& options, bool padded) {
  const int axes = spatial_axes(what, x, options.kernel.size());
  check_per_axis(what, "kernel", options.kernel, axes, 1);
  check_per_axis(what, "stride", options.stride, axes, 1);
  check_per_axis(what, "padding", options.padding, axes, 0);
  check_per_axis(what, "dilation", options.dilation, axes, 1);
  for (int i = 0; i < axes; ++i) {  // every window then holds a value
    const int64_t reach = options.dilation[i] * (options.kernel[i] - 1) + 1;
    if (options.padding[i] > options.kernel[i] / 2 || options.dilation[i] > x.length(i + 2)) {
      throw ValueError(std::string(what) + ": padding " + to_string(options.padding) +
                       " and dilation " + to_string(options.dilation) + " for a kernel of " +
                       to_string(options.kernel) + " (reach " + std::to_string(reach) +
                       "), expected at most half the kernel, and no more than the image");
    }
  }
  Pooling pool{x.length(0), x.length(1), axes, {}};
  for (int i = 0; i < axes; ++i) {
    const int64_t length = x.length(i + 2), kernel = options.kernel[i], stride = options.stride[i],
                  padding = options.padding[i], dilation = options.dilation[i];
    pool.axes[3 - axes + i] = {length,  windows(what, length, kernel, stride, padding, dilation),
                               kernel,  stride,
                               padding, dilation,
                               padded};
  }
  return pool;
}

// What max pooling picked, and its transpose: linear, with fixed positions.
Tensor scatter(const Dims& x_shape, const Tensor& positions, const Tensor& y);
Tensor gather(const Tensor& x, const Tensor& positions) {
  Tensor y = Tensor::empty(positions.shape(), x.dtype());
  const int64_t planes = x.length(0) * x.length(1);
  if (y.size() > 0) {
    GradMode off(false);
    const Tensor from = contiguous(x);
    engine::gather_planes(x.dtype(), planes, x.size() / planes, y.size() / planes, from.data(),
                          positions.data<int32_t>(), y.mutable_data());
  }
  if (!recording(x)) return y;
  return record("max_pool_gather", y, wrt(x, [shape = x.shape(), positions](const Tensor& g) {
                  return scatter(shape, positions, g);
                }));
}

Tensor scatter(const Dims& x_shape, const Tensor& positions, const Tensor& y) {
  Tensor x = Tensor::empty(x_shape, y.dtype());
  const int64_t planes = x.length(0) * x.length(1);
  if (x.size() > 0) {
    GradMode off(false);
    const Tensor from = contiguous(y);
    engine::scatter_planes(y.dtype(), planes, x.size() / planes, y.size() / planes, from.data(),
                           positions.data<int32_t>(), x.mutable_data());
  }
  if (!recording(y)) return x;
  return record("max_pool_scatter", x,
                wrt(y, [positions](const Tensor& g) { return gather(g, positions); }));
}

Tensor spread(const Pooling& pool, const Tensor& y);
Tensor average(const Pooling& pool, const Tensor& x) {
  Tensor y = Tensor::empty(pool.y(), x.dtype());
  if (y.size() > 0) {
    GradMode off(false);
    const Tensor from = contiguous(x);
    engine::mean_pool(x.dtype(), pool.planes(), pool.axes, from.data(), y.mutable_data());
  }
  if (!recording(x)) return y;
  return record("avg_pool", y,
                wrt(x, [of = shared(pool)](const Tensor& g) { return spread(of->plan, g); }));
}

Tensor spread(const Pooling& pool, const Tensor& y) {
  Tensor x = Tensor::empty(pool.x(), y.dtype());
  if (x.size() > 0) {
    GradMode off(false);
    const Tensor from = contiguous(y);
    engine::mean_spread(y.dtype(), pool.planes(), pool.axes, from.data(), x.mutable_data());
  }
  if (!recording(y)) return x;
  return record("avg_pool_spread", x,
                wrt(y, [of = shared(pool)](const Tensor& g) { return average(of->plan, g); }));
}

// y, and if wanted where in its plane each of its elements is.
void pick(const Pooling& pool, const Tensor& x, const Tensor& y, int32_t* positions) {
  if (y.size() == 0) return;
  GradMode off(false);
  const Tensor from = contiguous(x);
  engine::max_pool(x.dtype(), pool.planes(), pool.axes, from.data(), y.mutable_data(), positions);
}

// Of many elements positions are kept; of few they cost less to find again.
[[gnu::noinline]] Tensor max_pool_of_many(const Pooling& pool, const Tensor& x, Tensor& y) {
  const Tensor positions = Tensor::empty(y.shape(), DType::Int32);
  pick(pool, x, y, positions.mutable_data<int32_t>());
  return record("max_pool", y, wrt(x, [shape = x.shape(), positions](const Tensor& g) {
                  return scatter(shape, positions, g);
                }));
}

}  // namespace

Tensor max_pool(const Tensor& x_, const PoolOptions& options) {
  const Tensor x = as_float("max_pool", x_);
  const Pooling pool = plan_windows("max_pool", x, options, false);
  const int64_t plane = pool.axes[0].input * pool.axes[1].input * pool.axes[2].input;
  if (plane >= (int64_t{1} << 31)) {
    throw ValueError("max_pool: x of shape " + to_string(x.shape()) +
                     ", expected fewer than 2^31 elements a channel");
  }
  Tensor y = Tensor::empty(pool.y(), x.dtype());
  const bool recorded = recording(x);
  if (recorded && x.size() > engine::kFewElements) return max_pool_of_many(pool, x, y);
  pick(pool, x, y, nullptr);
  if (!recorded) return y;
  return record("max_pool", y, wrt(x, [of = shared(pool), x = save(x)](const Tensor& g) {
                  const Tensor from = x, again = Tensor::empty(g.shape(), from.dtype()),
                               positions = Tensor::empty(g.shape(), DType::Int32);
                  pick(of->plan, from, again, positions.mutable_data<int32_t>());
                  return scatter(of->plan.x(), positions, g);
                }));
}

Tensor avg_pool(const Tensor& x, const PoolOptions& options, bool count_padding) {
  const Tensor from = as_float("avg_pool", x);
  return average(plan_windows("avg_pool", from, options, count_padding), from);
}

Tensor adaptive_avg_pool(const Tensor& x, const Dims& output) {
  const Tensor from = as_float("adaptive_avg_pool", x);
  const int axes = spatial_axes("adaptive_avg_pool", from, output.size());
  check_per_axis("adaptive_avg_pool", "output", output, axes, 1);
  for (int i = 0; i < axes; ++i) {
    if (from.length(i + 2) < 1) {
      throw ValueError("adaptive_avg_pool: x of shape " + to_string(x.shape()) +
                       ", expected no length of 0");
    }
  }
  Pooling pool{from.length(0), from.length(1), axes, {}};
  for (int i = 0; i < axes; ++i) {
    engine::PoolAxis& axis = pool.axes[3 - axes + i];
    axis.input = from.length(i + 2);
    axis.output = output[i];
  }
  return average(pool, from);
}

}  // namespace ndtape
