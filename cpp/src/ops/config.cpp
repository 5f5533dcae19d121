#include "ndtape/config.h"

#include <type_traits>

#include "cpu/kernels.h"
#include "ndtape/ops.h"
#include "ndtape/version.h"

#define NDTAPE_STRING_(x) #x
#define NDTAPE_STRING(x) NDTAPE_STRING_(x)

namespace ndtape {
namespace {

constexpr const char* name(Types types) {
  switch (types) {
    case Types::Numeric:
      return "Numeric";
    case Types::Any:
      return "Any";
    case Types::Float:
      return "Float";
    case Types::Part:
      return "Part";
    case Types::Compare:
      return "Compare";
    case Types::Logical:
      return "Logical";
    case Types::Bitwise:
      return "Bitwise";
    case Types::Integer:
      return "Integer";
    case Types::Round:
      return "Round";
    case Types::Test:
      return "Test";
  }
  return "";
}

// Overloads pick the field that a function's type belongs in.
constexpr void set(OpRow& row, Tensor (*f)(const Tensor&)) { row.unary = f; }
constexpr void set(OpRow& row, Tensor (*f)(const Tensor&, const Tensor&)) { row.binary = f; }
constexpr void set(OpRow& row, Tensor (*f)(const Tensor&, const Tensor&, const Tensor&)) {
  row.ternary = f;
}

template <class F>
constexpr OpRow make_row(const char* name, int arity, const char* types, Field field,
                         const char* domain, const char* doc, F function) {
  OpRow row{name, arity, types, field == Field::C, domain, doc, nullptr, nullptr, nullptr};
  set(row, function);
  return row;
}

// The function of a row, told from other overloads of its name by its number of operands.
using Unary = Tensor (*)(const Tensor&);
using Binary = Tensor (*)(const Tensor&, const Tensor&);
using Ternary = Tensor (*)(const Tensor&, const Tensor&, const Tensor&);
template <int arity>
using Function =
    std::conditional_t<arity == 1, Unary, std::conditional_t<arity == 2, Binary, Ternary>>;

constexpr OpRow kRows[] = {
#define NDTAPE_X(id, arity, types, field, domain, doc)                 \
  make_row(#id, arity, name(Types::types), Field::field, #domain, doc, \
           static_cast<Function<arity>>(&ndtape::id)),
    NDTAPE_OPS(NDTAPE_X)
#undef NDTAPE_X
};

}  // namespace

const char* version() { return NDTAPE_VERSION; }

const char* isa_name() { return cpu::kernels().isa; }

const char* compiler() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#elif defined(__GNUC__)
  return "GCC " NDTAPE_STRING(__GNUC__) "." NDTAPE_STRING(__GNUC_MINOR__) "." NDTAPE_STRING(
      __GNUC_PATCHLEVEL__);
#else
  return "unknown";
#endif
}

std::span<const OpRow> op_rows() { return kRows; }

}  // namespace ndtape
