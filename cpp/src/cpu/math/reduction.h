// Arguments too large for the vector reduction of the trigonometric functions.
#pragma once

#include <stdint.h>

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

struct LargeReduced {
  double hi, lo;
  int64_t n;
};

// The binary digits of 2/pi after the point, behind one word of zeros.
inline constexpr uint64_t kTwoPerPiDigits[] = {
    0,
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
    0xa9e391615ee61b08,
};

// x = n pi/2 + hi + lo, n modulo 4, for |x| >= 1; NaN for infinities and NaN (Payne and Hanek
// 1983). With x = m 2^e, only a window of the digits of 2/pi matters: those left of it make
// multiples of 4, those right of it are too small. 192 bits leave more than 2^-70 of relative error
// even where x is as close to a multiple of pi/2 as a double comes.
__attribute__((noinline)) LargeReduced reduce_large(double x) {
  const uint64_t x_bits = __builtin_bit_cast(uint64_t, x);
  const int biased = static_cast<int>(x_bits >> 52) & 0x7ff;
  if (biased == 0x7ff) return {__builtin_nan(""), 0, 0};
  const uint64_t m = (x_bits & 0x000fffffffffffff) | 0x0010000000000000;
  const int e = biased - 1075;
  // Digit i has the value 2^-i; after the factor 2^e those with i >= e - 1 are below 4.
  const int start = e - 2 + 64;  // >= 0, as e >= -52
  const int word = start >> 6;
  const int shift = start & 63;
  uint64_t w[3];
  for (int i = 0; i < 3; ++i) {
    const uint64_t high = kTwoPerPiDigits[word + i];
    const uint64_t low = kTwoPerPiDigits[word + i + 1];
    w[i] = shift == 0 ? high : (high << shift) | (low >> (64 - shift));
  }
  // m * w modulo 2^192: two bits of quadrant, 190 bits of fraction.
  using Wide = unsigned __int128;
  const Wide p2 = static_cast<Wide>(m) * w[2];
  const Wide p1 = static_cast<Wide>(m) * w[1] + static_cast<uint64_t>(p2 >> 64);
  const uint64_t top = m * w[0] + static_cast<uint64_t>(p1 >> 64);
  const uint64_t middle = static_cast<uint64_t>(p1);
  const uint64_t bottom = static_cast<uint64_t>(p2);
  // Round to the nearest quadrant; what is left is a signed fraction of 2^-190.
  const uint64_t rounded = top + (uint64_t{1} << 61);
  int64_t n = static_cast<int64_t>(rounded >> 62);
  uint64_t f0 = (top << 2) | (middle >> 62);
  uint64_t f1 = (middle << 2) | (bottom >> 62);
  uint64_t f2 = bottom << 2;
  const bool negative = (f0 >> 63) != 0;
  if (negative) {
    f2 = ~f2 + 1;
    f1 = ~f1 + (f2 == 0);
    f0 = ~f0 + (f2 == 0 && f1 == 0);
  }
  // Bring the first set bit to the top; there is one within the first 64 or so.
  int zeros = 0;
  if (f0 == 0) {
    f0 = f1;
    f1 = f2;
    zeros = 64;
  }
  const int lead = f0 == 0 ? 0 : __builtin_clzll(f0);
  if (lead != 0) {
    f0 = (f0 << lead) | (f1 >> (64 - lead));
    f1 = (f1 << lead) | (zeros == 0 ? f2 >> (64 - lead) : 0);
  }
  zeros += lead;
  // 64 + 53 bits as three doubles without rounding, scaled by 2^-(64 + zeros).
  const double scale = __builtin_bit_cast(double, static_cast<uint64_t>(1023 - 64 - zeros) << 52);
  const double a = static_cast<double>(f0 >> 32) * 0x1p32;
  const double b = static_cast<double>(f0 & 0xffffffff);
  const double c = static_cast<double>(f1 >> 11) * 0x1p-53;
  const double hi = a + b;
  const double lo = (b - (hi - a)) + c;
  // Times pi/2, whose first part is split so that its product with a split hi is exact.
  constexpr double kHalfPi = 0x1.921fb54442d18p+0, kLow = 0x1.1a62633145c07p-54;
  constexpr double kHigh = 0x1.921fb54000000p+0, kMiddle = kHalfPi - kHigh;
  const double split = hi * 134217729.0;
  const double h = split - (split - hi);
  const double l = hi - h;
  const double product = hi * kHalfPi;
  const double error = ((h * kHigh - product) + h * kMiddle + l * kHigh) + l * kMiddle;
  const double tail = error + (hi * kLow + lo * kHalfPi);
  double r = product + tail;
  double r_low = tail - (r - product);
  r *= scale;
  r_low *= scale;
  if (negative) {
    r = -r;
    r_low = -r_low;
  }
  if (x < 0) {
    r = -r;
    r_low = -r_low;
    n = -n;
  }
  return {r, r_low, n & 3};
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
