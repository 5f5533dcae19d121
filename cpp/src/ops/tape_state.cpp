// What a tensor says of its place on the tape.
#include <string>

#include "engine/elementwise.h"
#include "ops/record.h"

namespace ndtape {
namespace {

Leaf* leaf_of(const Tensor& x) {
  const Edge edge = edge_of(x);
  return edge && edge.node->is_leaf() ? static_cast<Leaf*>(edge.node.get()) : nullptr;
}

}  // namespace

bool requires_grad(const Tensor& x) { return static_cast<bool>(edge_of(x)); }

bool is_leaf(const Tensor& x) {
  const Edge edge = edge_of(x);
  return !edge || edge.node->is_leaf();
}

const char* node_name(const Tensor& x) {
  const Edge edge = edge_of(x);
  return edge && !edge.node->is_leaf() ? edge.node->name() : nullptr;
}

void set_requires_grad(const Tensor& x, bool value) {
  if (!is_leaf(x)) {
    throw TapeError(
        std::string("requires_grad can be set on leaves only; this tensor is the result "
                    "of ") +
        node_name(x) + "; use detach() first");
  }
  if (value && !is_inexact(x.dtype())) {
    throw TypeError(std::string("requires_grad: dtype ") + name(x.dtype()) +
                    " has no gradients, expected a float or complex dtype");
  }
  if (value == requires_grad(x)) return;
  // A leaf's history is its own, also when its memory is a part of another tensor's.
  x.impl()->base = Ref<TensorImpl>();
  set_history(x, value ? Ref<Node>(new Leaf()) : Ref<Node>());
}

Tensor grad(const Tensor& x) {
  Leaf* leaf = leaf_of(x);
  return leaf ? leaf->grad : Tensor();
}

void set_grad(const Tensor& x, const Tensor& value) {
  Leaf* leaf = leaf_of(x);
  if (!leaf) {
    if (!value.defined() && is_leaf(x)) return;
    throw TapeError("grad can be set only on a leaf that requires grad");
  }
  if (value.defined() && value.shape() != x.shape()) {
    throw ValueError("grad: shape " + to_string(value.shape()) + ", expected " +
                     to_string(x.shape()));
  }
  if (value.defined() && value.dtype() != x.dtype()) {
    throw TypeError(std::string("grad: dtype ") + name(value.dtype()) + ", expected " +
                    name(x.dtype()));
  }
  leaf->grad = value;
}

Tensor detach(const Tensor& x) {
  return Tensor(Ref<TensorImpl>(new TensorImpl(x.dtype(), x.layout(), Ref<Storage>(&x.storage()))));
}

}  // namespace ndtape
