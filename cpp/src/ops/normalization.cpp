// Functions of whole rows: softmax, cross-entropy. Each is one program, one pass over memory.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/elementwise.h"
#include "engine/index.h"
#include "engine/normalize.h"
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
    return p.fused(RowOp::subtract_both, {in[0], top, p.apply(Op::log, total)});
  });
  if (!recording(x)) return y;
  return record("log_softmax", y, wrt(x, [y = save_output(y), along](const Tensor& g) {
                  return log_softmax_gradient(y, g, along);
                }));
}

namespace {

// Unlike other indices, labels do not count from the end: -1 is a mark or a mistake.
void check_labels(const Tensor& labels, int64_t classes) {
  const int64_t* const p = labels.data<int64_t>();
  for (int64_t i = 0; i < labels.size(); ++i) {
    if (p[i] < 0 || p[i] >= classes) {
      throw IndexError("cross_entropy: label " + std::to_string(p[i]) + " is out of range for " +
                       std::to_string(classes) + " classes");
    }
  }
}

// The gradient of cross_entropy's scores: (softmax(scores) - one_hot(labels)) * g, row by row.
// top and total are of each row: the largest score, and the sum of exp(score - top).
Tensor cross_entropy_gradient(const Tensor& scores, const Tensor& labels, const Tensor& top,
                              const Tensor& total, const Tensor& g) {
  if (grad_enabled()) {
    const Tensor classes = arange_int(0, 1, scores.length(1), DType::Int64);
    const Tensor hit = equal(expand_dims(labels, 1), classes);
    return (softmax(scores, 1) - astype(hit, g.dtype())) * expand_dims(g, 1);
  }
  // Labels in memory shared with another library may have changed unseen.
  check_labels(labels, scores.length(1));
  const Tensor x = contiguous(scores.dtype() == g.dtype() ? scores : astype(scores, g.dtype()));
  Tensor d = Tensor::empty(scores.shape(), g.dtype());
  engine::softmax_loss_gradient(g.dtype(), x.length(0), x.length(1), x.data(), top.data(),
                                total.data(), contiguous(g).data(), labels.data<int64_t>(),
                                d.mutable_data());
  return d;
}

}  // namespace

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
  check_labels(rows, scores.length(1));
  if (!fits_a_program(scores, 1)) {
    const Tensor hit = take_along_axis(scores, expand_dims(rows, 1), 1);
    return logsumexp(scores, Dims{1}) - squeeze(hit, Dims{1});
  }
  const int64_t n = scores.length(0);
  Tensor y = Tensor::empty({n, 1}, dtype), tops = Tensor::empty({n, 1}, dtype),
         totals = Tensor::empty({n, 1}, dtype);
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
    p.output(top);
    p.output(total);
    const Tensor inputs[] = {scores, hit}, outputs[] = {y, tops, totals};
    if (scores.size() > 0) engine::execute_rows(p, scores.shape(), inputs, outputs);
    y = reshape(y, {n});
  }
  if (!recording(scores)) return y;
  return record(
      "cross_entropy", y,
      wrt(scores, [scores = save(scores), rows = save(rows), tops, totals](const Tensor& g) {
        return cross_entropy_gradient(scores, rows, tops, totals, g);
      }));
}

}  // namespace ndtape
