#include "../layout_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ndtape::testing::fuzz_layout(data, size);
  return 0;
}
