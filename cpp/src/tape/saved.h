// Values kept for derivatives. A change in place does not reach them: what it is about to overwrite
// is copied first, if something is kept there. So a derivative is that of the values as they were.
#pragma once

#include <atomic>
#include <cstdint>
#include <unordered_set>
#include <utility>

#include "ndtape/hot.h"
#include "tape/node.h"

namespace ndtape {

// A kept value: memory, layout and history of a tensor as they were. From the second time that a
// tensor is kept, one serves all operations, and stays when they are gone: what was used twice will
// be used again. It stands in the list of its storage, until the memory is its own.
struct Kept {
  Kept(DType of, const Layout& at, Ref<Storage> in, Node* node, uint32_t index, bool of_its_node,
       Kept** list)
      : next(*list),
        link(list),
        edge{Ref<Node>(node), index},
        owners(1),
        is_output(of_its_node),
        dtype(of),
        home(list),
        storage(std::move(in)),
        layout(at) {}

  Kept* next;
  Kept** link;                   // what points here; null outside a list
  TensorImpl* tensor = nullptr;  // the one that leads here
  Edge edge;
  int32_t owners;
  bool is_output;
  DType dtype;
  const void* home;  // the list's owner, by which it is locked
  Ref<Storage> storage;
  Layout layout;

  static void* operator new(size_t size);
  static void operator delete(void* p, size_t size) noexcept;
};

extern std::atomic<int> saved_counts;  // how many SavedCount there are

// A share in a kept value. It becomes a Tensor again when it is used.
class Saved {
 public:
  Saved() = default;  // of a rule that will not be called
  // `node` and `index`: x's place on the tape.
  NDTAPE_HOT Saved(const Tensor& x, Node* node, uint32_t index);
  // An operation's own output is saved before it has a place there: its node is the one that saves
  // it, and holding that here would be a circle.
  NDTAPE_HOT static Saved of_output(const Tensor& y, uint32_t index = 0);
  // The same for the values of x, row-major, in memory of their own.
  Saved(const Tensor& x, Ref<Storage> values, Node* node, uint32_t index);
  Saved(Saved&& other) noexcept : kept_(std::exchange(other.kept_, nullptr)) {}
  Saved& operator=(Saved&& other) noexcept {
    std::swap(kept_, other.kept_);
    return *this;
  }
  Saved(const Saved& other) : kept_(other.kept_) {
    if (!kept_) return;
    if (is_alone() && saved_counts.load(std::memory_order_relaxed) == 0) {
      ++kept_->owners;
    } else {
      share();
    }
  }
  [[gnu::always_inline]] ~Saved() {
    if (kept_) drop();
  }
  explicit operator bool() const { return kept_ != nullptr; }
  operator Tensor() const;  // NOLINT: reading it is using it

 private:
  explicit Saved(Kept* kept) : kept_(kept) {}
  NDTAPE_HOT [[gnu::noinline]] void keep(const Tensor& x, Node* node, uint32_t index);
  void keep_again(const Tensor& x, Node* node, uint32_t index);
  void share();
  NDTAPE_HOT void drop();
  NDTAPE_HOT void drop_share();
  Kept* kept_ = nullptr;
};

// What begin_change is made of: gives kept values that lie where x does memory of their own. `copy`
// makes a tensor of the same values in new memory.
void part_from(const Tensor& x, Tensor (*copy)(const Tensor&));

// While it lives, Saved tensors that are copied on this thread are counted: rules are functions
// that hold some, and a copy of a rule tells which.
class SavedCount {
 public:
  SavedCount();
  ~SavedCount();
  SavedCount(const SavedCount&) = delete;
  SavedCount& operator=(const SavedCount&) = delete;

  std::unordered_set<const Storage*> storages;

 private:
  SavedCount* previous_;
};

}  // namespace ndtape
