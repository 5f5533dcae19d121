// The fuzz target on random bytes; `cmake --preset fuzz` builds it for libFuzzer.
#include "layout_fuzz.h"

#include <gtest/gtest.h>

#include <random>

namespace ndtape::testing {
namespace {

TEST(LayoutFuzz, RandomProgramsOfViews) {
  std::mt19937_64 random(1);
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 20000; ++i) {
    bytes.resize(8 + random() % 120);
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(random());
    ASSERT_NO_THROW(fuzz_layout(bytes.data(), bytes.size())) << "input " << i;
  }
}

}  // namespace
}  // namespace ndtape::testing
