// Trigonometric and hyperbolic functions, their inverses, and the plane.
#include <utility>

#include "ops/elementwise.h"
#include "ops/record.h"

namespace ndtape {

Tensor sin(const Tensor& x) {
  Tensor y = unary(Op::sin, x);
  if (!recording(x)) return y;
  return record("sin", y, wrt(x, [x = save(x)](const Tensor& g) { return g * conjugate(cos(x)); }));
}

Tensor cos(const Tensor& x) {
  Tensor y = unary(Op::cos, x);
  if (!recording(x)) return y;
  return record("cos", y,
                wrt(x, [x = save(x)](const Tensor& g) { return -(g * conjugate(sin(x))); }));
}

Tensor tan(const Tensor& x) {
  Tensor y = unary(Op::tan, x);
  if (!recording(x)) return y;
  return record("tan", y, wrt(x, [y = save_output(y)](const Tensor& g) {
                  return g * conjugate(square(y) + 1.0);
                }));
}

Tensor asin(const Tensor& x) {
  Tensor y = unary(Op::asin, x);
  if (!recording(x)) return y;
  return record("asin", y, wrt(x, [x = save(x)](const Tensor& g) {
                  return g / conjugate(sqrt(1.0 - square(x)));
                }));
}

Tensor acos(const Tensor& x) {
  Tensor y = unary(Op::acos, x);
  if (!recording(x)) return y;
  return record("acos", y, wrt(x, [x = save(x)](const Tensor& g) {
                  return -(g / conjugate(sqrt(1.0 - square(x))));
                }));
}

Tensor atan(const Tensor& x) {
  Tensor y = unary(Op::atan, x);
  if (!recording(x)) return y;
  return record("atan", y,
                wrt(x, [x = save(x)](const Tensor& g) { return g / conjugate(square(x) + 1.0); }));
}

Tensor sinh(const Tensor& x) {
  Tensor y = unary(Op::sinh, x);
  if (!recording(x)) return y;
  return record("sinh", y,
                wrt(x, [x = save(x)](const Tensor& g) { return g * conjugate(cosh(x)); }));
}

Tensor cosh(const Tensor& x) {
  Tensor y = unary(Op::cosh, x);
  if (!recording(x)) return y;
  return record("cosh", y,
                wrt(x, [x = save(x)](const Tensor& g) { return g * conjugate(sinh(x)); }));
}

Tensor tanh(const Tensor& x) {
  Tensor y = unary(Op::tanh, x);
  if (!recording(x)) return y;
  return record("tanh", y, wrt(x, [y = save_output(y)](const Tensor& g) {
                  return g * conjugate(1.0 - square(y));
                }));
}

Tensor asinh(const Tensor& x) {
  Tensor y = unary(Op::asinh, x);
  if (!recording(x)) return y;
  return record("asinh", y, wrt(x, [x = save(x)](const Tensor& g) {
                  const Tensor t = x;
                  if (is_complex(t.dtype())) return g / conjugate(sqrt(square(t) + 1.0));
                  return g / hypot(t, scalar(int64_t{1}, t.dtype()));
                }));
}

Tensor acosh(const Tensor& x) {
  Tensor y = unary(Op::acosh, x);
  if (!recording(x)) return y;
  return record("acosh", y, wrt(x, [x = save(x)](const Tensor& g) {
                  const Tensor t = x;  // not sqrt(t * t - 1): that overflows and cancels
                  return g / conjugate(sqrt(t - 1.0) * sqrt(t + 1.0));
                }));
}

Tensor atanh(const Tensor& x) {
  Tensor y = unary(Op::atanh, x);
  if (!recording(x)) return y;
  return record("atanh", y, wrt(x, [x = save(x)](const Tensor& g) {
                  const Tensor t = x;
                  return g / conjugate((1.0 - t) * (t + 1.0));
                }));
}

Tensor atan2(const Tensor& a, const Tensor& b) {
  Tensor y = binary(Op::atan2, a, b);
  if (!recording(a, b)) return y;
  auto rule = [a = save(a), b = save(b)](int i, const Tensor& g) {
    // At the origin: 0, as of hypot.
    const Tensor squares = square(a) + square(b);
    const Tensor origin = equal(squares, scalar(false, squares.dtype()));
    const Tensor length = where(origin, scalar(int64_t{1}, squares.dtype()), squares);
    return i == 0 ? g * divide(b, length) : -(g * divide(a, length));
  };
  return record_shared("atan2", y, std::move(rule), a, b);
}

Tensor hypot(const Tensor& a, const Tensor& b) {
  Tensor y = binary(Op::hypot, a, b);
  if (!recording(a, b)) return y;
  // At the origin: 0, the centre of the subgradients.
  auto rule = [a = save(a), b = save(b)](int i, const Tensor& g) {
    const Tensor side = i == 0 ? a : b, length = hypot(a, b);
    const Tensor origin = equal(length, scalar(false, length.dtype()));
    return g * (side / where(origin, scalar(int64_t{1}, length.dtype()), length));
  };
  return record_shared("hypot", y, std::move(rule), a, b);
}

}  // namespace ndtape
