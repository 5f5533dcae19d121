// Factorizations of matrices of few rows, and what is read off them.
#pragma once

#include "ndtape/tensor.h"

namespace ndtape::engine {

inline constexpr int64_t kFewRows = 16;

// x: (matrices, n, n) with n from 1 to kFewRows; all tensors row-major, and all float64 or all
// complex128. Every function returns whether it met ordinary matrices alone: all pivots and results
// finite, pivots and determinants neither 0 nor subnormal. If not, the results say nothing.
bool det(const Tensor& x, const Tensor& y);  // y: (matrices)
// The logarithm of the determinant's size, float64, and what it is to be multiplied by.
bool slogdet(const Tensor& x, const Tensor& sign, const Tensor& logarithm);  // (matrices)
// b, of (matrices, n, k), becomes the solution of x y = b.
bool solve(const Tensor& x, const Tensor& b);
bool inv(const Tensor& x, const Tensor& y);  // y: (matrices, n, n)
// The lower triangular factor, from x's lower triangle.
bool cholesky(const Tensor& x, const Tensor& y);

}  // namespace ndtape::engine
