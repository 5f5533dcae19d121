// The element types of a tensor: one row a type.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ndtape {

enum class Kind : uint8_t { Bool, Int, UInt, Float, Complex };

// A complex number as it lies in memory, without std::complex's operators.
template <class T>
struct Complex {
  T re, im;
};

// X(identifier, name, C++ type, kind). Rows are ordered: within a kind by size.
// float16 and bfloat16 go above float32 when their kernels exist.
#define NDTAPE_DTYPES(X)                           \
  X(Bool, bool, bool, Bool)                        \
  X(Int8, int8, int8_t, Int)                       \
  X(Int16, int16, int16_t, Int)                    \
  X(Int32, int32, int32_t, Int)                    \
  X(Int64, int64, int64_t, Int)                    \
  X(UInt8, uint8, uint8_t, UInt)                   \
  X(UInt16, uint16, uint16_t, UInt)                \
  X(UInt32, uint32, uint32_t, UInt)                \
  X(UInt64, uint64, uint64_t, UInt)                \
  X(Float32, float32, float, Float)                \
  X(Float64, float64, double, Float)               \
  X(Complex64, complex64, Complex<float>, Complex) \
  X(Complex128, complex128, Complex<double>, Complex)

enum class DType : uint8_t {
#define NDTAPE_X(id, name, type, kind) id,
  NDTAPE_DTYPES(NDTAPE_X)
#undef NDTAPE_X
};

struct DTypeInfo {
  const char* name;
  Kind kind;
  uint8_t size;  // bytes an element
};

inline constexpr DTypeInfo kDTypes[] = {
#define NDTAPE_X(id, name, type, kind) {#name, Kind::kind, sizeof(type)},
    NDTAPE_DTYPES(NDTAPE_X)
#undef NDTAPE_X
};

inline constexpr int kDTypeCount = sizeof(kDTypes) / sizeof(kDTypes[0]);

constexpr const DTypeInfo& info(DType t) { return kDTypes[static_cast<int>(t)]; }
constexpr const char* name(DType t) { return info(t).name; }
constexpr Kind kind(DType t) { return info(t).kind; }
constexpr int64_t itemsize(DType t) { return info(t).size; }
constexpr bool is_float(DType t) { return kind(t) == Kind::Float; }
constexpr bool is_complex(DType t) { return kind(t) == Kind::Complex; }
// Floats and complex numbers: what has derivatives.
constexpr bool is_inexact(DType t) { return is_float(t) || is_complex(t); }
constexpr bool is_integer(DType t) { return kind(t) == Kind::Int || kind(t) == Kind::UInt; }

// The dtype of the real part, and of complex numbers with such parts; other dtypes as they are.
constexpr DType real_dtype(DType t) {
  return t == DType::Complex64 ? DType::Float32 : t == DType::Complex128 ? DType::Float64 : t;
}
constexpr DType complex_dtype(DType t) {
  return t == DType::Float32 ? DType::Complex64 : t == DType::Float64 ? DType::Complex128 : t;
}

// dtype_of<float> == DType::Float32.
template <class T>
struct DTypeOf;
#define NDTAPE_X(id, name, type, kind)        \
  template <>                                 \
  struct DTypeOf<type> {                      \
    static constexpr DType value = DType::id; \
  };
NDTAPE_DTYPES(NDTAPE_X)
#undef NDTAPE_X
template <class T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

// The array API standard's promotion of two array dtypes. Throws TypeError where the standard
// defines none: kinds other than float and complex, or uint64 with a signed integer.
DType promote(DType a, DType b);

// The dtype given to Python floats and to the results of float functions of integers.
DType default_float();
void set_default_float(DType t);  // throws TypeError unless t is a float dtype

}  // namespace ndtape
