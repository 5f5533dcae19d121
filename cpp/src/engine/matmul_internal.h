// What the files of the matrix product share. Not for use outside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "cpu/kernels.h"

namespace ndtape::engine {

// One product c = a @ b. Strides are in elements, of any sign; those of c reach each element once.
template <class T>
struct Product {
  int64_t m, n, k;
  const T* a;
  int64_t a_row, a_col;
  const T* b;
  int64_t b_row, b_col;
  T* c;
  int64_t c_row, c_col;
};

// The same product written as c.T = b.T @ a.T.
template <class T>
Product<T> transposed(const Product<T>& x) {
  return {x.n, x.m, x.k, x.b, x.b_col, x.b_row, x.a, x.a_col, x.a_row, x.c, x.c_col, x.c_row};
}

// Multiply-adds below which a second thread costs more than it saves.
inline constexpr int64_t kSerialWork = 400'000;

template <class T>
void gemm(const Product<T>& x);  // float, double; m, n >= 1, k >= 1

template <class T>
void gemv(const Product<T>& x);  // float, double; m == 1, and b has a unit stride or n == 1

template <class T>
void integer_matmul(const Product<T>& x);  // bool and unsigned integers, wrapping; m, n >= 1

// One product of any real dtype, by the algorithm that suits its shape.
template <class T>
void multiply(Product<T> x);

template <class T>
void complex_matmul(const Product<Complex<T>>& x);  // m, n, k >= 1

template <class T>
const cpu::GemmKernels& gemm_kernels() {
  const cpu::KernelTable& table = cpu::kernels();
  return std::is_same_v<T, float> ? table.gemm_float32 : table.gemm_float64;
}

// Working memory of the calling thread, one block a purpose, kept for the next call. What was in
// a block is lost when it grows. 64-byte aligned; throws std::bad_alloc.
enum class Scratch { Pack, Partial, Vector, Complex, Products, Image };
inline constexpr int kScratchCount = 6;
void* scratch(Scratch purpose, size_t bytes);

}  // namespace ndtape::engine
