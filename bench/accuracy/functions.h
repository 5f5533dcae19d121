// The functions that are measured, with references to measure them against.
#pragma once

#include <mpfr.h>

#include <vector>

#include "cpu/op_table.h"

namespace accuracy {

// Results of float32 functions are compared with these, in double (or long double): their own
// error is below 10^-7 of a float's ULP. Those of float64 functions with MPFR, where their distance
// from the reference in long double, right to 0.01 of a double's ULP, could be a new largest error.
using Reference1 = double (*)(double);
using Reference2 = long double (*)(long double, long double);
using Wide1 = long double (*)(long double);
using Exact1 = void (*)(mpfr_t r, const mpfr_t x);
using Exact2 = void (*)(mpfr_t r, const mpfr_t x, const mpfr_t y);

struct Unary {
  ndtape::Op op;
  Reference1 reference;
  Wide1 wide;
  Exact1 exact;
  double low, high;  // where half of the random samples are taken
  double centre;     // and a quarter close to this point
};

struct Binary {
  ndtape::Op op;
  Reference2 reference;
  Exact2 exact;
  double low, high;
  double low2, high2;
  bool cancels = false;  // its terms may cancel: see the program's notes
};

const std::vector<Unary>& unary_functions();
const std::vector<Binary>& binary_functions();

}  // namespace accuracy
