#include "ndtape/random.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include "engine/random_fill.h"
#include "ndtape/error.h"
#include "ndtape/ops.h"

namespace ndtape::random {
namespace {

std::string number(double x) {
  char text[32];
  std::snprintf(text, sizeof(text), "%g", x);
  return text;
}

void check_float(DType dtype, const char* what) {
  if (!is_float(dtype)) {
    throw TypeError(std::string(what) + ": dtype must be a float dtype, not " + name(dtype));
  }
}

// The values of an integer dtype as 64-bit patterns.
uint64_t lowest_value(DType dtype) {
  return kind(dtype) == Kind::UInt ? 0 : ~uint64_t{0} << (8 * itemsize(dtype) - 1);
}
uint64_t value_count(DType dtype) {  // 0 stands for 2^64
  return itemsize(dtype) == 8 ? 0 : uint64_t{1} << (8 * itemsize(dtype));
}

}  // namespace

void Generator::set_state(uint64_t seed, uint64_t offset) {
  seed_ = seed;
  offset_ = offset;
}

uint64_t Generator::take(int64_t blocks) {
  const uint64_t before = offset_;
  offset_ += static_cast<uint64_t>(blocks);
  return before;
}

Tensor Generator::uniform(const Dims& shape, double low, double high, DType dtype) {
  check_float(dtype, "uniform");
  const bool is_single = dtype == DType::Float32;
  const auto rounded = [&](double x) { return is_single ? static_cast<float>(x) : x; };
  const double first = rounded(low);
  const double end = rounded(high);
  if (!std::isfinite(first) || !std::isfinite(end) || !std::isfinite(rounded(end - first))) {
    throw ValueError("uniform: the range from " + number(low) + " to " + number(high) +
                     " is not finite in " + name(dtype));
  }
  if (!(first < end)) {
    throw ValueError("uniform: low " + number(low) + " must be less than high " + number(high));
  }
  Tensor out = Tensor::empty(shape, dtype);
  const int64_t n = out.size();
  const int64_t blocks = is_single ? engine::blocks_of_words(n) : engine::blocks_of_pairs(n);
  engine::fill_uniform({seed_, take(blocks)}, low, high, dtype, out.mutable_data(), n);
  return out;
}

Tensor Generator::normal(const Dims& shape, double mean, double std, DType dtype) {
  check_float(dtype, "normal");
  if (!(std >= 0)) throw ValueError("normal: std " + number(std) + " must not be negative");
  Tensor out = Tensor::empty(shape, dtype);
  const int64_t n = out.size();
  const int64_t blocks =
      dtype == DType::Float32 ? engine::blocks_of_words(n) : engine::blocks_of_pairs(n);
  engine::fill_normal({seed_, take(blocks)}, mean, std, dtype, out.mutable_data(), n);
  return out;
}

Tensor Generator::integers(const Dims& shape, int64_t low, int64_t high, DType dtype) {
  if (low >= high) {
    throw ValueError("integers: low " + std::to_string(low) + " must be less than high " +
                     std::to_string(high));
  }
  const int64_t last = high - 1;
  if (is_integer(dtype) && kind(dtype) == Kind::UInt && low < 0) {
    throw ValueError("integers: low " + std::to_string(low) + " does not fit " + name(dtype));
  }
  if (is_integer(dtype) && itemsize(dtype) < 8) {
    const int64_t lowest = static_cast<int64_t>(lowest_value(dtype));
    const int64_t highest = lowest + static_cast<int64_t>(value_count(dtype)) - 1;
    if (low < lowest || last > highest) {
      throw ValueError("integers: the range [" + std::to_string(low) + ", " + std::to_string(high) +
                       ") does not fit " + name(dtype));
    }
  }
  return integers_span(shape, static_cast<uint64_t>(low),
                       static_cast<uint64_t>(high) - static_cast<uint64_t>(low), dtype);
}

Tensor Generator::integers_span(const Dims& shape, uint64_t low, uint64_t span, DType dtype) {
  if (!is_integer(dtype)) {
    throw TypeError(std::string("integers: dtype must be an integer dtype, not ") + name(dtype));
  }
  // Counted from the dtype's lowest value, the range must end before its last.
  const uint64_t first = low - lowest_value(dtype);
  const uint64_t most = value_count(dtype) - 1;
  if (first > most || span - 1 > most - first) {
    throw ValueError(std::string("integers: the range does not fit ") + name(dtype));
  }
  Tensor out = Tensor::empty(shape, dtype);
  const int64_t n = out.size();
  const int64_t blocks =
      engine::span_takes_pairs(span) ? engine::blocks_of_pairs(n) : engine::blocks_of_words(n);
  engine::fill_integers({seed_, take(blocks)}, low, span, dtype, out.mutable_data(), n);
  return out;
}

Tensor Generator::bernoulli(const Dims& shape, double p, DType dtype) {
  if (!(p >= 0 && p <= 1)) throw ValueError("bernoulli: p " + number(p) + " is not in [0, 1]");
  Tensor out = Tensor::empty(shape, DType::Bool);
  const int64_t n = out.size();
  engine::fill_bernoulli({seed_, take(engine::blocks_of_pairs(n))}, p,
                         static_cast<uint8_t*>(out.mutable_data()), n);
  return dtype == DType::Bool ? out : astype(out, dtype);
}

Tensor Generator::permutation(int64_t n) {
  if (n < 0) throw ValueError("permutation: n " + std::to_string(n) + " must not be negative");
  Tensor out = Tensor::empty({n}, DType::Int64);
  const int64_t blocks = engine::span_takes_pairs(static_cast<uint64_t>(n))
                             ? engine::blocks_of_pairs(n)
                             : engine::blocks_of_words(n);
  engine::fill_permutation({seed_, take(blocks)}, out.mutable_data<int64_t>(), n);
  return out;
}

}  // namespace ndtape::random
