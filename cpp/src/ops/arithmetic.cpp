// Arithmetic, rounding and selection.
#include <cstddef>
#include <cstring>
#include <string>
#include <utility>

#include "engine/elementwise.h"
#include "ops/elementwise.h"
#include "ops/record.h"

namespace ndtape {
namespace {

// A step function: its derivative is zero wherever it has one.
Tensor record_flat(const char* name, Tensor y, const Tensor& x) {
  if (!recording(x)) return y;
  return record(name, y, wrt(x, [](const Tensor& g) { return zeros(g.shape(), g.dtype()); }));
}

// The identity on integers, a rounding on floats.
Tensor round_by(Op op, const Tensor& x) {
  if (is_integer(x.dtype())) return copy(x);
  return record_flat(info(op).name, unary(op, x), x);
}

Tensor half(const Tensor& g) { return g * 0.5; }

// The number in a 0-d tensor, kept as it was: cheaper than a kept tensor.
class Constant {
 public:
  explicit Constant(const Tensor& x) : dtype_(x.dtype()) {
    std::memcpy(bytes_, x.data(), static_cast<size_t>(itemsize(dtype_)));
  }
  operator Tensor() const {  // NOLINT: reading it is using it
    Tensor x = Tensor::empty({}, dtype_);
    std::memcpy(x.mutable_data(), bytes_, static_cast<size_t>(itemsize(dtype_)));
    return x;
  }

 private:
  DType dtype_;
  alignas(8) std::byte bytes_[sizeof(Complex<double>)];
};

void refuse_negative_powers(const Tensor& exponent) {
  if (kind(exponent.dtype()) != Kind::Int || exponent.size() == 0) return;
  Tensor least = min(exponent);
  int64_t value;
  Tensor wide = astype(least, DType::Int64);
  value = *wide.data<int64_t>();
  if (value < 0) {
    throw ValueError("pow: integer to the negative integer power " + std::to_string(value) +
                     "; convert to a float dtype first");
  }
}

}  // namespace

Tensor abs(const Tensor& x) {
  Tensor y = unary(Op::abs, x);
  if (!recording(x)) return y;
  return record("abs", y, wrt(x, [x = save(x)](const Tensor& g) { return g * sign(x); }));
}

Tensor conj(const Tensor& x) {
  Tensor y = unary(Op::conj, x);
  if (!recording(x)) return y;
  return record("conj", y, wrt(x, [](const Tensor& g) { return conjugate(g); }));
}

// The walker gives a real gradient of a complex input the dtype of the input.
Tensor real(const Tensor& x) {
  Tensor y = unary(Op::real, x);
  if (!recording(x)) return y;
  return record("real", y, wrt(x, [](const Tensor& g) { return g; }));
}

Tensor imag(const Tensor& x) {
  Tensor y = unary(Op::imag, x);
  if (!is_complex(x.dtype())) return record_flat("imag", y, x);
  if (!recording(x)) return y;
  return record("imag", y, wrt(x, [dtype = x.dtype()](const Tensor& g) {
                  return g * scalar(Complex<double>{0, 1}, dtype);
                }));
}

Tensor negative(const Tensor& x) {
  Tensor y = unary(Op::negative, x);
  if (!recording(x)) return y;
  return record("negative", y, wrt(x, [](const Tensor& g) { return -g; }));
}

Tensor sign(const Tensor& x) {
  Tensor y = unary(Op::sign, x);
  if (!is_complex(x.dtype())) return record_flat("sign", y, x);
  if (!recording(x)) return y;
  // On the unit circle: a change along y is lost, one across it is divided by |x|. 0 at 0.
  return record("sign", y, wrt(x, [x = save(x), y = save_output(y)](const Tensor& g) {
                  const Tensor t = y, size = abs(x);
                  const Tensor across = g - t * real(g * conj(t));
                  const Tensor origin = equal(size, scalar(false, size.dtype()));
                  return keep_where(logical_not(origin), across) /
                         where(origin, scalar(true, size.dtype()), size);
                }));
}

Tensor square(const Tensor& x) {
  Tensor y = unary(Op::square, x);
  if (!recording(x)) return y;
  return record("square", y,
                wrt(x, [x = save(x)](const Tensor& g) { return g * conjugate(x * 2.0); }));
}

Tensor relu(const Tensor& x) {
  Tensor y = unary(Op::relu, x);
  if (!recording(x)) return y;
  return record("relu", y, wrt(x, [y = save_output(y)](const Tensor& g) {
                  return keep_where(greater(y, scalar(false, g.dtype())), g);
                }));
}

Tensor ceil(const Tensor& x) { return round_by(Op::ceil, x); }
Tensor floor(const Tensor& x) { return round_by(Op::floor, x); }
Tensor trunc(const Tensor& x) { return round_by(Op::trunc, x); }
Tensor round(const Tensor& x) { return round_by(Op::round, x); }

Tensor reciprocal(const Tensor& x) {
  Tensor y = unary(Op::reciprocal, x);
  if (!recording(x)) return y;
  return record("reciprocal", y, wrt(x, [y = save_output(y)](const Tensor& g) {
                  return -(g * conjugate(square(y)));
                }));
}

Tensor add(const Tensor& a, const Tensor& b, Into into) {
  Tensor y = binary(Op::add, a, b, into);
  if (!recording(a, b)) return y;
  return record("add", y, wrt(a, [](const Tensor& g) { return g; }),
                wrt(b, [](const Tensor& g) { return g; }));
}

Tensor subtract(const Tensor& a, const Tensor& b, Into into) {
  Tensor y = binary(Op::subtract, a, b, into);
  if (!recording(a, b)) return y;
  return record("subtract", y, wrt(a, [](const Tensor& g) { return g; }),
                wrt(b, [](const Tensor& g) { return -g; }));
}

namespace {

// What the rule of `input` reads of the first operand, whose place the result may take.
Saved save_first_for(const Tensor& input, const Tensor& a, Into into) {
  if (!has_history(input)) return Saved();
  return into == Into::First ? save_overwritten(a) : save(a);
}

}  // namespace

Tensor multiply(const Tensor& a, const Tensor& b, Into into) {
  if (!recording(a, b)) return binary(Op::multiply, a, b, into);
  Saved factor = save_for(a, b);
  auto rule = [a = save_first_for(b, a, into), b = std::move(factor)](int i, const Tensor& g) {
    return g * conjugate(i == 0 ? b : a);
  };
  Tensor y = binary(Op::multiply, a, b, into);
  return record_shared("multiply", y, std::move(rule), a, b);
}

Tensor divide(const Tensor& a, const Tensor& b, Into into) {
  if (!recording(a, b)) return binary(Op::divide, a, b, into);
  Saved divisor = save(b);
  Tensor y = binary(Op::divide, a, b, into);
  auto rule = [b = std::move(divisor), y = save_output_for(b, y)](int i, const Tensor& g) {
    return i == 0 ? g / conjugate(b) : -(g * conjugate(y) / conjugate(b));
  };
  return record_shared("divide", y, std::move(rule), a, b);
}

Tensor floor_divide(const Tensor& a, const Tensor& b, Into into) {
  Tensor y = binary(Op::floor_divide, a, b, into);
  if (!recording(a, b)) return y;
  auto zero = [](const Tensor& g) { return zeros(g.shape(), g.dtype()); };
  return record("floor_divide", y, wrt(a, zero), wrt(b, zero));
}

Tensor remainder(const Tensor& a, const Tensor& b, Into into) {
  if (!recording(a, b)) return binary(Op::remainder, a, b, into);
  auto to_b = [a = save_first_for(b, a, into), b = save_for(b, b)](const Tensor& g) {
    return -(g * floor_divide(a, b));
  };
  Tensor y = binary(Op::remainder, a, b, into);
  return record("remainder", y, wrt(a, [](const Tensor& g) { return g; }), wrt(b, std::move(to_b)));
}

Tensor pow(const Tensor& a, const Tensor& b, Into into) {
  if (is_integer(a.dtype())) refuse_negative_powers(b);
  if (!recording(a, b)) return binary(Op::pow, a, b, into);
  // x**0 is flat, also at 0; and 0**y is flat in y > 0, where y * log(x) would give 0 * inf.
  auto rule = [a = into == Into::First ? save_overwritten(a) : save(a), b = save(b)](
                  int i, const Tensor& g) {
    const Tensor base = a, exponent = b;
    if (i == 0) {
      const Tensor zero = scalar(false, exponent.dtype()), flat = equal(exponent, zero);
      const Tensor slope = exponent * pow(base, where(flat, zero, exponent - 1.0));
      return g * conjugate(where(flat, scalar(false, slope.dtype()), slope));
    }
    const Tensor flat =
        logical_and(equal(base, scalar(false, base.dtype())),
                    greater_equal(real(exponent), scalar(false, real_dtype(exponent.dtype()))));
    const Tensor safe = where(flat, scalar(int64_t{1}, base.dtype()), base);
    return keep_where(logical_not(flat), g * conjugate(pow(base, exponent) * log(safe)));
  };
  Tensor y = binary(Op::pow, a, b, into);
  return record_shared("pow", y, std::move(rule), a, b);
}

Tensor add(const Tensor& a, const Tensor& b) { return add(a, b, Into::New); }
Tensor subtract(const Tensor& a, const Tensor& b) { return subtract(a, b, Into::New); }
Tensor multiply(const Tensor& a, const Tensor& b) { return multiply(a, b, Into::New); }
Tensor divide(const Tensor& a, const Tensor& b) { return divide(a, b, Into::New); }
Tensor floor_divide(const Tensor& a, const Tensor& b) { return floor_divide(a, b, Into::New); }
Tensor remainder(const Tensor& a, const Tensor& b) { return remainder(a, b, Into::New); }
Tensor pow(const Tensor& a, const Tensor& b) { return pow(a, b, Into::New); }

Tensor maximum(const Tensor& a, const Tensor& b) {
  Tensor y = binary(Op::maximum, a, b);
  if (!recording(a, b)) return y;
  auto rule = [a = save(a), b = save(b)](int i, const Tensor& g) {
    const Tensor mine = i == 0 ? a : b, other = i == 0 ? b : a;
    return where(equal(mine, other), half(g), keep_where(greater(mine, other), g));
  };
  return record_shared("maximum", y, std::move(rule), a, b);
}

Tensor minimum(const Tensor& a, const Tensor& b) {
  Tensor y = binary(Op::minimum, a, b);
  if (!recording(a, b)) return y;
  auto rule = [a = save(a), b = save(b)](int i, const Tensor& g) {
    const Tensor mine = i == 0 ? a : b, other = i == 0 ? b : a;
    return where(equal(mine, other), half(g), keep_where(less(mine, other), g));
  };
  return record_shared("minimum", y, std::move(rule), a, b);
}

Tensor copysign(const Tensor& a, const Tensor& b) {
  Tensor y = binary(Op::copysign, a, b);
  if (!recording(a, b)) return y;
  return record(
      "copysign", y,
      wrt(a, [a = save_for(a, a), b = save_for(a, b)](
                 const Tensor& g) { return where(equal(signbit(a), signbit(b)), g, -g); }),
      wrt(b, [](const Tensor& g) { return zeros(g.shape(), g.dtype()); }));
}

Tensor nextafter(const Tensor& a, const Tensor& b) {
  Tensor y = binary(Op::nextafter, a, b);
  if (!recording(a, b)) return y;
  // One step beside a: the identity but for rounding.
  return record("nextafter", y, wrt(a, [](const Tensor& g) { return g; }),
                wrt(b, [](const Tensor& g) { return zeros(g.shape(), g.dtype()); }));
}

Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b) {
  Tensor y = ternary(Op::where, condition, a, b);
  if (!recording(a, b)) return y;
  auto rule = [c = save(condition)](int i, const Tensor& g) {
    return i == 0 ? keep_where(c, g) : keep_where(logical_not(c), g);
  };
  return record_shared("where", y, std::move(rule), a, b);
}

Tensor clip(const Tensor& x, const Tensor& low, const Tensor& high) {
  Tensor y = ternary(Op::clip, x, low, high);
  if (!recording(x, low, high)) return y;
  if (low.ndim() == 0 && high.ndim() == 0 && !has_history(low) && !has_history(high)) {
    return record("clip", y,
                  wrt(x, [x = save(x), a = Constant(low), b = Constant(high)](const Tensor& g) {
                    return keep_where(logical_and(less_equal(a, x), less_equal(x, b)), g);
                  }));
  }
  auto rule = [x = save(x), low = save(low), high = save(high)](int i, const Tensor& g) {
    switch (i) {
      case 0:
        return keep_where(logical_and(less_equal(low, x), less_equal(x, high)), g);
      case 1:
        return keep_where(logical_and(less(x, low), less_equal(low, high)), g);
      default:
        return keep_where(greater(maximum(x, low), high), g);
    }
  };
  return record_shared("clip", y, std::move(rule), x, low, high);
}

Tensor astype(const Tensor& x, DType dtype) {
  if (is_complex(x.dtype()) && !is_complex(dtype) && dtype != DType::Bool) {
    throw TypeError(std::string("astype: dtype ") + name(dtype) + " cannot hold " +
                    name(x.dtype()) + "; take real or imag first");
  }
  Tensor y = Tensor::empty(x.shape(), dtype);
  engine::copy(x, y);
  if (!is_inexact(dtype) || !recording(x)) return y;
  return record("astype", y, wrt(x, [](const Tensor& g) { return g; }));
}

Tensor copy(const Tensor& x) {
  Tensor y = Tensor::empty(x.shape(), x.dtype());
  engine::copy(x, y);
  if (!recording(x)) return y;
  return record("copy", y, wrt(x, [](const Tensor& g) { return g; }));
}

}  // namespace ndtape
