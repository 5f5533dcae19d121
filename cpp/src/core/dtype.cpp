#include "ndtape/dtype.h"

#include <atomic>
#include <string>

#include "ndtape/error.h"

namespace ndtape {
namespace {

std::atomic<DType> default_float_dtype{DType::Float32};

std::string pair(DType a, DType b) { return std::string("dtypes ") + name(a) + " and " + name(b); }

// A signed integer of more than `bytes` bytes, of at most 8.
DType signed_above(int64_t bytes) {
  return bytes == 1 ? DType::Int16 : bytes == 2 ? DType::Int32 : DType::Int64;
}

}  // namespace

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (kind(a) == kind(b)) return itemsize(a) > itemsize(b) ? a : b;
  if (is_inexact(a) && is_inexact(b)) return complex_dtype(promote(real_dtype(a), real_dtype(b)));
  if (!is_integer(a) || !is_integer(b)) {
    throw TypeError(pair(a, b) + " are of different kinds; convert one with astype");
  }
  const DType s = kind(a) == Kind::Int ? a : b;
  const DType u = kind(a) == Kind::Int ? b : a;
  if (itemsize(u) == 8) {
    throw TypeError(pair(a, b) + " have no common integer dtype; convert one with astype");
  }
  return itemsize(s) > itemsize(u) ? s : signed_above(itemsize(u));
}

DType default_float() { return default_float_dtype.load(std::memory_order_relaxed); }

void set_default_float(DType t) {
  if (!is_float(t)) {
    throw TypeError(std::string("the default float dtype must be a float dtype, not ") + name(t));
  }
  default_float_dtype.store(t, std::memory_order_relaxed);
}

}  // namespace ndtape
