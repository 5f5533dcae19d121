// Layer, root-mean-square, batch and group normalisation. Backward is one pass over x and g that
// gives the gradients of x, weight and bias together.
#include "ndtape/norms.h"

#include <optional>
#include <string>
#include <utility>

#include "core/once.h"
#include "engine/elementwise.h"
#include "engine/normalize.h"
#include "engine/program.h"
#include "ops/elementwise.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {
namespace {

using engine::Program;
using engine::Value;

DType float_of(DType dtype) { return is_float(dtype) ? dtype : default_float(); }

// The dtype of a result of x, weight and bias.
DType common_dtype(const char* name, const Tensor& x, const Tensor& weight, const Tensor& bias) {
  DType dtype = float_of(x.dtype());
  for (const Tensor* t : {&weight, &bias}) {
    if (!t->defined()) continue;
    refuse_complex(*t, name);
    dtype = promote(dtype, t->dtype());
  }
  return dtype;
}

Tensor converted(const Tensor& t, DType dtype) {
  return !t.defined() || t.dtype() == dtype ? t : astype(t, dtype);
}

Tensor contiguous_or_none(const Tensor& t) { return t.defined() ? contiguous(t) : t; }
const void* data_or_null(const Tensor& t) { return t.defined() ? t.data() : nullptr; }

void check_shape(const char* name, const char* what, const Tensor& t, int64_t length) {
  if (t.defined() && (t.ndim() != 1 || t.length(0) != length)) {
    throw ValueError(std::string(name) + ": " + what + " has shape " + to_string(t.shape()) +
                     ", expected " + to_string(Dims{length}));
  }
}

void check_epsilon(const char* name, double epsilon) {
  if (!(epsilon >= 0)) {
    throw ValueError(std::string(name) + ": epsilon " + std::to_string(epsilon) +
                     ", expected 0 or more");
  }
}

// A gradient of `length` elements a row: one row for all where it is one number everywhere, as that
// of a sum is.
struct GradientRows {
  Tensor g;
  bool same;
  GradientRows(const Tensor& gradient, int64_t length) {
    same = true;
    for (int i = 0; i < gradient.ndim(); ++i) {
      same = same && (gradient.strides()[i] == 0 || gradient.length(i) == 1);
    }
    if (same) {
      const Tensor one = gradient.view(Layout{Dims{}, Dims{}, gradient.layout().offset});
      g = contiguous(broadcast_to(one, {length}));
    } else {
      g = contiguous(gradient);
    }
  }
};

// ---- rows ---------------------------------------------------------------------------------------

// (x - mean(x)) / sqrt(var + epsilon) along the last axis, without the mean if not `centered`, and
// its factors: for rows too long for a program and for derivatives of the derivative.
struct RowsByOperators {
  Tensor scale, normal;
  RowsByOperators(const Tensor& x, bool centered, double epsilon) {
    const Dims last{-1};
    const Tensor c = centered ? x - mean(x, last, true) : x;
    scale = reciprocal(sqrt(mean(square(c), last, true) + epsilon));
    normal = c * scale;
  }
};

// How many inputs a node has: x, and weight and bias up to the last that there is.
int operands(const Tensor& weight, const Tensor& bias) {
  if (bias.defined()) return 3;
  return weight.defined() ? 2 : 1;
}

class RowNormNode final : public Node {
 public:
  // Without statistics where they are to be made again.
  RowNormNode(const char* name, const Tensor& x, const Tensor& weight, const Tensor& bias,
              const Tensor& statistics, bool centered, double epsilon)
      : Node(name, operands(weight, bias)),
        centered_(centered),
        epsilon_(epsilon),
        statistics_(statistics),
        saved_x_(save(x)) {
    connect(*this, 0, x);
    if (weight.defined()) connect(*this, 1, weight);
    if (bias.defined()) connect(*this, 2, bias);
    if (weight.defined()) saved_weight_ = save(weight);
  }

  void backward(const Tensor* grads, Tensor* result) override {
    const Tensor &g = grads[0], x = saved_x_,
                 weight = saved_weight_ ? Tensor(saved_weight_) : Tensor();
    if (grad_enabled()) return by_operators(x, weight, g, result);
    const int64_t length = x.shape().back();
    const GradientRows rows(g, length);
    const Tensor from = contiguous(x), w = contiguous_or_none(weight);
    const DType dtype = x.dtype();
    void* out[3] = {};
    for (int i = 0; i < inputs(); ++i) {
      if (!needs(i)) continue;
      result[i] = Tensor::empty(i == 0 ? x.shape() : Dims{length}, dtype);
      out[i] = result[i].mutable_data();
    }
    const engine::RowNorm norm = {x.size() / length,         length,        from.data(),
                                  data_or_null(w),           centered_,     epsilon_,
                                  data_or_null(statistics_), rows.g.data(), rows.same ? 0 : length};
    engine::normalize_rows_gradient(dtype, norm, out[0], out[1], out[2]);
  }

  void count_saved() const override {
    [[maybe_unused]] const auto x = saved_x_;
    [[maybe_unused]] const auto weight = saved_weight_;
  }

 protected:
  void free_saved() override {
    saved_x_ = Saved();
    saved_weight_ = Saved();
    statistics_ = Tensor();
  }

 private:
  void by_operators(const Tensor& x, const Tensor& weight, const Tensor& g, Tensor* result) const {
    const RowsByOperators rows(x, centered_, epsilon_);
    const Tensor &n = rows.normal, h = weight.defined() ? g * weight : g;
    const Dims last{-1};
    const Tensor inner = h - n * mean(h * n, last, true);
    result[0] = rows.scale * (centered_ ? inner - mean(h, last, true) : inner);
    if (inputs() > 1) result[1] = g * n;  // summed over the rows by the walker, as g is
    if (inputs() > 2) result[2] = g;
  }

  const bool centered_;
  const double epsilon_;
  Tensor statistics_;
  Saved saved_x_, saved_weight_;
};

struct RowNormFlags {
  bool centered, weighted, shifted, statistics;
};

// Rows normalised, and with `statistics` their scale and mean, as RowNorm has them.
Program build(DType type, const RowNormFlags& flags) {
  Program p;
  const Value x = p.input(type), weight = flags.weighted ? p.input(type) : engine::kNoValue,
              bias = flags.shifted ? p.input(type) : engine::kNoValue;
  const Value length = p.number(type), epsilon = p.number(type), zero = p.number(type);
  const Value mean =
      flags.centered ? p.apply(Op::divide, p.reduce(ReduceOp::sum, x), length) : zero;
  const Value squares = p.fused_sum(RowOp::square_sum, {x, mean});
  const Value var = p.apply(Op::add, p.apply(Op::divide, squares, length), epsilon);
  const Value scale = p.apply(Op::reciprocal, p.apply(Op::sqrt, var));
  p.output(p.fused(RowOp::normalize, {x, mean, scale, weight, bias}));
  if (!flags.statistics) return p;
  p.output(scale);
  if (flags.centered) p.output(mean);
  return p;
}

// The same, made once.
const Program& row_norm_program(DType type, const RowNormFlags& flags) {
  static Once<Program> made[2][16];
  const int which =
      flags.centered | flags.weighted << 1 | flags.shifted << 2 | flags.statistics << 3;
  return made[type == DType::Float64][which].get([&] { return build(type, flags); });
}

// Room for them, and where in it the program writes them.
[[gnu::noinline]] Tensor make_statistics(const Tensor& x, bool centered, Tensor* outputs) {
  Dims shape = x.shape();
  shape[x.ndim() - 1] = 1;
  Layout column = Layout::contiguous(shape);
  const Tensor statistics = Tensor::empty({centered ? 2 : 1, column.size()}, x.dtype());
  outputs[0] = statistics.view(column);
  column.offset = column.size();
  if (centered) outputs[1] = statistics.view(column);
  return statistics;
}

Tensor normalize_rows(const char* name, const Tensor& given, const Tensor& given_weight,
                      const Tensor& given_bias, bool centered, double epsilon) {
  refuse_complex(given, name);
  if (given.ndim() == 0) {
    throw ValueError(std::string(name) + ": x is a 0-d tensor, expected at least one axis");
  }
  check_shape(name, "weight", given_weight, given.shape().back());
  check_shape(name, "bias", given_bias, given.shape().back());
  check_epsilon(name, epsilon);
  const DType dtype = common_dtype(name, given, given_weight, given_bias);
  const Tensor none;
  Tensor inputs[3];
  int count = 0;
  const auto input = [&](const Tensor& t) -> const Tensor& {
    return t.defined() ? inputs[count++] = converted(t, dtype) : none;
  };
  const Tensor &x = input(given), &weight = input(given_weight), &bias = input(given_bias);
  if (x.shape().back() > engine::kLongestRow || x.size() == 0) {
    const Tensor y = RowsByOperators(x, centered, epsilon).normal;
    const Tensor weighted = weight.defined() ? y * weight : y;
    return bias.defined() ? weighted + bias : weighted;
  }

  Tensor outputs[3] = {Tensor::empty(x.shape(), dtype)};
  const bool recorded = recording(x) || (weight.defined() && recording(weight)) ||
                        (bias.defined() && recording(bias));
  Tensor statistics;  // of few elements they cost less to make again than to keep
  if (recorded && x.size() > engine::kFewElements) {
    statistics = make_statistics(x, centered, outputs + 1);
  }
  const Program& p =
      row_norm_program(dtype, {centered, weight.defined(), bias.defined(), statistics.defined()});
  const double numbers[] = {static_cast<double>(x.shape().back()), epsilon, 0};
  engine::execute_rows(p, x.shape(), inputs, outputs, numbers);
  if (recorded) {
    set_history(outputs[0], Ref<Node>::of_new(new RowNormNode(name, x, weight, bias, statistics,
                                                              centered, epsilon)));
  }
  return std::move(outputs[0]);
}

// ---- channels -----------------------------------------------------------------------------------

// x seen as (n, groups, channels of a group, length): what is normalised together, and where in a
// plain array of weights theirs are.
struct Channels {
  Dims shape;  // (n, groups, channels, length)
  bool batch;  // together over n and length, else over channels and length
  Dims axes() const { return batch ? Dims{0, 2, 3} : Dims{2, 3}; }
  Dims weight_shape() const { return {shape[1], shape[2], 1}; }
  int64_t sets() const { return batch ? shape[1] : shape[0] * shape[1]; }
  int64_t count() const { return batch ? shape[0] * shape[3] : shape[2] * shape[3]; }
  engine::ChannelNorm plan() const {
    const int64_t n = shape[0], groups = shape[1], channels = shape[2], length = shape[3];
    if (batch) return {groups, n, length, length, groups * length, groups, 1, 0, groups};
    return {n * groups, channels, length, channels * length, length,
            groups,     channels, 1,      groups * channels};
  }
};

class ChannelNormNode final : public Node {
 public:
  ChannelNormNode(const char* name, const Channels& channels, const Tensor& x, const Tensor& weight,
                  const Tensor& bias, Tensor mean, Tensor var, bool given, double epsilon)
      : Node(name, operands(weight, bias)),
        channels_(channels),
        given_(given),
        epsilon_(epsilon),
        mean_(std::move(mean)),
        var_(std::move(var)),
        saved_x_(save(x)) {
    connect(*this, 0, x);
    if (weight.defined()) connect(*this, 1, weight);
    if (bias.defined()) connect(*this, 2, bias);
    if (weight.defined()) saved_weight_ = save(weight);
  }

  void backward(const Tensor* grads, Tensor* result) override {
    const Tensor &g = grads[0], x = saved_x_,
                 weight = saved_weight_ ? Tensor(saved_weight_) : Tensor();
    if (grad_enabled()) return by_operators(x, weight, g, result);
    const engine::ChannelNorm norm = channels_.plan();
    const GradientRows rows(g, norm.length);
    const Tensor from = contiguous(x), w = contiguous_or_none(weight);
    for (int i = 0; i < inputs(); ++i) {
      if (needs(i)) result[i] = Tensor::empty(i == 0 ? x.shape() : Dims{norm.weights}, x.dtype());
    }
    const auto out = [&](int i) {
      return i < inputs() && needs(i) ? result[i].mutable_data() : nullptr;
    };
    engine::normalize_channels_gradient(x.dtype(), norm, from.data(), mean_.data<double>(),
                                        var_.data<double>(), given_, epsilon_, data_or_null(w),
                                        rows.g.data(), rows.same ? 0 : norm.set_stride,
                                        rows.same ? 0 : norm.part_stride, out(0), out(1), out(2));
  }

  void count_saved() const override {
    [[maybe_unused]] const auto x = saved_x_, weight = saved_weight_;
  }

 protected:
  void free_saved() override {
    saved_x_ = Saved();
    saved_weight_ = Saved();
    mean_ = var_ = Tensor();
  }

 private:
  void by_operators(const Tensor& x, const Tensor& weight, const Tensor& g, Tensor* result) const {
    const Tensor v = reshape(x, channels_.shape), gv = reshape(g, channels_.shape);
    const Dims axes = channels_.axes();
    const auto fixed = [&](const Tensor& moment) {
      return reshape(astype(moment, x.dtype()), {channels_.sets(), 1, 1});
    };
    const Tensor centered = v - (given_ ? fixed(mean_) : mean(v, axes, true));
    const Tensor var = given_ ? fixed(var_) : mean(square(centered), axes, true);
    const Tensor scale = reciprocal(sqrt(var + epsilon_)), n = centered * scale;
    const Tensor h = weight.defined() ? gv * reshape(weight, channels_.weight_shape()) : gv;
    const Tensor inner = given_ ? h : (h - mean(h, axes, true)) - n * mean(h * n, axes, true);
    result[0] = reshape(scale * inner, x.shape());
    const auto add_up = [&](const Tensor& t) { return reshape(sum(t, Dims{0, 3}), {-1}); };
    if (inputs() > 1 && needs(1)) result[1] = add_up(gv * n);
    if (inputs() > 2 && needs(2)) result[2] = add_up(gv);
  }

  const Channels channels_;
  const bool given_;
  const double epsilon_;
  Tensor mean_, var_;  // of each set, float64
  Saved saved_x_, saved_weight_;
};

void check_channels(const char* name, const Tensor& x, const Tensor& weight, const Tensor& bias,
                    double epsilon) {
  refuse_complex(x, name);
  if (x.ndim() < 2) {
    throw ValueError(std::string(name) + ": x of shape " + to_string(x.shape()) +
                     ", expected (n, channels, ...)");
  }
  check_shape(name, "weight", weight, x.length(1));
  check_shape(name, "bias", bias, x.length(1));
  check_epsilon(name, epsilon);
}

// mean and var are float64 and contiguous, a value a set; filled in unless `given`.
Tensor normalize_channels(const char* name, const Channels& channels, const Tensor& x,
                          const Tensor& weight, const Tensor& bias, const Tensor& mean,
                          const Tensor& var, bool given, double epsilon) {
  const Tensor y = Tensor::empty(x.shape(), x.dtype());
  {
    GradMode off(false);
    const Tensor from = contiguous(x), w = contiguous_or_none(weight), b = contiguous_or_none(bias);
    engine::normalize_channels(x.dtype(), channels.plan(), from.data(), mean.mutable_data<double>(),
                               var.mutable_data<double>(), given, epsilon, data_or_null(w),
                               data_or_null(b), y.mutable_data());
  }
  if (recording(x) || (weight.defined() && recording(weight)) ||
      (bias.defined() && recording(bias))) {
    set_history(y, Ref<Node>::of_new(new ChannelNormNode(name, channels, x, weight, bias, mean, var,
                                                         given, epsilon)));
  }
  return y;
}

int64_t length_of(const Tensor& x) {
  int64_t length = 1;
  for (int i = 2; i < x.ndim(); ++i) length *= x.length(i);
  return length;
}

// Below this many neighbours of a channel it is worth gathering its values.
constexpr int64_t kShortRun = 16;

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon) {
  return normalize_rows("layer_norm", x, weight, bias, true, epsilon);
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, double epsilon) {
  return normalize_rows("rms_norm", x, weight, Tensor(), false, epsilon);
}

Tensor group_norm(const Tensor& given, int64_t groups, const Tensor& weight, const Tensor& bias,
                  double epsilon) {
  check_channels("group_norm", given, weight, bias, epsilon);
  if (groups < 1 || given.length(1) % groups != 0) {
    throw ValueError("group_norm: x of shape " + to_string(given.shape()) +
                     ", expected (n, channels, ...) with channels a multiple of " +
                     std::to_string(groups) + " groups");
  }
  const DType dtype = common_dtype("group_norm", given, weight, bias);
  const Tensor x = converted(given, dtype);
  if (x.size() == 0) return x + 0.0;
  const Channels channels = {{x.length(0), groups, x.length(1) / groups, length_of(x)}, false};
  const Tensor mean = Tensor::empty({channels.sets()}, DType::Float64),
               var = Tensor::empty({channels.sets()}, DType::Float64);
  return normalize_channels("group_norm", channels, x, converted(weight, dtype),
                            converted(bias, dtype), mean, var, false, epsilon);
}

BatchNorm batch_norm(const Tensor& given, const Tensor& mean, const Tensor& var,
                     const Tensor& weight, const Tensor& bias, double epsilon) {
  check_channels("batch_norm", given, weight, bias, epsilon);
  check_shape("batch_norm", "mean", mean, given.length(1));
  check_shape("batch_norm", "var", var, given.length(1));
  if (mean.defined() != var.defined()) {
    throw ValueError("batch_norm: one of mean and var, expected both or neither");
  }
  for (const Tensor& t : {mean, var}) {
    if (t.defined()) refuse_complex(t, "batch_norm");
  }
  const DType dtype = common_dtype("batch_norm", given, weight, bias);
  const Tensor x = converted(given, dtype);
  const int64_t n = x.length(0), width = x.length(1), length = length_of(x);
  const bool fixed = mean.defined();
  if (!fixed && n * length < 2) {
    throw ValueError("batch_norm: x of shape " + to_string(x.shape()) + " has " +
                     std::to_string(n * length) +
                     " values a channel, expected at least 2 in training");
  }
  // Copies: what is given may change before the way back.
  const Tensor m = Tensor::empty({width}, DType::Float64),
               v = Tensor::empty({width}, DType::Float64);
  if (fixed) {
    engine::copy(mean, m);
    engine::copy(var, v);
  }
  if (x.size() == 0) return {x + 0.0, astype(m, dtype), astype(v, dtype)};
  const Tensor w = converted(weight, dtype), b = converted(bias, dtype);
  Tensor y;
  if (length < kShortRun && n > 1) {
    const Tensor rows = contiguous(permute_dims(reshape(x, {n, width, length}), {1, 0, 2}));
    const Channels channels = {{1, width, 1, n * length}, true};
    y = normalize_channels("batch_norm", channels, reshape(rows, {1, width, n * length}), w, b, m,
                           v, fixed, epsilon);
    y = reshape(contiguous(permute_dims(reshape(y, {width, n, length}), {1, 0, 2})), x.shape());
  } else {
    const Channels channels = {{n, width, 1, length}, true};
    y = normalize_channels("batch_norm", channels, x, w, b, m, v, fixed, epsilon);
  }
  GradMode off(false);
  return {y, astype(m, dtype), astype(v, dtype)};
}

}  // namespace ndtape
