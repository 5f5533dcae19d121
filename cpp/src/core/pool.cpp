#include "core/pool.h"

#include <cstdint>
#include <new>

namespace ndtape::pool {
namespace {

void* system_allocate(size_t size) { return ::operator new(size, std::align_val_t{kGranule}); }
void system_release(void* block) noexcept { ::operator delete(block, std::align_val_t{kGranule}); }

#ifndef NDTAPE_NO_POOL

constexpr uint32_t kKeptBytes = 1 << 20;  // by one list of one thread

struct Closer {
  ~Closer() {
    lists.state = Lists::Closed;
    for (size_t c = 0; c < Lists::kClasses; ++c) {
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
  for (size_t c = 0; c < Lists::kClasses; ++c) {
    lists.room[c] = kKeptBytes / static_cast<uint32_t>((c + 1) * kGranule);
  }
}

#endif

}  // namespace

#ifdef NDTAPE_NO_POOL

void* allocate_slow(size_t size) { return system_allocate(size); }
void release_slow(void* block, size_t) noexcept { system_release(block); }

#else

constinit thread_local Lists lists{};

void* allocate_slow(size_t size) {
  const size_t c = class_of(size);
  return system_allocate(c < Lists::kClasses ? (c + 1) * kGranule : size);
}

void release_slow(void* block, size_t size) noexcept {
  if (class_of(size) < Lists::kClasses && lists.state == Lists::New) {
    open_lists();
    return release(block, size);
  }
  system_release(block);
}

#endif

}  // namespace ndtape::pool
