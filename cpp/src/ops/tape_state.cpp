// What a tensor says of its place on the tape.
#include <string>

#include "engine/elementwise.h"
#include "ops/record.h"

namespace ndtape {

bool requires_grad(const Tensor& x) { return has_history(x); }

bool is_leaf(const Tensor& x) {
  const Edge edge = edge_of(x);
  return !edge || edge.node->is_leaf();
}

const char* node_name(const Tensor& x) {
  const Edge edge = edge_of(x);
  return edge && !edge.node->is_leaf() ? edge.node->name() : nullptr;
}

std::string describe(const Tensor& x) {
  const Edge edge = edge_of(x);
  std::string what = "a tensor";
  if (edge)
    what = edge.node->is_leaf() ? "a leaf" : std::string("the result of ") + edge.node->name();
  if (edge) what += recorded_at(*edge.node);
  return what + (what.find(',') == std::string::npos ? " of shape " : ", of shape ") +
         to_string(x.shape());
}

void set_requires_grad(const Tensor& x, bool value) {
  if (!is_leaf(x)) {
    throw TapeError("requires_grad can be set on leaves only; this tensor is " + describe(x) +
                    "; use detach() first");
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

namespace {

// Where the gradient of x is kept: in its leaf, or by retain_grad; or nowhere.
Tensor* grad_of(const Tensor& x) {
  const Edge edge = edge_of(x);
  if (!edge) return nullptr;
  if (edge.node->is_leaf()) return &static_cast<Leaf*>(edge.node.get())->grad;
  if (Notes* notes = edge.node->notes()) {
    const NotesLock lock;
    for (auto& [index, grad] : notes->kept) {
      if (index == edge.index) return &grad;
    }
  }
  return nullptr;
}

}  // namespace

Tensor grad(const Tensor& x) {
  const Tensor* kept = grad_of(x);
  return kept ? read_slot(*kept) : Tensor();
}

void retain_grad(const Tensor& x) {
  const Edge edge = edge_of(x);
  if (!edge) {
    throw TapeError("retain_grad: the tensor of shape " + to_string(x.shape()) +
                    " does not require grad and no recorded operation made it");
  }
  if (grad_of(x)) return;
  Notes& notes = edge.node->make_notes();
  const NotesLock lock;
  notes.kept.emplace_back(edge.index, Tensor());
}

void add_hook(const Tensor& x, Hook hook) {
  const Edge edge = edge_of(x);
  if (!edge) {
    throw TapeError("register_hook: the tensor of shape " + to_string(x.shape()) +
                    " does not require grad and no recorded operation made it");
  }
  if (edge.node->freed()) {
    const std::string by = edge.node->freed_at();
    throw TapeError("register_hook: the graph that made " + describe(x) + ", was freed by " +
                    (by.empty() ? "an earlier backward" : "the backward at " + by));
  }
  Notes& notes = edge.node->make_notes();
  const NotesLock lock;
  notes.hooks.push_back({edge.index, std::move(hook)});
}

void set_grad(const Tensor& x, const Tensor& value) {
  Tensor* kept = grad_of(x);
  if (!kept) {
    if (!value.defined() && is_leaf(x)) return;
    throw TapeError("grad: this is " + describe(x) +
                    "; a gradient can be set on a leaf that requires grad, or after retain_grad");
  }
  if (value.defined() && value.shape() != x.shape()) {
    throw ValueError("grad: shape " + to_string(value.shape()) + ", expected " +
                     to_string(x.shape()));
  }
  if (value.defined() && value.dtype() != x.dtype()) {
    throw TypeError(std::string("grad: dtype ") + name(value.dtype()) + ", expected " +
                    name(x.dtype()));
  }
  write_slot(*kept, value);
}

Tensor detach(const Tensor& x) {
  return Tensor(Ref<TensorImpl>(new TensorImpl(x.dtype(), x.layout(), Ref<Storage>(&x.storage()))));
}

}  // namespace ndtape
