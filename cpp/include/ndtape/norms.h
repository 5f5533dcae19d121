// Normalisation beside layer_norm. Weights and biases may be undefined.
#pragma once

#include "ndtape/tensor.h"

namespace ndtape {

// x / sqrt(mean(x^2) + epsilon) along the last axis, times weight.
Tensor rms_norm(const Tensor& x, const Tensor& weight, double epsilon = 1e-6);

// x is (n, channels, *lengths), weight and bias have a value a channel. Normalised together are the
// channels of a group of one image.
Tensor group_norm(const Tensor& x, int64_t groups, const Tensor& weight, const Tensor& bias,
                  double epsilon = 1e-5);
// Normalised together is a channel over the batch; or, where mean and var are given, a value a
// channel each, by these, which are constants.
struct BatchNorm {
  Tensor y, mean, var;  // var of the population; no history
};
BatchNorm batch_norm(const Tensor& x, const Tensor& mean, const Tensor& var, const Tensor& weight,
                     const Tensor& bias, double epsilon = 1e-5);

}  // namespace ndtape
