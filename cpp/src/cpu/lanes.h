// Helpers for kernels that are plain loops: the loops themselves, and how they reach the table.
//
// An operator is a struct with a static `apply` for one element. The compiler vectorises the
// loops; out may be exactly one of the operands, which is what NDTAPE_IVDEP says.
#pragma once

#include "cpu/isa.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

template <class Op, class T, class R>
void unary_loop(const void* a, const void*, const void*, void* out, int64_t n) {
  const T* x = static_cast<const T*>(a);
  R* r = static_cast<R*>(out);
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) r[i] = static_cast<R>(Op::apply(x[i]));
}

template <class Op, class T, class R>
void binary_loop(const void* a, const void* b, const void*, void* out, int64_t n) {
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  R* r = static_cast<R*>(out);
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) r[i] = static_cast<R>(Op::apply(x[i], y[i]));
}

template <class Op, class T, class R>
void ternary_loop(const void* a, const void* b, const void* c, void* out, int64_t n) {
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  const T* z = static_cast<const T*>(c);
  R* r = static_cast<R*>(out);
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) r[i] = static_cast<R>(Op::apply(x[i], y[i], z[i]));
}

// The type that bytes of a tensor are read as. bool is read as the byte 0 or 1 it is.
template <DType D>
struct StorageOf;
#define NDTAPE_X(id, name, type, kind) \
  template <>                          \
  struct StorageOf<DType::id> {        \
    using Type = type;                 \
  };
NDTAPE_DTYPES(NDTAPE_X)
#undef NDTAPE_X
template <DType D>
using Storage = typename StorageOf<D>::Type;

template <DType D>
inline constexpr int kIndex = static_cast<int>(D);

inline BlockKernel& slot(KernelTable& table, Op op, DType dtype) {
  return table.block[static_cast<int>(op)][static_cast<int>(dtype)];
}

// A list of dtypes to fill a row of the table for.
template <DType... D>
struct DTypes {};

using SignedInts = DTypes<DType::Int8, DType::Int16, DType::Int32, DType::Int64>;
using UnsignedInts = DTypes<DType::UInt8, DType::UInt16, DType::UInt32, DType::UInt64>;
using Floats = DTypes<DType::Float32, DType::Float64>;
using Complexes = DTypes<DType::Complex64, DType::Complex128>;

template <class Op, DType... D>
void set_unary(KernelTable& table, ndtape::Op op, DTypes<D...>) {
  ((slot(table, op, D) = unary_loop<Op, Storage<D>, Storage<D>>), ...);
}

template <class Op, DType... D>
void set_binary(KernelTable& table, ndtape::Op op, DTypes<D...>) {
  ((slot(table, op, D) = binary_loop<Op, Storage<D>, Storage<D>>), ...);
}

template <class Op, DType... D>
void set_ternary(KernelTable& table, ndtape::Op op, DTypes<D...>) {
  ((slot(table, op, D) = ternary_loop<Op, Storage<D>, Storage<D>>), ...);
}

// The same with a bool result, stored as bytes.
template <class Op, DType... D>
void set_test(KernelTable& table, ndtape::Op op, DTypes<D...>) {
  ((slot(table, op, D) = unary_loop<Op, Storage<D>, uint8_t>), ...);
}

template <class Op, DType... D>
void set_compare(KernelTable& table, ndtape::Op op, DTypes<D...>) {
  ((slot(table, op, D) = binary_loop<Op, Storage<D>, uint8_t>), ...);
}

// The unsigned type in which integers of type T wrap without overflow.
template <int Bytes>
struct WrapOf {
  using Type = uint32_t;
};
template <>
struct WrapOf<8> {
  using Type = uint64_t;
};
template <class T>
using Wrap = typename WrapOf<sizeof(T)>::Type;

template <class T>
inline constexpr bool kSigned = static_cast<T>(-1) < static_cast<T>(0);
template <class T>
inline constexpr bool kFloating = static_cast<T>(0.5) != static_cast<T>(0);
template <class T>
inline constexpr T kLowest = static_cast<T>(Wrap<T>{1} << (8 * sizeof(T) - 1));  // signed integers

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
