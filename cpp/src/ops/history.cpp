// The history of tensors that share memory. A view and its base see each other's in-place changes
// in the derivative: such a change gives the base a new node, and views that are used afterwards
// are derived from it again.
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "cpu/op_table.h"
#include "engine/elementwise.h"
#include "ops/anomaly.h"
#include "ops/elementwise.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {

void renew_history(const Tensor& x) {
  TensorImpl* impl = x.impl();
  const Tensor base(impl->base);
  const bool recorded = static_cast<bool>(base.impl()->node);
  if (recorded) check_places("view", base, x.layout());
  if (impl->kept.load(std::memory_order_relaxed)) forget_kept(*impl);
  impl->generation = impl->base->generation;
  impl->node = Ref<Refcounted>();
  impl->output_index = 0;
  if (!recorded) return;
  record_on("view", x,
            wrt(base, [place = place_of(base, x.layout()), shape = base.shape()](const Tensor& g) {
              return write_part(g, shape, place);
            }));
}

void take_history(const Tensor& y, Node* share, uint32_t index) {
  Ref<Node> node = Ref<Node>::of_share(share);
  if (anomaly_watchers.load(std::memory_order_relaxed) > 0) watch(y, node.get());
  TensorImpl& tensor = *y.impl();
  if (tensor.kept.load(std::memory_order_relaxed)) forget_kept(tensor);
  tensor.node = std::move(node);
  tensor.output_index = index;
  if (tensor.base) tensor.generation = tensor.base->generation;
}

namespace {

[[gnu::noinline]] void connect_any(Node& node, int i, const Tensor& x) {
  Node* from = has_history(x) ? static_cast<Node*>(x.impl()->node.get()) : nullptr;
  node.set_input(i, from, x.impl()->output_index, x.shape(), x.dtype());
}

}  // namespace

void connect(Node& node, int i, const Tensor& x) {
  const TensorImpl& impl = *x.impl();
  auto* const from = static_cast<Node*>(impl.node.get());
  const Dims& shape = impl.layout.shape;
  // Nearly always so; and then without a call, for which registers would be saved.
  const bool plain = (!impl.base || impl.generation == impl.base->generation) &&
                     (!from || from->number() < node.number()) && shape.size() <= Dims::kInline;
  if (!plain) [[unlikely]]
    return connect_any(node, i, x);
  node.set_input(i, from, impl.output_index, shape, impl.dtype);
}

// Up to here memory is copied as it is, without a program.
constexpr size_t kFewBytes = 4096;

Saved save_overwritten(const Tensor& x) {
  if (!is_alone() || x.storage().kept) return save(x);
  const Edge edge = edge_of(x);
  const auto bytes = static_cast<size_t>(x.size() * itemsize(x.dtype()));
  if (bytes <= kFewBytes && x.is_contiguous()) {
    Ref<Storage> values = Storage::allocate(bytes);
    std::memcpy(values->data(), x.data(), bytes);
    return Saved(x, std::move(values), edge.node.get(), edge.index);
  }
  const Tensor was = Tensor::empty(x.shape(), x.dtype());
  engine::copy(x, was);
  return Saved(was, edge.node.get(), edge.index);
}

void begin_change(const Tensor& x) {
  part_from(x, [](const Tensor& kept) { return copy(kept); });
  x.storage().bump_version();
}

bool is_elementwise(const char* name) {
  static const std::unordered_set<std::string_view> names = [] {
    std::unordered_set<std::string_view> all{"copy", "astype", "tril", "triu"};
    for (int op = 0; op < kOpCount; ++op) all.insert(info(static_cast<Op>(op)).name);
    return all;
  }();
  return names.contains(name);
}

void check_places(const char* what, const Tensor& base, const Layout& view) {
  if (base.is_contiguous() || !base.layout().has_repeats()) return;
  throw TapeError(std::string(what) + ": a change of a view of shape " + to_string(view.shape) +
                  " cannot be recorded: what it views, " + describe(base) + " and strides " +
                  to_string(base.strides()) + ", names one element several times; work on a copy");
}

Place place_of(const Tensor& base, const Layout& view) {
  Place place{view};
  place.part.offset -= base.layout().offset;
  if (base.is_contiguous()) return place;
  Layout from = base.layout();
  // Gaps that are everywhere are left out.
  int64_t unit = 0, low = 0, high = 0;
  for (int i = 0; i < from.ndim(); ++i) {
    if (from.shape[i] > 1) unit = std::gcd(unit, from.strides[i]);
  }
  const auto pack = [unit](Layout& layout) {
    layout.offset /= unit;
    for (int i = 0; i < layout.ndim(); ++i) {
      layout.strides[i] = layout.shape[i] > 1 ? layout.strides[i] / unit : 1;
    }
  };
  from.offset = 0;
  pack(from);
  pack(place.part);
  for (int i = 0; i < from.ndim(); ++i) {
    const int64_t reach = from.strides[i] * (from.shape[i] - 1);
    (reach < 0 ? low : high) += reach;
  }
  from.offset -= low;
  place.part.offset -= low;
  place.memory = std::make_shared<Place::Memory>(std::move(from), high - low + 1);
  return place;
}

Tensor read_part(const Tensor& x, const Place& place) {
  if (!place.memory) return extract(x, place.part);
  return extract(embed(x, {place.memory->size}, place.memory->base), place.part);
}

Tensor write_part(const Tensor& g, const Dims& shape, const Place& place) {
  if (!place.memory) return embed(g, shape, place.part);
  return extract(embed(g, {place.memory->size}, place.part), place.memory->base);
}

namespace {

Tensor clear(const Tensor& g, const Layout& layout) {
  Tensor y = Tensor::empty(g.shape(), g.dtype());
  engine::copy(g, y);
  engine::copy(scalar(false, y.dtype()), y.view(layout));
  if (!recording(g)) return y;
  return record("clear", y, wrt(g, [layout](const Tensor& gg) { return clear(gg, layout); }));
}

}  // namespace

Tensor clear_part(const Tensor& g, const Place& place) {
  if (!place.memory) return clear(g, place.part);
  const auto& [base, size] = *place.memory;
  return extract(clear(embed(g, {size}, base), place.part), base);
}

}  // namespace ndtape
