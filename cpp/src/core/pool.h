// Memory for small, short-lived objects: tensors, tape nodes and the data of tiny tensors.
//
// Each thread keeps free blocks in lists by size, without locks. A block freed by another thread
// joins that thread's list. Lists are bounded; what is over goes back to the system.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ndtape::pool {

inline constexpr size_t kGranule = 64;  // sizes are rounded up to it, and blocks aligned to it
inline constexpr size_t kMaxSize = 512;

void* allocate_slow(size_t size);
void release_slow(void* block, size_t size) noexcept;

#ifndef NDTAPE_NO_POOL

struct FreeBlock {
  FreeBlock* next;
};

// A thread's. Trivially destructible, so that it may still be used while the thread's other objects
// are destroyed. `room` counts the blocks that a list may still take: none before the lists are
// opened and after they are closed.
struct Lists {
  static constexpr size_t kClasses = kMaxSize / kGranule;
  FreeBlock* head[kClasses];
  uint32_t room[kClasses];
  enum : uint8_t { New, Open, Closed } state;
};

// Reached without a call: these few bytes fit the space that loaders keep for such variables.
#if defined(__GLIBC__)
__attribute__((tls_model("initial-exec")))
#endif
extern constinit thread_local Lists lists;

inline size_t class_of(size_t size) { return size == 0 ? 0 : (size - 1) / kGranule; }

#endif

// Any size is served; those above kMaxSize are not kept. Throws std::bad_alloc.
inline void* allocate(size_t size) {
#ifndef NDTAPE_NO_POOL
  const size_t c = class_of(size);
  if (c < Lists::kClasses) [[likely]] {
    if (FreeBlock* block = lists.head[c]) [[likely]] {
      lists.head[c] = block->next;
      ++lists.room[c];
      return block;
    }
  }
#endif
  return allocate_slow(size);
}

// `size` as asked for.
inline void release(void* block, size_t size) noexcept {
#ifndef NDTAPE_NO_POOL
  const size_t c = class_of(size);
  if (c < Lists::kClasses && lists.room[c] != 0) [[likely]] {
    FreeBlock* free_block = static_cast<FreeBlock*>(block);
    free_block->next = lists.head[c];
    lists.head[c] = free_block;
    --lists.room[c];
    return;
  }
#endif
  release_slow(block, size);
}

}  // namespace ndtape::pool
