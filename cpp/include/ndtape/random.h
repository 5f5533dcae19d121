// Random numbers from a counter: the same for any number of threads.
#pragma once

#include <cstdint>

#include "ndtape/tensor.h"

namespace ndtape::random {

// Philox4x32-10: stream `seed`, position `offset` (in blocks of four 32-bit words). Each draw
// advances the offset by a count set by the number of elements and the dtype alone. Element i of a
// draw is made of word i % 4 of block offset + i / 4, or of pair i % 2 of block offset + i / 2;
// where a word must be refused, of the same word of that block's next counter (upper half).
//
// Bad arguments are ValueError (numbers) or TypeError (dtypes), and leave the state as it was. One
// generator may not be used by two threads at once.
class Generator {
 public:
  explicit Generator(uint64_t seed) : seed_(seed) {}

  uint64_t seed() const { return seed_; }
  uint64_t offset() const { return offset_; }
  void set_state(uint64_t seed, uint64_t offset);

  Tensor uniform(const Dims& shape, double low, double high, DType dtype);  // [low, high)
  Tensor normal(const Dims& shape, double mean, double std, DType dtype);
  Tensor integers(const Dims& shape, int64_t low, int64_t high, DType dtype);  // [low, high)
  // low, low + 1, ..., span values in all (2^64 when 0), in the wrapping arithmetic of 64 bits: for
  // ranges whose end no int64_t can name. All must be values of `dtype`.
  Tensor integers_span(const Dims& shape, uint64_t low, uint64_t span, DType dtype);
  Tensor bernoulli(const Dims& shape, double p, DType dtype);  // 1 with probability p
  Tensor permutation(int64_t n);                               // int64, of 0..n-1

 private:
  uint64_t take(int64_t blocks);  // the offset before them

  uint64_t seed_;
  uint64_t offset_ = 0;
};

}  // namespace ndtape::random
