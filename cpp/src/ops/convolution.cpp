// Convolution and transposed convolution. With the derivative by the weight they are three bilinear
// maps, each of which has the other two as its derivatives.
#include <string>

#include "engine/convolve.h"
#include "ops/elementwise.h"
#include "ops/record.h"
#include "ops/spatial.h"
#include "ops/views.h"

namespace ndtape {
namespace {

struct Convolution {
  engine::ConvShape shape;
  int spatial;  // of the three axes, the last ones

  Dims x() const {
    return dims(shape.images, shape.groups * shape.in_channels, &engine::ConvAxis::input);
  }
  Dims w() const {
    return dims(shape.groups * shape.out_channels, shape.in_channels, &engine::ConvAxis::kernel);
  }
  Dims y() const {
    return dims(shape.images, shape.groups * shape.out_channels, &engine::ConvAxis::output);
  }

 private:
  Dims dims(int64_t first, int64_t second, int64_t engine::ConvAxis::* length) const {
    Dims result{first, second};
    for (int a = engine::kSpatial - spatial; a < engine::kSpatial; ++a) {
      result.push_back(shape.axes[a].*length);
    }
    return result;
  }
};

// As they lie in memory: a broadcast gradient, or one with channels last, wants no copy.
engine::ConvImages images(const Tensor& x) {
  engine::ConvImages result{x.data(), x.strides()[0], x.strides()[1], {}};
  const int lead = engine::kSpatial - (x.ndim() - 2);
  for (int i = 2; i < x.ndim(); ++i) result.axes[lead + i - 2] = x.strides()[i];
  return result;
}

// x, or a copy if its spatial axes are not one, as memory goes.
Tensor with_one_stride(const Tensor& x) {
  int64_t stride = x.strides()[x.ndim() - 1];
  for (int i = x.ndim() - 2; i >= 2; --i) {
    stride *= x.length(i + 1);
    if (x.length(i) > 1 && x.strides()[i] != stride) return contiguous(x);
  }
  return x;
}

using Plan = Ref<SharedPlan<Convolution>>;

Tensor weight_gradient(const Plan& of, const Tensor& x, const Tensor& y);
Tensor input_gradient(const Plan& of, const Tensor& y, const Tensor& w);

NDTAPE_HOT [[gnu::noinline]] Tensor record_forward(const Plan& of, const Tensor& x, const Tensor& w,
                                                   const Tensor& bias, Tensor& y) {
  auto rule = [of, x_ = save_for(w, x), w_ = save_for(x, w)](int i, const Tensor& g) {
    if (i == 0) return input_gradient(of, g, w_);
    if (i == 1) return weight_gradient(of, x_, g);
    Dims axes{0};
    for (int a = 2; a < g.ndim(); ++a) axes.push_back(a);
    return sum(g, axes);
  };
  return bias.defined() ? record_shared("convolve", y, std::move(rule), x, w, bias)
                        : record_shared("convolve", y, std::move(rule), x, w);
}

Tensor forward(const Plan& of, const Tensor& x, const Tensor& w, const Tensor& bias) {
  const Convolution& c = of->plan;
  Tensor y = Tensor::empty(c.y(), x.dtype());
  if (y.size() > 0) {
    GradMode off(false);
    const Tensor by = contiguous(w), add = bias.defined() ? contiguous(bias) : Tensor();
    engine::convolve(x.dtype(), c.shape, images(x), by.data(), add.defined() ? add.data() : nullptr,
                     y.mutable_data());
  }
  if (!(bias.defined() ? recording(x, w, bias) : recording(x, w))) return y;
  return record_forward(of, x, w, bias, y);
}

Tensor input_gradient(const Plan& of, const Tensor& y, const Tensor& w) {
  const Convolution& c = of->plan;
  Tensor x = Tensor::empty(c.x(), y.dtype());
  if (x.size() > 0) {
    GradMode off(false);
    const Tensor by = contiguous(w);
    engine::convolve_input(y.dtype(), c.shape, images(y), by.data(), x.mutable_data());
  }
  if (!recording(y, w)) return x;
  auto rule = [of, y_ = save_for(w, y), w_ = save_for(y, w)](int i, const Tensor& g) {
    return i == 0 ? forward(of, g, w_, Tensor()) : weight_gradient(of, g, y_);
  };
  return record_shared("convolve_input", x, std::move(rule), y, w);
}

Tensor weight_gradient(const Plan& of, const Tensor& x, const Tensor& y) {
  const Convolution& c = of->plan;
  if (c.shape.images == 0) return zeros(c.w(), x.dtype());
  Tensor w = Tensor::empty(c.w(), x.dtype());
  {
    GradMode off(false);
    const Tensor by = with_one_stride(y);
    engine::convolve_weight(x.dtype(), c.shape, images(x), images(by), w.mutable_data());
  }
  if (!recording(x, y)) return w;
  auto rule = [of, x_ = save_for(y, x), y_ = save_for(x, y)](int i, const Tensor& g) {
    return i == 0 ? input_gradient(of, y_, g) : forward(of, x_, g, Tensor());
  };
  return record_shared("convolve_weight", w, std::move(rule), x, y);
}

std::string show(int64_t n) { return std::to_string(n); }

[[noreturn]] void refuse(const char* what, const std::string& message) {
  throw ValueError(std::string(what) + ": " + message);
}

// What both convolutions ask of their operands; returns the number of spatial axes.
int check_operands(const char* what, const Tensor& x, const Tensor& w, const ConvOptions& options) {
  const int axes = w.ndim() - 2;
  if (axes < 1 || axes > engine::kSpatial || x.ndim() != w.ndim()) {
    refuse(what, "x of shape " + to_string(x.shape()) + " and weight of shape " +
                     to_string(w.shape()) +
                     ", expected (images, channels, *lengths) and (channels, channels, *lengths) "
                     "with the same 1 to 3 spatial axes");
  }
  for (int i = 1; i < w.ndim(); ++i) {
    if (w.length(i) < 1 || w.length(0) < 1) {
      refuse(what, "weight of shape " + to_string(w.shape()) + ", expected no length of 0");
    }
  }
  check_per_axis(what, "stride", options.stride, axes, 1);
  check_per_axis(what, "padding", options.padding, axes, 0);
  check_per_axis(what, "dilation", options.dilation, axes, 1);
  if (options.groups < 1 || w.length(0) % options.groups != 0 ||
      x.length(1) % options.groups != 0) {
    refuse(what, "groups " + show(options.groups) + ", expected a divisor of " + show(x.length(1)) +
                     " channels of x and of " + show(w.length(0)) + " of the weight");
  }
  return axes;
}

void check_bias(const char* what, const Tensor& bias, int64_t channels) {
  if (bias.defined() && bias.shape() != Dims{channels}) {
    refuse(what,
           "bias of shape " + to_string(bias.shape()) + ", expected " + to_string(Dims{channels}));
  }
}

// `input`, `output` and kernel lengths are the shapes' from axis 2 on.
Plan plan(const char* what, const Dims& x, const Dims& w, const Dims& y,
          const ConvOptions& options) {
  const int axes = x.size() - 2, lead = engine::kSpatial - axes;
  Convolution c{{x[0], options.groups, x[1] / options.groups, w[0] / options.groups, {}}, axes};
  double padded = static_cast<double>(std::max(x[1], y[1]));
  for (int a = 0; a < engine::kSpatial; ++a) {
    if (a < lead) {
      c.shape.axes[a] = {1, 1, 1, 1, 0, 1};
      continue;
    }
    const int i = a - lead;
    c.shape.axes[a] = {x[i + 2],          y[i + 2],           w[i + 2],
                       options.stride[i], options.padding[i], options.dilation[i]};
    padded *= static_cast<double>(x[i + 2]) + 2.0 * static_cast<double>(options.padding[i]) +
              static_cast<double>(w[i + 2]) * static_cast<double>(options.dilation[i]);
  }
  if (padded > 0x1p58) refuse(what, "an image with its padding is too large");
  return shared(c);
}

struct Operands {
  Tensor x, w, bias;
};
Operands to_one_dtype(const Tensor& x, const Tensor& w, const Tensor& bias) {
  DType dtype = promote(real_float("convolve", x), real_float("convolve", w));
  if (bias.defined()) dtype = promote(dtype, real_float("convolve", bias));
  const auto cast = [&](const Tensor& t) {
    return t.defined() && t.dtype() != dtype ? astype(t, dtype) : t;
  };
  return {cast(x), cast(w), cast(bias)};
}

}  // namespace

Tensor convolve(const Tensor& x_, const Tensor& weight, const Tensor& bias_,
                const ConvOptions& options) {
  constexpr char kWhat[] = "convolve";
  const int axes = check_operands(kWhat, x_, weight, options);
  if (x_.length(1) != weight.length(1) * options.groups) {
    refuse(kWhat, "x of shape " + to_string(x_.shape()) + " has " + show(x_.length(1)) +
                      " channels, expected " + show(weight.length(1) * options.groups) +
                      " for a weight of shape " + to_string(weight.shape()) + " and " +
                      show(options.groups) + " groups");
  }
  check_bias(kWhat, bias_, weight.length(0));
  Dims y{x_.length(0), weight.length(0)};
  for (int i = 0; i < axes; ++i) {
    y.push_back(windows(kWhat, x_.length(i + 2), weight.length(i + 2), options.stride[i],
                        options.padding[i], options.dilation[i]));
  }
  const auto [x, w, bias] = to_one_dtype(x_, weight, bias_);
  return forward(plan(kWhat, x.shape(), w.shape(), y, options), x, w, bias);
}

Tensor convolve_transposed(const Tensor& x_, const Tensor& weight, const Tensor& bias_,
                           const ConvOptions& options, const Dims& output_padding) {
  constexpr char kWhat[] = "convolve_transposed";
  const int axes = check_operands(kWhat, x_, weight, options);
  check_per_axis(kWhat, "output_padding", output_padding, axes, 0);
  if (x_.length(1) != weight.length(0)) {
    refuse(kWhat, "x of shape " + to_string(x_.shape()) + " has " + show(x_.length(1)) +
                      " channels, expected " + show(weight.length(0)) + " for a weight of shape " +
                      to_string(weight.shape()));
  }
  const int64_t channels = weight.length(1) * options.groups;
  check_bias(kWhat, bias_, channels);
  Dims y{x_.length(0), channels};
  for (int i = 0; i < axes; ++i) {
    const int64_t extra = output_padding[i];
    if (extra >= std::max(options.stride[i], options.dilation[i])) {
      refuse(kWhat, "output_padding " + show(extra) + ", expected less than the stride " +
                        show(options.stride[i]) + " or the dilation " + show(options.dilation[i]));
    }
    const double wide = static_cast<double>(x_.length(i + 2)) * options.stride[i] +
                        2.0 * static_cast<double>(options.padding[i]) +
                        static_cast<double>(weight.length(i + 2)) * options.dilation[i];
    if (wide > 0x1p58) refuse(kWhat, "an image with its padding is too large");
    const int64_t length = (x_.length(i + 2) - 1) * options.stride[i] - 2 * options.padding[i] +
                           options.dilation[i] * (weight.length(i + 2) - 1) + 1 + extra;
    if (x_.length(i + 2) < 1 || length < 1) {
      refuse(kWhat, "x of shape " + to_string(x_.shape()) + " would give axis " + show(i + 2) +
                        " a length of " + show(x_.length(i + 2) < 1 ? 0 : length));
    }
    y.push_back(length);
  }
  const auto [x, w, bias] = to_one_dtype(x_, weight, bias_);
  Tensor result = input_gradient(plan(kWhat, y, w.shape(), x.shape(), options), x, w);
  if (!bias.defined()) return result;
  Dims column{1, channels};
  for (int i = 0; i < axes; ++i) column.push_back(1);
  return result + reshape(bias, column);
}

}  // namespace ndtape
