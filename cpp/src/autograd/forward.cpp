// Walking the tape forward: tangents from inputs to outputs. Most operators have no rule for it. A
// gradient is linear in the one it comes from, g -> J^T g, so its own derivative, the transpose
// of the transpose, is t -> J t: each node's backward is recorded for some g and walked back.
#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "autograd/graph.h"
#include "ndtape/ops.h"

namespace ndtape {
namespace {

struct Form {  // of one output of a node
  bool used = false;
  Dims shape;
  DType dtype;
};

struct Place {
  Ref<Node> node;
  std::vector<Form> outputs;
};

// As the walk back does.
Tensor as_input(Tensor g, const Input& input) {
  if (g.shape() != input.shape) g = sum_to(g, input.shape);
  if (is_complex(g.dtype()) && !is_complex(input.dtype)) g = real(g);
  return g.dtype() == input.dtype ? g : astype(g, input.dtype);
}

// One rule a tensor: the diagonal of the Jacobian times the tangent.
std::vector<Tensor> push_elementwise(Node& node, const std::vector<Tensor>& in, const Form& out) {
  auto fit = [&](const Tensor& t) {
    const Tensor cast = t.dtype() == out.dtype ? t : astype(t, out.dtype);
    return cast.shape() == out.shape ? cast : broadcast_to(cast, out.shape);
  };
  Tensor sum;
  for (int i = 0; i < node.inputs(); ++i) {
    if (!in[static_cast<size_t>(i)].defined()) continue;
    const Tensor part = node.rule(i, fit(in[static_cast<size_t>(i)]));
    if (!part.defined()) continue;
    sum = sum.defined() ? sum + part : part;
  }
  return {sum.defined() ? fit(sum) : sum};
}

std::vector<Tensor> push_transposed(Node& node, const std::vector<Tensor>& in,
                                    const std::vector<Form>& outputs, bool create_graph) {
  std::vector<Tensor> gradients_out, leaves, moved, seeds;
  std::vector<size_t> which;
  {
    const GradMode on(true);
    const AnomalyMode unwatched({});  // 0 * inf, which nobody will see
    for (size_t k = 0; k < outputs.size(); ++k) {
      Tensor g;
      if (outputs[k].used) {
        g = zeros(outputs[k].shape, outputs[k].dtype);
        set_requires_grad(g, true);
        leaves.push_back(g);
        which.push_back(k);
      }
      gradients_out.push_back(std::move(g));
    }
    std::vector<Tensor> found(static_cast<size_t>(node.inputs()));
    node.backward(gradients_out.data(), found.data());
    for (int i = 0; i < node.inputs(); ++i) {
      const auto at = static_cast<size_t>(i);
      if (!in[at].defined() || !found[at].defined()) continue;
      const Tensor g = as_input(found[at], node.input(i));
      if (!edge_of(g)) continue;  // a constant: flat
      moved.push_back(g);
      seeds.push_back(in[at]);
    }
  }
  std::vector<Tensor> result(outputs.size());
  if (moved.empty()) return result;
  std::vector<Tensor> found = gradients(moved, leaves, seeds, false, create_graph);
  for (size_t i = 0; i < which.size(); ++i) result[which[i]] = std::move(found[i]);
  return result;
}

std::vector<Tensor> push(const Place& place, const std::vector<Tensor>& in, bool create_graph) {
  Node& node = *place.node;
  const Entered entered(node);
  const CurrentNode current(&node);
  const GradMode mode(create_graph);
  std::vector<Tensor> out(place.outputs.size());
  if (node.forward(in.data(), out.data())) {
    for (size_t k = 0; k < out.size(); ++k) {
      const Form& form = place.outputs[k];
      if (!form.used || !out[k].defined()) continue;
      if (!is_inexact(out[k].dtype()) || is_complex(out[k].dtype()) > is_complex(form.dtype)) {
        throw TypeError(std::string(node.name()) + ": the jvp's tangent of output " +
                        std::to_string(k) + " has dtype " + name(out[k].dtype()) + ", expected " +
                        name(form.dtype));
      }
      if (out[k].dtype() != form.dtype) out[k] = astype(out[k], form.dtype);
      if (out[k].shape() != form.shape) out[k] = broadcast_to(out[k], form.shape);
    }
    return out;
  }
  // A complex diagonal is not its own transpose.
  bool real = place.outputs.size() == 1 && is_float(place.outputs[0].dtype);
  for (int i = 0; i < node.inputs() && real; ++i) {
    real = !node.needs(i) || is_float(node.input(i).dtype);
  }
  if (real && node.elementwise()) return push_elementwise(node, in, place.outputs[0]);
  return push_transposed(node, in, place.outputs, create_graph);
}

using Key = std::pair<const Node*, uint32_t>;
struct KeyHash {
  size_t operator()(const Key& key) const {
    return std::hash<const Node*>()(key.first) * 31 + key.second;
  }
};

}  // namespace

std::vector<Tensor> tangents(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                             const std::vector<Tensor>& seeds, bool create_graph) {
  if (seeds.size() != inputs.size()) {
    throw ValueError("tangents: " + std::to_string(seeds.size()) + " seeds for " +
                     std::to_string(inputs.size()) + " inputs");
  }
  std::unordered_map<Key, Tensor, KeyHash> moving;
  std::unordered_map<Key, bool, KeyHash> is_input;
  uint64_t lowest = UINT64_MAX;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Tensor &x = inputs[i], &t = seeds[i];
    const Edge edge = history_of(x, "tangents");
    is_input[{edge.node.get(), edge.index}] = true;
    lowest = std::min(lowest, edge.node->number());
    if (!t.defined()) continue;
    if (t.shape() != x.shape() || t.dtype() != x.dtype()) {
      throw ValueError("tangents: a seed of shape " + to_string(t.shape()) + " and dtype " +
                       name(t.dtype()) + " for an input of shape " + to_string(x.shape()) +
                       " and dtype " + name(x.dtype()));
    }
    moving[{edge.node.get(), edge.index}] = t;
  }

  std::vector<Place> places;
  std::unordered_map<const Node*, size_t> place_of;
  explore(outputs, [&](const Edge& edge, const Dims& shape, DType dtype) {
    if (edge.node->number() < lowest || edge.node->is_leaf()) return false;
    if (is_input.contains({edge.node.get(), edge.index})) return false;
    const auto [found, is_new] = place_of.try_emplace(edge.node.get(), places.size());
    if (is_new) places.push_back({edge.node, std::vector<Form>(edge.node->outputs())});
    Form& form = places[found->second].outputs[edge.index];
    if (!form.used) form = {true, shape, dtype};
    return true;
  });
  std::sort(places.begin(), places.end(),
            [](const Place& a, const Place& b) { return a.node->number() < b.node->number(); });

  for (const Place& place : places) {
    std::vector<Tensor> in(static_cast<size_t>(place.node->inputs()));
    bool moves = false;
    for (int i = 0; i < place.node->inputs(); ++i) {
      const Edge& edge = place.node->input(i).edge;
      const auto found = moving.find({edge.node.get(), edge.index});
      if (found == moving.end()) continue;
      const Input& input = place.node->input(i);
      Tensor t = found->second;
      if (t.dtype() != input.dtype) t = astype(t, input.dtype);
      in[static_cast<size_t>(i)] = std::move(t);
      moves = true;
    }
    if (!moves) continue;
    std::vector<Tensor> out = push(place, in, create_graph);
    for (size_t k = 0; k < out.size(); ++k) {
      if (!out[k].defined()) continue;
      moving[{place.node.get(), static_cast<uint32_t>(k)}] = std::move(out[k]);
    }
  }

  std::vector<Tensor> result;
  for (const Tensor& y : outputs) {
    const Edge edge = edge_of(y);
    const auto found = edge ? moving.find({edge.node.get(), edge.index}) : moving.end();
    result.push_back(found == moving.end() ? Tensor() : found->second);
  }
  // Each is the caller's own, as gradients are.
  const GradMode mode(create_graph);
  moving.clear();
  for (Tensor& t : result) {
    if (t.defined() && !is_private(t)) t = copy(t);
  }
  return result;
}

}  // namespace ndtape
