#include "autograd/graph.h"

#include <algorithm>
#include <set>
#include <string>

#include "ndtape/ops.h"

namespace ndtape {

Edge history_of(const Tensor& y, const char* what) {
  const Edge edge = edge_of(y);
  if (!edge) {
    throw TapeError(std::string(what) + ": the tensor of shape " + to_string(y.shape()) +
                    " does not require grad and no recorded operation made it");
  }
  return edge;
}

void refuse_freed(const Node& node) {
  std::string shapes;
  for (int i = 0; i < node.inputs(); ++i) shapes.append(" ").append(to_string(node.input(i).shape));
  const std::string by = node.freed_at();
  throw TapeError(node.name() + recorded_at(node) +
                  ": this part of the graph, of operands of shape" + shapes + ", was freed by " +
                  (by.empty() ? "an earlier backward" : "the backward at " + by) +
                  "; pass retain_graph=True to that one");
}

bool is_private(const Tensor& x) {
  return x.impl()->use_count() == 1 && x.storage().use_count() == 1 && x.storage().owned() &&
         x.is_contiguous();
}

bool NumberSet::insert(uint64_t number) {
  const uint64_t at = number / kPage;
  if (!page_ || at != at_) {
    page_ = &pages_[at];
    if (page_->empty()) page_->resize(kPage);
    at_ = at;
  }
  auto seen = (*page_)[number % kPage];
  if (seen) return false;
  return seen = true;
}

std::vector<Tensor> other_inputs(const std::vector<Tensor>& outputs,
                                 const std::vector<Tensor>& inputs) {
  std::set<std::pair<const Node*, uint32_t>> known;
  uint64_t lowest = UINT64_MAX;
  for (const Tensor& x : inputs) {
    const Edge edge = history_of(x, "other_inputs");
    known.emplace(edge.node.get(), edge.index);
    lowest = std::min(lowest, edge.node->number());
  }
  if (inputs.empty()) lowest = 0;
  std::vector<Tensor> found;
  explore(outputs, [&](const Edge& edge, const Dims& shape, DType dtype) {
    const bool inside = edge.node->number() >= lowest && !edge.node->is_leaf();
    if (inside && !known.contains({edge.node.get(), edge.index})) return true;
    if (known.emplace(edge.node.get(), edge.index).second) {
      const GradMode off(false);
      const Tensor x = detach(broadcast_to(zeros({}, dtype), shape));
      set_history(x, edge.node, edge.index);
      found.push_back(x);
    }
    return false;
  });
  return found;
}

}  // namespace ndtape
