// Chooses the kernel table: the best instruction set this processor has, or the one asked for.
#include <cstdlib>
#include <cstring>
#include <string>

#include "cpu/built_isas.h"
#include "cpu/kernels.h"
#include "ndtape/error.h"

namespace ndtape::cpu {

#define NDTAPE_X_DECLARE(isa)              \
  namespace isa {                          \
  void add_arithmetic(KernelTable& table); \
  void add_comparison(KernelTable& table); \
  void add_float_math(KernelTable& table); \
  void add_complex(KernelTable& table);    \
  void add_casts(KernelTable& table);      \
  void add_tiles(KernelTable& table);      \
  void add_points(KernelTable& table);     \
  void add_reductions(KernelTable& table); \
  void add_scans(KernelTable& table);      \
  void add_rows(KernelTable& table);       \
  void add_steps(KernelTable& table);      \
  void add_gemm(KernelTable& table);       \
  void add_random(KernelTable& table);     \
  void add_fft(KernelTable& table);        \
  void add_norms(KernelTable& table);      \
  void add_pools(KernelTable& table);      \
  void add_cells(KernelTable& table);      \
  void add_attention(KernelTable& table);  \
  }
NDTAPE_BUILT_ISAS(NDTAPE_X_DECLARE)

namespace {

// What the processor and the operating system support: of each level, the features that were not
// all introduced together.
#if defined(__x86_64__)
bool has_v2() {
  return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("ssse3") &&
         __builtin_cpu_supports("popcnt");
}
bool has_v3() {
  return has_v2() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
bool has_v4() {
  return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}
constexpr int kBytesv2 = 16, kBytesv3 = 32, kBytesv4 = 64;
#elif defined(__aarch64__)
bool has_neon() { return true; }
constexpr int kBytesneon = 16;
#else
bool has_generic() { return true; }
constexpr int kBytesgeneric = 16;
#endif

struct Isa {
  const char* name;
  int vector_bytes;
  bool (*supported)();
  void (*fill)(KernelTable& table);
};

constexpr Isa kIsas[] = {
#define NDTAPE_X_ROW(isa)                                 \
  {#isa, kBytes##isa, has_##isa, [](KernelTable& table) { \
     isa::add_arithmetic(table);                          \
     isa::add_comparison(table);                          \
     isa::add_float_math(table);                          \
     isa::add_complex(table);                             \
     isa::add_casts(table);                               \
     isa::add_tiles(table);                               \
     isa::add_points(table);                              \
     isa::add_reductions(table);                          \
     isa::add_scans(table);                               \
     isa::add_rows(table);                                \
     isa::add_steps(table);                               \
     isa::add_gemm(table);                                \
     isa::add_random(table);                              \
     isa::add_fft(table);                                 \
     isa::add_norms(table);                               \
     isa::add_pools(table);                               \
     isa::add_cells(table);                               \
     isa::add_attention(table);                           \
   }},
    NDTAPE_BUILT_ISAS(NDTAPE_X_ROW)};

const Isa& choose() {
  const char* wanted = std::getenv("NDTAPE_ISA");
  if (wanted && *wanted == '\0') wanted = nullptr;
  const Isa* best = nullptr;
  std::string available;
  for (const Isa& isa : kIsas) {
    if (!isa.supported()) continue;
    if (wanted && std::strcmp(wanted, isa.name) == 0) return isa;
    best = &isa;
    available += available.empty() ? isa.name : std::string(", ") + isa.name;
  }
  if (wanted) {
    throw ValueError(
        "NDTAPE_ISA=" + std::string(wanted) +
        " is not an instruction set of this build and processor; available: " + available);
  }
  if (!best) throw ValueError("this processor lacks x86-64-v2, which ndtape needs");
  return *best;
}

const KernelTable& make_table() {
  static KernelTable table;
  const Isa& isa = choose();
  table.isa = isa.name;
  table.vector_bytes = isa.vector_bytes;
  isa.fill(table);
  return table;
}

}  // namespace

const KernelTable& kernels() {
  static const KernelTable& table = make_table();
  return table;
}

}  // namespace ndtape::cpu
