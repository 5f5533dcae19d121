// Eigenvalues and singular values of matrices of few rows.
#pragma once

#include "engine/factor.h"

namespace ndtape::engine {

// With more columns to turn, LAPACK's way, through a tridiagonal or bidiagonal matrix, is shorter.
inline constexpr int64_t kFewRotated = 4;

// As of factor.h; every function returns whether all matrices were ordinary, neither with elements
// outside [1e-140, 1e140] of size at the most nor slow to converge.
//
// Of n x n, with n up to kFewRotated, of which only the lower triangles are read: n values in
// ascending order, real, and vectors as the columns of n x n, or undefined.
bool eigh(const Stack& s, const Tensor& x, const Tensor& values, const Tensor& vectors);
// Of m x n, with up to kFewRows of both, of which the smaller, k, is up to kFewRotated: k values in
// descending order, real, u of m x k and vh of k x n, or both undefined. With them, no value may be
// below kLeast.
bool svd(const Stack& s, const Tensor& x, const Tensor& u, const Tensor& values, const Tensor& vh);

}  // namespace ndtape::engine
