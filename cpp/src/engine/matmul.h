// Matrix products on strided memory: blocking, packing and threads around the gemm kernels.
#pragma once

#include <cstdint>

#include "ndtape/dtype.h"

namespace ndtape::engine {

// A stack of matrices in memory. Strides are in elements and may be zero or negative; a batch axis
// that is broadcast has stride 0.
struct Matrices {
  void* data;
  int64_t row_stride;
  int64_t col_stride;
  const int64_t* batch_strides;  // batch_ndim of them
};

struct MatmulShape {
  int64_t m, n, k;
  int batch_ndim;
  const int64_t* batch_shape;
};

// c = a @ b for every matrix of the batch: (m, k) @ (k, n) -> (m, n), all of one dtype.
// Any strides for a and b; c must not overlap them and has no two elements in one place.
// k == 0 gives zeros. float32 and float64 take the blocked path, complex numbers two products of
// it, integers a plain loop (wrapping); bool is "any of the ands". Results do not depend on the
// number of threads.
void matmul(DType dtype, const MatmulShape& shape, const Matrices& a, const Matrices& b,
            const Matrices& c);

}  // namespace ndtape::engine
