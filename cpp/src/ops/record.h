// Puts an operation on the tape, with its derivative beside it:
//
//   Tensor tanh(const Tensor& x) {
//     Tensor y = unary(Op::tanh, x);
//     if (!recording(x)) return y;
//     return record("tanh", y, wrt(x, [y = save_output(y)](const Tensor& g) {
//                     return g * (1 - square(y));
//                   }));
//   }
//
// A rule maps the gradient of y to that of one input, in terms of operators, so that it can be
// differentiated in turn. What broadcasting or promotion did to the input is undone by the walker.
#pragma once

#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "ndtape/hot.h"
#include "ndtape/tape.h"
#include "tape/saved.h"

namespace ndtape {

// Gives a view whose base was changed in place its new history.
void renew_history(const Tensor& view);
// Has x an edge? Asked of every operand, so without taking a share in its node.
[[gnu::always_inline]] inline bool has_history(const Tensor& x) {
  const TensorImpl* impl = x.impl();
  if (impl->base && impl->generation != impl->base->generation) [[unlikely]]
    renew_history(x);
  return static_cast<bool>(impl->node);
}
// Where x's gradient goes.
[[gnu::always_inline]] inline Edge edge_of(const Tensor& x) {
  if (!has_history(x)) return {};
  return {Ref<Node>(static_cast<Node*>(x.impl()->node.get())), x.impl()->output_index};
}
// `share` of a node, or nullptr, is y's from now on.
NDTAPE_HOT void take_history(const Tensor& y, Node* share, uint32_t index);
inline void set_history(const Tensor& y, Ref<Node> node, uint32_t index = 0) {
  take_history(y, node.give(), index);
}
// Is `name` that of an operator of the op table, of a copy, a cast or a triangle?
bool is_elementwise(const char* name);

NDTAPE_HOT void connect(Node& node, int i, const Tensor& x);
template <class... Tensors>
bool recording(const Tensors&... inputs) {
  return grad_enabled() && (has_history(inputs) || ...);
}

inline Saved save(const Tensor& x) {
  const bool known = has_history(x);
  return Saved(x, known ? static_cast<Node*>(x.impl()->node.get()) : nullptr,
               known ? x.impl()->output_index : 0);
}
// The same for the rule of `input`, which is dropped if that does not record: then nothing.
inline Saved save_for(const Tensor& input, const Tensor& x) {
  return has_history(input) ? save(x) : Saved();
}
// The same for an x that this operation is about to overwrite, where nothing else keeps it: then
// the copy is made at once.
Saved save_overwritten(const Tensor& x);
inline Saved save_output(const Tensor& y) { return Saved::of_output(y); }
inline Saved save_output_for(const Tensor& input, const Tensor& y) {
  return has_history(input) ? save_output(y) : Saved();
}

template <class Rule>
struct Wrt {
  const Tensor& x;
  Rule&& rule;  // lives until the node has it: to the end of the caller's expression
};
template <class Rule>
Wrt<Rule> wrt(const Tensor& x, Rule&& rule) {
  return {x, std::forward<Rule>(rule)};
}

template <class... Rules>
class RuleNode final : public Node {
 public:
  template <class... Given>
  explicit RuleNode(const char* name, const Wrt<Given>&... wrt) : Node(name, sizeof...(Rules)) {
    take(std::index_sequence_for<Rules...>(), wrt...);
  }

  void backward(const Tensor* grads, Tensor* result) override {
    each([&](int k, auto& rule) {
      if (needs(k)) result[k] = (*rule)(grads[0]);
    });
  }

  void count_saved() const override { [[maybe_unused]] const auto copy = rules_; }
  bool elementwise() const override { return is_elementwise(name()); }
  Tensor rule(int i, const Tensor& g) override {
    Tensor result;
    each([&](int k, auto& rule) {
      if (k == i && needs(k)) result = (*rule)(g);
    });
    return result;
  }

 protected:
  void free_saved() override {
    each([](int, auto& rule) { rule.reset(); });
  }

 private:
  template <size_t... k, class... Given>
  void take(std::index_sequence<k...>, const Wrt<Given>&... wrt) {
    (connect(*this, static_cast<int>(k), wrt.x), ...);
    // What an input that needs no gradient saved is of no use.
    ((needs(k) ? void(std::get<k>(rules_).emplace(std::forward<Given>(wrt.rule))) : void()), ...);
  }

  template <class F>
  void each(F&& visit) {
    int k = 0;
    std::apply([&](auto&... rule) { (visit(k++, rule), ...); }, rules_);
  }

  std::tuple<std::optional<Rules>...> rules_;
};

template <class... Rules>
void record_on(const char* name, const Tensor& y, const Wrt<Rules>&... wrt) {
  set_history(y, Ref<Node>::of_new(new RuleNode<std::decay_t<Rules>...>(name, wrt...)));
}
// The same, and gives y to the caller, who has it no longer under this name.
template <class... Rules>
Tensor record(const char* name, Tensor& y, const Wrt<Rules>&... wrt) {
  record_on(name, y, wrt...);
  return std::move(y);
}

// The same for any number of inputs: rule(i, g) is the gradient of input i.
template <class Rule>
class ListNode final : public Node {
 public:
  template <class... Tensors>
  ListNode(const char* name, Rule&& rule, const Tensors&... inputs)
      : Node(name, sizeof...(Tensors)), rule_(std::move(rule)) {
    int i = 0;
    (connect(*this, i++, inputs), ...);
  }
  ListNode(const char* name, const std::vector<Tensor>& inputs, Rule&& rule)
      : Node(name, static_cast<int>(inputs.size())), rule_(std::move(rule)) {
    for (size_t i = 0; i < inputs.size(); ++i) connect(*this, static_cast<int>(i), inputs[i]);
  }

  void backward(const Tensor* grads, Tensor* result) override {
    for (int i = 0; i < inputs(); ++i) {
      if (needs(i)) result[i] = (*rule_)(i, grads[0]);
    }
  }

  void count_saved() const override { [[maybe_unused]] const auto copy = rule_; }
  bool elementwise() const override { return is_elementwise(name()); }
  Tensor rule(int i, const Tensor& g) override { return needs(i) ? (*rule_)(i, g) : Tensor(); }

 protected:
  void free_saved() override { rule_.reset(); }

 private:
  std::optional<Rule> rule_;
};

// For operators whose derivatives by several inputs need the same values.
template <class Rule, class... Tensors>
Tensor record_shared(const char* name, Tensor& y, Rule&& rule, const Tensors&... inputs) {
  set_history(y, Ref<Node>::of_new(new ListNode<Rule>(name, std::move(rule), inputs...)));
  return std::move(y);
}

template <class Rule>
Tensor record_list(const char* name, Tensor& y, const std::vector<Tensor>& inputs, Rule&& rule) {
  set_history(y, Ref<Node>(new ListNode<Rule>(name, inputs, std::move(rule))));
  return std::move(y);
}

}  // namespace ndtape
