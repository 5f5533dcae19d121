// Exponentials, logarithms, roots, and what is made of them.
#include <numbers>
#include <utility>

#include "ops/elementwise.h"
#include "ops/record.h"

namespace ndtape {

using std::numbers::ln10;
using std::numbers::ln2;

Tensor sqrt(const Tensor& x) {
  Tensor y = unary(Op::sqrt, x);
  if (!recording(x)) return y;
  return record("sqrt", y,
                wrt(x, [y = save_output(y)](const Tensor& g) { return g / conjugate(y * 2.0); }));
}

Tensor exp(const Tensor& x) {
  Tensor y = unary(Op::exp, x);
  if (!recording(x)) return y;
  return record("exp", y,
                wrt(x, [y = save_output(y)](const Tensor& g) { return g * conjugate(y); }));
}

Tensor exp2(const Tensor& x) {
  Tensor y = unary(Op::exp2, x);
  if (!recording(x)) return y;
  return record("exp2", y,
                wrt(x, [y = save_output(y)](const Tensor& g) { return g * conjugate(y * ln2); }));
}

Tensor expm1(const Tensor& x) {
  Tensor y = unary(Op::expm1, x);
  if (!recording(x)) return y;
  return record("expm1", y,
                wrt(x, [y = save_output(y)](const Tensor& g) { return g * conjugate(y + 1.0); }));
}

Tensor log(const Tensor& x) {
  Tensor y = unary(Op::log, x);
  if (!recording(x)) return y;
  return record("log", y, wrt(x, [x = save(x)](const Tensor& g) { return g / conjugate(x); }));
}

Tensor log1p(const Tensor& x) {
  Tensor y = unary(Op::log1p, x);
  if (!recording(x)) return y;
  return record("log1p", y,
                wrt(x, [x = save(x)](const Tensor& g) { return g / conjugate(x + 1.0); }));
}

Tensor log2(const Tensor& x) {
  Tensor y = unary(Op::log2, x);
  if (!recording(x)) return y;
  return record("log2", y,
                wrt(x, [x = save(x)](const Tensor& g) { return g / conjugate(x * ln2); }));
}

Tensor log10(const Tensor& x) {
  Tensor y = unary(Op::log10, x);
  if (!recording(x)) return y;
  return record("log10", y,
                wrt(x, [x = save(x)](const Tensor& g) { return g / conjugate(x * ln10); }));
}

Tensor logaddexp(const Tensor& a, const Tensor& b) {
  Tensor y = binary(Op::logaddexp, a, b);
  if (!recording(a, b)) return y;
  auto rule = [a = save(a), b = save(b)](int i, const Tensor& g) {
    // Two that are equal and infinite share the gradient at the top, and have none at the bottom.
    const Tensor t = a, equals = logical_and(equal(t, b), isinf(t));
    const Tensor ahead = i == 0 ? subtract(a, b) : subtract(b, a);
    return g * sigmoid(where(equals, minimum(detach(t), scalar(false, t.dtype())), ahead));
  };
  return record_shared("logaddexp", y, std::move(rule), a, b);
}

Tensor sigmoid(const Tensor& x) {
  Tensor y = unary(Op::sigmoid, x);
  if (!recording(x)) return y;
  return record("sigmoid", y,
                wrt(x, [y = save_output(y)](const Tensor& g) { return g * (y * (1.0 - y)); }));
}

Tensor softplus(const Tensor& x) {
  Tensor y = unary(Op::softplus, x);
  if (!recording(x)) return y;
  return record("softplus", y, wrt(x, [x = save(x)](const Tensor& g) { return g * sigmoid(x); }));
}

Tensor erf(const Tensor& x) {
  Tensor y = unary(Op::erf, x);
  if (!recording(x)) return y;
  constexpr double scale = 2 * std::numbers::inv_sqrtpi;
  return record("erf", y,
                wrt(x, [x = save(x)](const Tensor& g) { return g * (exp(-square(x)) * scale); }));
}

Tensor gelu(const Tensor& x) {
  Tensor y = unary(Op::gelu, x);
  if (!recording(x)) return y;
  // d/dx x * cdf(x) = cdf(x) + x * pdf(x) of the standard normal.
  constexpr double root_half = std::numbers::sqrt2 / 2;
  constexpr double density = std::numbers::inv_sqrtpi * root_half;
  return record("gelu", y, wrt(x, [x = save(x)](const Tensor& g) {
                  const Tensor t = x;
                  const Tensor cdf = (erf(t * root_half) + 1.0) * 0.5;
                  const Tensor pdf = exp(square(t) * -0.5) * density;
                  return g * (cdf + t * pdf);
                }));
}

}  // namespace ndtape
