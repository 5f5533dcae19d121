// Attention by blocks of targets: the scores of a block live in the L2 cache.
#pragma once

#include <cstdint>
#include <vector>

#include "ndtape/dtype.h"

namespace ndtape::engine {

// Matrices of a batch with unit column stride, in elements from `data`: matrix i lies at at[i].
struct Stack {
  char* data;
  std::vector<int64_t> at;
  int64_t row;
};

// No length is 0. query (targets, features), key (sources, features), value (sources, outputs).
struct AttentionShape {
  DType dtype;
  int64_t batch, targets, sources, features, outputs;
  double scale;
  bool causal;
  Stack query, key, value;
  // Row-major (batch, targets, sources) in memory of its own or, where rows or matrices repeat,
  // with strides of 0: bytes, 0 where a source is not seen, or values of the dtype that are added
  // to the scores; null data for none.
  Stack mask;
  bool additive;
  // Kept for the way back: the largest score of each target and the inverse of its sum, (batch,
  // targets); and, if not null, the weights (batch, targets, sources).
  void *top, *inverse, *weights;
};

// y: row-major (batch, targets, outputs).
void attend(const AttentionShape& s, void* y);
// dy like y; dquery, dkey, dvalue row-major with the batch's axes.
void attend_back(const AttentionShape& s, const void* dy, void* dquery, void* dkey, void* dvalue);

}  // namespace ndtape::engine
