#include "ndtape/dtype.h"

#include <gtest/gtest.h>

#include <string>

#include "ndtape/error.h"

namespace ndtape {
namespace {

TEST(DType, RowsKnowTheirTypes) {
  EXPECT_STREQ(name(DType::UInt16), "uint16");
  EXPECT_EQ(itemsize(DType::Float64), 8);
  EXPECT_EQ(kind(DType::Bool), Kind::Bool);
  EXPECT_TRUE(is_integer(DType::UInt8));
  EXPECT_FALSE(is_integer(DType::Bool));
  EXPECT_EQ(dtype_of<float>, DType::Float32);
  EXPECT_EQ(dtype_of<int64_t>, DType::Int64);
  EXPECT_EQ(itemsize(DType::Complex128), 16);
  EXPECT_EQ(real_dtype(DType::Complex64), DType::Float32);
  EXPECT_EQ(complex_dtype(DType::Float64), DType::Complex128);
}

// The smallest dtype that holds every value of two integer dtypes, by their bits.
DType expected_of_integers(DType a, DType b) {
  const bool is_signed = kind(a) == Kind::Int || kind(b) == Kind::Int;
  const auto bits = [&](DType t) {
    return 8 * itemsize(t) + (is_signed && kind(t) == Kind::UInt ? 1 : 0);
  };
  const int64_t needed = std::max(bits(a), bits(b));
  for (int i = 0; i < kDTypeCount; ++i) {
    const DType t = static_cast<DType>(i);
    if (kind(t) == (is_signed ? Kind::Int : Kind::UInt) && 8 * itemsize(t) >= needed) return t;
  }
  return DType::Bool;  // none
}

TEST(DType, PromotionFollowsTheStandard) {
  for (int i = 0; i < kDTypeCount; ++i) {
    for (int j = 0; j < kDTypeCount; ++j) {
      const DType a = static_cast<DType>(i);
      const DType b = static_cast<DType>(j);
      SCOPED_TRACE(std::string(name(a)) + " with " + name(b));
      if (a == b) {
        EXPECT_EQ(promote(a, b), a);
      } else if (is_integer(a) && is_integer(b)) {
        const DType expected = expected_of_integers(a, b);
        if (expected == DType::Bool) {
          EXPECT_THROW(promote(a, b), TypeError);
        } else {
          EXPECT_EQ(promote(a, b), expected);
        }
      } else if (is_float(a) && is_float(b)) {
        EXPECT_EQ(promote(a, b), DType::Float64);
      } else if (is_inexact(a) && is_inexact(b)) {
        const bool narrow = real_dtype(a) == DType::Float32 && real_dtype(b) == DType::Float32;
        EXPECT_EQ(promote(a, b), narrow ? DType::Complex64 : DType::Complex128);
      } else {
        EXPECT_THROW(promote(a, b), TypeError);
      }
    }
  }
}

TEST(DType, ErrorsNameBothDTypes) {
  try {
    promote(DType::Int64, DType::Float32);
    FAIL();
  } catch (const TypeError& error) {
    EXPECT_STREQ(error.what(),
                 "dtypes int64 and float32 are of different kinds; convert one with astype");
  }
}

TEST(DType, DefaultFloat) {
  EXPECT_EQ(default_float(), DType::Float32);
  set_default_float(DType::Float64);
  EXPECT_EQ(default_float(), DType::Float64);
  EXPECT_THROW(set_default_float(DType::Int32), TypeError);
  EXPECT_EQ(default_float(), DType::Float64);
  set_default_float(DType::Float32);
}

}  // namespace
}  // namespace ndtape
