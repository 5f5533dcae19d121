#include "ndtape/optim.h"

#include <cmath>
#include <string>
#include <vector>

#include "engine/elementwise.h"
#include "engine/program.h"
#include "ndtape/ops.h"
#include "ndtape/tape.h"
#include "ops/elementwise.h"

namespace ndtape::optim {
namespace {

using engine::Value;

// A program over tensors of one shape that are read and written in place, and constants.
class Update {
 public:
  Update(const char* name, const Tensor& x) : name_(name), x_(x) {
    if (!is_float(x.dtype())) {
      throw TypeError(std::string(name) + ": the parameter has dtype " + ndtape::name(x.dtype()) +
                      ", expected a float dtype");
    }
  }

  // All inputs and constants come before the first operation.
  Value read(const Tensor& t, const char* what) {
    if (t.shape() != x_.shape()) {
      throw ValueError(std::string(name_) + ": " + what + " has shape " + to_string(t.shape()) +
                       ", expected the parameter's " + to_string(x_.shape()));
    }
    if (t.dtype() != x_.dtype()) {
      throw TypeError(std::string(name_) + ": " + what + " has dtype " + ndtape::name(t.dtype()) +
                      ", expected the parameter's " + ndtape::name(x_.dtype()));
    }
    inputs_.push_back(t);
    return program_.input(t.dtype());
  }
  Value constant(double value) {
    inputs_.push_back(scalar(value, x_.dtype()));
    return program_.input(x_.dtype());
  }

  Value add(Value a, Value b) { return program_.apply(Op::add, a, b); }
  Value subtract(Value a, Value b) { return program_.apply(Op::subtract, a, b); }
  Value multiply(Value a, Value b) { return program_.apply(Op::multiply, a, b); }
  Value divide(Value a, Value b) { return program_.apply(Op::divide, a, b); }
  Value sqrt(Value a) { return program_.apply(Op::sqrt, a); }
  Value square(Value a) { return program_.apply(Op::square, a); }

  void write(Value v, const Tensor& t) {
    program_.output(v);
    outputs_.push_back(t);
  }

  void run() {
    for (const Tensor& t : outputs_) {
      if (!t.storage().writable() || t.layout().has_repeats()) {
        throw ValueError(std::string(name_) + ": a tensor of shape " + to_string(t.shape()) +
                         " is read-only or names one element several times");
      }
    }
    // Reading one tensor at another place than it is written would mix old and new values.
    for (Tensor& in : inputs_) {
      for (const Tensor& out : outputs_) {
        if (overlaps(in, out)) in = copy(in);
      }
    }
    GradMode off(false);
    for (const Tensor& t : outputs_) begin_change(t);
    engine::execute(program_, x_.shape(), inputs_.data(), outputs_.data());
  }

 private:
  const char* name_;
  const Tensor& x_;
  engine::Program program_;
  std::vector<Tensor> inputs_, outputs_;
};

}  // namespace

void step(const Sgd& rule, const Tensor& x, const Tensor& grad, const Tensor& velocity) {
  Update u("SGD", x);
  const Value p = u.read(x, "the parameter"), g = u.read(grad, "the gradient");
  const bool has_velocity = rule.momentum != 0;
  const Value v = has_velocity ? u.read(velocity, "the velocity") : engine::kNoValue;
  const Value rate = u.constant(rule.learning_rate), decay = u.constant(rule.weight_decay),
              momentum = u.constant(rule.momentum);
  Value d = rule.weight_decay == 0 ? g : u.add(g, u.multiply(decay, p));
  if (has_velocity) {
    const Value moved = u.add(u.multiply(momentum, v), d);
    u.write(moved, velocity);
    d = rule.nesterov ? u.add(d, u.multiply(momentum, moved)) : moved;
  }
  u.write(u.subtract(p, u.multiply(rate, d)), x);
  u.run();
}

void step(const Adagrad& rule, const Tensor& x, const Tensor& grad, const Tensor& square_sum) {
  Update u("Adagrad", x);
  const Value p = u.read(x, "the parameter"), g = u.read(grad, "the gradient"),
              s = u.read(square_sum, "the sum of squares");
  const Value rate = u.constant(rule.learning_rate), epsilon = u.constant(rule.epsilon),
              decay = u.constant(rule.weight_decay);
  const Value d = rule.weight_decay == 0 ? g : u.add(g, u.multiply(decay, p));
  const Value total = u.add(s, u.square(d));
  u.write(total, square_sum);
  u.write(u.subtract(p, u.multiply(rate, u.divide(d, u.add(u.sqrt(total), epsilon)))), x);
  u.run();
}

void step(const RmsProp& rule, const Tensor& x, const Tensor& grad, const Tensor& square_mean,
          const Tensor& velocity) {
  Update u("RMSprop", x);
  const Value p = u.read(x, "the parameter"), g = u.read(grad, "the gradient"),
              s = u.read(square_mean, "the mean of squares");
  const bool has_velocity = rule.momentum != 0;
  const Value v = has_velocity ? u.read(velocity, "the velocity") : engine::kNoValue;
  const Value rate = u.constant(rule.learning_rate), keep = u.constant(rule.decay),
              take = u.constant(1 - rule.decay), epsilon = u.constant(rule.epsilon),
              decay = u.constant(rule.weight_decay), momentum = u.constant(rule.momentum);
  const Value d = rule.weight_decay == 0 ? g : u.add(g, u.multiply(decay, p));
  const Value mean = u.add(u.multiply(keep, s), u.multiply(take, u.square(d)));
  u.write(mean, square_mean);
  Value move = u.divide(d, u.add(u.sqrt(mean), epsilon));
  if (has_velocity) {
    move = u.add(u.multiply(momentum, v), move);
    u.write(move, velocity);
  }
  u.write(u.subtract(p, u.multiply(rate, move)), x);
  u.run();
}

void step(const Adam& rule, int64_t count, const Tensor& x, const Tensor& grad, const Tensor& mean,
          const Tensor& square_mean) {
  if (count < 1) {
    throw ValueError("Adam: step count " + std::to_string(count) + ", expected at least 1");
  }
  Update u("Adam", x);
  const Value p = u.read(x, "the parameter"), g = u.read(grad, "the gradient"),
              m = u.read(mean, "the mean"), s = u.read(square_mean, "the mean of squares");
  const double n = static_cast<double>(count);
  const double correction1 = 1 - std::pow(rule.beta1, n), correction2 = 1 - std::pow(rule.beta2, n);
  const Value keep1 = u.constant(rule.beta1), take1 = u.constant(1 - rule.beta1),
              keep2 = u.constant(rule.beta2), take2 = u.constant(1 - rule.beta2),
              rate = u.constant(rule.learning_rate / correction1),
              root = u.constant(std::sqrt(correction2)), epsilon = u.constant(rule.epsilon),
              decay = u.constant(rule.weight_decay),
              shrink = u.constant(1 - rule.learning_rate * rule.weight_decay);
  const bool in_gradient = rule.weight_decay != 0 && !rule.decoupled;
  const Value d = in_gradient ? u.add(g, u.multiply(decay, p)) : g;
  const Value first = u.add(u.multiply(keep1, m), u.multiply(take1, d));
  const Value second = u.add(u.multiply(keep2, s), u.multiply(take2, u.square(d)));
  u.write(first, mean);
  u.write(second, square_mean);
  const Value scale = u.add(u.divide(u.sqrt(second), root), epsilon);
  const Value start = rule.weight_decay != 0 && rule.decoupled ? u.multiply(p, shrink) : p;
  u.write(u.subtract(start, u.multiply(rate, u.divide(first, scale))), x);
  u.run();
}

}  // namespace ndtape::optim
