#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "core/pool.h"
#include "ndtape/memory.h"
#include "ndtape/tensor.h"

namespace ndtape {
namespace {

TEST(Storage, AllSizesAreAlignedAndWritable) {
  for (size_t bytes = 0; bytes < 3000; ++bytes) {
    const Ref<Storage> storage = Storage::allocate(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(storage->data()) % 64, 0u);
    EXPECT_EQ(storage->bytes(), bytes);
    EXPECT_TRUE(storage->owned());
    EXPECT_TRUE(storage->writable());
    EXPECT_EQ(storage->use_count(), 1);
    std::memset(storage->data(), 1, bytes);
  }
}

TEST(Storage, VersionsCount) {
  const Ref<Storage> storage = Storage::allocate(8);
  EXPECT_EQ(storage->version(), 0u);
  storage->bump_version();
  EXPECT_EQ(storage->version(), 1u);
}

TEST(Storage, AdoptedMemoryIsGivenBackOnce) {
  int calls = 0;
  float data[4] = {};
  {
    const Ref<Storage> storage = Storage::adopt(
        data, sizeof(data), false, [](void* context) { ++*static_cast<int*>(context); }, &calls);
    const Ref<Storage> second = storage;
    EXPECT_EQ(storage->data(), data);
    EXPECT_FALSE(storage->writable());
    EXPECT_FALSE(storage->owned());
    EXPECT_EQ(storage->use_count(), 2);
    EXPECT_EQ(calls, 0);
  }
  EXPECT_EQ(calls, 1);
}

TEST(Storage, LargeMemoryComesFromTheAllocator) {
  const int64_t before = memory::stats().in_use;
  {
    const Ref<Storage> storage = Storage::allocate(1 << 20);
    EXPECT_EQ(memory::stats().in_use, before + (1 << 20));
  }
  EXPECT_EQ(memory::stats().in_use, before);
}

TEST(Tensor, EmptyAndViews) {
  const Tensor x = Tensor::empty(Dims{2, 3}, DType::Float32);
  EXPECT_EQ(x.strides(), (Dims{3, 1}));
  EXPECT_EQ(x.size(), 6);
  EXPECT_TRUE(x.is_contiguous());
  const Tensor row = x.view(x.layout().select(0, 1));
  EXPECT_EQ(row.data<float>(), x.data<float>() + 3);
  EXPECT_EQ(row.impl()->base.get(), x.impl());
  const Tensor part = row.view(row.layout().slice(0, 1, 2, 1));
  EXPECT_EQ(part.impl()->base.get(), x.impl());  // always the tensor that is no view
  EXPECT_EQ(&part.storage(), &x.storage());
  EXPECT_THROW(Tensor::empty(Dims{-1}, DType::Int8), ValueError);
  EXPECT_THROW(Tensor::empty(Dims{int64_t{1} << 61}, DType::Float64), ValueError);
}

TEST(Pool, ThreadsMayFreeWhatOthersMade) {
  std::vector<Tensor> tensors;
  for (int i = 0; i < 10000; ++i) tensors.push_back(Tensor::empty(Dims{i % 100}, DType::Float32));
  std::thread([mine = std::move(tensors)]() mutable {
    mine.clear();
    for (int i = 0; i < 1000; ++i) mine.push_back(Tensor::empty(Dims{3}, DType::Float32));
  }).join();
  EXPECT_EQ(Tensor::empty(Dims{5}, DType::Float32).size(), 5);
}

TEST(Pool, WorksWhileThreadLocalsAreDestroyed) {
  struct Late {
    Tensor kept;
    ~Late() {
      kept = Tensor::empty(Dims{3}, DType::Float32);  // after or before the pool is closed
    }
  };
  std::thread([] {
    static thread_local Late before_the_pool_opens;
    before_the_pool_opens.kept = Tensor();
    Tensor::empty(Dims{3}, DType::Float32);
    before_the_pool_opens.kept = Tensor::empty(Dims{3}, DType::Float32);
  }).join();
}

TEST(Pool, ServesEverySize) {
  for (const size_t size : {0, 1, 64, 65, 512, 513, 5000}) {
    void* block = pool::allocate(size);
    std::memset(block, 0, size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % pool::kGranule, 0u);
    pool::release(block, size);
  }
}

}  // namespace
}  // namespace ndtape
