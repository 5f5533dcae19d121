// Fourier transforms of few numbers, of any length: Stockham's autosorting algorithm by a step for
// each factor, in double precision.
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/once.h"
#include "engine/fft.h"

namespace ndtape::engine {
namespace {

constexpr int64_t kLongest = 64;
constexpr int64_t kMostProducts = 4096;

using Number = std::complex<double>;

int64_t factor_of(int64_t n) {
  if (n % 4 == 0) return 4;
  int64_t f = 2;
  while (n % f != 0) ++f;
  return f;
}

// Products of a transform: a step takes n f of them.
int64_t products(int64_t n) {
  int64_t sum = 1;
  for (int64_t left = n; left > 1; left /= factor_of(left)) sum += factor_of(left);
  return n * sum;
}

const Number* roots(int64_t n) {
  static std::array<Once<std::vector<Number>>, kLongest + 1> tables;
  const auto make = [n] {
    std::vector<Number> table;
    for (int64_t k = 0; k < n; ++k) {
      long double re, im;
      root_of_unity(k, n, re, im);
      table.emplace_back(static_cast<double>(re), static_cast<double>(im));
    }
    return table;
  };
  return tables[static_cast<size_t>(n)].get(make).data();
}

Number product(Number a, Number b) {  // without std::complex's look for what is not finite
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// The transform of x; y is room to work. Returns which of the two has it.
Number* transform(Number* x, Number* y, int64_t n) {
  const Number* const root = roots(n);
  for (int64_t left = n, done = 1; left > 1;) {
    const int64_t f = factor_of(left), m = left / f;
    for (int64_t p = 0; p < m; ++p) {
      for (int64_t r = 0; r < f; ++r) {
        for (int64_t q = 0; q < done; ++q) {
          Number sum = 0;
          int64_t k = r * p * done;
          for (int64_t s = 0; s < f; ++s) {
            sum += product(x[q + done * (p + s * m)], root[k]);
            k += r * (n / f);
            if (k >= n) k -= n;
          }
          y[q + done * (f * p + r)] = sum;
        }
      }
    }
    std::swap(x, y);
    left = m;
    done *= f;
  }
  return x;
}

// Numbers of one dtype, read and written as complex ones.
template <class T>
struct As {
  static Number get(const char* p) { return *reinterpret_cast<const T*>(p); }
  static void put(char* p, Number z) {
    if constexpr (std::is_floating_point_v<T>) {
      *reinterpret_cast<T*>(p) = static_cast<T>(z.real());
    } else {
      *reinterpret_cast<T*>(p) = static_cast<T>(z);
    }
  }
};
template <class Body>
void by_type(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::Float32:
      return body(As<float>());
    case DType::Float64:
      return body(As<double>());
    case DType::Complex64:
      return body(As<std::complex<float>>());
    default:
      return body(As<Number>());
  }
}

// Where line i of a tensor begins, in bytes.
int64_t place_of_line(const Tensor& x, int axis, int64_t i) {
  int64_t at = 0;
  for (int k = x.ndim() - 1; k >= 0; --k) {
    if (k == axis) continue;
    at += i % x.length(k) * x.strides()[k];
    i /= x.length(k);
  }
  return at * itemsize(x.dtype());
}

Number exchanged(Number z) { return {z.imag(), z.real()}; }

}  // namespace

void root_of_unity(int64_t k, int64_t n, long double& re, long double& im) {
  // A quarter and what is left of it, in eighths from its nearer end.
  const int64_t quarter = 4 * k / n, rest = 4 * k - quarter * n;
  const bool far = 2 * rest > n;
  const long double angle =
      std::numbers::pi_v<long double> / 2 * static_cast<long double>(far ? n - rest : rest) / n;
  const long double a = std::cos(angle), b = std::sin(angle);
  const long double c = far ? b : a, s = far ? a : b;
  re = quarter == 0 ? c : quarter == 1 ? -s : quarter == 2 ? -c : s;
  im = quarter == 0 ? -s : quarter == 1 ? -c : quarter == 2 ? s : c;
}

bool is_few_fft(int64_t n, int64_t lines) {
  return n <= kLongest && lines <= kMostProducts && lines * products(n) <= kMostProducts;
}

void fft_few(const Tensor& x, int axis, int64_t n, bool inverse, double factor, const Tensor& out) {
  Number a[kLongest], b[kLongest];
  const int64_t x_step = x.strides()[axis] * itemsize(x.dtype()),
                y_step = out.strides()[axis] * itemsize(out.dtype());
  const bool from_half = !is_complex(out.dtype());
  const int64_t lines = out.size() / out.length(axis);
  for (int64_t line = 0; line < lines; ++line) {
    const char* const from = static_cast<const char*>(x.data()) + place_of_line(x, axis, line);
    char* const to = static_cast<char*>(out.mutable_data()) + place_of_line(out, axis, line);
    by_type(x.dtype(), [&]<class X>(X) {
      const int64_t there = from_half ? n / 2 + 1 : n;
      for (int64_t i = 0; i < there; ++i) a[i] = X::get(from + i * x_step);
    });
    if (from_half) {
      // What must be real for a real result, and the conjugates.
      a[0] = a[0].real();
      if (n % 2 == 0) a[n / 2] = a[n / 2].real();
      for (int64_t i = n / 2 + 1; i < n; ++i) a[i] = std::conj(a[n - i]);
    }
    // Real and imaginary parts exchanged before and after are the inverse.
    if (inverse) std::transform(a, a + n, a, exchanged);
    const Number* const found = transform(a, b, n);
    by_type(out.dtype(), [&]<class Y>(Y) {
      for (int64_t i = 0; i < out.length(axis); ++i) {
        const Number z = factor * found[i];
        Y::put(to + i * y_step, inverse ? exchanged(z) : z);
      }
    });
  }
}

}  // namespace ndtape::engine
