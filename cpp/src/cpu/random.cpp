// Random words from a counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as
// 1, 2, 3", 2011), and the conversions of its words to floats.
#include "cpu/isa.h"
#include "cpu/shuffle.h"
#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// One vector of blocks. Each 64-bit lane holds a word of one block in its lower half; the upper
// halves hold what earlier products left there, which no multiplication sees.
inline void philox_vector(uint64_t key, uint64_t first, uint64_t high, uint32_t* words) {
  constexpr int L = kLanes<uint64_t>;
  static constexpr uint64_t kLane[8] = {0, 1, 2, 3, 4, 5, 6, 7};
  u64 c0 = first + load<u64>(kLane);
  u64 c1 = c0 >> 32;
  u64 c2 = high - u64{};
  u64 c3 = (high >> 32) - u64{};
  const u64 m0 = 0xD2511F53u - u64{};
  const u64 m1 = 0xCD9E8D57u - u64{};
  u64 k0 = key - u64{};
  u64 k1 = (key >> 32) - u64{};
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round) {
    const u64 p0 = multiply_halves(c0, m0);
    const u64 p1 = multiply_halves(c2, m1);
    c0 = (p1 >> 32) ^ c1 ^ k0;
    c1 = p1;
    c2 = (p0 >> 32) ^ c3 ^ k1;
    c3 = p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  const u64 w01 = (c0 & 0xffffffffu) | c1 << 32;
  const u64 w23 = (c2 & 0xffffffffu) | c3 << 32;
  store(words, Interleave<L>::low(w01, w23));
  store(words + 2 * L, Interleave<L>::high(w01, w23));
}

void philox(uint64_t key, uint64_t first, uint64_t high, int64_t blocks, uint32_t* words) {
  constexpr int L = kLanes<uint64_t>;
  int64_t i = 0;
  for (; i + L <= blocks; i += L) {
    philox_vector(key, first + static_cast<uint64_t>(i), high, words + 4 * i);
  }
  if (i < blocks) {
    uint32_t last[4 * L];
    philox_vector(key, first + static_cast<uint64_t>(i), high, last);
    __builtin_memcpy(words + 4 * i, last, static_cast<size_t>(blocks - i) * 16);
  }
}

// The largest value of the range, for those that rounding would lift to its end.
inline float below(float x) { return __builtin_nextafterf(x, -__builtin_inff()); }
inline double below(double x) { return __builtin_nextafter(x, -__builtin_inf()); }

void uniform_float32(const uint32_t* words, float low, float range, float high, float* out,
                     int64_t n) {
  const float last = below(high) < low ? low : below(high);
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    const float u = static_cast<float>(static_cast<int32_t>(words[i] >> 8)) * 0x1p-24f;
    const float x = low + u * range;
    out[i] = x < high ? x : last;
  }
}

void uniform_float64(const uint32_t* words, double low, double range, double high, double* out,
                     int64_t n) {
  const double last = below(high) < low ? low : below(high);
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    // The upper 53 bits of a pair, as two exact parts.
    const double upper = static_cast<double>(static_cast<int32_t>(words[2 * i + 1] >> 5));
    const double lower = static_cast<double>(static_cast<int32_t>(words[2 * i] >> 6));
    const double u = (upper * 0x1p26 + lower) * 0x1p-53;
    const double x = low + u * range;
    out[i] = x < high ? x : last;
  }
}

constexpr double kTwoPi = 6.283185307179586476925286766559;

void polar_float32(const uint32_t* words, float* u, float* angle, int64_t pairs) {
  NDTAPE_IVDEP
  for (int64_t i = 0; i < pairs; ++i) {
    // All 32 bits count towards small u, which is where the tails come from.
    const uint32_t w = words[2 * i];
    const float upper = static_cast<float>(static_cast<int32_t>(w >> 16));
    const float lower = static_cast<float>(static_cast<int32_t>(w & 0xffff) + 1);
    u[i] = upper * 0x1p-16f + lower * 0x1p-32f;
    angle[i] = static_cast<float>(static_cast<int32_t>(words[2 * i + 1] >> 8)) *
               static_cast<float>(kTwoPi * 0x1p-24);
  }
}

void polar_float64(const uint32_t* words, double* u, double* angle, int64_t pairs) {
  NDTAPE_IVDEP
  for (int64_t i = 0; i < pairs; ++i) {
    const double upper = static_cast<double>(static_cast<int32_t>(words[4 * i + 1] >> 1));
    const double lower = static_cast<double>(static_cast<int32_t>(words[4 * i] >> 1));
    u[i] = upper * 0x1p-31 + (lower + 1) * 0x1p-62;
    const double turn_upper = static_cast<double>(static_cast<int32_t>(words[4 * i + 3] >> 5));
    const double turn_lower = static_cast<double>(static_cast<int32_t>(words[4 * i + 2] >> 6));
    angle[i] = (turn_upper * 0x1p26 + turn_lower) * (kTwoPi * 0x1p-53);
  }
}

template <class T>
inline void cartesian(const T* radius, const T* cosine, const T* sine, T mean, T std, T* out,
                      int64_t pairs) {
  NDTAPE_IVDEP
  for (int64_t i = 0; i < pairs; ++i) {
    const T r = std * radius[i];
    out[2 * i] = mean + r * cosine[i];
    out[2 * i + 1] = mean + r * sine[i];
  }
}

void cartesian_float32(const float* radius, const float* cosine, const float* sine, float mean,
                       float std, float* out, int64_t pairs) {
  cartesian(radius, cosine, sine, mean, std, out, pairs);
}

void cartesian_float64(const double* radius, const double* cosine, const double* sine, double mean,
                       double std, double* out, int64_t pairs) {
  cartesian(radius, cosine, sine, mean, std, out, pairs);
}

}  // namespace

void add_random(KernelTable& table) {
  table.random = {philox,        uniform_float32,   uniform_float64,  polar_float32,
                  polar_float64, cartesian_float32, cartesian_float64};
}

}  // namespace ndtape::cpu::NDTAPE_ISA
