// Functions of whole rows: softmax and its kin. Each is one program, one pass over memory.
#include <string>

#include "engine/elementwise.h"
#include "engine/program.h"
#include "ops/elementwise.h"
#include "ops/record.h"

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
  return Tensor(Ref<TensorImpl>(new TensorImpl(x.dtype(), x.layout().permute(order),
                                               Ref<Storage>(&x.storage()))));
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
  if (x.ndim() == 0) {
    throw ValueError(std::string(what) + ": a 0-d tensor has no axis " + std::to_string(axis));
  }
  return normalize_axis(axis, x.ndim(), what);
}

// The gradient of softmax's input: y * (g - sum(g * y)).
Tensor softmax_gradient(const Tensor& y, const Tensor& g, int axis) {
  Tensor d = row_function({y, g}, axis, promote(y.dtype(), g.dtype()),
                          [](Program& p, const Value* in) {
                            const Value product = p.apply(Op::multiply, in[0], in[1]);
                            const Value total = p.reduce(ReduceOp::sum, product);
                            return p.apply(Op::multiply, in[0],
                                           p.apply(Op::subtract, in[1], total));
                          });
  if (!recording(y, g)) return d;
  return record("softmax_gradient", d,
                wrt(y, [y = save(y), g = save(g), axis](const Tensor& h) {
                  const Dims along{axis};
                  const Tensor a = y, b = g;
                  return h * (b - sum(a * b, along, true)) - b * sum(h * a, along, true);
                }),
                wrt(g, [y = save(y), axis](const Tensor& h) {
                  return softmax_gradient(y, h, axis);
                }));
}

// The gradient of log_softmax's input: g - exp(y) * sum(g).
Tensor log_softmax_gradient(const Tensor& y, const Tensor& g, int axis) {
  Tensor d = row_function({y, g}, axis, promote(y.dtype(), g.dtype()),
                          [](Program& p, const Value* in) {
                            const Value total = p.reduce(ReduceOp::sum, in[1]);
                            return p.apply(Op::subtract, in[1],
                                           p.apply(Op::multiply, p.apply(Op::exp, in[0]), total));
                          });
  if (!recording(y, g)) return d;
  return record("log_softmax_gradient", d,
                wrt(y, [y = save(y), g = save(g), axis](const Tensor& h) {
                  return -(h * exp(y) * sum(g, Dims{axis}, true));
                }),
                wrt(g, [y = save(y), axis](const Tensor& h) {
                  return h - sum(h * exp(y), Dims{axis}, true);
                }));
}

}  // namespace

Tensor softmax(const Tensor& x, int64_t axis) {
  const int along = row_axis(x, axis, "softmax");
  Tensor y = row_function({x}, along, float_of(x.dtype()), [](Program& p, const Value* in) {
    const Value top = p.reduce(ReduceOp::max, in[0]);
    const Value e = p.apply(Op::exp, p.apply(Op::subtract, in[0], top));
    return p.apply(Op::divide, e, p.reduce(ReduceOp::sum, e));
  });
  if (!recording(x)) return y;
  return record("softmax", y, wrt(x, [y = save_output(y), along](const Tensor& g) {
                  return softmax_gradient(y, g, along);
                }));
}

Tensor log_softmax(const Tensor& x, int64_t axis) {
  const int along = row_axis(x, axis, "log_softmax");
  Tensor y = row_function({x}, along, float_of(x.dtype()), [](Program& p, const Value* in) {
    const Value top = p.reduce(ReduceOp::max, in[0]);
    const Value shifted = p.apply(Op::subtract, in[0], top);
    const Value total = p.reduce(ReduceOp::sum, p.apply(Op::exp, shifted));
    return p.apply(Op::subtract, shifted, p.apply(Op::log, total));
  });
  if (!recording(x)) return y;
  return record("log_softmax", y, wrt(x, [y = save_output(y), along](const Tensor& g) {
                  return log_softmax_gradient(y, g, along);
                }));
}

}  // namespace ndtape
