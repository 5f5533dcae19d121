#include "tape/saved.h"

#include <array>
#include <mutex>
#include <utility>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include "core/pool.h"

namespace ndtape {
namespace {

thread_local SavedCount* counting = nullptr;

// Memory of other owners may belong to several storages, so they have one list in common.
constinit Kept* foreign = nullptr;

Kept*& list_of(Storage& storage) { return storage.owned() ? storage.kept : foreign; }

std::array<std::mutex, 64> mutexes;

#if defined(__unix__) || defined(__APPLE__)
// In a child made by fork nobody is left to unlock them.
[[maybe_unused]] const int registered = pthread_atfork(nullptr, nullptr, [] {
  for (std::mutex& mutex : mutexes) new (&mutex) std::mutex;
});
#endif

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
  std::mutex* mutex_ = nullptr;
};

void unlink(Kept& kept) {
  if (!kept.link) return;
  *kept.link = kept.next;
  if (kept.next) kept.next->link = kept.link;
  kept.link = nullptr;
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

// The same value in a list, of whose last two this looks at. An operand is often kept for the
// derivatives of several operations in turn.
[[gnu::noinline]] Kept* find(Kept* list, const Tensor& x, const Node* node, uint32_t index,
                             bool is_output) {
  for (int i = 0; list && i < 2; ++i, list = list->next) {
    if (list->storage.get() == &x.storage() && list->edge.node.get() == node &&
        list->edge.index == index && list->is_output == is_output && list->dtype == x.dtype() &&
        is_same(list->layout, x.layout())) {
      return list;
    }
  }
  return nullptr;
}

}  // namespace

Saved::Saved(const Tensor& x, Node* node, uint32_t index, bool is_output) {
  Kept*& list = list_of(x.storage());
  const Lock lock(&list);
  if (list) {
    kept_ = find(list, x, node, index, is_output);
    if (kept_) {
      ++kept_->owners;
      return;
    }
  }
  Kept* kept = new Kept(x, node, index, is_output, &list);
  if (kept->next) kept->next->link = &kept->next;
  list = kept;
  kept_ = kept;
}

void Saved::drop() {
  Kept* const kept = kept_;
  {
    const Lock lock(kept->home);
    if (--kept->owners > 0) return;
    unlink(*kept);
  }
  delete kept;
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
  std::vector<Ref<Storage>> left;  // let go of when the lock is; x has a share in its own
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
