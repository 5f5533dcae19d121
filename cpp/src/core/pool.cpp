#include "core/pool.h"

#include <cstdint>
#include <new>

namespace ndtape::pool {
namespace {

void* system_allocate(size_t size) { return ::operator new(size, std::align_val_t{kGranule}); }
void system_release(void* block) noexcept { ::operator delete(block, std::align_val_t{kGranule}); }

#ifndef NDTAPE_NO_POOL

constexpr int kClasses = kMaxSize / kGranule;
constexpr uint32_t kKeptBytes = 1 << 20;  // by one list of one thread

struct FreeBlock {
  FreeBlock* next;
};

// Trivially destructible, so that it may still be used while the thread's other objects are
// destroyed. `room` counts the blocks that a list may still take: none before the lists are
// opened and after they are closed.
struct Lists {
  FreeBlock* head[kClasses];
  uint32_t room[kClasses];
  enum : uint8_t { New, Open, Closed } state;
};

// Reached without a call: these few bytes fit the space that loaders keep for such variables.
#if defined(__GLIBC__)
__attribute__((tls_model("initial-exec")))
#endif
constinit thread_local Lists lists{};

struct Closer {
  ~Closer() {
    lists.state = Lists::Closed;
    for (int c = 0; c < kClasses; ++c) {
      lists.room[c] = 0;
      while (FreeBlock* block = lists.head[c]) {
        lists.head[c] = block->next;
        system_release(block);
      }
    }
  }
};

void open_lists() {
  static thread_local Closer closer;
  static_cast<void>(&closer);
  lists.state = Lists::Open;
  for (int c = 0; c < kClasses; ++c) {
    lists.room[c] = kKeptBytes / static_cast<uint32_t>((c + 1) * kGranule);
  }
}

inline size_t class_of(size_t size) { return size == 0 ? 0 : (size - 1) / kGranule; }

[[gnu::noinline]] void release_slow(void* block, size_t c) noexcept {
  if (c < kClasses && lists.state == Lists::New) {
    open_lists();
    return release(block, (c + 1) * kGranule);
  }
  system_release(block);
}

#endif

}  // namespace

#ifdef NDTAPE_NO_POOL

void* allocate(size_t size) { return system_allocate(size); }
void release(void* block, size_t) noexcept { system_release(block); }

#else

void* allocate(size_t size) {
  const size_t c = class_of(size);
  if (c >= kClasses) return system_allocate(size);
  FreeBlock* block = lists.head[c];
  if (!block) return system_allocate((c + 1) * kGranule);
  lists.head[c] = block->next;
  ++lists.room[c];
  return block;
}

void release(void* block, size_t size) noexcept {
  const size_t c = class_of(size);
  if (c >= kClasses || lists.room[c] == 0) return release_slow(block, c);
  FreeBlock* free_block = static_cast<FreeBlock*>(block);
  free_block->next = lists.head[c];
  lists.head[c] = free_block;
  --lists.room[c];
}

#endif

}  // namespace ndtape::pool
