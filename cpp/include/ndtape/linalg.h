// Linear algebra of matrices of few rows.
#pragma once

#include "ndtape/tensor.h"

namespace ndtape {

// Of matrices of float or complex dtypes, unrecorded. The results are undefined tensors for all
// else, and when one of the matrices is singular, is not positive definite, or leads out of the
// range of double precision: then nt.linalg asks LAPACK.
//
// Of (..., n, n), with n up to 16.
Tensor try_det(const Tensor& x);
struct SignedLogarithm {
  Tensor sign, logarithm;
};
SignedLogarithm try_slogdet(const Tensor& x);
Tensor try_inv(const Tensor& x);
// y of x y = b: b is a vector, and y (..., n); or b and y are (..., n, k), whose stack broadcasts
// with x's.
Tensor try_solve(const Tensor& x, const Tensor& b);
// The lower triangular factor; only x's lower triangle is read.
Tensor try_cholesky(const Tensor& x);

// Of (..., n, n), with n up to 4, of which only the lower triangles are read: eigenvalues (..., n),
// ascending, and eigenvectors (..., n, n), as columns.
struct Eigen {
  Tensor values, vectors;
};
Eigen try_eigh(const Tensor& x);
Tensor try_eigvalsh(const Tensor& x);

// Of (..., m, n), with both up to 16, of which the smaller, k, is up to 4: x = u diag(values) vh.
struct SingularValues {
  Tensor u, values, vh;  // (..., m, k), (..., k), descending, and (..., k, n)
};
SingularValues try_svd(const Tensor& x);
Tensor try_svdvals(const Tensor& x);

// Of (..., m, n), with both up to 16; k is the smaller, or m for a complete q.
struct Orthogonal {
  Tensor q, r;  // (..., m, k) and (..., k, n)
};
Orthogonal try_qr(const Tensor& x, bool complete);

}  // namespace ndtape
