// The recorded graph as data, for pictures of it.
#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "autograd/graph.h"

namespace ndtape {

RecordedGraph recorded_graph(const std::vector<Tensor>& outputs) {
  RecordedGraph graph;
  std::vector<Ref<Node>> nodes;
  std::unordered_map<const Node*, size_t> place;
  explore(outputs, [&](const Edge& edge, const Dims& shape, DType dtype) {
    const auto [found, is_new] = place.try_emplace(edge.node.get(), nodes.size());
    if (is_new) {
      nodes.push_back(edge.node);
      RecordedNode& made = graph.nodes.emplace_back();
      made.outputs.resize(static_cast<size_t>(edge.node->outputs()));
    }
    graph.nodes[found->second].outputs[edge.index] = {true, shape, dtype};
    return true;
  });
  std::unordered_set<const Storage*> all;
  for (size_t at = 0; at < nodes.size(); ++at) {
    Node& node = *nodes[at];
    RecordedNode& made = graph.nodes[at];
    made.number = node.number();
    made.name = node.name();
    made.where = node.recorded_at();
    made.is_leaf = node.is_leaf();
    made.saved_bytes = 0;
    made.freed = !node.enter();
    if (!made.freed) {
      SavedCount count;
      node.count_saved();
      for (const Storage* storage : count.storages) {
        const auto bytes = static_cast<int64_t>(storage->bytes());
        made.saved_bytes += bytes;
        if (all.insert(storage).second) graph.saved_bytes += bytes;
      }
      node.leave();
    }
    for (int i = 0; i < node.inputs(); ++i) {
      const Edge& edge = node.input(i).edge;
      if (edge) made.inputs.push_back({edge.node->number(), edge.index});
    }
  }
  std::sort(graph.nodes.begin(), graph.nodes.end(),
            [](const RecordedNode& a, const RecordedNode& b) { return a.number > b.number; });
  return graph;
}

}  // namespace ndtape
