// Functions of whole rows: softmax and its kin. Each is one program, one pass over memory.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/elementwise.h"
#include "engine/index.h"
#include "engine/program.h"
#include "ops/elementwise.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {
namespace {

using engine::Program;
using engine::Value;

// x with `axis` last, as a view without history.
Tensor axis_last(const Tensor& x, int axis) {
  Dims order;
  for (int i = 0; i < x.ndim(); ++i) {
    if (i != axis) order.push_back(i);
  }
  order.push_back(axis);
  return Tensor(Ref<TensorImpl>(
      new TensorImpl(x.dtype(), x.layout().permute(order), Ref<Storage>(&x.storage()))));
}

// One output of x's shape from inputs of x's shape and dtype, by a program on rows along `axis`.
template <class Build>
Tensor row_function(const std::vector<Tensor>& inputs, int axis, DType dtype, Build build) {
  Tensor y = Tensor::empty(inputs[0].shape(), dtype);
  if (y.size() == 0) return y;
  Program program;
  std::vector<Tensor> moved;
  Value in[engine::kMaxInputs];
  for (size_t i = 0; i < inputs.size(); ++i) {
    moved.push_back(axis_last(inputs[i], axis));
    in[i] = program.input(inputs[i].dtype());
  }
  for (size_t i = 0; i < inputs.size(); ++i) in[i] = program.cast(in[i], dtype);
  program.output(build(program, in));
  const Tensor out = axis_last(y, axis);
  engine::execute_rows(program, out.shape(), moved.data(), &out);
  return y;
}

DType float_of(DType dtype) { return is_float(dtype) ? dtype : default_float(); }

int row_axis(const Tensor& x, int64_t axis, const char* what) {
  refuse_complex(x, what);
  if (x.ndim() == 0) {
    throw ValueError(std::string(what) + ": a 0-d tensor has no axis " + std::to_string(axis));
  }
  return normalize_axis(axis, x.ndim(), what);
}

// The mean of each row, and 1 / sqrt(var + epsilon).
struct Moments {
  Value mean, scale;
};
Moments moments(Program& p, Value x, Value count, Value epsilon) {
  const Value mean = p.apply(Op::divide, p.reduce(ReduceOp::sum, x), count);
  const Value square_sum = p.fused_sum(RowOp::square_sum, {x, mean});
  const Value var = p.apply(Op::add, p.apply(Op::divide, square_sum, count), epsilon);
  return {mean, p.apply(Op::reciprocal, p.apply(Op::sqrt, var))};
}

bool fits_a_program(const Tensor& x, int axis) { return x.length(axis) <= engine::kLongestRow; }

// The gradient of softmax's input: y * (g - sum(g * y)).
Tensor softmax_gradient(const Tensor& y, const Tensor& g, int axis) {
  if (!fits_a_program(y, axis)) return y * (g - sum(g * y, Dims{axis}, true));
  Tensor d =
      row_function({y, g}, axis, promote(y.dtype(), g.dtype()), [](Program& p, const Value* in) {
        const Value product = p.apply(Op::multiply, in[0], in[1]);
        const Value total = p.reduce(ReduceOp::sum, product);
        return p.apply(Op::multiply, in[0], p.apply(Op::subtract, in[1], total));
      });
  if (!recording(y, g)) return d;
  return record(
      "softmax_gradient", d,
      wrt(y,
          [y = save(y), g = save(g), axis](const Tensor& h) {
            const Dims along{axis};
            const Tensor a = y, b = g;
            return h * (b - sum(a * b, along, true)) - b * sum(h * a, along, true);
          }),
      wrt(g, [y = save(y), axis](const Tensor& h) { return softmax_gradient(y, h, axis); }));
}

// The gradient of log_softmax's input: g - exp(y) * sum(g).
Tensor log_softmax_gradient(const Tensor& y, const Tensor& g, int axis) {
  if (!fits_a_program(y, axis)) return g - exp(y) * sum(g, Dims{axis}, true);
  Tensor d =
      row_function({y, g}, axis, promote(y.dtype(), g.dtype()), [](Program& p, const Value* in) {
        const Value total = p.reduce(ReduceOp::sum, in[1]);
        return p.apply(Op::subtract, in[1], p.apply(Op::multiply, p.apply(Op::exp, in[0]), total));
      });
  if (!recording(y, g)) return d;
  return record("log_softmax_gradient", d,
                wrt(y, [y = save(y), g = save(g), axis](
                           const Tensor& h) { return -(h * exp(y) * sum(g, Dims{axis}, true)); }),
                wrt(g, [y = save(y), axis](const Tensor& h) {
                  return h - sum(h * exp(y), Dims{axis}, true);
                }));
}

}  // namespace

Tensor softmax(const Tensor& x, int64_t axis) {
  const int along = row_axis(x, axis, "softmax");
  if (!fits_a_program(x, along)) return exp(log_softmax(x, along));
  Tensor y = row_function({x}, along, float_of(x.dtype()), [](Program& p, const Value* in) {
    const Value top = p.reduce(ReduceOp::max, in[0]);
    Value e;
    const Value total = p.fused_sum(RowOp::exp_sum, {in[0], top}, &e);
    return p.apply(Op::multiply, e, p.apply(Op::reciprocal, total));
  });
  if (!recording(x)) return y;
  return record("softmax", y, wrt(x, [y = save_output(y), along](const Tensor& g) {
                  return softmax_gradient(y, g, along);
                }));
}

Tensor log_softmax(const Tensor& x, int64_t axis) {
  const int along = row_axis(x, axis, "log_softmax");
  if (!fits_a_program(x, along)) {
    const Tensor y = is_float(x.dtype()) ? x : astype(x, default_float());
    return y - logsumexp(y, Dims{along}, true);
  }
  Tensor y = row_function({x}, along, float_of(x.dtype()), [](Program& p, const Value* in) {
    const Value top = p.reduce(ReduceOp::max, in[0]);
    const Value total = p.fused_sum(RowOp::exp_sum, {in[0], top});
    return p.apply(Op::subtract, p.apply(Op::subtract, in[0], top), p.apply(Op::log, total));
  });
  if (!recording(x)) return y;
  return record("log_softmax", y, wrt(x, [y = save_output(y), along](const Tensor& g) {
                  return log_softmax_gradient(y, g, along);
                }));
}

namespace {

// Operands of layer_norm's programs, in this order; weight and bias may be left out.
struct LayerNormInputs {
  Program program;
  std::vector<Tensor> tensors;
  DType dtype;

  Value read(const Tensor& t) {
    tensors.push_back(t);
    return program.input(t.dtype());
  }
  Value constant(double value) {
    tensors.push_back(scalar(value, dtype));
    return program.row_input(dtype);
  }
};

void check_last_axis(const char* what, const Tensor& t, const Tensor& x) {
  if (t.defined() && t.shape() != Dims{x.shape().back()}) {
    throw ValueError(std::string("layer_norm: ") + what + " has shape " + to_string(t.shape()) +
                     ", expected " + to_string(Dims{x.shape().back()}));
  }
}

// The same by operators, for derivatives of the derivative.
Tensor layer_norm_by_operators(const Tensor& x, double epsilon) {
  const Dims last{-1};
  const Tensor centered = x - mean(x, last, true);
  return centered / sqrt(mean(square(centered), last, true) + epsilon);
}

// The gradient of layer_norm's x, and the normalised x that the weight's gradient needs.
// With h = g * weight and n the normalised x: scale * (h - mean(h) - n * mean(h * n)).
std::pair<Tensor, Tensor> layer_norm_gradient(const Tensor& x, const Tensor& weight,
                                              const Tensor& g, double epsilon) {
  LayerNormInputs in{{}, {}, g.dtype()};
  const double length = static_cast<double>(x.shape().back());
  Program& p = in.program;
  Value xv = in.read(x), gv = in.read(g), wv = engine::kNoValue;
  if (weight.defined()) wv = in.read(weight);
  const Value count = in.constant(length), eps = in.constant(epsilon);
  xv = p.cast(xv, in.dtype);
  const Moments m = moments(p, xv, count, eps);
  const Value n = p.fused(RowOp::normalize, {xv, m.mean, m.scale});
  const Value h = wv == engine::kNoValue ? gv : p.apply(Op::multiply, gv, p.cast(wv, in.dtype));
  const Value mean_h = p.apply(Op::divide, p.reduce(ReduceOp::sum, h), count);
  const Value mean_hn =
      p.apply(Op::divide, p.reduce(ReduceOp::sum, p.apply(Op::multiply, h, n)), count);
  const Value inner =
      p.apply(Op::subtract, p.apply(Op::subtract, h, mean_h), p.apply(Op::multiply, n, mean_hn));
  p.output(p.apply(Op::multiply, inner, m.scale));
  p.output(n);
  const Tensor outputs[] = {Tensor::empty(x.shape(), in.dtype), Tensor::empty(x.shape(), in.dtype)};
  engine::execute_rows(p, x.shape(), in.tensors.data(), outputs);
  return {outputs[0], outputs[1]};
}

class LayerNormNode final : public Node {
 public:
  LayerNormNode(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon)
      : Node("layer_norm", 3), epsilon_(epsilon) {
    set_input(0, input_of(x));
    if (weight.defined()) set_input(1, input_of(weight));
    if (bias.defined()) set_input(2, input_of(bias));
    saved_x_.emplace(save(x));
    if (weight.defined()) saved_weight_.emplace(save(weight));
  }

  void backward(const Tensor* grads, Tensor* result) override {
    const Tensor &g = grads[0], x = *saved_x_, weight = saved_weight_ ? *saved_weight_ : Tensor();
    result[2] = g;  // summed over the rows by the walker
    if (grad_enabled()) {
      // Recorded: differentiate the operators that the program stands for.
      const Tensor n = layer_norm_by_operators(x, epsilon_);
      if (needs(1)) result[1] = g * n;
      if (needs(0)) {
        const Dims last{-1};
        const Tensor h = weight.defined() ? g * weight : g;
        const Tensor centered = x - mean(x, last, true);
        const Tensor scale = reciprocal(sqrt(mean(square(centered), last, true) + epsilon_));
        result[0] = scale * (h - mean(h, last, true) - n * mean(h * n, last, true));
      }
      return;
    }
    const auto [gx, n] = layer_norm_gradient(x, weight, g, epsilon_);
    if (needs(0)) result[0] = gx;
    if (needs(1)) result[1] = g * n;
  }

  void count_saved() const override {
    [[maybe_unused]] const auto x = saved_x_, weight = saved_weight_;
  }

 protected:
  void free_saved() override {
    saved_x_.reset();
    saved_weight_.reset();
  }

 private:
  const double epsilon_;
  std::optional<Saved> saved_x_, saved_weight_;
};

// The gradient of cross_entropy's scores: (softmax(scores) - one_hot(labels)) * g, row by row.
Tensor cross_entropy_gradient(const Tensor& scores, const Tensor& labels, const Tensor& g) {
  const Tensor column = expand_dims(g, 1);
  if (grad_enabled()) {
    const Tensor classes = arange_int(0, 1, scores.length(1), DType::Int64);
    const Tensor hit = equal(expand_dims(labels, 1), classes);
    return (softmax(scores, 1) - astype(hit, g.dtype())) * column;
  }
  Program p;
  const Value in_x = p.input(scores.dtype()), in_g = p.row_input(g.dtype());
  const Value x = p.cast(in_x, g.dtype());
  Value e;
  const Value total = p.fused_sum(RowOp::exp_sum, {x, p.reduce(ReduceOp::max, x)}, &e);
  const Value scale = p.apply(Op::divide, in_g, total);
  p.output(p.apply(Op::multiply, e, scale));
  Tensor d = Tensor::empty(scores.shape(), g.dtype());
  const Tensor inputs[] = {scores, column};
  engine::execute_rows(p, scores.shape(), inputs, &d);
  engine::add_along(d, expand_dims(labels, 1), 1, contiguous(-column));
  return d;
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon) {
  row_axis(x, -1, "layer_norm");
  check_last_axis("weight", weight, x);
  check_last_axis("bias", bias, x);
  if (!(epsilon >= 0)) {
    throw ValueError("layer_norm: epsilon " + std::to_string(epsilon) + ", expected 0 or more");
  }
  DType dtype = float_of(x.dtype());
  for (const Tensor& t : {weight, bias}) {
    if (t.defined()) dtype = promote(dtype, t.dtype());
  }
  if (!fits_a_program(x, x.ndim() - 1)) {
    Tensor y = layer_norm_by_operators(astype(x, dtype), epsilon);
    if (weight.defined()) y = y * weight;
    return bias.defined() ? y + bias : y;
  }
  LayerNormInputs in{{}, {}, dtype};
  Program& p = in.program;
  Value xv = in.read(x), wv = engine::kNoValue, bv = engine::kNoValue;
  if (weight.defined()) wv = in.read(weight);
  if (bias.defined()) bv = in.read(bias);
  const Value count = in.constant(static_cast<double>(x.shape().back())),
              eps = in.constant(epsilon);
  xv = p.cast(xv, dtype);
  if (weight.defined()) wv = p.cast(wv, dtype);
  if (bias.defined()) bv = p.cast(bv, dtype);
  const Moments m = moments(p, xv, count, eps);
  p.output(p.fused(RowOp::normalize, {xv, m.mean, m.scale, wv, bv}));
  const Tensor out = Tensor::empty(x.shape(), dtype);
  engine::execute_rows(p, x.shape(), in.tensors.data(), &out);
  const bool recorded = recording(x) || (weight.defined() && recording(weight)) ||
                        (bias.defined() && recording(bias));
  if (recorded) set_history(out, Ref<Node>(new LayerNormNode(x, weight, bias, epsilon)));
  return out;
}

Tensor cross_entropy(const Tensor& scores, const Tensor& labels) {
  if (scores.ndim() != 2 || labels.ndim() != 1 || labels.length(0) != scores.length(0)) {
    throw ValueError("cross_entropy: scores of shape " + to_string(scores.shape()) +
                     " and labels of shape " + to_string(labels.shape()) +
                     ", expected (n, classes) and (n,)");
  }
  if (!is_integer(labels.dtype())) {
    throw TypeError(std::string("cross_entropy: labels of dtype ") + name(labels.dtype()) +
                    ", expected an integer dtype");
  }
  refuse_complex(scores, "cross_entropy");
  const DType dtype = float_of(scores.dtype());
  const Tensor rows =
      contiguous(labels.dtype() == DType::Int64 ? labels : astype(labels, DType::Int64));
  engine::check_indices(rows, scores.length(1), "cross_entropy: label");
  if (!fits_a_program(scores, 1)) {
    const Tensor hit = take_along_axis(scores, expand_dims(rows, 1), 1);
    return logsumexp(scores, Dims{1}) - squeeze(hit, Dims{1});
  }
  Tensor y = Tensor::empty({scores.length(0)}, dtype);
  {
    GradMode off(false);
    Program p;
    const Value in_x = p.input(scores.dtype()), in_hit = p.row_input(scores.dtype());
    const Value x = p.cast(in_x, dtype);
    const Value top = p.reduce(ReduceOp::max, x);
    const Value total = p.fused_sum(RowOp::exp_sum, {x, top});
    // log(sum(exp(x - top))) - (x[label] - top): the differences are small, and exact at the top.
    p.output(p.apply(Op::subtract, p.apply(Op::log, total),
                     p.apply(Op::subtract, p.cast(in_hit, dtype), top)));
    const Tensor hit = take_along_axis(scores, expand_dims(rows, 1), 1);
    const Tensor inputs[] = {scores, hit}, column = expand_dims(y, 1);
    if (scores.size() > 0) engine::execute_rows(p, scores.shape(), inputs, &column);
  }
  if (!recording(scores)) return y;
  return record("cross_entropy", y, wrt(scores, [scores = save(scores), rows](const Tensor& g) {
                  return cross_entropy_gradient(scores, rows, g);
                }));
}

}  // namespace ndtape
