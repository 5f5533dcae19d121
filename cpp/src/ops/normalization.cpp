// Functions of whole rows: softmax, cross-entropy. Each is one program, one pass over memory.
#include <cstring>
#include <optional>
#include <string>
#include <tuple>

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
  if (axis == x.ndim() - 1) return x;
  Dims order;
  for (int i = 0; i < x.ndim(); ++i) {
    if (i != axis) order.push_back(i);
  }
  order.push_back(axis);
  return Tensor(Ref<TensorImpl>(
      new TensorImpl(x.dtype(), x.layout().permute(order), Ref<Storage>(&x.storage()))));
}

// One output of the inputs' shape: the formula's, of rows along `axis`.
template <class Formula, class... Tensors>
Tensor row_function(int axis, DType dtype, Formula, const Tensors&... inputs) {
  const Tensor moved[] = {axis_last(inputs, axis)...};
  Tensor y = Tensor::empty(std::get<0>(std::tie(inputs...)).shape(), dtype);
  if (y.size() == 0) return y;
  Program other;
  const auto make = [](Program& program, DType type, auto... given) {
    Value in[] = {program.input(given)...};
    for (Value& v : in) v = program.cast(v, type);
    program.output(Formula()(program, in));
  };
  const Program& program = engine::program_for(make, other, dtype, inputs.dtype()...);
  const Tensor out = axis_last(y, axis);
  engine::execute_rows(program, out.shape(), moved, &out);
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
  const auto formula = [](Program& p, const Value* in) {
    const Value total = p.reduce(ReduceOp::sum, p.apply(Op::multiply, in[0], in[1]));
    return p.apply(Op::multiply, in[0], p.apply(Op::subtract, in[1], total));
  };
  Tensor d = row_function(axis, promote(y.dtype(), g.dtype()), formula, y, g);
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
  const auto formula = [](Program& p, const Value* in) {
    const Value total = p.reduce(ReduceOp::sum, in[1]);
    return p.apply(Op::subtract, in[1], p.apply(Op::multiply, p.apply(Op::exp, in[0]), total));
  };
  Tensor d = row_function(axis, promote(y.dtype(), g.dtype()), formula, y, g);
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
  const auto formula = [](Program& p, const Value* in) {
    const Value top = p.reduce(ReduceOp::max, in[0]);
    Value e;
    const Value total = p.fused_sum(RowOp::exp_sum, {in[0], top}, &e);
    return p.apply(Op::multiply, e, p.apply(Op::reciprocal, total));
  };
  Tensor y = row_function(along, float_of(x.dtype()), formula, x);
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
  const auto formula = [](Program& p, const Value* in) {
    const Value top = p.reduce(ReduceOp::max, in[0]);
    const Value total = p.fused_sum(RowOp::exp_sum, {in[0], top});
    return p.fused(RowOp::subtract_both, {in[0], top, p.apply(Op::log, total)});
  };
  Tensor y = row_function(along, float_of(x.dtype()), formula, x);
  if (!recording(x)) return y;
  return record("log_softmax", y, wrt(x, [y = save_output(y), along](const Tensor& g) {
                  return log_softmax_gradient(y, g, along);
                }));
}

namespace {

// Unlike other indices, labels do not count from the end: -1 is a mark or a mistake.
void check_label(int64_t label, int64_t classes) {
  if (label >= 0 && label < classes) return;
  throw IndexError("cross_entropy: label " + std::to_string(label) + " is out of range for " +
                   std::to_string(classes) + " classes");
}

void check_labels(const Tensor& labels, int64_t classes) {
  const int64_t* const p = labels.data<int64_t>();
  for (int64_t i = 0; i < labels.size(); ++i) check_label(p[i], classes);
}

// The scores at the labels, one a row, as a column.
Tensor at_labels(const Tensor& scores, const Tensor& labels) {
  const int64_t rows = scores.length(0), classes = scores.length(1);
  const int64_t bytes = itemsize(scores.dtype());
  const int64_t row_step = scores.strides()[0] * bytes, step = scores.strides()[1] * bytes;
  Tensor hit = Tensor::empty({rows, 1}, scores.dtype());
  const char* const from = scores.data<char>();
  char* const to = hit.mutable_data<char>();
  const int64_t* const p = labels.data<int64_t>();
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t label = p[r];
    check_label(label, classes);
    std::memcpy(to + r * bytes, from + r * row_step + label * step, static_cast<size_t>(bytes));
  }
  return hit;
}

// The gradient of cross_entropy's scores: (softmax(scores) - one_hot(labels)) * g, row by row.
// The two rows of `statistics`, if there are any, are the largest score of each row, and its sum of
// exp(score - that).
Tensor cross_entropy_gradient(const Tensor& scores, const Tensor& labels, const Tensor& statistics,
                              const Tensor& g) {
  if (grad_enabled()) {
    const Tensor classes = arange_int(0, 1, scores.length(1), DType::Int64);
    const Tensor hit = equal(expand_dims(labels, 1), classes);
    return (softmax(scores, 1) - astype(hit, g.dtype())) * expand_dims(g, 1);
  }
  // Labels in memory shared with another library may have changed unseen.
  check_labels(labels, scores.length(1));
  const Tensor x = contiguous(scores.dtype() == g.dtype() ? scores : astype(scores, g.dtype()));
  Tensor d = Tensor::empty(scores.shape(), g.dtype());
  engine::softmax_loss_gradient(g.dtype(), x.length(0), x.length(1), x.data(),
                                statistics.defined() ? statistics.data() : nullptr,
                                contiguous(g).data(), labels.data<int64_t>(), d.mutable_data());
  return d;
}

// The loss of each row from its scores and the one at its label; with `statistics`, its largest
// score and its sum of exp(score - that), too.
template <bool statistics>
struct CrossEntropy {
  void operator()(Program& p, DType type, DType given) const {
    const Value in_x = p.input(given), in_hit = p.row_input(given);
    const Value x = p.cast(in_x, type), hit = p.cast(in_hit, type);
    const Value top = p.reduce(ReduceOp::max, x);
    const Value total = p.fused_sum(RowOp::exp_sum, {x, top});
    // log(sum(exp(x - top))) - (x[label] - top): the differences are small, and exact at the top.
    p.output(p.apply(Op::subtract, p.apply(Op::log, total), p.apply(Op::subtract, hit, top)));
    if (!statistics) return;
    p.output(top);
    p.output(total);
  }
};

class CrossEntropyNode final : public Node {
 public:
  // Without statistics where they are to be made again.
  CrossEntropyNode(const Tensor& scores, const Tensor& labels, const Tensor& statistics)
      : Node("cross_entropy", 1),
        statistics_(statistics),
        scores_(save(scores)),
        labels_(save(labels)) {
    connect(*this, 0, scores);
  }

  void backward(const Tensor* grads, Tensor* result) override {
    result[0] = cross_entropy_gradient(scores_, labels_, statistics_, grads[0]);
  }

  void count_saved() const override {
    [[maybe_unused]] const auto scores = scores_;
    [[maybe_unused]] const auto labels = labels_;
  }

 protected:
  void free_saved() override {
    scores_ = Saved();
    labels_ = Saved();
    statistics_ = Tensor();
  }

 private:
  Tensor statistics_;
  Saved scores_, labels_;
};

// Where the program writes the rows of `statistics`.
[[gnu::noinline]] void add_outputs(const Tensor& statistics, Tensor* outputs) {
  const int64_t n = statistics.length(1);
  for (int64_t row : {0, 1}) outputs[row] = statistics.view({{n, 1}, {1, 1}, row * n});
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
  if (!fits_a_program(scores, 1)) {
    check_labels(rows, scores.length(1));
    const Tensor hit = take_along_axis(scores, expand_dims(rows, 1), 1);
    return logsumexp(scores, Dims{1}) - squeeze(hit, Dims{1});
  }
  const int64_t n = scores.length(0);
  const Tensor inputs[] = {scores, at_labels(scores, rows)};
  Tensor y = Tensor::empty({n}, dtype);
  // Of few elements, statistics cost less to make again than to keep.
  const bool recorded = recording(scores), kept = recorded && scores.size() > engine::kFewElements;
  const Tensor statistics = kept ? Tensor::empty({2, n}, dtype) : Tensor();
  if (scores.size() > 0) {
    Program other;
    const Program& p =
        kept ? engine::program_for(CrossEntropy<true>(), other, dtype, scores.dtype())
             : engine::program_for(CrossEntropy<false>(), other, dtype, scores.dtype());
    Tensor outputs[3] = {y.view({{n, 1}, {1, 1}, 0})};
    if (kept) add_outputs(statistics, outputs + 1);
    engine::execute_rows(p, scores.shape(), inputs, outputs);
  }
  if (recorded) {
    set_history(y, Ref<Node>::of_new(new CrossEntropyNode(scores, rows, statistics)));
  }
  return y;
}

}  // namespace ndtape
