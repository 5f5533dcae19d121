// Attention by blocks of targets: the scores of a block live in the L2 cache.
#pragma once

#include <cstdint>

#include "ndtape/dtype.h"
#include "ndtape/layout.h"

namespace ndtape::engine {

// Matrices of a batch with unit column stride; steps between rows, and along each axis of the
// batch.
struct Stack {
  char* data;
  int64_t row;
  Dims steps;
};

// No length is 0. query (targets, features), key (sources, features), value (sources, outputs).
struct AttentionShape {
  DType dtype;
  Dims batch_axes;
  int64_t batch;  // their product
  int64_t targets, sources, features, outputs;
  double scale;
  bool causal;
  Stack query, key, value;
  // Row-major (batch, targets, sources) in memory of its own or, where rows or matrices repeat,
  // with strides of 0: bytes, 0 where a source is not seen, or values of the dtype that are added
  // to the scores; null data for none.
  Stack mask;
  bool additive;
  // Kept for the way back: the weights (batch, targets, sources), or the largest score of each
  // target and the inverse of its sum, (batch, targets).
  void *top, *inverse, *weights;
};

// Up to so many products of a target and a source are made one after another. Of those nothing has
// to be kept: null for all three.
inline constexpr int64_t kFewWeighed = 512;

// y: row-major (batch, targets, outputs).
void attend(const AttentionShape& s, void* y);
// dy like y; dquery, dkey, dvalue row-major with the batch's axes.
void attend_back(const AttentionShape& s, const void* dy, void* dquery, void* dkey, void* dvalue);

}  // namespace ndtape::engine
