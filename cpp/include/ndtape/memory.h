// The caching allocator: freed blocks are kept in size classes and handed out again.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ndtape::memory {

struct Stats {
  int64_t in_use;  // bytes in blocks that tensors hold
  int64_t peak;    // highest in_use so far, or since reset_peak
  int64_t cached;  // bytes in free blocks that are kept
  int64_t limit;   // cached never exceeds this
  int64_t hits;    // requests served from the cache
  int64_t misses;  // requests served by the system
};

Stats stats();
void reset_peak();
void empty_cache();             // gives every free block back to the system
void set_limit(int64_t bytes);  // throws ValueError when negative; frees what is over it

// Memory of at least `bytes`, 64-byte aligned, not initialised. When the system has none, the
// cache is emptied and the system asked again, then std::bad_alloc is thrown.
void* allocate(size_t bytes);
void release(void* block, size_t bytes) noexcept;  // `bytes` as asked for

}  // namespace ndtape::memory
