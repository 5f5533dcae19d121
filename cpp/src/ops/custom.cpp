// Operations that users bring along, on the tape like the library's own.
#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ops/elementwise.h"
#include "ops/record.h"

namespace ndtape {
namespace {

using Tensors = CustomRule::Tensors;

// A base, so that the name is there before the Node that points to it.
struct OwnName {
  std::string text;
};

class CustomNode final : private OwnName, public Node {
 public:
  CustomNode(const char* name, std::span<const Tensor> inputs, int outputs,
             std::vector<std::optional<Saved>> saved, std::shared_ptr<const CustomRule> rule)
      : OwnName{name},
        Node(text.c_str(), static_cast<int>(inputs.size())),
        outputs_(outputs),
        saved_(std::move(saved)),
        rule_(std::move(rule)) {
    for (size_t i = 0; i < inputs.size(); ++i) connect(*this, static_cast<int>(i), inputs[i]);
  }

  int outputs() const override { return outputs_; }

  void backward(const Tensor* grads, Tensor* result) override {
    // A copy: the rule may walk this very graph, and free it.
    const std::shared_ptr<const CustomRule> rule = rule_;
    const Tensors found = rule->vjp(Tensors(grads, grads + outputs_), read_saved());
    if (static_cast<int>(found.size()) != inputs()) {
      throw ValueError(text + ": the vjp gave " + std::to_string(found.size()) + " gradients for " +
                       std::to_string(inputs()) + " inputs");
    }
    for (int i = 0; i < inputs(); ++i) {
      const Tensor& g = found[static_cast<size_t>(i)];
      if (!needs(i) || !g.defined()) continue;
      check(g, i);
      result[i] = g;
    }
  }

  void count_saved() const override { [[maybe_unused]] const auto copy = saved_; }

  bool forward(const Tensor* tangents, Tensor* result) override {
    const std::shared_ptr<const CustomRule> rule = rule_;
    if (!rule->jvp) return false;
    Tensors found = rule->jvp(Tensors(tangents, tangents + inputs()), read_saved());
    if (static_cast<int>(found.size()) != outputs_) {
      throw ValueError(text + ": the jvp gave " + std::to_string(found.size()) + " tangents for " +
                       std::to_string(outputs_) + " outputs");
    }
    std::move(found.begin(), found.end(), result);
    return true;
  }

 protected:
  void free_saved() override {
    saved_.clear();
    rule_.reset();
  }

 private:
  Tensors read_saved() const {
    Tensors result;
    for (const std::optional<Saved>& s : saved_) result.push_back(s ? Tensor(*s) : Tensor());
    return result;
  }

  void check(const Tensor& g, int i) const {
    const std::string which = text + ": the vjp's gradient of input " + std::to_string(i);
    if (!is_inexact(g.dtype())) {
      throw TypeError(which + " has dtype " + ndtape::name(g.dtype()) + ", expected " +
                      ndtape::name(input(i).dtype));
    }
    const Dims& shape = input(i).shape;
    if (g.shape() == shape) return;
    const int lead = g.ndim() - shape.size();
    bool fits = lead >= 0;
    for (int k = 0; k < shape.size() && fits; ++k) {
      fits = shape[k] == 1 || shape[k] == g.length(lead + k);
    }
    if (!fits) {
      throw ValueError(which + " has shape " + to_string(g.shape()) + ", expected " +
                       to_string(shape));
    }
  }

  int outputs_;
  std::vector<std::optional<Saved>> saved_;
  std::shared_ptr<const CustomRule> rule_;
};

bool shares_memory(const Tensor& a, const Tensor& b) {
  return &a.storage() == &b.storage() || overlaps(a, b) ||
         (a.data() == b.data() && a.size() > 0 && b.size() > 0);
}

}  // namespace

std::vector<Tensor> record_custom(const std::string& name, const std::vector<Tensor>& inputs,
                                  const std::vector<Tensor>& outputs,
                                  const std::vector<Tensor>& saved, CustomRule rule) {
  if (std::none_of(inputs.begin(), inputs.end(), [](const Tensor& x) { return recording(x); })) {
    return outputs;
  }
  return record_custom(name.c_str(), std::span(inputs), std::span(outputs), std::span(saved),
                       std::make_shared<const CustomRule>(std::move(rule)));
}

std::vector<Tensor> record_custom(const char* name, std::span<const Tensor> inputs,
                                  std::span<const Tensor> outputs, std::span<const Tensor> saved,
                                  std::shared_ptr<const CustomRule> rule) {
  Tensors result;
  result.reserve(outputs.size());
  for (const Tensor& y : outputs) {
    auto beside = [&](const Tensor& x) { return shares_memory(y, x); };
    const bool shared = std::any_of(inputs.begin(), inputs.end(), beside) ||
                        std::any_of(result.begin(), result.end(), beside);
    result.push_back(shared ? copy(detach(y)) : detach(y));
  }
  std::vector<std::optional<Saved>> kept;
  kept.reserve(saved.size());
  for (const Tensor& s : saved) {
    const auto at = std::find_if(outputs.begin(), outputs.end(),
                                 [&](const Tensor& y) { return s.defined() && s.is_same(y); });
    if (at != outputs.end()) {
      const auto index = static_cast<uint32_t>(at - outputs.begin());
      const bool has_history = is_inexact(result[index].dtype());
      kept.emplace_back(Saved(result[index], nullptr, index, has_history));
    } else {
      kept.push_back(s.defined() ? std::optional<Saved>(save(s)) : std::nullopt);
    }
  }
  const auto node = Ref<Node>::of_new(new CustomNode(name, inputs, static_cast<int>(result.size()),
                                                     std::move(kept), std::move(rule)));
  for (size_t i = 0; i < result.size(); ++i) {
    if (is_inexact(result[i].dtype())) set_history(result[i], node, static_cast<uint32_t>(i));
  }
  return result;
}

}  // namespace ndtape
