// Factorizations of matrices of few rows, and what is read off them.
#pragma once

#include "engine/matrices.h"

namespace ndtape::engine {

inline constexpr int64_t kFewRows = 16;

// x is a stack of at least one matrix, n x n with n from 1 to kFewRows. All tensors are row-major,
// of float or complex dtypes, and the results of x's, or of its real dtype. All is computed in
// double precision, as NumPy does it. Every function returns whether it met ordinary matrices
// alone: all pivots and results finite, pivots and determinants neither 0 nor subnormal. If not,
// the results say nothing.
bool det(const Stack& s, const Tensor& x, const Tensor& y);  // a number for each matrix
// The logarithm of the determinant's size, real, and what it is to be multiplied by.
bool slogdet(const Stack& s, const Tensor& x, const Tensor& sign, const Tensor& logarithm);
// y of x y = b, both of which are a stack of as many matrices, n x columns.
bool solve(const Stack& s, const Tensor& x, int64_t columns, const Tensor& b, const Tensor& y);
bool inv(const Stack& s, const Tensor& x, const Tensor& y);
// The lower triangular factor, from x's lower triangle.
bool cholesky(const Stack& s, const Tensor& x, const Tensor& y);
// Of m x n, with up to kFewRows of both. q, m x k with k from the smaller of m and n to m, has
// orthonormal columns, and r, k x n, is upper triangular: x = q r. Ordinary are matrices whose
// largest element's size is within [1e-140, 1e140].
bool qr(const Stack& s, const Tensor& x, int64_t k, const Tensor& q, const Tensor& r);

}  // namespace ndtape::engine
