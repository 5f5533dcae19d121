// The caching allocator. Block sizes fall into four classes a doubling, so at most a quarter of a
// block is unused. Free blocks wait in a list of their class, and in one list by age from which
// the oldest are given back when the cache is over its limit. The lists run through the free
// blocks themselves.
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <string>

#include "ndtape/error.h"
#include "ndtape/memory.h"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#define NDTAPE_MMAP 1
#endif

#if defined(__SANITIZE_ADDRESS__)
#define NDTAPE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NDTAPE_ASAN 1
#endif
#endif
#if defined(NDTAPE_ASAN)
#include <sanitizer/asan_interface.h>
#endif

namespace ndtape::memory {
namespace {

constexpr size_t kAlign = 64;
constexpr size_t kHuge = size_t{2} << 20;  // a huge page; blocks from here on are mapped
constexpr int kSmallestLog2 = 8;           // the smallest class holds 2^8 bytes
constexpr int kLargestLog2 = 62;
constexpr int kClasses = (kLargestLog2 - kSmallestLog2) * 4 + 1;

struct SizeClass {
  int index;
  size_t bytes;
};

// `bytes` is at most 2^kLargestLog2.
SizeClass size_class(size_t bytes) {
  if (bytes <= size_t{1} << kSmallestLog2) return {0, size_t{1} << kSmallestLog2};
  const int log2 = static_cast<int>(std::bit_width(bytes - 1));  // 2^(log2-1) < bytes <= 2^log2
  const int shift = log2 - 3;                                    // quarters of the doubling
  const size_t quarters = (bytes + (size_t{1} << shift) - 1) >> shift;  // 5..8
  return {(log2 - kSmallestLog2 - 1) * 4 + static_cast<int>(quarters) - 4, quarters << shift};
}

// ---- the system's memory ------------------------------------------------------------------------

#if defined(NDTAPE_MMAP)
// Aligned to huge pages, which the kernel is asked to use: page faults cost more than arithmetic.
void* map(size_t bytes) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t mapped = (bytes + page - 1) / page * page;
  void* raw =
      mmap(nullptr, mapped + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  char* const first = static_cast<char*>(raw);
  const size_t lead = (kHuge - reinterpret_cast<uintptr_t>(first) % kHuge) % kHuge;
  if (lead > 0) munmap(first, lead);
  if (lead < kHuge) munmap(first + lead + mapped, kHuge - lead);
#if defined(MADV_HUGEPAGE)
  madvise(first + lead, mapped, MADV_HUGEPAGE);
#endif
  return first + lead;
}

void unmap(void* block, size_t bytes) noexcept {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  munmap(block, (bytes + page - 1) / page * page);
}
#endif

void* system_allocate(size_t bytes) noexcept {
#if defined(NDTAPE_MMAP)
  if (bytes >= kHuge) return map(bytes);
#endif
  return ::operator new(bytes, std::align_val_t{kAlign}, std::nothrow);
}

void system_release(void* block, size_t bytes) noexcept {
#if defined(NDTAPE_ASAN)
  ASAN_UNPOISON_MEMORY_REGION(block, bytes);
#endif
#if defined(NDTAPE_MMAP)
  if (bytes >= kHuge) return unmap(block, bytes);
#endif
  ::operator delete(block, std::align_val_t{kAlign});
}

int64_t physical_memory() {
#if defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
  const int64_t pages = sysconf(_SC_PHYS_PAGES);
  if (pages > 0) return pages * sysconf(_SC_PAGESIZE);
#endif
  return int64_t{8} << 30;
}

// NDTAPE_CACHE_LIMIT in bytes, else an eighth of the machine's memory, at most 2 GiB.
int64_t initial_limit() {
  if (const char* text = std::getenv("NDTAPE_CACHE_LIMIT")) {
    char* end = nullptr;
    const long long limit = std::strtoll(text, &end, 10);
    if (end != text && *end == '\0' && limit >= 0) return limit;
  }
  const int64_t share = physical_memory() / 8;
  return share < int64_t{2} << 30 ? share : int64_t{2} << 30;
}

// ---- the cache ----------------------------------------------------------------------------------

struct FreeBlock {
  FreeBlock* next;  // of the same class; the last freed comes first
  FreeBlock* previous;
  FreeBlock* newer;
  FreeBlock* older;
  SizeClass size;
};

class Cache {
 public:
  Cache() : limit_(initial_limit()) {}

  void* allocate(size_t bytes) {
    if (bytes > size_t{1} << kLargestLog2) throw std::bad_alloc();
    const SizeClass size = size_class(bytes);
    const std::lock_guard lock(mutex_);
    void* block = first_[size.index];
    if (block) {
      ++hits_;
      unlink(static_cast<FreeBlock*>(block));
    } else {
      ++misses_;
      block = system_allocate(size.bytes);
      if (!block) {
        shrink(0);
        block = system_allocate(size.bytes);
        if (!block) throw std::bad_alloc();
      }
    }
    in_use_ += static_cast<int64_t>(size.bytes);
    if (in_use_ > peak_) peak_ = in_use_;
#if defined(NDTAPE_ASAN)
    ASAN_POISON_MEMORY_REGION(block, size.bytes);
    ASAN_UNPOISON_MEMORY_REGION(block, bytes);
#endif
    return block;
  }

  void release(void* memory, size_t bytes) noexcept {
    const SizeClass size = size_class(bytes);
    const std::lock_guard lock(mutex_);
    in_use_ -= static_cast<int64_t>(size.bytes);
    if (static_cast<int64_t>(size.bytes) > limit_) return system_release(memory, size.bytes);
    shrink(limit_ - static_cast<int64_t>(size.bytes));
#if defined(NDTAPE_ASAN)
    ASAN_UNPOISON_MEMORY_REGION(memory, sizeof(FreeBlock));
#endif
    FreeBlock* block = new (memory) FreeBlock{first_[size.index], nullptr, nullptr, newest_, size};
    if (block->next) block->next->previous = block;
    first_[size.index] = block;
    if (newest_) newest_->newer = block;
    newest_ = block;
    if (!oldest_) oldest_ = block;
    cached_ += static_cast<int64_t>(size.bytes);
#if defined(NDTAPE_ASAN)
    ASAN_POISON_MEMORY_REGION(block + 1, size.bytes - sizeof(FreeBlock));
#endif
  }

  Stats stats() {
    const std::lock_guard lock(mutex_);
    return {in_use_, peak_, cached_, limit_, hits_, misses_};
  }

  void reset_peak() {
    const std::lock_guard lock(mutex_);
    peak_ = in_use_;
  }

  void set_limit(int64_t bytes) {
    const std::lock_guard lock(mutex_);
    limit_ = bytes;
    shrink(limit_);
  }

  void empty() {
    const std::lock_guard lock(mutex_);
    shrink(0);
  }

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  void unlink(FreeBlock* block) noexcept {
    (block->previous ? block->previous->next : first_[block->size.index]) = block->next;
    if (block->next) block->next->previous = block->previous;
    (block->newer ? block->newer->older : newest_) = block->older;
    (block->older ? block->older->newer : oldest_) = block->newer;
    cached_ -= static_cast<int64_t>(block->size.bytes);
  }

  // Gives the oldest blocks back until at most `bytes` are cached.
  void shrink(int64_t bytes) noexcept {
    while (cached_ > bytes) {
      FreeBlock* block = oldest_;
      const size_t block_bytes = block->size.bytes;
      unlink(block);
      system_release(block, block_bytes);
    }
  }

  std::mutex mutex_;
  FreeBlock* first_[kClasses] = {};
  FreeBlock* newest_ = nullptr;
  FreeBlock* oldest_ = nullptr;
  int64_t in_use_ = 0;
  int64_t peak_ = 0;
  int64_t cached_ = 0;
  int64_t limit_;
  int64_t hits_ = 0;
  int64_t misses_ = 0;
};

// Never destroyed: tensors of static lifetime may be freed after everything else.
Cache& cache() {
  static Cache& instance = [&]() -> Cache& {
    alignas(Cache) static char memory[sizeof(Cache)];
    Cache* made = new (memory) Cache;
#if defined(NDTAPE_MMAP)
    // A child of fork must not inherit a lock that a thread it does not have holds.
    pthread_atfork([] { cache().lock(); }, [] { cache().unlock(); }, [] { cache().unlock(); });
#endif
    return *made;
  }();
  return instance;
}

}  // namespace

Stats stats() { return cache().stats(); }
void reset_peak() { cache().reset_peak(); }
void empty_cache() { cache().empty(); }

void set_limit(int64_t bytes) {
  if (bytes < 0) {
    throw ValueError("set_limit: " + std::to_string(bytes) + " bytes is negative");
  }
  cache().set_limit(bytes);
}

void* allocate(size_t bytes) { return cache().allocate(bytes); }
void release(void* block, size_t bytes) noexcept { cache().release(block, bytes); }

}  // namespace ndtape::memory
