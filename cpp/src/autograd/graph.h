// Looking over a recorded graph, and what its walks have in common.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ops/record.h"

namespace ndtape {

// Throws the TapeError of a node that is freed.
[[noreturn]] void refuse_freed(const Node& node);

// A tensor's place on the tape. Throws TapeError when it has none.
Edge history_of(const Tensor& y, const char* what);

// While it lives, what the node saved is there. Throws TapeError when it is gone.
class Entered {
 public:
  explicit Entered(Node& node) : node_(node) {
    if (!node.enter()) refuse_freed(node);
  }
  ~Entered() { node_.leave(); }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;

 private:
  Node& node_;
};
// The same for one walk alone, which may free it.
class Claimed {
 public:
  Claimed(Node& node, uint32_t place) : node_(&node) {
    if (!node.claim(place)) refuse_freed(node);
  }
  ~Claimed() {
    if (node_) node_->give_up_claim();
  }
  Claimed(const Claimed&) = delete;
  Claimed& operator=(const Claimed&) = delete;
  void free() { std::exchange(node_, nullptr)->free(); }

 private:
  Node* node_;
};

// May this tensor be changed in place? Only if nobody else can see it.
bool is_private(const Tensor& x);

// Which node numbers were seen. Numbers of one graph lie close together.
class NumberSet {
 public:
  bool insert(uint64_t number);  // false when it was there

 private:
  static constexpr uint64_t kPage = 1 << 15;  // numbers
  std::vector<bool>* page_ = nullptr;
  uint64_t at_ = 0;
  std::unordered_map<uint64_t, std::vector<bool>> pages_;
};

// What lies between inputs and outputs: calls visit(edge, shape, dtype) for every edge that the
// outputs lead to, in no particular order, and goes on behind it if that returns true. A node is
// entered once.
template <class Visit>
void explore(const std::vector<Tensor>& outputs, Visit visit) {
  NumberSet entered;
  std::vector<Ref<Node>> waiting;
  auto follow = [&](const Edge& edge, const Dims& shape, DType dtype) {
    if (edge && visit(edge, shape, dtype) && entered.insert(edge.node->number())) {
      waiting.push_back(edge.node);
    }
  };
  for (const Tensor& y : outputs) {
    if (y.defined()) follow(edge_of(y), y.shape(), y.dtype());
  }
  while (!waiting.empty()) {
    const Ref<Node> node = std::move(waiting.back());
    waiting.pop_back();
    for (int i = 0; i < node->inputs(); ++i) {
      const Input& input = node->input(i);
      follow(input.edge, input.shape, input.dtype);
    }
  }
}

}  // namespace ndtape
