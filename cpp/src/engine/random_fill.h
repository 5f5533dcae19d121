// Fills memory with random numbers of a stream, on all threads. Element i depends on the stream
// and on i alone.
#pragma once

#include <cstdint>

#include "ndtape/dtype.h"

namespace ndtape::engine {

struct Stream {
  uint64_t seed;
  uint64_t offset;  // the first block of four words
};

// Blocks that n elements use up, of one word each or of two.
constexpr int64_t blocks_of_words(int64_t n) { return n / 4 + (n % 4 != 0); }
constexpr int64_t blocks_of_pairs(int64_t n) { return n / 2 + (n % 2 != 0); }

// Uniform in [low, high) and normal; float32 takes words, float64 takes pairs.
void fill_uniform(const Stream& stream, double low, double high, DType dtype, void* out, int64_t n);
void fill_normal(const Stream& stream, double mean, double std, DType dtype, void* out, int64_t n);

// low + (unbiased integer below span), span 0 meaning 2^64, as the low bits of an integer dtype.
// Words up to a span of 2^32, pairs above.
constexpr bool span_takes_pairs(uint64_t span) { return span - 1 > 0xffffffffu; }
void fill_integers(const Stream& stream, uint64_t low, uint64_t span, DType dtype, void* out,
                   int64_t n);

// 1 with probability p, else 0, as bytes. Takes pairs.
void fill_bernoulli(const Stream& stream, double p, uint8_t* out, int64_t n);

// 0..n-1 in random order: every order is as likely. Takes words up to n = 2^32, pairs above.
void fill_permutation(const Stream& stream, int64_t* out, int64_t n);

}  // namespace ndtape::engine
