// The tree that partial results of a reduction are combined in.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "cpu/kernels.h"

namespace ndtape::engine {

// Combines blocks of `width` elements pairwise, as a binary counter adds: error grows with the
// logarithm of the count.
class PairwiseTree {
 public:
  static int levels(int64_t count) { return std::bit_width(static_cast<uint64_t>(count)) + 1; }

  // `memory`: levels(count) blocks of `stride` bytes.
  PairwiseTree(cpu::BlockKernel combine, char* memory, int64_t stride)
      : combine_(combine), memory_(memory), stride_(stride) {}

  void start(int64_t width, int64_t element) {
    width_ = width;
    bytes_ = width * element;
    count_ = 0;
  }

  void push(const void* block) {
    const int top = std::countr_one(count_);
    if (top == 0) std::memcpy(level(0), block, static_cast<size_t>(bytes_));
    const void* carry = block;
    for (int i = 0; i < top; ++i) {
      char* target = level(i + 1 == top ? top : i);
      combine_(level(i), carry, nullptr, target, width_);
      carry = target;
    }
    ++count_;
  }

  const void* finish() {
    char* carry = nullptr;
    for (int i = 0; (count_ >> i) != 0; ++i) {
      if (!((count_ >> i) & 1)) continue;
      if (carry) combine_(level(i), carry, nullptr, level(i), width_);
      carry = level(i);
    }
    return carry;
  }

 private:
  char* level(int i) { return memory_ + i * stride_; }

  cpu::BlockKernel combine_;
  char* memory_;
  int64_t stride_;
  int64_t width_ = 0, bytes_ = 0;
  uint64_t count_ = 0;
};

}  // namespace ndtape::engine
