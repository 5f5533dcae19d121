// One step of an optimizer on one parameter, in place: one loop, one pass over memory.
//
// The state tensors have the parameter's shape and dtype and start as zeros. Nothing is recorded.
// Throw ValueError / TypeError unless all tensors agree in shape and float dtype and are writable.
#pragma once

#include <cstdint>

#include "ndtape/tensor.h"

namespace ndtape::optim {

struct Sgd {
  double learning_rate;
  double momentum = 0;
  double weight_decay = 0;
  bool nesterov = false;
};
// `velocity` may be undefined when momentum is 0.
void step(const Sgd& rule, const Tensor& x, const Tensor& grad, const Tensor& velocity);

struct Adagrad {
  double learning_rate;
  double epsilon = 1e-10;
  double weight_decay = 0;
};
void step(const Adagrad& rule, const Tensor& x, const Tensor& grad, const Tensor& square_sum);

// Tieleman and Hinton, lecture 6.5 of "Neural Networks for Machine Learning", 2012.
struct RmsProp {
  double learning_rate;
  double decay = 0.99;
  double epsilon = 1e-8;
  double momentum = 0;
  double weight_decay = 0;
};
// `velocity` may be undefined when momentum is 0.
void step(const RmsProp& rule, const Tensor& x, const Tensor& grad, const Tensor& square_mean,
          const Tensor& velocity);

// Kingma and Ba, 2015; decoupled: Loshchilov and Hutter's AdamW, 2019.
struct Adam {
  double learning_rate;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0;
  bool decoupled = false;
};
// `count`: steps made, this one included.
void step(const Adam& rule, int64_t count, const Tensor& x, const Tensor& grad, const Tensor& mean,
          const Tensor& square_mean);

}  // namespace ndtape::optim
