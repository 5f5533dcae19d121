// Operations that users bring along, on the tape like the library's own.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/fork_mutex.h"
#include "core/pool.h"
#include "ops/elementwise.h"
#include "ops/record.h"

namespace ndtape {
namespace {

using Tensors = CustomOperation::Tensors;

// A list of what is kept, of a length that is known when it is made.
class SavedList {
 public:
  explicit SavedList(size_t length) : length_(length) {
    if (length_ > kInline) places_ = static_cast<Saved*>(pool::allocate(length_ * sizeof(Saved)));
  }
  ~SavedList() {
    clear();
    if (length_ > kInline) pool::release(places_, length_ * sizeof(Saved));
  }
  SavedList(const SavedList&) = delete;
  SavedList& operator=(const SavedList&) = delete;

  void add(Saved saved) {
    new (places_ + count_) Saved(std::move(saved));
    ++count_;
  }
  void clear() {
    while (count_ > 0) std::destroy_at(places_ + --count_);
  }
  const Saved* begin() const { return places_; }
  const Saved* end() const { return places_ + count_; }

 private:
  static constexpr size_t kInline = 3;
  size_t length_, count_ = 0;
  alignas(Saved) std::byte inline_[kInline * sizeof(Saved)];
  Saved* places_ = reinterpret_cast<Saved*>(inline_);
};

class CustomNode final : public Node {
 public:
  CustomNode(Ref<const CustomOperation> operation, std::span<const Tensor> inputs,
             std::span<const Tensor> outputs, std::span<const Tensor> saved)
      : Node(operation->name(), static_cast<int>(inputs.size())),
        outputs_(static_cast<int>(outputs.size())),
        operation_(std::move(operation)),
        saved_(saved.size()) {
    int i = 0;
    for (const Tensor& x : inputs) connect(*this, i++, x);
    for (const Tensor& s : saved) keep(s, outputs);
  }

  // Of inputs that are saved.
  CustomNode(const CustomOperation* operation, std::span<const Tensor> inputs, size_t outputs)
      : Node(operation->name(), static_cast<int>(inputs.size())),
        outputs_(static_cast<int>(outputs)),
        operation_(operation),
        saved_(inputs.size()) {
    int i = 0;
    for (const Tensor& x : inputs) {
      connect(*this, i++, x);
      saved_.add(save(x));
    }
  }

  NDTAPE_HOT ~CustomNode() override {}

  int outputs() const override { return outputs_; }

  void backward(const Tensor* grads, Tensor* result) override {
    // A share: the rule may walk this very graph, and free it.
    const Ref<const CustomOperation> operation = operation_;
    const Tensors found = operation->vjp(Tensors(grads, grads + outputs_), read_saved());
    if (static_cast<int>(found.size()) != inputs()) {
      throw ValueError(std::string(name()) + ": the vjp gave " + std::to_string(found.size()) +
                       " gradients for " + std::to_string(inputs()) + " inputs");
    }
    for (int i = 0; i < inputs(); ++i) {
      const Tensor& g = found[static_cast<size_t>(i)];
      if (!needs(i) || !g.defined()) continue;
      check(g, i);
      result[i] = g;
    }
  }

  void count_saved() const override {
    for (const Saved& s : saved_) [[maybe_unused]]
      const Saved copy = s;
  }

  bool forward(const Tensor* tangents, Tensor* result) override {
    const Ref<const CustomOperation> operation = operation_;
    if (!operation->has_jvp()) return false;
    Tensors found = operation->jvp(Tensors(tangents, tangents + inputs()), read_saved());
    if (static_cast<int>(found.size()) != outputs_) {
      throw ValueError(std::string(name()) + ": the jvp gave " + std::to_string(found.size()) +
                       " tangents for " + std::to_string(outputs_) + " outputs");
    }
    std::move(found.begin(), found.end(), result);
    return true;
  }

 protected:
  void free_saved() override {
    saved_.clear();
    operation_ = nullptr;
  }

 private:
  void keep(const Tensor& x, std::span<const Tensor> outputs) {
    if (!x.defined()) return saved_.add(Saved());
    if (has_history(x)) {
      const TensorImpl& known = *x.impl();
      return saved_.add(Saved(x, static_cast<Node*>(known.node.get()), known.output_index));
    }
    const auto is_that = [&](const Tensor& y) { return x.is_same(y); };
    const auto at = std::ranges::find_if(outputs, is_that);
    const bool is_output = at != outputs.end() && is_inexact(x.dtype());
    saved_.add(is_output ? Saved::of_output(x, static_cast<uint32_t>(at - outputs.begin()))
                         : Saved(x, nullptr, 0));
  }

  Tensors read_saved() const {
    Tensors result;
    for (const Saved& s : saved_) result.push_back(s ? Tensor(s) : Tensor());
    return result;
  }

  void check(const Tensor& g, int i) const {
    const std::string which =
        std::string(name()) + ": the vjp's gradient of input " + std::to_string(i);
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
  Ref<const CustomOperation> operation_;
  SavedList saved_;
};

bool shares_memory(const Tensor& a, const Tensor& b) {
  return &a.storage() == &b.storage() || overlaps(a, b) ||
         (a.data() == b.data() && a.size() > 0 && b.size() > 0);
}

class OperationOfFunctions final : public CustomOperation {
 public:
  OperationOfFunctions(const std::string& name, CustomRule rule)
      : CustomOperation(name), rule_(std::move(rule)) {}
  Tensors vjp(const Tensors& grads, const Tensors& saved) const override {
    return rule_.vjp(grads, saved);
  }
  bool has_jvp() const override { return static_cast<bool>(rule_.jvp); }
  Tensors jvp(const Tensors& tangents, const Tensors& saved) const override {
    return rule_.jvp(tangents, saved);
  }

 private:
  CustomRule rule_;
};

// Nodes outlive their operations, and whoever reads a name in an error may outlive both.
const char* lasting(const std::string& name) {
  static ForkMutex mutex;
  static auto* const names = new std::unordered_set<std::string>;
  const std::lock_guard lock(mutex);
  return names->insert(name).first->c_str();
}

}  // namespace

CustomOperation::CustomOperation(const std::string& name) : name_(lasting(name)) {}

NDTAPE_HOT void record_operation(Ref<const CustomOperation> operation,
                                 std::span<const Tensor> inputs, std::span<const Tensor> outputs,
                                 std::span<const Tensor> saved) {
  auto node = Ref<Node>::of_new(new CustomNode(std::move(operation), inputs, outputs, saved));
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Tensor& y = outputs[i];
    if (!is_inexact(y.dtype())) continue;
    y.impl()->base = nullptr;  // of its own, even if it was made as a view of something new
    const bool last = i + 1 == outputs.size();
    set_history(y, last ? std::move(node) : node, static_cast<uint32_t>(i));
  }
}

NDTAPE_HOT void record_operation(const CustomOperation* operation, std::span<const Tensor> inputs,
                                 std::span<const Tensor> outputs) {
  if (std::ranges::none_of(inputs, [](const Tensor& x) { return recording(x); })) return;
  auto node = Ref<Node>::of_new(new CustomNode(operation, inputs, outputs.size()));
  for (uint32_t i = 1; i < outputs.size(); ++i) set_history(outputs[i], node, i);
  set_history(outputs[0], std::move(node));
}

std::vector<Tensor> record_custom(Ref<const CustomOperation> operation,
                                  std::span<const Tensor> inputs, std::span<const Tensor> outputs,
                                  std::span<const Tensor> saved) {
  Tensors result;
  result.reserve(outputs.size());
  for (const Tensor& y : outputs) {
    auto beside = [&](const Tensor& x) { return shares_memory(y, x); };
    const bool shared = std::ranges::any_of(inputs, beside) || std::ranges::any_of(result, beside);
    result.push_back(shared ? copy(detach(y)) : detach(y));
  }
  Tensors kept(saved.begin(), saved.end());
  for (Tensor& s : kept) {
    auto is_that = [&](const Tensor& y) { return s.defined() && s.is_same(y); };
    const auto at = std::ranges::find_if(outputs, is_that);
    if (at != outputs.end()) s = result[static_cast<size_t>(at - outputs.begin())];
  }
  record_operation(std::move(operation), inputs, result, kept);
  return result;
}

std::vector<Tensor> record_custom(const std::string& name, const std::vector<Tensor>& inputs,
                                  const std::vector<Tensor>& outputs,
                                  const std::vector<Tensor>& saved, CustomRule rule) {
  if (std::ranges::none_of(inputs, [](const Tensor& x) { return recording(x); })) return outputs;
  return record_custom(Ref<const CustomOperation>(new OperationOfFunctions(name, std::move(rule))),
                       std::span(inputs), std::span(outputs), std::span(saved));
}

}  // namespace ndtape
