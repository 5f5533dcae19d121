// What this build is, and the table of elementwise operators that bindings are made from.
#pragma once

#include <span>

#include "ndtape/tensor.h"

namespace ndtape {

const char* version();
// The instruction set in use. Throws ValueError when NDTAPE_ISA names one that is unknown, or that
// this processor does not have.
const char* isa_name();
const char* compiler();

// An elementwise operator. One of the three functions is set, the one that `arity` says.
struct OpRow {
  const char* name;
  int arity;
  const char* types;   // which dtypes it takes: Numeric, Any, Float, Compare, Logical, ...
  bool complex;        // whether complex numbers are among them
  const char* domain;  // where it is defined: real, positive, nonzero, ...
  const char* doc;     // one line
  Tensor (*unary)(const Tensor&);
  Tensor (*binary)(const Tensor&, const Tensor&);
  Tensor (*ternary)(const Tensor&, const Tensor&, const Tensor&);
};

std::span<const OpRow> op_rows();

}  // namespace ndtape
