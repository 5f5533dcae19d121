// New tensors from nothing but numbers.
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "cpu/kernels.h"
#include "engine/elementwise.h"
#include "engine/triangle.h"
#include "ndtape/ops.h"
#include "ops/elementwise.h"
#include "ops/record.h"

namespace ndtape {
namespace {

std::string to_string(const Scalar& value) {
  return std::visit(
      [](auto v) -> std::string {
        if constexpr (std::is_same_v<decltype(v), bool>) {
          return v ? "True" : "False";
        } else if constexpr (std::is_same_v<decltype(v), Complex<double>>) {
          return std::to_string(v.re) + (v.im < 0 ? "" : "+") + std::to_string(v.im) + "j";
        } else {
          return std::to_string(v);
        }
      },
      value);
}

// The type of a complex number's parts; void for other types.
template <class T>
struct PartOf {
  using Type = void;
};
template <class T>
struct PartOf<Complex<T>> {
  using Type = T;
};
template <class T>
inline constexpr bool kIsComplex = !std::is_void_v<typename PartOf<T>::Type>;

template <class T, class V>
bool fits(V v) {
  if constexpr (kIsComplex<V>) {
    return kIsComplex<T>;
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    if constexpr (std::is_floating_point_v<V>) {
      // The bounds of T as doubles: exact, or one past the largest.
      const double low = static_cast<double>(std::numeric_limits<T>::min());
      const double high = std::ldexp(1.0, std::numeric_limits<T>::digits);
      return v >= low && v < high;
    } else if constexpr (!std::is_same_v<V, bool>) {
      return std::in_range<T>(v);
    }
  }
  return true;
}

template <class T>
void store(Scalar value, void* out) {
  std::visit(
      [&](auto v) {
        if (!fits<T>(v)) {
          throw ValueError("value " + to_string(value) + " does not fit dtype " +
                           name(dtype_of<T>));
        }
        T converted{};
        using Part = typename PartOf<T>::Type;
        if constexpr (kIsComplex<decltype(v)>) {
          if constexpr (kIsComplex<T>) {
            converted = {static_cast<Part>(v.re), static_cast<Part>(v.im)};
          }
        } else if constexpr (kIsComplex<T>) {
          converted = {static_cast<Part>(v), Part{0}};
        } else if constexpr (std::is_same_v<T, bool>) {
          converted = v != 0;
        } else {
          converted = static_cast<T>(v);
        }
        std::memcpy(out, &converted, sizeof(T));
      },
      value);
}

void store(Scalar value, DType dtype, void* out) {
  switch (dtype) {
#define NDTAPE_X(id, name, type, kind) \
  case DType::id:                      \
    return store<type>(value, out);
    NDTAPE_DTYPES(NDTAPE_X)
#undef NDTAPE_X
  }
}

Tensor triangle(const char* what, const Tensor& x, int64_t k, bool lower) {
  if (x.ndim() < 2) {
    throw ValueError(std::string(what) + ": shape " + ndtape::to_string(x.shape()) +
                     " has no matrices, expected at least 2 axes");
  }
  const int64_t rows = x.length(x.ndim() - 2), cols = x.length(x.ndim() - 1);
  // Element (i, j) is on diagonal j - i; any k beyond the corners acts like the corner.
  k = std::max(-rows - 1, std::min(k, cols + 1));
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  engine::triangle(x, k, lower, y);
  if (!recording(x)) return y;
  return record(what, y,
                wrt(x, [what, k, lower](const Tensor& g) { return triangle(what, g, k, lower); }));
}

void check_count(int64_t count, const char* what) {
  if (count < 0) {
    throw ValueError(std::string(what) + ": " + std::to_string(count) +
                     " elements asked for, expected 0 or more");
  }
}

}  // namespace

Tensor empty(const Dims& shape, DType dtype) { return Tensor::empty(shape, dtype); }

Tensor scalar(Scalar value, DType dtype) {
  Tensor y = Tensor::empty({}, dtype);
  store(value, dtype, y.mutable_data());
  return y;
}

Tensor full(const Dims& shape, Scalar value, DType dtype) {
  const Tensor x = scalar(value, dtype);
  if (shape.empty()) return x;
  Tensor y = Tensor::empty(shape, dtype);
  engine::copy(x, y);
  return y;
}

Tensor zeros(const Dims& shape, DType dtype) { return full(shape, false, dtype); }
Tensor ones(const Dims& shape, DType dtype) { return full(shape, true, dtype); }

Tensor weak_scalar(Scalar value, DType beside) {
  const Kind k = kind(beside);
  if (std::holds_alternative<Complex<double>>(value)) {
    return scalar(value, complex_dtype(is_inexact(beside) ? beside : default_float()));
  }
  if (std::holds_alternative<double>(value) && !is_inexact(beside)) {
    return scalar(value, default_float());
  }
  if (!std::holds_alternative<bool>(value) && k == Kind::Bool) {
    return scalar(value, std::holds_alternative<uint64_t>(value) ? DType::UInt64 : DType::Int64);
  }
  return scalar(value, beside);
}

Tensor arange_int(int64_t start, int64_t step, int64_t count, DType dtype) {
  check_count(count, "arange");
  if (count > 0) {
    int64_t reach, last;
    if (__builtin_mul_overflow(step, count - 1, &reach) ||
        __builtin_add_overflow(start, reach, &last)) {
      throw ValueError("arange: the last element does not fit 64 bits");
    }
    scalar(start, dtype);  // refuses what does not fit
    scalar(last, dtype);
  }
  Tensor wide = Tensor::empty({count}, DType::Int64);
  int64_t* p = wide.mutable_data<int64_t>();
  for (int64_t i = 0; i < count; ++i) p[i] = start + i * step;
  return dtype == DType::Int64 ? wide : astype(wide, dtype);
}

Tensor arange(double start, double step, int64_t count, DType dtype) {
  check_count(count, "arange");
  Tensor wide = Tensor::empty({count}, DType::Float64);
  double* p = wide.mutable_data<double>();
  for (int64_t i = 0; i < count; ++i) p[i] = start + static_cast<double>(i) * step;
  return dtype == DType::Float64 ? wide : astype(wide, dtype);
}

Tensor linspace(double start, double stop, int64_t count, bool endpoint, DType dtype) {
  check_count(count, "linspace");
  if (!is_inexact(dtype)) {
    throw TypeError(std::string("linspace: dtype ") + name(dtype) +
                    ", expected a float or complex dtype");
  }
  const int64_t parts = endpoint ? count - 1 : count;
  const double step = parts > 0 ? (stop - start) / static_cast<double>(parts) : 0;
  Tensor wide = Tensor::empty({count}, DType::Float64);
  double* p = wide.mutable_data<double>();
  for (int64_t i = 0; i < count; ++i) p[i] = start + static_cast<double>(i) * step;
  if (endpoint && count > 1) p[count - 1] = stop;
  return dtype == DType::Float64 ? wide : astype(wide, dtype);
}

Tensor eye(int64_t rows, int64_t cols, int64_t k, DType dtype) {
  Tensor y = zeros({rows, cols}, dtype);
  engine::copy(scalar(true, dtype), diagonal(y, k));
  return y;
}

Tensor tril(const Tensor& x, int64_t k) { return triangle("tril", x, k, true); }
Tensor triu(const Tensor& x, int64_t k) { return triangle("triu", x, k, false); }

}  // namespace ndtape
