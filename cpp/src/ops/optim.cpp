#include "ndtape/optim.h"

#include <cmath>
#include <initializer_list>
#include <string>
#include <vector>

#include "engine/step.h"
#include "ndtape/ops.h"
#include "ndtape/tape.h"
#include "ops/elementwise.h"

namespace ndtape::optim {
namespace {

// The tensors of a step, checked and then changed in place.
class Update {
 public:
  Update(const char* name, const Tensor& x) : name_(name), x_(x) {
    if (!is_float(x.dtype())) {
      throw TypeError(std::string(name) + ": the parameter has dtype " + ndtape::name(x.dtype()) +
                      ", expected a float dtype");
    }
    add(x, "the parameter");
  }

  // The gradient, then the state.
  void add(const Tensor& t, const char* what) {
    if (t.shape() != x_.shape()) {
      throw ValueError(std::string(name_) + ": " + what + " has shape " + to_string(t.shape()) +
                       ", expected the parameter's " + to_string(x_.shape()));
    }
    if (t.dtype() != x_.dtype()) {
      throw TypeError(std::string(name_) + ": " + what + " has dtype " + ndtape::name(t.dtype()) +
                      ", expected the parameter's " + ndtape::name(x_.dtype()));
    }
    tensors_.push_back(t);
  }

  void run(StepOp op, std::initializer_list<double> numbers) {
    for (size_t i = 0; i < tensors_.size(); ++i) {
      const Tensor& t = tensors_[i];
      if (i == kGradient) continue;
      if (!t.storage().writable() || t.layout().has_repeats()) {
        throw ValueError(std::string(name_) + ": a tensor of shape " + to_string(t.shape()) +
                         " is read-only or names one element several times");
      }
    }
    GradMode off(false);
    for (size_t i = 0; i < tensors_.size(); ++i) {
      if (i != kGradient) begin_change(tensors_[i]);
    }
    // Reading one tensor at another place than it is written would mix old and new values: what is
    // not apart from the ones before is stepped as a copy.
    std::vector<Tensor> apart = tensors_;
    for (size_t i = 1; i < apart.size(); ++i) {
      for (size_t j = 0; j < tensors_.size(); ++j) {
        const bool before = j < i || i == kGradient;
        if (i != j && before && overlaps(tensors_[i], tensors_[j])) apart[i] = copy(tensors_[i]);
      }
    }
    engine::step(op, apart.data(), static_cast<int>(apart.size()), numbers.begin());
    for (size_t i = 2; i < apart.size(); ++i) {
      if (apart[i].data() != tensors_[i].data()) assign(tensors_[i], apart[i]);
    }
  }

 private:
  static constexpr size_t kGradient = 1;
  const char* name_;
  const Tensor& x_;
  std::vector<Tensor> tensors_;
};

}  // namespace

void step(const Sgd& rule, const Tensor& x, const Tensor& grad, const Tensor& velocity) {
  Update u("SGD", x);
  u.add(grad, "the gradient");
  if (rule.momentum == 0) return u.run(StepOp::sgd, {rule.learning_rate, rule.weight_decay});
  u.add(velocity, "the velocity");
  u.run(rule.nesterov ? StepOp::nesterov : StepOp::momentum,
        {rule.learning_rate, rule.weight_decay, rule.momentum});
}

void step(const Adagrad& rule, const Tensor& x, const Tensor& grad, const Tensor& square_sum) {
  Update u("Adagrad", x);
  u.add(grad, "the gradient");
  u.add(square_sum, "the sum of squares");
  u.run(StepOp::adagrad, {rule.learning_rate, rule.weight_decay, rule.epsilon});
}

void step(const RmsProp& rule, const Tensor& x, const Tensor& grad, const Tensor& square_mean,
          const Tensor& velocity) {
  Update u("RMSprop", x);
  u.add(grad, "the gradient");
  u.add(square_mean, "the mean of squares");
  if (rule.momentum != 0) u.add(velocity, "the velocity");
  u.run(rule.momentum != 0 ? StepOp::rmsprop_momentum : StepOp::rmsprop,
        {rule.learning_rate, rule.weight_decay, rule.epsilon, rule.decay, 1 - rule.decay,
         rule.momentum});
}

void step(const Adam& rule, int64_t count, const Tensor& x, const Tensor& grad, const Tensor& mean,
          const Tensor& square_mean) {
  if (count < 1) {
    throw ValueError("Adam: step count " + std::to_string(count) + ", expected at least 1");
  }
  Update u("Adam", x);
  u.add(grad, "the gradient");
  u.add(mean, "the mean");
  u.add(square_mean, "the mean of squares");
  const double n = static_cast<double>(count);
  const double correction1 = 1 - std::pow(rule.beta1, n), correction2 = 1 - std::pow(rule.beta2, n);
  const double in_gradient = rule.decoupled ? 0 : rule.weight_decay;
  const double shrink = rule.decoupled ? 1 - rule.learning_rate * rule.weight_decay : 1;
  u.run(StepOp::adam,
        {rule.learning_rate / correction1, in_gradient, rule.epsilon, rule.beta1, 1 - rule.beta1,
         rule.beta2, 1 - rule.beta2, 1 / std::sqrt(correction2), shrink});
}

}  // namespace ndtape::optim
