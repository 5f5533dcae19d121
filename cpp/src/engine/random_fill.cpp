#include "engine/random_fill.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "cpu/kernels.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

using cpu::BlockKernel;
using cpu::kernels;
using cpu::RandomKernels;

// Elements at a time: their words fit the L1 cache. A task is a run of such blocks.
constexpr int64_t kBlock = 1024;
constexpr int64_t kTask = 8 * kBlock;

// Calls body(first element, count) for blocks of elements, on all threads.
template <class F>
void for_blocks(int64_t n, const F& body) {
  parallel_for((n + kTask - 1) / kTask, [&](int64_t begin, int64_t end) {
    const int64_t last = std::min(n, end * kTask);
    for (int64_t i = begin * kTask; i < last; i += kBlock) body(i, std::min(kBlock, last - i));
  });
}

// The words of elements first..first+n-1 of a draw that takes W words an element; `first` is a
// multiple of kBlock. Whole blocks are written: at least 4 words.
template <int W>
void words_of(const Stream& stream, int64_t first, int64_t n, uint32_t* words) {
  const int64_t blocks = W == 1 ? blocks_of_words(n) : blocks_of_pairs(n);
  kernels().random.philox(stream.seed, stream.offset + static_cast<uint64_t>(first * W / 4), 0,
                          blocks, words);
}

// The word or pair of element i at the given attempt.
template <int W>
uint64_t bits_again(const Stream& stream, int64_t i, uint64_t attempt) {
  uint32_t words[4];
  kernels().random.philox(stream.seed, stream.offset + static_cast<uint64_t>(i * W / 4), attempt, 1,
                          words);
  if constexpr (W == 1) {
    return words[i % 4];
  } else {
    return static_cast<uint64_t>(words[i % 2 * 2 + 1]) << 32 | words[i % 2 * 2];
  }
}

// ---- integers -----------------------------------------------------------------------------------

// Lemire, "Fast random integer generation in an interval", 2019: the upper half of bits * span is
// uniform when those bits are refused whose lower half is below 2^W mod span.
struct Scaled {
  uint64_t value;
  uint64_t fraction;
};

template <int W>
Scaled scale(uint64_t bits, uint64_t span) {
  if constexpr (W == 1) {
    const uint64_t product = bits * span;
    return {product >> 32, product & 0xffffffffu};
  } else {
    if (span == 0) return {bits, 0};
    const unsigned __int128 product = static_cast<unsigned __int128>(bits) * span;
    return {static_cast<uint64_t>(product >> 64), static_cast<uint64_t>(product)};
  }
}

template <int W>
uint64_t refused_below(uint64_t span) {
  if constexpr (W == 1) {
    return ((uint64_t{1} << 32) - span) % span;
  } else {
    return span == 0 ? 0 : (0 - span) % span;
  }
}

template <int W>
uint64_t scale_again(const Stream& stream, int64_t i, uint64_t span, uint64_t refused) {
  for (uint64_t attempt = 1;; ++attempt) {
    const Scaled s = scale<W>(bits_again<W>(stream, i, attempt), span);
    if (s.fraction >= refused) return s.value;
  }
}

template <int W, class T>
void fill_integers_as(const Stream& stream, uint64_t low, uint64_t span, T* out, int64_t n) {
  const uint64_t refused = refused_below<W>(span);
  for_blocks(n, [&](int64_t first, int64_t count) {
    uint32_t words[kBlock * W];
    words_of<W>(stream, first, count, words);
    for (int64_t i = 0; i < count; ++i) {
      uint64_t bits = words[i];
      if constexpr (W == 2) bits = static_cast<uint64_t>(words[2 * i + 1]) << 32 | words[2 * i];
      const Scaled s = scale<W>(bits, span);
      const bool fine = s.fraction >= refused;
      const uint64_t value = fine ? s.value : scale_again<W>(stream, first + i, span, refused);
      out[first + i] = static_cast<T>(low + value);
    }
  });
}

template <class T>
void fill_integers_as(const Stream& stream, uint64_t low, uint64_t span, void* out, int64_t n) {
  if (span_takes_pairs(span)) {
    fill_integers_as<2>(stream, low, span, static_cast<T*>(out), n);
  } else {
    fill_integers_as<1>(stream, low, span, static_cast<T*>(out), n);
  }
}

// ---- normals ------------------------------------------------------------------------------------

template <class T>
struct Polar;
template <>
struct Polar<float> {
  static constexpr int kWords = 1;  // an element
  static constexpr auto to_polar = &RandomKernels::polar_float32;
  static constexpr auto to_cartesian = &RandomKernels::cartesian_float32;
};
template <>
struct Polar<double> {
  static constexpr int kWords = 2;
  static constexpr auto to_polar = &RandomKernels::polar_float64;
  static constexpr auto to_cartesian = &RandomKernels::cartesian_float64;
};

// Box and Muller's transform, with the vector math of the elementwise operators.
template <class T>
void fill_normal_as(const Stream& stream, T mean, T std, T* out, int64_t n) {
  constexpr int W = Polar<T>::kWords;
  const cpu::KernelTable& table = kernels();
  const auto kernel = [&](Op op) {
    return table.block[static_cast<int>(op)][static_cast<int>(dtype_of<T>)];
  };
  const BlockKernel log = kernel(Op::log), negate = kernel(Op::negative), root = kernel(Op::sqrt);
  const BlockKernel cosine = kernel(Op::cos), sine = kernel(Op::sin);
  const T scale = static_cast<T>(std * 1.4142135623730950488);  // sqrt(-2 log u) is its part
  for_blocks(n, [&](int64_t first, int64_t count) {
    const int64_t pairs = (count + 1) / 2;
    uint32_t words[kBlock * W];
    T u[kBlock / 2], angle[kBlock / 2], cosines[kBlock / 2];
    words_of<W>(stream, first, 2 * pairs, words);
    (table.random.*Polar<T>::to_polar)(words, u, angle, pairs);
    log(u, nullptr, nullptr, u, pairs);
    negate(u, nullptr, nullptr, u, pairs);
    root(u, nullptr, nullptr, u, pairs);
    cosine(angle, nullptr, nullptr, cosines, pairs);
    sine(angle, nullptr, nullptr, angle, pairs);
    const int64_t whole = count / 2;
    (table.random.*Polar<T>::to_cartesian)(u, cosines, angle, mean, scale, out + first, whole);
    if (count % 2 != 0) {
      T both[2];
      (table.random.*Polar<T>::to_cartesian)(u + whole, cosines + whole, angle + whole, mean, scale,
                                             both, 1);
      out[first + count - 1] = both[0];
    }
  });
}

}  // namespace

void fill_uniform(const Stream& stream, double low, double high, DType dtype, void* out,
                  int64_t n) {
  const RandomKernels& random = kernels().random;
  if (dtype == DType::Float32) {
    const float first = static_cast<float>(low);
    const float end = static_cast<float>(high);
    for_blocks(n, [&](int64_t i, int64_t count) {
      uint32_t words[kBlock];
      words_of<1>(stream, i, count, words);
      random.uniform_float32(words, first, end - first, end, static_cast<float*>(out) + i, count);
    });
  } else {
    for_blocks(n, [&](int64_t i, int64_t count) {
      uint32_t words[kBlock * 2];
      words_of<2>(stream, i, count, words);
      random.uniform_float64(words, low, high - low, high, static_cast<double*>(out) + i, count);
    });
  }
}

void fill_normal(const Stream& stream, double mean, double std, DType dtype, void* out, int64_t n) {
  if (dtype == DType::Float32) {
    fill_normal_as<float>(stream, static_cast<float>(mean), static_cast<float>(std),
                          static_cast<float*>(out), n);
  } else {
    fill_normal_as<double>(stream, mean, std, static_cast<double*>(out), n);
  }
}

void fill_integers(const Stream& stream, uint64_t low, uint64_t span, DType dtype, void* out,
                   int64_t n) {
  switch (itemsize(dtype)) {  // the low bits are the same, signed or not
    case 1:
      return fill_integers_as<uint8_t>(stream, low, span, out, n);
    case 2:
      return fill_integers_as<uint16_t>(stream, low, span, out, n);
    case 4:
      return fill_integers_as<uint32_t>(stream, low, span, out, n);
    default:
      return fill_integers_as<uint64_t>(stream, low, span, out, n);
  }
}

void fill_bernoulli(const Stream& stream, double p, uint8_t* out, int64_t n) {
  if (p >= 1) {
    std::memset(out, 1, static_cast<size_t>(n));
    return;
  }
  const uint64_t threshold = static_cast<uint64_t>(std::ldexp(p, 64));
  for_blocks(n, [&](int64_t first, int64_t count) {
    uint32_t words[kBlock * 2];
    words_of<2>(stream, first, count, words);
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t bits = static_cast<uint64_t>(words[2 * i + 1]) << 32 | words[2 * i];
      out[first + i] = bits < threshold;
    }
  });
}

void fill_permutation(const Stream& stream, int64_t* out, int64_t n) {
  // Fisher and Yates's shuffle, from the front: place i gets one of what is at 0..i.
  const bool pairs = span_takes_pairs(static_cast<uint64_t>(n));
  uint32_t words[kBlock * 2];
  for (int64_t first = 0; first < n; first += kBlock) {
    const int64_t count = std::min(kBlock, n - first);
    if (pairs) {
      words_of<2>(stream, first, count, words);
    } else {
      words_of<1>(stream, first, count, words);
    }
    for (int64_t k = 0; k < count; ++k) {
      const int64_t i = first + k;
      const uint64_t span = static_cast<uint64_t>(i) + 1;
      uint64_t j;
      if (pairs) {
        const uint64_t bits = static_cast<uint64_t>(words[2 * k + 1]) << 32 | words[2 * k];
        const Scaled s = scale<2>(bits, span);
        // The remainder is dear, and seldom needed.
        const bool fine = s.fraction >= span || s.fraction >= refused_below<2>(span);
        j = fine ? s.value : scale_again<2>(stream, i, span, refused_below<2>(span));
      } else {
        const Scaled s = scale<1>(words[k], span);
        const bool fine = s.fraction >= span || s.fraction >= refused_below<1>(span);
        j = fine ? s.value : scale_again<1>(stream, i, span, refused_below<1>(span));
      }
      out[i] = i;  // j may be i
      out[i] = out[j];
      out[j] = i;
    }
  }
}

}  // namespace ndtape::engine
