// Runs programs over tensors' memory.
#pragma once

#include "engine/program.h"
#include "ndtape/tensor.h"

namespace ndtape::engine {

// Elements times cost from which work is shared among threads.
inline constexpr int64_t kParallelWork = 64 * 1024;
// As few elements are run without a plan: it would cost more than they do.
inline constexpr int64_t kFewElements = cpu::kBlock;
// The last cache, or what one program can count on of it. (Asked for its size, systems answer with
// anything from a slice to that of the whole machine.)
inline constexpr int64_t kLastCacheBytes = 24 << 20;

// Inputs broadcast to `shape`; outputs have it. An output may be the very memory of an input (the
// same layout), but must not overlap one otherwise. Dtypes are those of the program.
void execute(const Program& program, const Dims& shape, const Tensor* inputs,
             const Tensor* outputs);

// A row is held whole, in a buffer a value: longer ones are better computed by several programs.
inline constexpr int64_t kLongestRow = 64 * 1024;

// The same for a program with reductions, which are along the last axis of `shape`. Outputs that
// are row values have length 1 there; none may overlap an input. `numbers` are the program's. Of
// several `row_axes`, the last ones, a row is all elements: there inputs and outputs must be
// contiguous.
void execute_rows(const Program& program, const Dims& shape, const Tensor* inputs,
                  const Tensor* outputs, const double* numbers = nullptr, int row_axes = 1);

// dst[...] = src, broadcast, converted to dst's dtype. They must not overlap.
void copy(const Tensor& src, const Tensor& dst);

}  // namespace ndtape::engine
