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

void renew_history(const Tensor& x) {
  TensorImpl* impl = x.impl();
  const Tensor base(impl->base);
  impl->generation = impl->base->generation;
  impl->node = Ref<Refcounted>();
  impl->output_index = 0;
  if (!base.impl()->node) return;
  const Layout layout = within(base, x.layout());
  record("view", x, wrt(base, [layout, shape = base.shape()](const Tensor& g) {
           return embed(g, shape, layout);
         }));
}

void set_history(const Tensor& y, Ref<Node> node, uint32_t index) {
  if (anomaly_watchers.load(std::memory_order_relaxed) > 0) watch(y, node.get());
  y.impl()->node = std::move(node);
  y.impl()->output_index = index;
  if (y.impl()->base) y.impl()->generation = y.impl()->base->generation;
}

void begin_change(const Tensor& x) {
  part_from(x, [](const Tensor& kept) { return copy(kept); });
  x.storage().bump_version();
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
