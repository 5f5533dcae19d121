// The LSTM's cell: one program forward, one backward, over all four gates at once.
#include "ndtape/recurrent.h"

#include <optional>
#include <string>
#include <vector>

#include "engine/elementwise.h"
#include "engine/program.h"
#include "ndtape/ops.h"
#include "ops/record.h"

namespace ndtape {
namespace {

using engine::Program;
using engine::Value;

struct Gates {
  Value i, f, g, o;
};

// Inputs of a program in the order of their tensors; the four gates first.
class Cell {
 public:
  explicit Cell(const Tensor& gates) : inputs_(split(gates, 4, 1)), dtype_(gates.dtype()) {
    for (int k = 0; k < 4; ++k) program_.input(dtype_);
  }
  Value input(const Tensor& t) {
    inputs_.push_back(t);
    return program_.input(dtype_);
  }
  // After all inputs.
  Gates open() {
    return {program_.apply(Op::sigmoid, 0), program_.apply(Op::sigmoid, 1),
            program_.apply(Op::tanh, 2), program_.apply(Op::sigmoid, 3)};
  }
  Value add(Value a, Value b) { return program_.apply(Op::add, a, b); }
  Value subtract(Value a, Value b) { return program_.apply(Op::subtract, a, b); }
  Value multiply(Value a, Value b) { return program_.apply(Op::multiply, a, b); }
  Value tanh(Value a) { return program_.apply(Op::tanh, a); }
  Value square(Value a) { return program_.apply(Op::square, a); }
  void output(Value v, const Tensor& t) {
    program_.output(v);
    outputs_.push_back(t);
  }
  void run(const Dims& shape) const {
    engine::execute(program_, shape, inputs_.data(), outputs_.data());
  }

 private:
  Program program_;
  std::vector<Tensor> inputs_, outputs_;
  DType dtype_;
};

class LstmNode final : public Node {
 public:
  LstmNode(const Tensor& gates, const Tensor& c, const Tensor& next)
      : Node("lstm_cell", 2), gates_(save(gates)), c_(save(c)), next_(save_output(next)) {
    set_input(0, input_of(gates));
    set_input(1, input_of(c));
  }
  int outputs() const override { return 2; }  // c' and h'

  void backward(const Tensor* grads, Tensor* result) override {
    const Tensor gates = *gates_, c = *c_, next = *next_;
    const Tensor gc = grads[0].defined() ? grads[0] : zeros(c.shape(), c.dtype()),
                 gh = grads[1].defined() ? grads[1] : zeros(c.shape(), c.dtype());
    if (grad_enabled()) return by_operators(gates, c, gc, gh, result);

    Cell p(gates);
    const Value vc = p.input(c), vn = p.input(next), vgc = p.input(gc), vgh = p.input(gh),
                one = p.input(scalar(1.0, c.dtype()));
    const Gates v = p.open();
    const Value t = p.tanh(vn), through = p.multiply(vgh, v.o);
    const Value d = p.add(vgc, p.multiply(through, p.subtract(one, p.square(t))));
    const auto slope = [&](Value s) { return p.multiply(s, p.subtract(one, s)); };
    result[0] = Tensor::empty(gates.shape(), gates.dtype());
    result[1] = Tensor::empty(c.shape(), c.dtype());
    const std::vector<Tensor> to = split(result[0], 4, 1);
    p.output(p.multiply(p.multiply(d, v.g), slope(v.i)), to[0]);
    p.output(p.multiply(p.multiply(d, vc), slope(v.f)), to[1]);
    p.output(p.multiply(p.multiply(d, v.i), p.subtract(one, p.square(v.g))), to[2]);
    p.output(p.multiply(p.multiply(vgh, t), slope(v.o)), to[3]);
    p.output(p.multiply(d, v.f), result[1]);
    p.run(c.shape());
  }

  void count_saved() const override { const auto gates = gates_, c = c_, next = next_; }

 protected:
  void free_saved() override {
    gates_.reset();
    c_.reset();
    next_.reset();
  }

 private:
  // The same, recorded.
  static void by_operators(const Tensor& gates, const Tensor& c, const Tensor& gc, const Tensor& gh,
                           Tensor* result) {
    const std::vector<Tensor> z = split(gates, 4, 1);
    const Tensor i = sigmoid(z[0]), f = sigmoid(z[1]), g = tanh(z[2]), o = sigmoid(z[3]);
    const Tensor t = tanh(f * c + i * g);
    const Tensor d = gc + gh * o * (1.0 - square(t));
    result[0] = concat({d * g * i * (1.0 - i), d * c * f * (1.0 - f), d * i * (1.0 - square(g)),
                        gh * t * o * (1.0 - o)},
                       1);
    result[1] = d * f;
  }

  std::optional<Saved> gates_, c_, next_;
};

}  // namespace

std::pair<Tensor, Tensor> lstm_cell(const Tensor& gates, const Tensor& c) {
  if (gates.ndim() != 2 || c.ndim() != 2 || gates.length(0) != c.length(0) ||
      gates.length(1) != 4 * c.length(1)) {
    throw ValueError("lstm_cell: gates of shape " + to_string(gates.shape()) +
                     " and a state of shape " + to_string(c.shape()) +
                     ", expected (n, 4 * hidden) and (n, hidden)");
  }
  if (!is_float(gates.dtype()) || gates.dtype() != c.dtype()) {
    throw TypeError(std::string("lstm_cell: dtypes ") + name(gates.dtype()) + " and " +
                    name(c.dtype()) + ", expected one float dtype");
  }
  const Tensor next = Tensor::empty(c.shape(), c.dtype()), h = Tensor::empty(c.shape(), c.dtype());
  if (c.size() > 0) {
    GradMode off(false);
    Cell p(gates);
    const Value state = p.input(c);
    const Gates v = p.open();
    const Value kept = p.add(p.multiply(v.f, state), p.multiply(v.i, v.g));
    p.output(kept, next);
    p.output(p.multiply(v.o, p.tanh(kept)), h);
    p.run(c.shape());
  }
  if (recording(gates, c)) {
    const Ref<Node> node(new LstmNode(gates, c, next));
    set_history(next, node, 0);
    set_history(h, node, 1);
  }
  return {h, next};
}

}  // namespace ndtape
