#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <new>
#include <random>
#include <thread>
#include <vector>

#include "ndtape/error.h"
#include "ndtape/memory.h"

namespace ndtape::memory {
namespace {

// Starts with an empty cache, and puts the limit back.
class Allocator : public testing::Test {
 protected:
  void SetUp() override {
    limit_ = stats().limit;
    empty_cache();
    reset_peak();
    before_ = stats();
  }
  void TearDown() override { set_limit(limit_); }

  int64_t limit_;
  Stats before_;
};

TEST_F(Allocator, BlocksAreAlignedAndWritable) {
  for (size_t bytes = 1; bytes < (size_t{5} << 20); bytes = bytes * 5 / 4 + 1) {
    void* block = allocate(bytes);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u) << bytes;
    std::memset(block, 1, bytes);
    release(block, bytes);
  }
  EXPECT_EQ(stats().in_use, before_.in_use);
}

TEST_F(Allocator, LargeBlocksAreAlignedToHugePages) {
  void* block = allocate(size_t{3} << 20);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(block) % (size_t{2} << 20), 0u);
  release(block, size_t{3} << 20);
}

TEST_F(Allocator, AFreedBlockIsHandedOutAgain) {
  void* first = allocate(100000);
  release(first, 100000);
  EXPECT_GE(stats().cached, 100000);
  void* second = allocate(99000);  // of the same class
  EXPECT_EQ(first, second);
  EXPECT_EQ(stats().cached, 0);
  EXPECT_EQ(stats().hits, before_.hits + 1);
  EXPECT_EQ(stats().misses, before_.misses + 1);
  release(second, 99000);
}

TEST_F(Allocator, AtMostAQuarterIsWasted) {
  for (size_t bytes = 300; bytes < (size_t{1} << 24); bytes = bytes * 9 / 8 + 1) {
    const int64_t in_use = stats().in_use;
    void* block = allocate(bytes);
    const int64_t taken = stats().in_use - in_use;
    EXPECT_GE(taken, static_cast<int64_t>(bytes));
    EXPECT_LE(taken, static_cast<int64_t>(bytes + bytes / 4 + 64));
    release(block, bytes);
  }
}

TEST_F(Allocator, ThePeakIsKept) {
  void* a = allocate(1 << 20);
  void* b = allocate(1 << 20);
  release(a, 1 << 20);
  release(b, 1 << 20);
  EXPECT_EQ(stats().peak, before_.in_use + (2 << 20));
  reset_peak();
  EXPECT_EQ(stats().peak, before_.in_use);
}

TEST_F(Allocator, TheCacheStaysUnderItsLimit) {
  set_limit(10 << 20);
  std::mt19937 random(1);
  std::vector<std::pair<void*, size_t>> blocks;
  for (int i = 0; i < 2000; ++i) {
    if (blocks.size() > 20 || (!blocks.empty() && random() % 2 == 0)) {
      const size_t k = random() % blocks.size();
      release(blocks[k].first, blocks[k].second);
      blocks.erase(blocks.begin() + static_cast<int64_t>(k));
    } else {
      const size_t bytes = 1 + random() % (4 << 20);
      blocks.emplace_back(allocate(bytes), bytes);
    }
    ASSERT_LE(stats().cached, 10 << 20);
    ASSERT_GE(stats().cached, 0);
  }
  for (const auto& [block, bytes] : blocks) release(block, bytes);
  EXPECT_EQ(stats().in_use, before_.in_use);
  EXPECT_GT(stats().cached, 0);
  set_limit(1 << 20);
  EXPECT_LE(stats().cached, 1 << 20);
  set_limit(0);
  EXPECT_EQ(stats().cached, 0);
  release(allocate(1000), 1000);
  EXPECT_EQ(stats().cached, 0);
  EXPECT_THROW(set_limit(-1), ValueError);
}

TEST_F(Allocator, TheOldestBlocksGoFirst) {
  set_limit(3 << 20);
  void* old_block = allocate(1 << 20);
  void* block = allocate(2 << 20);
  void* recent = allocate(1 << 19);
  release(old_block, 1 << 20);
  release(block, 2 << 20);
  release(recent, 1 << 19);  // over the limit now: the first megabyte goes
  EXPECT_EQ(stats().cached, (2 << 20) + (1 << 19));
  empty_cache();
  EXPECT_EQ(stats().cached, 0);
}

TEST_F(Allocator, AnImpossibleRequestFailsCleanly) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers end the program instead";
#endif
  release(allocate(1 << 20), 1 << 20);
  EXPECT_GT(stats().cached, 0);
  EXPECT_THROW(allocate(size_t{1} << 60), std::bad_alloc);
  EXPECT_THROW(allocate(~size_t{0}), std::bad_alloc);
  EXPECT_EQ(stats().in_use, before_.in_use);
  void* block = allocate(1 << 20);
  std::memset(block, 1, 1 << 20);
  release(block, 1 << 20);
}

TEST_F(Allocator, ThreadsMayShareIt) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t] {
      std::mt19937 random(static_cast<unsigned>(t));
      std::vector<std::pair<char*, size_t>> blocks;
      for (int i = 0; i < 3000; ++i) {
        const size_t bytes = 1 + random() % 100000;
        char* block = static_cast<char*>(allocate(bytes));
        block[0] = block[bytes - 1] = static_cast<char>(t);
        blocks.emplace_back(block, bytes);
        if (blocks.size() > 10) {
          const auto [old_block, old_bytes] = blocks[random() % 10];
          EXPECT_EQ(old_block[0], static_cast<char>(t));
          EXPECT_EQ(old_block[old_bytes - 1], static_cast<char>(t));
          const auto last = blocks.back();
          release(last.first, last.second);
          blocks.pop_back();
        }
      }
      for (const auto& [block, bytes] : blocks) release(block, bytes);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(stats().in_use, before_.in_use);
}

}  // namespace
}  // namespace ndtape::memory
