// Gradients: recording, and walking the record back.
#pragma once

#include <vector>

#include "ndtape/tensor.h"

namespace ndtape {

// Whether operations of this thread are recorded.
bool grad_enabled();
class GradMode {  // sets it for a scope
 public:
  explicit GradMode(bool enabled);
  ~GradMode();
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool previous_;
};

bool requires_grad(const Tensor& x);
// Makes a leaf record, or stop. Throws TypeError unless x is of a float dtype, TapeError when x is
// the result of a recorded operation.
void set_requires_grad(const Tensor& x, bool value);
bool is_leaf(const Tensor& x);           // not the result of a recorded operation
const char* node_name(const Tensor& x);  // of the operation that made x, or nullptr

Tensor grad(const Tensor& leaf);  // undefined when there is none
// Replaces it; undefined clears. Throws ValueError / TypeError unless shape and dtype match.
void set_grad(const Tensor& leaf, const Tensor& value);

Tensor detach(const Tensor& x);  // the same memory, without history

// Accumulates d(y)/d(leaf) into the leaves' grad. `seed` is the gradient of y: undefined means 1,
// for which y must have one element. Throws TapeError when y has no history, or a saved value was
// changed or freed since; ValueError when the seed's shape is not y's.
void backward(const Tensor& y, const Tensor& seed = {}, bool retain_graph = false,
              bool create_graph = false);

// The gradients of outputs with respect to inputs (leaves or not), .grad untouched. Undefined where
// an output does not depend on an input. `seeds` is empty or one a output.
std::vector<Tensor> gradients(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                              const std::vector<Tensor>& seeds = {}, bool retain_graph = false,
                              bool create_graph = false);

}  // namespace ndtape
