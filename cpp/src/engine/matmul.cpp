// Entry of the matrix product: dtypes, batches, and the choice of an algorithm by shape.
#include "engine/matmul.h"

#include <cstdlib>
#include <new>

#include "engine/matmul_internal.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {

namespace {

struct ScratchBlock {
  void* data = nullptr;
  size_t bytes = 0;
  ~ScratchBlock() { std::free(data); }
};

thread_local ScratchBlock scratch_blocks[kScratchCount];

template <class T>
void zero(const Product<T>& x) {
  for (int64_t i = 0; i < x.m; ++i) {
    for (int64_t j = 0; j < x.n; ++j) x.c[i * x.c_row + j * x.c_col] = T{};
  }
}

template <class T>
inline constexpr bool kIsComplex = false;
template <class T>
inline constexpr bool kIsComplex<Complex<T>> = true;

}  // namespace

template <class T>
void multiply(Product<T> x) {
  if (x.k == 0) return zero(x);
  if constexpr (std::is_floating_point_v<T>) {
    // A stride along an axis of length 1 is never used: call it what suits best.
    if (x.m == 1) x.c_row = x.n, x.a_row = x.k;
    if (x.n == 1) x.c_col = 1, x.b_col = 1;
    if (x.k == 1) x.a_col = 1, x.b_row = x.b_col == 1 ? x.n : 1;
    if (x.n == 1) x = transposed(x);
    if (x.m == 1 && (x.n == 1 || x.b_row == 1 || x.b_col == 1)) return gemv(x);
    if (x.c_col != 1 && x.c_row == 1) x = transposed(x);
    gemm(x);
  } else if constexpr (kIsComplex<T>) {
    complex_matmul(x);
  } else {
    integer_matmul(x);
  }
}

template void multiply(Product<float>);
template void multiply(Product<double>);

namespace {

// Batches of matrices above this many multiply-adds are taken one at a time, each by all threads.
constexpr int64_t kBatchedWork = int64_t{1} << 26;

// Offsets of one operand's matrices, in the order of the batch.
template <class T>
class Batch {
 public:
  Batch(const MatmulShape& shape, const Matrices& a, const Matrices& b, const Matrices& c,
        const Product<T>& first)
      : ndim_(0), first_(first) {
    for (int axis = 0; axis < shape.batch_ndim; ++axis) {
      if (shape.batch_shape[axis] == 1) continue;
      shape_[ndim_] = shape.batch_shape[axis];
      strides_[ndim_][0] = a.batch_strides[axis];
      strides_[ndim_][1] = b.batch_strides[axis];
      strides_[ndim_][2] = c.batch_strides[axis];
      ++ndim_;
    }
    fold();
    for (int axis = 0; axis < ndim_; ++axis) count_ *= shape_[axis];
  }

  int64_t count() const { return count_; }
  int64_t work() const { return first_.m * first_.n * first_.k; }

  void run(int64_t begin, int64_t end) const {
    int64_t index[kMaxAxes];
    Product<T> x = first_;
    int64_t rest = begin;
    for (int axis = ndim_ - 1; axis >= 0; --axis) {
      index[axis] = rest % shape_[axis];
      rest /= shape_[axis];
      advance(x, axis, index[axis]);
    }
    for (int64_t i = begin; i < end; ++i) {
      multiply(x);
      for (int axis = ndim_ - 1; axis >= 0; --axis) {
        advance(x, axis, 1);
        if (++index[axis] < shape_[axis]) break;
        advance(x, axis, -shape_[axis]);
        index[axis] = 0;
      }
    }
  }

 private:
  static constexpr int kMaxAxes = 64;

  void advance(Product<T>& x, int axis, int64_t steps) const {
    x.a += strides_[axis][0] * steps;
    x.b += strides_[axis][1] * steps;
    x.c += strides_[axis][2] * steps;
  }

  // Inner batch axes along which b is one matrix, and a and c go on as further rows, are rows.
  void fold() {
    while (ndim_ > 0) {
      const int64_t* stride = strides_[ndim_ - 1];
      if (first_.m == 1) first_.a_row = stride[0], first_.c_row = stride[2];
      if (stride[1] != 0 || stride[0] != first_.m * first_.a_row ||
          stride[2] != first_.m * first_.c_row) {
        return;
      }
      first_.m *= shape_[--ndim_];
    }
  }

  int ndim_;
  int64_t shape_[kMaxAxes];
  int64_t strides_[kMaxAxes][3];
  int64_t count_ = 1;
  Product<T> first_;
};

template <class T>
void matmul(const MatmulShape& shape, const Matrices& a, const Matrices& b, const Matrices& c) {
  const Product<T> first = {shape.m,
                            shape.n,
                            shape.k,
                            static_cast<const T*>(a.data),
                            a.row_stride,
                            a.col_stride,
                            static_cast<const T*>(b.data),
                            b.row_stride,
                            b.col_stride,
                            static_cast<T*>(c.data),
                            c.row_stride,
                            c.col_stride};
  if (shape.m == 0 || shape.n == 0) return;
  if (shape.batch_ndim == 0) return multiply(first);
  for (int axis = 0; axis < shape.batch_ndim; ++axis) {
    if (shape.batch_shape[axis] == 0) return;
  }
  const Batch<T> batch(shape, a, b, c, first);
  if (batch.count() == 1 || batch.work() > kBatchedWork ||
      batch.work() * batch.count() < kSerialWork) {
    return batch.run(0, batch.count());
  }
  parallel_for(batch.count(), [&](int64_t begin, int64_t end) { batch.run(begin, end); });
}

}  // namespace

void* scratch(Scratch purpose, size_t bytes) {
  ScratchBlock& block = scratch_blocks[static_cast<int>(purpose)];
  if (bytes > block.bytes) {
    std::free(block.data);
    block.bytes = 0;
    const size_t rounded = (bytes + 4095) / 4096 * 4096;
    block.data = std::aligned_alloc(64, rounded);
    if (block.data == nullptr) throw std::bad_alloc();
    block.bytes = rounded;
  }
  return block.data;
}

void matmul(DType dtype, const MatmulShape& shape, const Matrices& a, const Matrices& b,
            const Matrices& c) {
  switch (dtype) {
    case DType::Float32:
      return matmul<float>(shape, a, b, c);
    case DType::Float64:
      return matmul<double>(shape, a, b, c);
    case DType::Complex64:
      return matmul<Complex<float>>(shape, a, b, c);
    case DType::Complex128:
      return matmul<Complex<double>>(shape, a, b, c);
    case DType::Bool:
      return matmul<bool>(shape, a, b, c);
    case DType::Int8:  // products and sums that wrap are the same with and without a sign
    case DType::UInt8:
      return matmul<uint8_t>(shape, a, b, c);
    case DType::Int16:
    case DType::UInt16:
      return matmul<uint16_t>(shape, a, b, c);
    case DType::Int32:
    case DType::UInt32:
      return matmul<uint32_t>(shape, a, b, c);
    case DType::Int64:
    case DType::UInt64:
      return matmul<uint64_t>(shape, a, b, c);
  }
}

}  // namespace ndtape::engine
