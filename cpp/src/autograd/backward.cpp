// Walking the tape back: from outputs to leaves, nodes in falling order of their numbers, each when
// all gradients that flow into it have come. No recursion: graphs may be of any depth.
#include <mutex>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "autograd/graph.h"
#include "core/fork_mutex.h"
#include "ndtape/ops.h"
#include "ops/anomaly.h"
#include "ops/elementwise.h"

namespace ndtape {
namespace {

ForkMutex accumulation;  // two threads may reach one leaf

class Walk {
 public:
  Walk(bool retain_graph, bool create_graph, bool stop = false)
      : retain_graph_(retain_graph), create_graph_(create_graph), stop_(stop) {}

  void seed(const Edge& edge, const Tensor& g) { add(edge, g); }

  // Gradients that reach `edge` are kept; leaves are then left alone.
  void capture(const Edge& edge) {
    captures_[edge.node.get()].push_back({edge.index, {}});
    lowest_ = std::min(lowest_, edge.node->number());
  }
  Tensor captured(const Edge& edge) {
    for (const auto& c : captures_[edge.node.get()]) {
      if (c.index == edge.index) return c.grad;
    }
    return {};
  }

  void run() {
    GradMode mode(create_graph_);
    while (!ready_.empty()) {
      const Ref<Node> node = ready_.top().node;
      ready_.pop();
      auto found = pending_.find(node.get());
      std::vector<Tensor> grads = std::move(found->second);
      pending_.erase(found);
      visit(*node, grads);
    }
    for (auto& [leaf, g] : arrived_) accumulate(static_cast<Leaf&>(*leaf).grad, std::move(g));
  }

 private:
  struct Entry {
    uint64_t number;
    Ref<Node> node;
    bool operator<(const Entry& other) const { return number < other.number; }
  };
  struct Capture {
    uint32_t index;
    Tensor grad;
  };

  void add(const Edge& edge, Tensor g) {
    if (edge.node->number() < lowest_ && !captures_.empty()) return;  // leads to no input
    auto [slot, is_new] = pending_.try_emplace(edge.node.get());
    if (is_new) {
      slot->second.resize(static_cast<size_t>(edge.node->outputs()));
      ready_.push({edge.node->number(), edge.node});
    }
    Tensor& sum = slot->second[edge.index];
    if (!sum.defined()) {
      sum = std::move(g);
    } else if (!create_graph_ && is_private(sum)) {
      binary_into(Op::add, sum, g, sum);
    } else {
      sum = ndtape::add(sum, g);
    }
  }

  void visit(Node& node, std::vector<Tensor>& grads) {
    if (Notes* notes = node.notes()) attend(node, *notes, grads);
    if (!captures_.empty()) {
      auto found = captures_.find(&node);
      if (found != captures_.end()) {
        for (Capture& c : found->second) c.grad = grads[c.index];
        if (stop_) return;
      }
      if (node.is_leaf()) return;
      if (node.number() <= lowest_) return;
    } else if (node.is_leaf()) {
      // Kept until the end: a walk that fails leaves every leaf as it was.
      arrived_.emplace_back(Ref<Node>(&node), std::move(grads[0]));
      return;
    }
    if (retain_graph_) {
      const Entered entered(node);
      pass_on(node, grads);
    } else {
      Claimed claimed(node, place_);
      pass_on(node, grads);
      claimed.free();
    }
  }

  void pass_on(Node& node, const std::vector<Tensor>& grads) {
    std::vector<Tensor> results(static_cast<size_t>(node.inputs()));
    {
      CurrentNode current(&node);
      node.backward(grads.data(), results.data());
    }
    for (int i = 0; i < node.inputs(); ++i) {
      Tensor& g = results[static_cast<size_t>(i)];
      if (!node.needs(i) || !g.defined()) continue;
      const Input& input = node.input(i);
      if (g.shape() != input.shape) g = sum_to(g, input.shape);
      if (is_complex(g.dtype()) && !is_complex(input.dtype)) g = real(g);
      if (g.dtype() != input.dtype) g = astype(g, input.dtype);
      if (watched_) check(node, i, g);
      add(input.edge, std::move(g));
    }
  }

  // Hooks, in the order they were added, and gradients to keep besides.
  void attend(Node& node, Notes& notes, std::vector<Tensor>& grads) {
    // A hook may add another, to this very node: that one is for the next walk.
    std::vector<Notes::Hook> hooks;
    std::vector<std::pair<uint32_t, Tensor*>> kept;
    {
      const NotesLock lock;
      hooks = notes.hooks;
      for (auto& [index, slot] : notes.kept) kept.emplace_back(index, &slot);
    }
    for (const Notes::Hook& hook : hooks) {
      Tensor& g = grads[hook.index];
      if (!g.defined()) continue;
      const Tensor instead = hook.call(g);
      if (!instead.defined()) continue;
      if (instead.shape() != g.shape() || instead.dtype() != g.dtype()) {
        throw ValueError(std::string("a hook on the result of ") + node.name() +
                         " returned a gradient of shape " + to_string(instead.shape()) +
                         " and dtype " + name(instead.dtype()) + ", expected " +
                         to_string(g.shape()) + " and " + name(g.dtype()));
      }
      g = instead;
    }
    for (auto& [index, slot] : kept) {
      if (grads[index].defined()) accumulate(*slot, copy(grads[index]));
    }
  }

  void check(const Node& node, int i, const Tensor& g) const {
    if (const char* found = find_anomaly(g)) {
      throw TapeError(std::string(node.name()) + recorded_at(node) + ": the gradient of input " +
                      std::to_string(i) + ", of shape " + to_string(g.shape()) + " and dtype " +
                      name(g.dtype()) + ", has " + found);
    }
  }

  void accumulate(Tensor& slot, Tensor g) {
    const std::lock_guard lock(accumulation);
    const Tensor sum = read_slot(slot);
    if (!sum.defined()) {
      write_slot(slot, is_private(g) ? std::move(g) : copy(g));  // leaves do not share memory
    } else if (create_graph_) {
      write_slot(slot, ndtape::add(sum, g));
    } else {
      begin_change(sum);
      binary_into(Op::add, sum, g, sum);
    }
  }

  const bool retain_graph_, create_graph_, stop_;
  const uint32_t place_ = retain_graph_ ? 0 : place_in_program();
  const bool watched_ = anomaly().enabled();
  uint64_t lowest_ = UINT64_MAX;  // number among the captured nodes
  std::priority_queue<Entry> ready_;
  std::unordered_map<Node*, std::vector<Tensor>> pending_;
  std::vector<std::pair<Ref<Node>, Tensor>> arrived_;
  std::unordered_map<Node*, std::vector<Capture>> captures_;
};

Tensor seed_for(const Tensor& y, const Tensor& seed, const char* what) {
  if (!seed.defined()) {
    if (y.size() != 1) {
      throw TapeError(std::string(what) + ": a tensor of shape " + to_string(y.shape()) +
                      " needs an explicit gradient; only one element has gradient 1 by default");
    }
    if (is_complex(y.dtype())) {
      throw TapeError(std::string(what) + ": a tensor of dtype " + name(y.dtype()) +
                      " needs an explicit gradient; only a real one has gradient 1 by default");
    }
    return ones(y.shape(), y.dtype());
  }
  if (seed.shape() != y.shape()) {
    throw ValueError(std::string(what) + ": the gradient has shape " + to_string(seed.shape()) +
                     ", expected " + to_string(y.shape()));
  }
  if (!is_inexact(seed.dtype())) {
    throw TypeError(std::string(what) + ": the gradient has dtype " + name(seed.dtype()) +
                    ", expected " + name(y.dtype()));
  }
  if (is_complex(seed.dtype()) && !is_complex(y.dtype())) {
    throw TypeError(std::string(what) + ": the gradient has dtype " + name(seed.dtype()) +
                    ", expected " + name(y.dtype()));
  }
  return seed.dtype() == y.dtype() ? seed : astype(seed, y.dtype());
}

}  // namespace

void backward(const Tensor& y, const Tensor& seed, bool retain_graph, bool create_graph) {
  const Edge edge = history_of(y, "backward");
  Walk walk(retain_graph || create_graph, create_graph);
  walk.seed(edge, seed_for(y, seed, "backward"));
  walk.run();
}

std::vector<Tensor> gradients(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                              const std::vector<Tensor>& seeds, bool retain_graph,
                              bool create_graph, bool stop) {
  if (!seeds.empty() && seeds.size() != outputs.size()) {
    throw ValueError("gradients: " + std::to_string(seeds.size()) + " seeds for " +
                     std::to_string(outputs.size()) + " outputs");
  }
  std::vector<Tensor> result;
  {
    Walk walk(retain_graph || create_graph, create_graph, stop);
    std::vector<Edge> targets;
    for (const Tensor& x : inputs) {
      targets.push_back(history_of(x, "gradients"));
      walk.capture(targets.back());
    }
    if (inputs.empty()) return {};
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Tensor seed = seed_for(outputs[i], seeds.empty() ? Tensor() : seeds[i], "gradients");
      const Edge edge = edge_of(outputs[i]);
      if (edge) walk.seed(edge, seed);
    }
    walk.run();
    for (const Edge& target : targets) result.push_back(walk.captured(target));
  }
  // Each is the caller's own: it may be changed in place without a change to another, or to a seed.
  GradMode mode(create_graph);
  for (Tensor& g : result) {
    if (g.defined() && !is_private(g)) g = copy(g);
  }
  return result;
}

}  // namespace ndtape
