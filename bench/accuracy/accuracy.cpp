// Measures the errors of the elementwise float functions and prints them as a Markdown table.
//
//   accuracy [--stride N] [--dense] [--samples N] [--threads N] [--only NAME] [--verbose]
//
// float32 functions of one argument are run over every N-th of the 2^32 floats (N = 1: all of
// them), with --dense also over every float of magnitude 2^-7 to 2^8, where the errors are; all
// others over random samples, of which a part is close to where the function is hard.
// NDTAPE_ISA=v2|v3|v4 chooses the instruction set.
//
// The error of logaddexp where its terms cancel to less than a quarter of the larger argument is
// given in ULP of that quarter.
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "cpu/kernels.h"
#include "functions.h"

namespace accuracy {
namespace {

using ndtape::DType;
using ndtape::Op;
using ndtape::cpu::BlockKernel;
using ndtape::cpu::kBlock;

struct Options {
  uint64_t stride = 1;
  int64_t samples = 1000000;
  int threads = static_cast<int>(std::thread::hardware_concurrency());
  std::string only;
  bool dense = false;
  bool verbose = false;
};

// The worst found so far. wrong counts results of another kind than the reference: NaN for a
// number, a zero of the other sign and the like.
struct Worst {
  double ulp = 0;
  double x = 0, y = 0, result = 0, expected = 0;
  int64_t wrong = 0;
  double wrong_x = 0, wrong_y = 0, wrong_result = 0;

  void add_wrong(double a, double b, double r) {
    if (wrong++ == 0) {
      wrong_x = a;
      wrong_y = b;
      wrong_result = r;
    }
  }
  void merge(const Worst& o) {
    const int64_t total = wrong + o.wrong;
    if (wrong == 0) {
      wrong_x = o.wrong_x;
      wrong_y = o.wrong_y;
      wrong_result = o.wrong_result;
    }
    if (o.ulp > ulp) {
      ulp = o.ulp;
      x = o.x;
      y = o.y;
      result = o.result;
      expected = o.expected;
    }
    wrong = total;
  }
};

BlockKernel kernel_of(Op op, DType dtype) {
  return ndtape::cpu::kernels().block[static_cast<int>(op)][static_cast<int>(dtype)];
}

// The spacing of floats of type T around a value, also beyond the largest. float: of normal doubles
// only, by their exponent.
template <class T, class R>
R spacing(R value) {
  using Limits = std::numeric_limits<T>;
  if (value == 0) return static_cast<R>(Limits::denorm_min());
  if constexpr (std::is_same_v<T, float> && std::is_same_v<R, double>) {
    const uint64_t exponent = std::bit_cast<uint64_t>(value) & 0x7ff0000000000000u;
    return std::fmax(std::bit_cast<double>(exponent) * 0x1p-23, Limits::denorm_min());
  }
  int e = 0;
  std::frexp(value, &e);
  const int least = Limits::min_exponent;
  return std::ldexp(R{1}, (e < least ? least : e) - Limits::digits);
}

// Is a double function's error, measured against a wide reference, surely below the worst found?
bool below(double result, long double reference, double least, const Worst& worst) {
  if (std::isnan(result) || std::isnan(reference)) {
    return std::isnan(result) && std::isnan(reference);
  }
  if (std::signbit(result) != std::signbit(reference)) return false;
  if (std::isinf(result)) return std::fabs(reference) > 0x1.00000000001p1024L;
  if (std::isinf(static_cast<double>(reference))) return false;
  const double size = std::fmax(std::fabs(static_cast<double>(reference)), least);
  const uint64_t exponent = std::bit_cast<uint64_t>(size) & 0x7ff0000000000000u;
  const long double ulp =
      std::fmax(0x1p-52L * std::bit_cast<double>(exponent), 0x1p-1074L);  // of subnormals, too
  return std::fabs(result - reference) < static_cast<long double>(worst.ulp - 0.01) * ulp;
}

// reference: the true value, near enough.
template <class R>
void judge_float(float result, R reference, double x, double y, Worst& worst, R least = 0) {
  const float rounded = static_cast<float>(reference);
  if (std::isnan(rounded) || std::isnan(result)) {
    if (std::isnan(rounded) != std::isnan(result)) worst.add_wrong(x, y, result);
    return;
  }
  if (result == rounded) {
    if (result == 0 && std::signbit(result) != std::signbit(rounded)) worst.add_wrong(x, y, result);
    if (std::isinf(result)) return;
  } else if (std::isinf(reference)) {
    worst.add_wrong(x, y, result);
    return;
  }
  // An infinite result counts as the float that would come after the largest.
  const R value = std::isinf(result) ? std::copysign(R{0x1p128}, static_cast<R>(result))
                                     : static_cast<R>(result);
  const double ulp = static_cast<double>(std::fabs(value - reference) /
                                         spacing<float>(std::fmax(std::fabs(reference), least)));
  if (ulp > worst.ulp) {
    worst.ulp = ulp;
    worst.x = x;
    worst.y = y;
    worst.result = result;
    worst.expected = static_cast<double>(reference);
  }
}

void judge_double(double result, const mpfr_t exact, mpfr_t scratch, double x, double y,
                  Worst& worst, double least = 0) {
  const double rounded = mpfr_get_d(exact, MPFR_RNDN);
  if (std::isnan(rounded) || std::isnan(result)) {
    if (std::isnan(rounded) != std::isnan(result)) worst.add_wrong(x, y, result);
    return;
  }
  if (result == rounded) {
    if (result == 0 && std::signbit(result) != std::signbit(rounded)) worst.add_wrong(x, y, result);
    if (std::isinf(result)) return;
  } else if (mpfr_inf_p(exact)) {
    worst.add_wrong(x, y, result);
    return;
  }
  if (std::isinf(result)) {
    mpfr_set_ui_2exp(scratch, 1, 1024, MPFR_RNDN);
    if (result < 0) mpfr_neg(scratch, scratch, MPFR_RNDN);
  } else {
    mpfr_set_d(scratch, result, MPFR_RNDN);
  }
  mpfr_sub(scratch, scratch, exact, MPFR_RNDN);
  long e = mpfr_zero_p(exact) ? -1074 : static_cast<long>(mpfr_get_exp(exact)) - 53;
  if (least > std::fabs(rounded)) e = std::ilogb(least) - 52;
  mpfr_mul_2si(scratch, scratch, e < -1074 ? 1074 : -e, MPFR_RNDN);
  const double ulp = std::fabs(mpfr_get_d(scratch, MPFR_RNDN));
  if (ulp > worst.ulp) {
    worst.ulp = ulp;
    worst.x = x;
    worst.y = y;
    worst.result = result;
    worst.expected = rounded;
  }
}

// Runs work(part) on every thread and merges what they found.
template <class Work>
Worst in_parallel(const Options& options, Work work) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  Worst all;
  for (int t = 0; t < options.threads; ++t) {
    threads.emplace_back([&, t] {
      const Worst mine = work(t);
      const std::lock_guard lock(mutex);
      all.merge(mine);
    });
  }
  for (std::thread& t : threads) t.join();
  return all;
}

Worst all_floats(const Unary& f, const Options& options) {
  const BlockKernel kernel = kernel_of(f.op, DType::Float32);
  constexpr uint32_t kDenseFirst = std::bit_cast<uint32_t>(0x1p-7f);
  constexpr uint32_t kDenseCount = std::bit_cast<uint32_t>(0x1p8f) - kDenseFirst;
  const uint64_t dense = options.dense ? 2 * uint64_t{kDenseCount} : 0;
  const auto bits_at = [&](uint64_t i) {
    if (i >= dense) return static_cast<uint32_t>((i - dense) * options.stride);
    const uint32_t sign = i < kDenseCount ? 0 : 0x80000000u;
    return sign | (kDenseFirst + static_cast<uint32_t>(i % kDenseCount));
  };
  const uint64_t count = dense + ((uint64_t{1} << 32) + options.stride - 1) / options.stride;
  std::atomic<uint64_t> next{0};
  return in_parallel(options, [&](int) {
    Worst worst;
    std::vector<float> x(kBlock), r(kBlock);
    for (;;) {
      const uint64_t first = next.fetch_add(kBlock);
      if (first >= count) return worst;
      const int64_t n = static_cast<int64_t>(std::min<uint64_t>(kBlock, count - first));
      for (int64_t i = 0; i < n; ++i) {
        x[i] = std::bit_cast<float>(bits_at(first + i));
      }
      kernel(x.data(), nullptr, nullptr, r.data(), n);
      for (int64_t i = 0; i < n; ++i) judge_float(r[i], f.reference(x[i]), x[i], 0, worst);
    }
  });
}

using Random = std::mt19937_64;

double uniform(Random& random, double low, double high) {
  return low + (high - low) * (static_cast<double>(random() >> 11) * 0x1p-53);
}

// Any bits; or of a medium exponent.
double any_number(Random& random, int exponents) {
  if (random() & 1) return std::bit_cast<double>(random());
  const double m = uniform(random, 1, 2) * ((random() & 1) ? 1 : -1);
  return std::ldexp(m, static_cast<int>(random() % (2 * exponents)) - exponents);
}

double sample(Random& random, double low, double high, double centre) {
  switch (random() % 8) {
    case 0:
    case 1:
      return any_number(random, 40);
    case 2:  // close to the hard point or a multiple of it
      return centre * std::floor(uniform(random, 1, 1e5)) *
             (1 + std::ldexp(uniform(random, -1, 1), -static_cast<int>(random() % 54)));
    case 3:
      return (centre + std::ldexp(uniform(random, -1, 1), -static_cast<int>(random() % 60))) *
             ((random() & 1) ? 1 : -1);
    default:
      return uniform(random, low, high);
  }
}

Worst random_doubles(const Unary& f, const Options& options) {
  const BlockKernel kernel = kernel_of(f.op, DType::Float64);
  return in_parallel(options, [&](int part) {
    Random random(1000 + part);
    Worst worst;
    std::vector<double> x(kBlock), r(kBlock);
    mpfr_t in, exact, scratch;
    mpfr_init2(in, 53);
    mpfr_init2(exact, 120);
    mpfr_init2(scratch, 200);
    for (int64_t done = 0; done < options.samples / options.threads; done += kBlock) {
      for (double& v : x) v = sample(random, f.low, f.high, f.centre);
      kernel(x.data(), nullptr, nullptr, r.data(), kBlock);
      for (int64_t i = 0; i < kBlock; ++i) {
        if (below(r[i], f.wide(x[i]), 0, worst)) continue;
        mpfr_set_d(in, x[i], MPFR_RNDN);
        f.exact(exact, in);
        judge_double(r[i], exact, scratch, x[i], 0, worst);
      }
    }
    mpfr_clears(in, exact, scratch, nullptr);
    mpfr_free_cache();
    return worst;
  });
}

void sample_pair(Random& random, const Binary& f, double& x, double& y) {
  switch (random() % 8) {
    case 0:
      x = any_number(random, 600);
      y = any_number(random, 600);
      break;
    case 1:
      x = any_number(random, 20);
      y = any_number(random, 20);
      break;
    case 2:  // nearly equal
      x = uniform(random, f.low, f.high);
      y = x * (1 + std::ldexp(uniform(random, -1, 1), -static_cast<int>(random() % 53)));
      break;
    case 3:  // the first close to 1
      x = 1 + std::ldexp(uniform(random, -1, 1), -static_cast<int>(random() % 53));
      y = any_number(random, 60);
      break;
    default:
      x = uniform(random, f.low, f.high);
      y = uniform(random, f.low2, f.high2);
  }
}

Worst random_float_pairs(const Binary& f, const Options& options) {
  const BlockKernel kernel = kernel_of(f.op, DType::Float32);
  return in_parallel(options, [&](int part) {
    Random random(2000 + part);
    Worst worst;
    std::vector<float> x(kBlock), y(kBlock), r(kBlock);
    for (int64_t done = 0; done < options.samples / options.threads; done += kBlock) {
      for (int64_t i = 0; i < kBlock; ++i) {
        double a = 0, b = 0;
        sample_pair(random, f, a, b);
        if (random() % 8 == 0) {
          a = std::bit_cast<float>(static_cast<uint32_t>(random()));
          b = std::bit_cast<float>(static_cast<uint32_t>(random()));
        }
        x[i] = static_cast<float>(a);
        y[i] = static_cast<float>(b);
      }
      kernel(x.data(), y.data(), nullptr, r.data(), kBlock);
      for (int64_t i = 0; i < kBlock; ++i) {
        const float high = std::fmax(x[i], y[i]);
        const long double least = f.cancels && std::isfinite(high) ? std::fabs(high) / 4 : 0;
        judge_float(r[i], f.reference(x[i], y[i]), x[i], y[i], worst, least);
      }
    }
    return worst;
  });
}

Worst random_double_pairs(const Binary& f, const Options& options) {
  const BlockKernel kernel = kernel_of(f.op, DType::Float64);
  return in_parallel(options, [&](int part) {
    Random random(3000 + part);
    Worst worst;
    std::vector<double> x(kBlock), y(kBlock), r(kBlock);
    mpfr_t a, b, exact, scratch;
    mpfr_init2(a, 53);
    mpfr_init2(b, 53);
    mpfr_init2(exact, 120);
    mpfr_init2(scratch, 200);
    for (int64_t done = 0; done < options.samples / options.threads; done += kBlock) {
      for (int64_t i = 0; i < kBlock; ++i) sample_pair(random, f, x[i], y[i]);
      kernel(x.data(), y.data(), nullptr, r.data(), kBlock);
      for (int64_t i = 0; i < kBlock; ++i) {
        if (std::isinf(x[i]) || std::isinf(y[i]) || y[i] == 0) continue;  // the tests' matter
        const double high = std::fmax(x[i], y[i]);
        const double least = f.cancels && std::isfinite(high) ? std::fabs(high) / 4 : 0;
        if (below(r[i], f.reference(x[i], y[i]), least, worst)) continue;
        mpfr_set_d(a, x[i], MPFR_RNDN);
        mpfr_set_d(b, y[i], MPFR_RNDN);
        f.exact(exact, a, b);
        judge_double(r[i], exact, scratch, x[i], y[i], worst, least);
      }
    }
    mpfr_clears(a, b, exact, scratch, nullptr);
    mpfr_free_cache();
    return worst;
  });
}

void print_cell(const Worst& w) {
  std::printf(" %.4f |", w.ulp);
  if (w.wrong > 0) std::printf(" **%lld of the wrong kind** |", static_cast<long long>(w.wrong));
}

void explain(const char* name, const char* type, const Worst& w) {
  std::fprintf(stderr, "%s %s: %.4f at (%.17g, %.17g) gives %.17g, not %.17g", name, type, w.ulp,
               w.x, w.y, w.result, w.expected);
  if (w.wrong > 0) {
    std::fprintf(stderr, "; WRONG %lld, first (%.17g, %.17g) gives %.17g",
                 static_cast<long long>(w.wrong), w.wrong_x, w.wrong_y, w.wrong_result);
  }
  std::fprintf(stderr, "\n");
}

int run(const Options& options) {
  const auto wanted = [&](Op op) {
    return options.only.empty() || options.only == ndtape::info(op).name;
  };
  bool bad = false;
  const auto row = [&](Op op, const Worst& single, const Worst& full) {
    const char* name = ndtape::info(op).name;
    std::printf("| %s |", name);
    print_cell(single);
    print_cell(full);
    std::printf("\n");
    std::fflush(stdout);
    bad = bad || single.ulp > 1 || full.ulp > 1.5 || single.wrong > 0 || full.wrong > 0;
    if (options.verbose) {
      explain(name, "float32", single);
      explain(name, "float64", full);
    }
  };
  std::printf("Instruction set %s. float32 functions of one argument: every %llu. of the 2^32\n",
              ndtape::cpu::kernels().isa, static_cast<unsigned long long>(options.stride));
  if (options.dense) std::printf("floats, and all from 2^-7 to 2^8 in magnitude.\n");
  if (!options.dense) std::printf("floats.\n");
  std::printf("All others: %lld samples.\n\n", static_cast<long long>(options.samples));
  std::printf("| function | float32, ULP | float64, ULP |\n|---|---|---|\n");
  for (const Unary& f : unary_functions()) {
    if (wanted(f.op)) row(f.op, all_floats(f, options), random_doubles(f, options));
  }
  for (const Binary& f : binary_functions()) {
    if (wanted(f.op)) row(f.op, random_float_pairs(f, options), random_double_pairs(f, options));
  }
  return bad ? 1 : 0;
}

}  // namespace
}  // namespace accuracy

int main(int argc, char** argv) {
  accuracy::Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : "1";
    if (arg == "--verbose" || arg == "--dense") {
      (arg == "--dense" ? options.dense : options.verbose) = true;
      continue;
    }
    if (arg == "--stride") {
      options.stride = std::strtoull(value, nullptr, 10);
    } else if (arg == "--samples") {
      options.samples = std::strtoll(value, nullptr, 10);
    } else if (arg == "--threads") {
      options.threads = std::atoi(value);
    } else if (arg == "--only") {
      options.only = value;
    } else {
      std::fprintf(stderr, "unknown option %s\n", argv[i]);
      return 2;
    }
    ++i;
  }
  if (options.stride < 1 || options.threads < 1) return 2;
  return accuracy::run(options);
}
