#include "ndtape/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "cpu/kernels.h"
#include "ndtape/error.h"
#include "ndtape/parallel.h"

namespace ndtape::random {
namespace {

template <class T>
std::vector<T> values(const Tensor& x) {
  return {x.data<T>(), x.data<T>() + x.size()};
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.data(), b.data(), static_cast<size_t>(a.size() * itemsize(a.dtype()))) == 0;
}

using Words = std::array<uint32_t, 4>;

Words philox(uint64_t key, uint64_t low, uint64_t high) {
  Words words;
  cpu::kernels().random.philox(key, low, high, 1, words.data());
  return words;
}

// The vectors published with Random123 (kat_vectors, philox4x32 10).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox(0, 0, 0), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint64_t ones = ~uint64_t{0};
  EXPECT_EQ(philox(ones, ones, ones), (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox(0x299f31d0a4093822, 0x85a308d3243f6a88, 0x0370734413198a2e),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, ManyBlocksAreSingleBlocks) {
  const uint64_t first = 0xfffffff8;  // the counter carries into its second word
  std::vector<uint32_t> words(4 * 37);
  cpu::kernels().random.philox(7, first, 3, 37, words.data());
  for (uint64_t i = 0; i < 37; ++i) {
    const Words block = philox(7, first + i, 3);
    EXPECT_TRUE(
        std::equal(block.begin(), block.end(), words.begin() + static_cast<int64_t>(4 * i)));
  }
}

TEST(Generator, DrawsAreElementsOfTheStream) {
  Generator generator(42);
  const std::vector<float> x = values<float>(generator.uniform({10}, 0, 1, DType::Float32));
  EXPECT_EQ(generator.offset(), 3u);
  for (size_t i = 0; i < x.size(); ++i) {
    const uint32_t word = philox(42, i / 4, 0)[i % 4];
    EXPECT_EQ(x[i], static_cast<float>(word >> 8) * 0x1p-24f);
  }
  const std::vector<double> y = values<double>(generator.uniform({5}, 0, 1, DType::Float64));
  EXPECT_EQ(generator.offset(), 6u);
  for (size_t i = 0; i < y.size(); ++i) {
    const Words words = philox(42, 3 + i / 2, 0);
    const uint64_t bits = static_cast<uint64_t>(words[i % 2 * 2 + 1]) << 32 | words[i % 2 * 2];
    const uint64_t kept = (bits >> 37 << 26) | (bits & 0xffffffff) >> 6;
    EXPECT_EQ(y[i], static_cast<double>(kept) * 0x1p-53);
  }
}

TEST(Generator, AStateCanBeSetAgain) {
  Generator generator(5);
  generator.normal({100}, 0, 1, DType::Float32);
  const uint64_t offset = generator.offset();
  const Tensor first = generator.normal({33}, 0, 1, DType::Float64);
  const Tensor second = generator.normal({33}, 0, 1, DType::Float64);
  EXPECT_FALSE(same_bits(first, second));
  generator.set_state(5, offset);
  EXPECT_TRUE(same_bits(generator.normal({33}, 0, 1, DType::Float64), first));
  EXPECT_TRUE(same_bits(generator.normal({33}, 0, 1, DType::Float64), second));
}

TEST(Generator, ThreadsDoNotMatterNorDoesTheLengthOfADraw) {
  const int threads = num_threads();
  const auto draw = [](int which, int64_t n) {
    Generator g(77);
    switch (which) {
      case 0:
        return g.uniform({n}, -1, 3, DType::Float32);
      case 1:
        return g.uniform({n}, -1, 3, DType::Float64);
      case 2:
        return g.normal({n}, 1, 2, DType::Float32);
      case 3:
        return g.normal({n}, 1, 2, DType::Float64);
      case 4:
        return g.integers({n}, -5, 3000000000, DType::Int64);
      case 5:
        return g.integers_span({n}, 5, (uint64_t{1} << 63) + 1, DType::UInt64);
      default:
        return g.bernoulli({n}, 0.3, DType::Int8);
    }
  };
  for (int which = 0; which < 7; ++which) {
    set_num_threads(1);
    const Tensor one = draw(which, 100001);
    const Tensor head = draw(which, 2047);
    set_num_threads(3);
    EXPECT_TRUE(same_bits(one, draw(which, 100001))) << which;
    EXPECT_TRUE(same_bits(one.view(one.layout().slice(0, 0, 2047, 1)), head)) << which;
  }
  set_num_threads(threads);
}

struct Moments {
  double mean = 0, variance = 0, skew = 0, kurtosis = 0;
};

template <class T>
Moments moments(const Tensor& x) {
  const std::vector<T> v = values<T>(x);
  Moments m;
  const double n = static_cast<double>(v.size());
  for (const T value : v) m.mean += static_cast<double>(value) / n;
  for (const T value : v) {
    const double d = static_cast<double>(value) - m.mean;
    m.variance += d * d / n;
    m.skew += d * d * d / n;
    m.kurtosis += d * d * d * d / n;
  }
  m.skew /= std::pow(m.variance, 1.5);
  m.kurtosis /= m.variance * m.variance;
  return m;
}

constexpr int64_t kMany = 1000000;
constexpr double kSlack = 5e-3;  // five standard errors of a mean of kMany values of unit variance

TEST(Uniform, Moments) {
  Generator generator(1);
  const Moments single = moments<float>(generator.uniform({kMany}, -1, 3, DType::Float32));
  EXPECT_NEAR(single.mean, 1, 4 * kSlack);
  EXPECT_NEAR(single.variance, 16.0 / 12, 4 * kSlack);
  const Moments twice = moments<double>(generator.uniform({kMany}, -1, 3, DType::Float64));
  EXPECT_NEAR(twice.mean, 1, 4 * kSlack);
  EXPECT_NEAR(twice.kurtosis, 1.8, 4 * kSlack);
}

TEST(Uniform, TheEndIsNeverReached) {
  Generator generator(2);
  const float next = std::nextafter(1.0f, 2.0f);
  for (const float x : values<float>(generator.uniform({10000}, 1, next, DType::Float32))) {
    EXPECT_EQ(x, 1.0f);
  }
  for (const float x :
       values<float>(generator.uniform({100000}, 16777216, 16777220, DType::Float32))) {
    EXPECT_GE(x, 16777216.0f);
    EXPECT_LT(x, 16777220.0f);
  }
  for (const double x : values<double>(generator.uniform({100000}, -1e-300, 1, DType::Float64))) {
    EXPECT_LT(x, 1.0);
  }
}

TEST(Normal, MomentsAndTails) {
  Generator generator(3);
  const auto check = [](const Moments& m, const char* what) {
    SCOPED_TRACE(what);
    EXPECT_NEAR(m.mean, 3, 2 * kSlack);
    EXPECT_NEAR(m.variance, 4, 6 * 2 * kSlack);
    EXPECT_NEAR(m.skew, 0, 2.5 * kSlack);
    EXPECT_NEAR(m.kurtosis, 3, 5 * kSlack);
  };
  check(moments<float>(generator.normal({kMany}, 3, 2, DType::Float32)), "float32");
  check(moments<double>(generator.normal({kMany}, 3, 2, DType::Float64)), "float64");

  // The share beyond 4 standard deviations is 6.334e-5 on both sides together.
  const int64_t n = 10 * kMany;
  const std::vector<float> x = values<float>(generator.normal({n}, 0, 1, DType::Float32));
  const auto beyond = [&](float limit) {
    return static_cast<double>(
        std::count_if(x.begin(), x.end(), [&](float v) { return std::fabs(v) > limit; }));
  };
  EXPECT_NEAR(beyond(1), 0.3173105 * static_cast<double>(n), 5 * std::sqrt(0.217 * n));
  EXPECT_NEAR(beyond(4), 633.4, 5 * std::sqrt(633.4));
  EXPECT_NEAR(beyond(5), 5.733, 12);
  EXPECT_TRUE(std::all_of(x.begin(), x.end(), [](float v) { return std::isfinite(v); }));
}

TEST(Normal, NoSpreadIsTheMean) {
  Generator generator(4);
  for (const double x : values<double>(generator.normal({7}, 2.5, 0, DType::Float64))) {
    EXPECT_EQ(x, 2.5);
  }
}

TEST(Integers, EveryValueIsAsLikely) {
  Generator generator(5);
  for (const int64_t span : {2, 3, 7, 10, 255}) {
    std::vector<int> counts(static_cast<size_t>(span));
    for (const int16_t x :
         values<int16_t>(generator.integers({kMany}, -3, span - 3, DType::Int16))) {
      ASSERT_GE(x, -3);
      ASSERT_LT(x, span - 3);
      ++counts[static_cast<size_t>(x + 3)];
    }
    double chi2 = 0;
    const double expected = static_cast<double>(kMany) / static_cast<double>(span);
    for (const int count : counts) chi2 += (count - expected) * (count - expected) / expected;
    const double freedom = static_cast<double>(span - 1);
    EXPECT_LT(chi2, freedom + 5 * std::sqrt(2 * freedom) + 5);
  }
}

// A span of 3 * 2^62 refuses a quarter of all 64-bit words: the three quarters stay equally likely.
TEST(Integers, RefusedWordsAreDrawnAgain) {
  Generator generator(6);
  const uint64_t quarter = uint64_t{1} << 62;
  std::vector<int> counts(3);
  const Tensor wide = generator.integers_span({300000}, 0, 3 * quarter, DType::UInt64);
  for (const uint64_t x : values<uint64_t>(wide)) {
    ASSERT_LT(x, 3 * quarter);
    ++counts[x / quarter];
  }
  for (const int count : counts) EXPECT_NEAR(count, 100000, 1300);
  counts.assign(3, 0);
  const uint64_t short_quarter = uint64_t{1} << 30;
  const Tensor narrow = generator.integers_span({300000}, 0, 3 * short_quarter, DType::UInt32);
  for (const uint32_t x : values<uint32_t>(narrow)) ++counts[x / short_quarter];
  for (const int count : counts) EXPECT_NEAR(count, 100000, 1300);
}

TEST(Integers, FullRanges) {
  Generator generator(7);
  const uint64_t lowest = uint64_t{1} << 63;
  const std::vector<int64_t> x =
      values<int64_t>(generator.integers_span({100000}, lowest, 0, DType::Int64));
  const auto negative = std::count_if(x.begin(), x.end(), [](int64_t v) { return v < 0; });
  EXPECT_NEAR(static_cast<double>(negative), 50000, 800);
  const int64_t top = std::numeric_limits<int64_t>::max();
  for (const int64_t v : values<int64_t>(generator.integers({100}, top - 1, top, DType::Int64))) {
    EXPECT_EQ(v, top - 1);
  }
  const auto low = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(generator.integers({1000}, low, top, DType::Int64).size(), 1000);
  std::vector<int> bytes(256);
  for (const int8_t v : values<int8_t>(generator.integers({100000}, -128, 128, DType::Int8))) {
    ++bytes[static_cast<size_t>(v + 128)];
  }
  EXPECT_GT(*std::min_element(bytes.begin(), bytes.end()), 250);
}

TEST(Bernoulli, Shares) {
  Generator generator(8);
  const auto ones = [&](double p) {
    const std::vector<float> x = values<float>(generator.bernoulli({kMany}, p, DType::Float32));
    EXPECT_TRUE(std::all_of(x.begin(), x.end(), [](float v) { return v == 0 || v == 1; }));
    return static_cast<double>(std::count(x.begin(), x.end(), 1.0f));
  };
  EXPECT_EQ(ones(0), 0);
  EXPECT_EQ(ones(1), kMany);
  EXPECT_NEAR(ones(0.25), 0.25 * kMany, 2200);
  EXPECT_EQ(generator.bernoulli({3}, 0.5, DType::Bool).dtype(), DType::Bool);
}

TEST(Permutation, HasEveryNumberOnce) {
  Generator generator(9);
  for (const int64_t n : {0, 1, 2, 3, 1000, 5000}) {
    std::vector<int64_t> x = values<int64_t>(generator.permutation(n));
    std::sort(x.begin(), x.end());
    for (int64_t i = 0; i < n; ++i) EXPECT_EQ(x[static_cast<size_t>(i)], i);
  }
}

TEST(Permutation, EveryOrderIsAsLikely) {
  Generator generator(10);
  std::vector<int> counts(27);
  for (int i = 0; i < 60000; ++i) {
    const Tensor p = generator.permutation(3);
    const int64_t* x = p.data<int64_t>();
    ++counts[static_cast<size_t>(x[0] * 9 + x[1] * 3 + x[2])];
  }
  int orders = 0;
  for (const int count : counts) {
    if (count == 0) continue;
    ++orders;
    EXPECT_NEAR(count, 10000, 500);
  }
  EXPECT_EQ(orders, 6);
}

template <class Error, class F>
std::string message(const F& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Generator, BadArgumentsAreRefusedAndLeaveTheState) {
  Generator g(11);
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message<ValueError>([&] { g.integers({2}, 5, 5, DType::Int64); }),
            "integers: low 5 must be less than high 5");
  EXPECT_EQ(message<ValueError>([&] { g.integers({2}, -129, 5, DType::Int8); }),
            "integers: the range [-129, 5) does not fit int8");
  EXPECT_EQ(message<ValueError>([&] { g.integers({2}, 0, 257, DType::UInt8); }),
            "integers: the range [0, 257) does not fit uint8");
  EXPECT_EQ(message<ValueError>([&] { g.integers({2}, -1, 5, DType::UInt64); }),
            "integers: low -1 does not fit uint64");
  EXPECT_THROW(g.integers_span({2}, 1, 0, DType::UInt64), ValueError);
  EXPECT_THROW(g.integers_span({2}, 0, 0, DType::Int64), ValueError);
  EXPECT_THROW(g.integers({2}, 0, 5, DType::Float32), TypeError);
  EXPECT_THROW(g.integers({2}, 0, 2, DType::Bool), TypeError);
  EXPECT_EQ(message<ValueError>([&] { g.normal({2}, 0, -1, DType::Float32); }),
            "normal: std -1 must not be negative");
  EXPECT_THROW(g.normal({2}, 0, nan, DType::Float32), ValueError);
  EXPECT_THROW(g.normal({2}, 0, 1, DType::Int32), TypeError);
  EXPECT_EQ(message<ValueError>([&] { g.bernoulli({2}, 1.5, DType::Bool); }),
            "bernoulli: p 1.5 is not in [0, 1]");
  EXPECT_THROW(g.bernoulli({2}, nan, DType::Bool), ValueError);
  EXPECT_THROW(g.uniform({2}, 1, 1, DType::Float32), ValueError);
  EXPECT_THROW(g.uniform({2}, 0, inf, DType::Float32), ValueError);
  EXPECT_THROW(g.uniform({2}, 0, 1e39, DType::Float32), ValueError);
  EXPECT_THROW(g.uniform({2}, -1.7e308, 1.7e308, DType::Float64), ValueError);
  EXPECT_THROW(g.uniform({2}, 0, 1, DType::Int32), TypeError);
  EXPECT_THROW(g.permutation(-1), ValueError);
  EXPECT_THROW(g.normal({-1}, 0, 1, DType::Float32), ValueError);
  EXPECT_EQ(g.offset(), 0u);
}

}  // namespace
}  // namespace ndtape::random
