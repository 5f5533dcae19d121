// The history of tensors that share memory. A view and its base see each other's in-place changes
// in the derivative: such a change gives the base a new node, and views that are used afterwards
// are derived from it again.
#include <string>
#include <string_view>
#include <unordered_set>

#include "cpu/op_table.h"
#include "ops/anomaly.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {

Edge edge_of(const Tensor& x) {
  TensorImpl* impl = x.impl();
  if (impl->base && impl->generation != impl->base->generation) {
    const Tensor base(impl->base);
    impl->generation = impl->base->generation;
    impl->node = Ref<Refcounted>();
    impl->output_index = 0;
    if (base.impl()->node) {
      const Layout layout = within(base, x.layout());
      set_history(x, Ref<Node>());
      record("view", x, wrt(base, [layout, shape = base.shape()](const Tensor& g) {
               return embed(g, shape, layout);
             }));
    }
  }
  return Edge{Ref<Node>(static_cast<Node*>(impl->node.get())), impl->output_index};
}

void set_history(const Tensor& y, Ref<Node> node, uint32_t index) {
  if (anomaly_watchers.load(std::memory_order_relaxed) > 0) watch(y, node.get());
  y.impl()->node = std::move(node);
  y.impl()->output_index = index;
  if (y.impl()->base) y.impl()->generation = y.impl()->base->generation;
}

bool is_elementwise(const char* name) {
  static const std::unordered_set<std::string_view> names = [] {
    std::unordered_set<std::string_view> all{"copy", "astype"};
    for (int op = 0; op < kOpCount; ++op) all.insert(info(static_cast<Op>(op)).name);
    return all;
  }();
  return names.contains(name);
}

Layout within(const Tensor& base, const Layout& layout) {
  if (!base.is_contiguous()) {
    throw TapeError(
        "an in-place change of a view cannot be recorded: the tensor it views, of shape " +
        to_string(base.shape()) + ", is not row-major; work on a copy");
  }
  Layout relative = layout;
  relative.offset -= base.layout().offset;
  return relative;
}

}  // namespace ndtape
