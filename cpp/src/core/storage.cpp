#include <limits>
#include <new>

#include "core/pool.h"
#include "ndtape/memory.h"
#include "ndtape/tensor.h"

namespace ndtape {

std::atomic<int> concurrency{1};

void Refcounted::release() const {
  // A sole owner needs no locked instruction: nobody else is there to race with.
  const int32_t count = count_.load(std::memory_order_acquire);
  if (count == 1) {
    const_cast<Refcounted*>(this)->destroy();
  } else if (is_alone()) {
    count_.store(count - 1, std::memory_order_relaxed);
  } else if (count_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    const_cast<Refcounted*>(this)->destroy();
  }
}

namespace {

// The data of a small storage follows its header in one block of the pool.
constexpr size_t kHeader = 64;
constexpr size_t kInlineBytes = pool::kMaxSize - kHeader;

}  // namespace

Ref<Storage> Storage::allocate(size_t bytes) {
  static_assert(sizeof(Storage) <= kHeader);
  const bool is_inline = bytes <= kInlineBytes;
  char* block = static_cast<char*>(pool::allocate(is_inline ? kHeader + bytes : kHeader));
  Storage* storage = new (block) Storage;
  if (is_inline) {
    storage->data_ = block + kHeader;
  } else {
    try {
      storage->data_ = memory::allocate(bytes);
    } catch (...) {
      pool::release(block, kHeader);
      throw;
    }
  }
  storage->bytes_ = bytes;
  return Ref<Storage>::of_new(storage);
}

Ref<Storage> Storage::adopt(void* data, size_t bytes, bool writable, Deleter deleter,
                            void* context) {
  Storage* storage = new (pool::allocate(kHeader)) Storage;
  storage->data_ = data;
  storage->bytes_ = bytes;
  storage->writable_ = writable;
  storage->deleter_ = deleter;
  storage->context_ = context;
  return Ref<Storage>::of_new(storage);
}

void Storage::destroy() {
  size_t block_bytes = kHeader;
  if (deleter_) {
    deleter_(context_);
  } else if (bytes_ <= kInlineBytes) {
    block_bytes += bytes_;
  } else {
    memory::release(data_, bytes_);
  }
  this->~Storage();
  pool::release(this, block_bytes);
}

}  // namespace ndtape
