// Gathers and scatters by integer positions.
#pragma once

#include <vector>

#include "ndtape/parallel.h"
#include "ndtape/tensor.h"

namespace ndtape::engine {

// Throws IndexError naming `what` unless -length <= index < length for every index.
void check_indices(const Tensor& indices, int64_t length, const char* what);

// How many elements of a contiguous bool tensor are True up to the end of each of its pieces.
inline constexpr int64_t kMaskPiece = 16 * 1024;
std::vector<int64_t> count_mask(const Tensor& mask);
// The elements of x, or their row-major numbers, where mask is True: both contiguous, of one shape;
// counts are count_mask's.
void compress(const Tensor& x, const Tensor& mask, const std::vector<int64_t>& counts,
              const Tensor& out);
// The other way: x takes the values, row-major or a single one, where mask is True.
void expand(const Tensor& values, const Tensor& mask, const std::vector<int64_t>& counts,
            const Tensor& x);
void mask_positions(const Tensor& mask, const std::vector<int64_t>& counts, const Tensor& out);

// out[o, j, i] = x[o, indices[j], i]; x seen as `lines`: (outer, length, inner), strided; out, of
// any shape, is (outer, count, inner) row-major; `count` indices, int64, contiguous and checked.
void take(const Tensor& x, const Layout& lines, const Tensor& indices, const Tensor& out);

// out = x, then out[o, indices[j], i] += values[o, j, i] in the order of j; out and values are
// row-major, and x is out or row-major too, of its dtype.
void index_add(const Tensor& out, const Tensor& x, const Tensor& indices, const Tensor& values);

// Several arrays of integers at once: x is (outer, n_1, ..., n_k, inner), strided; the k indices
// are int64, of one shape and any strides; `points` is how many they are. IndexError, before
// anything is written, when one is out of range. out[o, p, i] = x[o, indices_1[p], ...,
// indices_k[p], i], out row-major.
void take_points(const Tensor& x, const std::vector<Tensor>& indices, const Tensor& out);
// x[o, indices_1[p], ..., indices_k[p], i] = values[o, p, i], values row-major: of several that go
// to one place the last stays. begin_writing is called once the indices are known to be right.
void put_points(const Tensor& x, const std::vector<Tensor>& indices, const Tensor& values,
                FunctionRef<void()> begin_writing);
// The row-major numbers of the points among n_1 x ... x n_k.
void number_points(const Tensor& x, const std::vector<Tensor>& indices, const Tensor& out);

// out[p] = x[p with indices[p] on `axis`], indices int64 and checked, all of one ndim; x's lengths
// are those of indices but for the axis. accumulate: x[...] += values instead.
void take_along(const Tensor& x, const Tensor& indices, int axis, const Tensor& out);
void add_along(const Tensor& x, const Tensor& indices, int axis, const Tensor& values);

}  // namespace ndtape::engine
