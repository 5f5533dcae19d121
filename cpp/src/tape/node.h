// What the tape records: a node for every operation, with an edge to each input's node.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ndtape/hot.h"
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
  Dims shape;
  DType dtype;
  Edge edge;
};

// What few nodes have: functions of a gradient that arrives, and gradients to keep.
struct Notes {
  struct Hook {
    uint32_t index;
    std::function<Tensor(const Tensor&)> call;
  };
  std::vector<Hook> hooks;
  std::deque<std::pair<uint32_t, Tensor>>
      kept;  // by the index of the output; they stay where they are
};

// Guards notes, and gradients that are kept, of all nodes, while they are read or replaced. Nothing
// is destroyed meanwhile: that may take a lock of the host's, whose holder may wait here.
class NotesLock {
 public:
  NotesLock();
  ~NotesLock();
  NotesLock(const NotesLock&) = delete;
  NotesLock& operator=(const NotesLock&) = delete;

 private:
  const bool locked_;
};

// A gradient that is kept, which another thread may replace meanwhile.
inline Tensor read_slot(const Tensor& slot) {
  const NotesLock lock;
  return slot;
}
inline void write_slot(Tensor& slot, Tensor value) {
  const NotesLock lock;
  std::swap(slot, value);
}

class Node : public Refcounted {
 public:
  // Nodes are numbered as they are made: an input's node has a smaller number than its user's.
  NDTAPE_HOT Node(const char* name, int inputs);
  NDTAPE_HOT ~Node() override;

  const char* name() const { return name_; }
  uint64_t number() const { return number_; }
  int inputs() const { return count_; }
  const Input& input(int i) const { return inputs_[i]; }
  bool needs(int i) const { return static_cast<bool>(inputs_[i].edge); }
  // `from` and `index`: where the gradient goes, or nullptr.
  [[gnu::always_inline]] void set_input(int i, Node* from, uint32_t index, const Dims& shape,
                                        DType dtype) {
    // A view may get its new history, a node, only when it is asked for it: now.
    if (from && from->number() > number_) renumber();
    // In its place, over an empty one, which owns nothing.
    new (&inputs_[i]) Input{shape, dtype, {Ref<Node>(from), index}};
  }
  virtual int outputs() const { return 1; }
  virtual bool is_leaf() const { return false; }

  // grads: one an output, undefined where none came. Fills result[i] for the inputs with needs(i);
  // undefined means zero. A result broadcasts with its input's shape: the walker sums it back.
  virtual void backward(const Tensor* grads, Tensor* result) = 0;
  // From the tangents of the inputs (undefined: zero) those of the outputs. False, with nothing
  // done, for a node that has no rule of its own: then backward is transposed.
  virtual bool forward(const Tensor* tangents, Tensor* result);
  // Does every element of the output depend on one element of each input? Then a rule of backward
  // is its own transpose, up to broadcasting.
  virtual bool elementwise() const { return false; }
  // The gradient of one input; for elementwise nodes.
  virtual Tensor rule(int i, const Tensor& g);

  // Copies what is saved for backward, for SavedCount.
  virtual void count_saved() const {}
  // Walks of several threads may meet at a node, and one of them may free it. Who reads what was
  // saved enters first, unless it is freed, and leaves.
  bool enter();
  void leave();
  // Who will free it claims it first: for all others it is freed then. False if it is already.
  // `place` in the program asked for that.
  bool claim(uint32_t place);
  void give_up_claim();
  // Lets go of what was saved for backward, when all who had entered have left.
  void free();
  bool freed() const { return (state_.load(std::memory_order_acquire) & kClaimed) != 0; }
  // Where in the program, or empty.
  std::string recorded_at() const;
  std::string freed_at() const;

  Notes* notes() const { return notes_.load(std::memory_order_acquire); }
  Notes& make_notes();

  NDTAPE_HOT static void* operator new(size_t size);
  NDTAPE_HOT static void operator delete(void* p, size_t size) noexcept;

 protected:
  virtual void free_saved() = 0;
  NDTAPE_HOT [[gnu::noinline]] void destroy() override;  // a call, wherever a Ref ends

 private:
  void renumber();
  void delete_notes();
  void free_if_due();
  void let_go();

  // Of its state; besides, it counts who has entered.
  static constexpr uint32_t kClaimed = 1u << 31, kDue = 1u << 30;

  static constexpr int kInline = 3;
  const char* name_;
  uint64_t number_;
  int count_;
  uint32_t place_;  // where it was recorded
  std::atomic<uint32_t> state_{0};
  std::atomic<uint32_t> freed_at_{0};  // in the program
  Node* next_dead_ = nullptr;
  std::atomic<Notes*> notes_{nullptr};
  Input* inputs_;
  alignas(Input) std::byte inline_[kInline * sizeof(Input)];
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

// ", recorded at file.py:12" where that is known.
std::string recorded_at(const Node& node);

// How many threads watch for anomalies: what recording looks at.
extern std::atomic<int> anomaly_watchers;
uint32_t place_in_program();  // by the first function that set_places was given, or 0

}  // namespace ndtape
