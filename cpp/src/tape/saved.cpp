#include "tape/saved.h"

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "core/fork_mutex.h"
#include "core/pool.h"

namespace ndtape {
namespace {

thread_local SavedCount* counting = nullptr;

// Memory of other owners may belong to several storages, so they have one list in common.
constinit Kept* foreign = nullptr;

Kept*& list_of(Storage& storage) { return storage.owned() ? storage.kept : foreign; }

std::array<ForkMutex, 64> mutexes;

// Guards a list, and what stands in it; of many lists one lock.
class Lock {
 public:
  explicit Lock(const void* list) {
    if (is_alone()) return;
    mutex_ = &mutexes[reinterpret_cast<uintptr_t>(list) / 64 % mutexes.size()];
    mutex_->lock();
  }
  ~Lock() {
    if (mutex_) mutex_->unlock();
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  ForkMutex* mutex_ = nullptr;
};

void unlink(Kept& kept) {
  if (!kept.link) return;
  *kept.link = kept.next;
  if (kept.next) kept.next->link = kept.link;
  kept.link = nullptr;
}

// No tensor leads to it any more. If nobody keeps it either, it is the caller's.
std::unique_ptr<Kept> part(Kept& kept) {
  if (kept.tensor) kept.tensor->kept.store(nullptr, std::memory_order_relaxed);
  kept.tensor = nullptr;
  if (kept.owners > 0) return nullptr;
  unlink(kept);
  return std::unique_ptr<Kept>(&kept);
}

bool is_same(const Layout& a, const Layout& b) {
  if (a.offset != b.offset || a.ndim() != b.ndim()) return false;
  for (int i = 0; i < a.ndim(); ++i) {
    if (a.shape[i] != b.shape[i] || a.strides[i] != b.strides[i]) return false;
  }
  return true;
}

// The bytes from a tensor's first to its last.
struct Range {
  Range(const Storage& storage, const Layout& layout, DType dtype) {
    low = high = static_cast<const char*>(storage.data()) + layout.offset * itemsize(dtype);
    for (int i = 0; i < layout.ndim(); ++i) {
      if (layout.shape[i] == 0) {
        high = low;
        return;
      }
      const int64_t reach = layout.strides[i] * (layout.shape[i] - 1) * itemsize(dtype);
      (reach < 0 ? low : high) += reach;
    }
    high += itemsize(dtype);
  }
  bool meets(const Range& other) const { return low < other.high && other.low < high; }

  const char *low, *high;
};

}  // namespace

void* Kept::operator new(size_t size) { return pool::allocate(size); }
void Kept::operator delete(void* p, size_t size) noexcept { pool::release(p, size); }

namespace {

// A share in what the operand's tensor leads to, if that is of its history.
Kept* known(const Tensor& x, const Node* node, uint32_t index) {
  Kept* const kept = x.impl()->kept.load(std::memory_order_relaxed);
  if (!kept || kept->edge.node.get() != node || kept->edge.index != index) return nullptr;
  ++kept->owners;
  return kept;
}

[[gnu::always_inline]] inline Kept* make(const Tensor& x, Storage& storage, Node* node,
                                         uint32_t index, bool is_output, Kept*& list) {
  Kept* const kept = new Kept(x.dtype(), x.layout(), &storage, node, index, is_output, &list);
  if (kept->next) kept->next->link = &kept->next;
  return list = kept;
}

}  // namespace

// What is kept already, and what stays so: as few instructions as that takes, without a call.
Saved::Saved(const Tensor& x, Node* node, uint32_t index) {
  if (is_alone()) {
    kept_ = known(x, node, index);
    if (kept_) [[likely]]
      return;
  }
  keep(x, node, index);
}

Saved Saved::of_output(const Tensor& y, uint32_t index) {
  Storage& storage = y.storage();
  Kept*& list = list_of(storage);
  const Lock lock(&list);
  return Saved(make(y, storage, nullptr, index, true, list));
}

void Saved::drop() {
  Kept* const kept = kept_;
  if (!is_alone() || (kept->owners == 1 && !kept->tensor)) [[unlikely]]
    return drop_share();
  --kept->owners;
}

void Saved::keep(const Tensor& x, Node* node, uint32_t index) {
  std::atomic<bool>& before = x.impl()->kept_before;
  if (before.load(std::memory_order_relaxed)) return keep_again(x, node, index);
  before.store(true, std::memory_order_relaxed);
  Kept*& list = list_of(x.storage());
  const Lock lock(&list);
  kept_ = make(x, x.storage(), node, index, false, list);
}

Saved::Saved(const Tensor& x, Ref<Storage> values, Node* node, uint32_t index)
    : kept_(make(x, *values, node, index, false, values->kept)) {
  kept_->layout.offset = 0;
}

void Saved::keep_again(const Tensor& x, Node* node, uint32_t index) {
  TensorImpl& tensor = *x.impl();
  std::unique_ptr<Kept> unused;  // destroyed without the lock: its node may hold others
  Kept*& list = list_of(x.storage());
  const Lock lock(&list);
  kept_ = known(x, node, index);
  if (kept_) return;
  if (Kept* const other = tensor.kept.load(std::memory_order_relaxed)) unused = part(*other);
  kept_ = make(x, x.storage(), node, index, false, list);
  // Others' memory is left alone once it is not needed.
  if (!x.storage().owned()) return;
  kept_->tensor = &tensor;
  tensor.kept.store(kept_, std::memory_order_relaxed);
}

void Saved::drop_share() {
  Kept* const kept = kept_;
  {
    const Lock lock(kept->home);
    if (--kept->owners > 0 || kept->tensor) return;
    unlink(*kept);
  }
  delete kept;
}

void forget_kept(TensorImpl& tensor) {
  std::unique_ptr<Kept> unused;
  const Lock lock(&list_of(*tensor.storage));
  if (Kept* const kept = tensor.kept.load(std::memory_order_relaxed)) unused = part(*kept);
}

void Saved::share() {
  const Lock lock(kept_->home);
  ++kept_->owners;
  if (counting) counting->storages.insert(kept_->storage.get());
}

Saved::operator Tensor() const {
  Ref<TensorImpl> impl;
  {
    const Lock lock(kept_->home);
    impl = Ref<TensorImpl>::of_new(new TensorImpl(kept_->dtype, kept_->layout, kept_->storage));
  }
  if (grad_enabled()) {
    impl->node =
        kept_->is_output ? Ref<Refcounted>(current_node()) : Ref<Refcounted>(kept_->edge.node);
    impl->output_index = kept_->edge.index;
  }
  return Tensor(std::move(impl));
}

void part_from(const Tensor& x, Tensor (*copy)(const Tensor&)) {
  Kept*& list = list_of(x.storage());
  if (is_alone() && !list) return;
  // Let go of when the lock is; x has a share in its own storage.
  std::vector<Ref<Storage>> left;
  std::vector<std::unique_ptr<Kept>> unused;
  const Lock lock(&list);
  const Range changed(x.storage(), x.layout(), x.dtype());
  const GradMode off(false);
  Tensor was = x, now;  // the last that was copied
  Kept* next = nullptr;
  for (Kept* kept = list; kept; kept = next) {
    next = kept->next;
    const bool as_last = &was.storage() == kept->storage.get() && was.dtype() == kept->dtype &&
                         is_same(was.layout(), kept->layout);
    if (!as_last) {
      if (!changed.meets(Range(*kept->storage, kept->layout, kept->dtype))) continue;
    }
    if (auto gone = part(*kept)) {
      unused.push_back(std::move(gone));
      continue;
    }
    if (!as_last) {
      was = Tensor(Ref<TensorImpl>(new TensorImpl(kept->dtype, kept->layout, kept->storage)));
      now = Tensor();
    }
    if (!now.defined()) now = copy(was);
    unlink(*kept);
    if (kept->storage.get() != &x.storage()) left.push_back(kept->storage);
    kept->storage = Ref<Storage>(&now.storage());
    kept->layout = now.layout();
  }
}

std::atomic<int> saved_counts{0};
SavedCount::SavedCount() : previous_(std::exchange(counting, this)) {
  saved_counts.fetch_add(1, std::memory_order_relaxed);
}
SavedCount::~SavedCount() {
  saved_counts.fetch_sub(1, std::memory_order_relaxed);
  counting = previous_;
}

}  // namespace ndtape
