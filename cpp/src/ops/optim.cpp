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
    return program_.row_input(x_.dtype());
  }

  Value multiply(Value x, Value a) { return program_.fused(RowOp::multiply, {x, a}); }
  // x + a * y
  Value add_scaled(Value x, Value y, Value a) {
    return program_.fused(RowOp::add_scaled, {x, y, a});
  }
  // a * x + b * y, and a * x + b * y * y
  Value blend(Value x, Value y, Value a, Value b) {
    return program_.fused(RowOp::blend, {x, y, a, b});
  }
  Value blend_square(Value x, Value y, Value a, Value b) {
    return program_.fused(RowOp::blend_square, {x, y, a, b});
  }
  // x / (a * sqrt(y) + b)
  Value over_root(Value x, Value y, Value a, Value b) {
    return program_.fused(RowOp::over_root, {x, y, a, b});
  }

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
  const Value rate = u.constant(-rule.learning_rate), decay = u.constant(rule.weight_decay),
              momentum = u.constant(rule.momentum);
  Value d = rule.weight_decay == 0 ? g : u.add_scaled(g, p, decay);
  if (has_velocity) {
    const Value moved = u.add_scaled(d, v, momentum);
    u.write(moved, velocity);
    d = rule.nesterov ? u.add_scaled(d, moved, momentum) : moved;
  }
  u.write(u.add_scaled(p, d, rate), x);
  u.run();
}

void step(const Adagrad& rule, const Tensor& x, const Tensor& grad, const Tensor& square_sum) {
  Update u("Adagrad", x);
  const Value p = u.read(x, "the parameter"), g = u.read(grad, "the gradient"),
              s = u.read(square_sum, "the sum of squares");
  const Value rate = u.constant(-rule.learning_rate), epsilon = u.constant(rule.epsilon),
              decay = u.constant(rule.weight_decay), one = u.constant(1);
  const Value d = rule.weight_decay == 0 ? g : u.add_scaled(g, p, decay);
  const Value total = u.blend_square(s, d, one, one);
  u.write(total, square_sum);
  u.write(u.add_scaled(p, u.over_root(d, total, one, epsilon), rate), x);
  u.run();
}

void step(const RmsProp& rule, const Tensor& x, const Tensor& grad, const Tensor& square_mean,
          const Tensor& velocity) {
  Update u("RMSprop", x);
  const Value p = u.read(x, "the parameter"), g = u.read(grad, "the gradient"),
              s = u.read(square_mean, "the mean of squares");
  const bool has_velocity = rule.momentum != 0;
  const Value v = has_velocity ? u.read(velocity, "the velocity") : engine::kNoValue;
  const Value rate = u.constant(-rule.learning_rate), keep = u.constant(rule.decay),
              take = u.constant(1 - rule.decay), epsilon = u.constant(rule.epsilon),
              decay = u.constant(rule.weight_decay), momentum = u.constant(rule.momentum),
              one = u.constant(1);
  const Value d = rule.weight_decay == 0 ? g : u.add_scaled(g, p, decay);
  const Value mean = u.blend_square(s, d, keep, take);
  u.write(mean, square_mean);
  Value move = u.over_root(d, mean, one, epsilon);
  if (has_velocity) {
    move = u.add_scaled(move, v, momentum);
    u.write(move, velocity);
  }
  u.write(u.add_scaled(p, move, rate), x);
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
              rate = u.constant(-rule.learning_rate / correction1),
              root = u.constant(1 / std::sqrt(correction2)), epsilon = u.constant(rule.epsilon),
              decay = u.constant(rule.weight_decay),
              shrink = u.constant(1 - rule.learning_rate * rule.weight_decay);
  const bool in_gradient = rule.weight_decay != 0 && !rule.decoupled;
  const Value d = in_gradient ? u.add_scaled(g, p, decay) : g;
  const Value first = u.blend(m, d, keep1, take1);
  const Value second = u.blend_square(s, d, keep2, take2);
  u.write(first, mean);
  u.write(second, square_mean);
  const Value start = rule.weight_decay != 0 && rule.decoupled ? u.multiply(p, shrink) : p;
  u.write(u.add_scaled(start, u.over_root(first, second, root, epsilon), rate), x);
  u.run();
}

}  // namespace ndtape::optim
