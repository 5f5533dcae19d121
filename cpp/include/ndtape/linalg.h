// Linear algebra of matrices of few rows.
#pragma once

#include "ndtape/tensor.h"

namespace ndtape {

// Of matrices (..., n, n) of float or complex dtypes, with n up to 16, unrecorded. The results are
// undefined tensors for all else, and when one of the matrices is singular, is not positive
// definite, or leads out of the range of double precision: then nt.linalg asks LAPACK.
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

}  // namespace ndtape
