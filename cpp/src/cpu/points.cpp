// Places that arrays of integers name together, and writing to them.
#include "cpu/isa.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

struct Wide {
  uint64_t half[2];
};

// Without branches, so that the compiler makes vectors of it. Unsigned, for what is out of range
// may overflow.
template <bool Dense>
bool add_all(const int64_t* index, int64_t stride, int64_t length, int64_t step, int64_t* offsets,
             int64_t n) {
  const auto end = static_cast<uint64_t>(length);
  uint64_t bad = 0;
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    const int64_t at = index[Dense ? i : i * stride];
    const uint64_t place = static_cast<uint64_t>(at) + (at < 0 ? end : 0);
    bad |= static_cast<uint64_t>(place >= end);
    offsets[i] = static_cast<int64_t>(static_cast<uint64_t>(offsets[i]) +
                                      place * static_cast<uint64_t>(step));
  }
  return bad == 0;
}

bool add_offsets(const int64_t* index, int64_t stride, int64_t length, int64_t step,
                 int64_t* offsets, int64_t n) {
  return stride == 1 ? add_all<true>(index, 1, length, step, offsets, n)
                     : add_all<false>(index, stride, length, step, offsets, n);
}

// Stores wait for their cache lines one after the other, unless these are asked for before.
inline constexpr int64_t kAhead = 32;

template <class E>
void put(void* x, const int64_t* offsets, const void* values, int64_t n) {
  char* to = static_cast<char*>(x);
  const char* from = static_cast<const char*>(values);
  for (int64_t i = 0; i < n; ++i) {
    __builtin_prefetch(to + offsets[i + kAhead < n ? i + kAhead : i], 1);
    __builtin_memcpy(to + offsets[i], from + i * static_cast<int64_t>(sizeof(E)), sizeof(E));
  }
}

}  // namespace

void add_points(KernelTable& table) {
  table.add_offsets = add_offsets;
  table.put[0] = put<uint8_t>;
  table.put[1] = put<uint16_t>;
  table.put[2] = put<uint32_t>;
  table.put[3] = put<uint64_t>;
  table.put[4] = put<Wide>;
}

}  // namespace ndtape::cpu::NDTAPE_ISA
