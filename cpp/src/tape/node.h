// What the tape records: a node for every operation, with an edge to each input's node.
#pragma once

#include <cstdint>

#include "ndtape/tape.h"
#include "ndtape/tensor.h"

namespace ndtape {

class Node;

// Where a gradient goes: output `index` of `node`. No node: nowhere.
struct Edge {
  Ref<Node> node;
  uint32_t index = 0;
  explicit operator bool() const { return static_cast<bool>(node); }
};

// An input of a recorded operation, and what its gradient must look like.
struct Input {
  Edge edge;
  Dims shape;
  DType dtype;
};

class Node : public Refcounted {
 public:
  // Nodes are numbered as they are made: an input's node has a smaller number than its user's.
  Node(const char* name, int inputs);
  ~Node() override;

  const char* name() const { return name_; }
  uint64_t number() const { return number_; }
  int inputs() const { return count_; }
  const Input& input(int i) const { return inputs_[i]; }
  bool needs(int i) const { return static_cast<bool>(inputs_[i].edge); }
  void set_input(int i, Input input) { inputs_[i] = std::move(input); }
  virtual int outputs() const { return 1; }
  virtual bool is_leaf() const { return false; }

  // grads: one an output, undefined where none came. Fills result[i] for the inputs with needs(i);
  // undefined means zero. A result broadcasts with its input's shape: the walker sums it back.
  virtual void backward(const Tensor* grads, Tensor* result) = 0;
  // Lets go of what was saved for backward.
  void free();
  bool freed() const { return freed_; }

  static void* operator new(size_t size);
  static void operator delete(void* p, size_t size) noexcept;

 protected:
  virtual void free_saved() = 0;
  void destroy() override;

 private:
  static constexpr int kInline = 2;
  const char* name_;
  uint64_t number_;
  int count_;
  bool freed_ = false;
  Node* next_dead_ = nullptr;
  Input* inputs_;
  Input inline_[kInline];
};

// A tensor that asks for gradients itself: the end of every path back.
class Leaf final : public Node {
 public:
  Leaf() : Node("leaf", 0) {}
  bool is_leaf() const override { return true; }
  void backward(const Tensor*, Tensor*) override {}

  Tensor grad;

 protected:
  void free_saved() override {}
};

// The node whose backward runs on this thread, for error messages and saved outputs.
Node* current_node();
class CurrentNode {
 public:
  explicit CurrentNode(Node* node);
  ~CurrentNode();
  CurrentNode(const CurrentNode&) = delete;
  CurrentNode& operator=(const CurrentNode&) = delete;

 private:
  Node* previous_;
};

// A tensor kept for backward: its memory and history as they were when it was saved. It becomes a
// Tensor again when used; throws TapeError if the memory was changed in place meanwhile.
class Saved {
 public:
  // `edge`: x's. An operation's own output is saved before it has a history: its node is the one
  // that saves it, and holding that here would be a circle.
  Saved(const Tensor& x, Edge edge, bool is_output);
  operator Tensor() const;  // NOLINT: reading it is using it

 private:
  Ref<Storage> storage_;
  Layout layout_;
  Edge edge_;
  uint32_t version_;
  DType dtype_;
  bool is_output_;
};

}  // namespace ndtape
