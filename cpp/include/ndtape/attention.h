// Attention.
#pragma once

#include "ndtape/tensor.h"

namespace ndtape {

// softmax(query @ key.T * scale + mask) @ value for query (..., targets, features), key (...,
// sources, features), value (..., sources, outputs), whose batches broadcast. mask, which may be
// undefined and has no gradient, broadcasts to (..., targets, sources): of bool, true where a
// source is seen, or of a float dtype, added. If causal, target i sees sources 0 to i only.
Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
                 bool causal, double scale);

}  // namespace ndtape
