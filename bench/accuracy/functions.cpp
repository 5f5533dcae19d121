#include "functions.h"

#include <cmath>
#include <limits>

namespace accuracy {
namespace {

using ndtape::Op;

constexpr double kInf = std::numeric_limits<double>::infinity();

// What MPFR has no function for, with bits to spare for the roundings on the way.
class Temporary {
 public:
  explicit Temporary(mpfr_prec_t bits = 1400) { mpfr_init2(value, bits); }
  ~Temporary() { mpfr_clear(value); }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  mpfr_t value;
};

void exact_sigmoid(mpfr_t r, const mpfr_t x) {
  Temporary t(200);
  mpfr_neg(t.value, x, MPFR_RNDN);
  mpfr_exp(t.value, t.value, MPFR_RNDN);
  mpfr_add_ui(t.value, t.value, 1, MPFR_RNDN);
  mpfr_ui_div(r, 1, t.value, MPFR_RNDN);
}

void exact_softplus(mpfr_t r, const mpfr_t x) {
  Temporary t(200);
  if (mpfr_cmp_ui(x, 1000) > 0) {  // log1p(exp(-x)) is far below x's last bit
    mpfr_set(r, x, MPFR_RNDN);
    return;
  }
  mpfr_exp(t.value, x, MPFR_RNDN);
  mpfr_log1p(r, t.value, MPFR_RNDN);
}

void exact_gelu(mpfr_t r, const mpfr_t x) {
  if (mpfr_cmp_si(x, -50) < 0) {
    mpfr_set_zero(r, -1);
    return;
  }
  if (mpfr_cmp_si(x, 50) > 0) {
    mpfr_set(r, x, MPFR_RNDN);
    return;
  }
  Temporary t(200);
  mpfr_sqrt_ui(t.value, 2, MPFR_RNDN);
  mpfr_div(t.value, x, t.value, MPFR_RNDN);
  mpfr_neg(t.value, t.value, MPFR_RNDN);
  mpfr_erfc(t.value, t.value, MPFR_RNDN);
  mpfr_mul(t.value, t.value, x, MPFR_RNDN);
  mpfr_div_2ui(r, t.value, 1, MPFR_RNDN);
}

void exact_logaddexp(mpfr_t r, const mpfr_t x, const mpfr_t y) {
  Temporary d(300);
  const mpfr_srcptr high = mpfr_cmp(x, y) > 0 ? x : y;
  const mpfr_srcptr low = high == x ? y : x;
  mpfr_sub(d.value, low, high, MPFR_RNDN);
  mpfr_exp(d.value, d.value, MPFR_RNDN);
  mpfr_log1p(d.value, d.value, MPFR_RNDN);
  mpfr_add(r, high, d.value, MPFR_RNDN);
}

long double reference_logaddexp(long double x, long double y) {
  if (std::isnan(x) || std::isnan(y)) return x + y;
  if (x == y) return x + 0.693147180559945309417232121458176568L;
  const long double high = std::fmax(x, y);
  const long double low = std::fmin(x, y);
  return high + std::log1p(std::exp(low - high));
}

// Exact as a rational: x - y floor(x / y), which fits a few thousand bits.
void exact_remainder(mpfr_t r, const mpfr_t x, const mpfr_t y) {
  mpfr_fmod(r, x, y, MPFR_RNDN);
  if (mpfr_zero_p(r)) {
    mpfr_setsign(r, r, mpfr_signbit(y), MPFR_RNDN);
  } else if (mpfr_signbit(r) != mpfr_signbit(y)) {
    mpfr_add(r, r, y, MPFR_RNDN);
  }
}

void exact_floor_divide(mpfr_t r, const mpfr_t x, const mpfr_t y) {
  Temporary q(2300);
  mpfr_div(q.value, x, y, MPFR_RNDD);
  mpfr_floor(r, q.value);
  if (mpfr_inf_p(y) && mpfr_number_p(x)) mpfr_set_zero(r, 1);
  if (mpfr_zero_p(r)) mpfr_setsign(r, r, mpfr_signbit(x) != mpfr_signbit(y), MPFR_RNDN);
}

long double reference_remainder(long double x, long double y) {
  const long double r = std::fmod(x, y);
  if (r == 0) return std::copysign(0.0L, y);
  return std::signbit(r) != std::signbit(y) ? r + y : r;
}

long double reference_floor_divide(long double x, long double y) {
  if (y == 0 || std::isinf(x)) return x / y;
  if (std::isinf(y) && std::isfinite(x))
    return std::copysign(0.0L, x / y);  // as the standard has it
  const long double r = reference_remainder(x, y);
  const long double q = (x - r) / y;
  return q == 0 ? std::copysign(0.0L, x / y) : std::round(q);
}

template <class T>
T sigmoid(T x) {
  return x < -700 ? std::exp(x) : 1 / (1 + std::exp(-x));
}

template <class T>
T softplus(T x) {
  if (!(x < static_cast<T>(kInf))) return x;
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

double gelu(double x) {
  if (x == -kInf) return -0.0;
  return 0.5 * x * std::erfc(-0.70710678118654752440 * x);
}

// In quadruple precision, for erfc makes of an error in its argument one that is x^2 times as
// large.
long double wide_gelu(long double x) {
  if (!(x > -200)) return std::isnan(x) ? x : -0.0L;
  static const auto root = sqrtf128(0.5);
  return static_cast<long double>(0.5 * x * erfcf128(-root * x));
}

template <auto f>
void with_mpfr(mpfr_t r, const mpfr_t x) {
  f(r, x, MPFR_RNDN);
}

template <auto f>
void with_mpfr2(mpfr_t r, const mpfr_t x, const mpfr_t y) {
  f(r, x, y, MPFR_RNDN);
}

}  // namespace

const std::vector<Unary>& unary_functions() {
#define F(name) \
  static_cast<double (*)(double)>(std::name), static_cast<long double (*)(long double)>(std::name)
  static const std::vector<Unary> list = {
      {Op::reciprocal, [](double x) { return 1 / x; }, [](long double x) { return 1 / x; },
       [](mpfr_t r, const mpfr_t x) { mpfr_ui_div(r, 1, x, MPFR_RNDN); }, -4, 4, 1},
      {Op::sqrt, F(sqrt), with_mpfr<mpfr_sqrt>, 0, 4, 1},
      {Op::exp, F(exp), with_mpfr<mpfr_exp>, -745, 710, 0},
      {Op::exp2, F(exp2), with_mpfr<mpfr_exp2>, -1075, 1024, 0},
      {Op::expm1, F(expm1), with_mpfr<mpfr_expm1>, -40, 710, 0},
      {Op::log, F(log), with_mpfr<mpfr_log>, 0, 10, 1},
      {Op::log1p, F(log1p), with_mpfr<mpfr_log1p>, -1, 10, 0},
      {Op::log2, F(log2), with_mpfr<mpfr_log2>, 0, 10, 1},
      {Op::log10, F(log10), with_mpfr<mpfr_log10>, 0, 10, 1},
      {Op::sin, F(sin), with_mpfr<mpfr_sin>, -1000, 1000, 3.14159265358979323846},
      {Op::cos, F(cos), with_mpfr<mpfr_cos>, -1000, 1000, 1.57079632679489661923},
      {Op::tan, F(tan), with_mpfr<mpfr_tan>, -1000, 1000, 1.57079632679489661923},
      {Op::asin, F(asin), with_mpfr<mpfr_asin>, -1, 1, 1},
      {Op::acos, F(acos), with_mpfr<mpfr_acos>, -1, 1, 1},
      {Op::atan, F(atan), with_mpfr<mpfr_atan>, -8, 8, 1},
      {Op::sinh, F(sinh), with_mpfr<mpfr_sinh>, -711, 711, 1},
      {Op::cosh, F(cosh), with_mpfr<mpfr_cosh>, -711, 711, 0},
      {Op::tanh, F(tanh), with_mpfr<mpfr_tanh>, -20, 20, 0.55},
      {Op::asinh, F(asinh), with_mpfr<mpfr_asinh>, -8, 8, 0.5},
      {Op::acosh, F(acosh), with_mpfr<mpfr_acosh>, 1, 8, 1},
      {Op::atanh, F(atanh), with_mpfr<mpfr_atanh>, -1, 1, 1},
      {Op::sigmoid, sigmoid<double>, sigmoid<long double>, exact_sigmoid, -745, 40, 0},
      {Op::softplus, softplus<double>, softplus<long double>, exact_softplus, -745, 40, 0},
      {Op::gelu, gelu, wide_gelu, exact_gelu, -38.6, 9, 0},
      {Op::erf, F(erf), with_mpfr<mpfr_erf>, -6, 6, 1},
  };
#undef F
  return list;
}

const std::vector<Binary>& binary_functions() {
#define F(name) static_cast<long double (*)(long double, long double)>(std::name)
  static const std::vector<Binary> list = {
      {Op::divide, [](long double x, long double y) { return x / y; }, with_mpfr2<mpfr_div>, -9, 9,
       -9, 9},
      {Op::pow, F(pow), with_mpfr2<mpfr_pow>, 0, 10, -300, 300},
      {Op::atan2, F(atan2), with_mpfr2<mpfr_atan2>, -9, 9, -9, 9},
      {Op::hypot, F(hypot), with_mpfr2<mpfr_hypot>, -9, 9, -9, 9},
      {Op::logaddexp, reference_logaddexp, exact_logaddexp, -20, 20, -20, 20, true},
      {Op::floor_divide, reference_floor_divide, exact_floor_divide, -1e9, 1e9, -9, 9},
      {Op::remainder, reference_remainder, exact_remainder, -1e9, 1e9, -9, 9},
  };
#undef F
  return list;
}

}  // namespace accuracy
