// Memory for small, short-lived objects: tensors, tape nodes and the data of tiny tensors.
//
// Each thread keeps free blocks in lists by size, without locks. A block freed by another thread
// joins that thread's list. Lists are bounded; what is over goes back to the system.
#pragma once

#include <cstddef>

namespace ndtape::pool {

inline constexpr size_t kGranule = 64;  // sizes are rounded up to it, and blocks aligned to it
inline constexpr size_t kMaxSize = 512;

// Any size is served; those above kMaxSize are not kept. Throws std::bad_alloc.
void* allocate(size_t size);
void release(void* block, size_t size) noexcept;  // `size` as asked for

}  // namespace ndtape::pool
