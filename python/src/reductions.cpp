// Sums, extremes and their like over axes: functions and methods.
#include "areas.h"
#include "convert.h"
#include "dtype_type.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

using Reduction = Tensor (*)(const Tensor&, const Axes&, bool);
using TypedReduction = Tensor (*)(const Tensor&, const Axes&, bool, std::optional<DType>);
using Spread = Tensor (*)(const Tensor&, const Axes&, double, bool);
using Running = Tensor (*)(const Tensor&, std::optional<int64_t>, std::optional<DType>, bool);
using Position = Tensor (*)(const Tensor&, std::optional<int64_t>, bool);

// x.sum() of a whole small tensor is hot: an absent axis costs nothing.
template <class F>
PyObject* reduce(const Spec& spec, PyObject* x, F&& function) {
  if (is_tensor(x)) {
    const Tensor& t = unwrap(x);
    return wrap(unlocked(is_large(t), [&] { return function(t); }));
  }
  Tensor t = tensor_argument(x, spec.name);
  return wrap(unlocked(is_large(t), [&] { return function(t); }));
}

template <Reduction f>
PyObject* plain(const Spec& spec, PyObject* const* v) {
  Axes axes = parse_axes(v[1]);
  bool keepdims = parse_bool(v[2], false);
  return reduce(spec, v[0], [&](const Tensor& x) { return f(x, axes, keepdims); });
}

template <TypedReduction f>
PyObject* typed(const Spec& spec, PyObject* const* v) {
  Axes axes = parse_axes(v[1]);
  std::optional<DType> dtype = parse_optional_dtype(v[2]);
  bool keepdims = parse_bool(v[3], false);
  return reduce(spec, v[0], [&](const Tensor& x) { return f(x, axes, keepdims, dtype); });
}

template <Spread f>
PyObject* spread(const Spec& spec, PyObject* const* v) {
  Axes axes = parse_axes(v[1]);
  const bool numpys = v[3] && v[3] != Py_None;
  if (v[2] && numpys) {
    throw TypeError(std::string(spec.name) + ": correction and ddof, expected one of them");
  }
  double correction = v[2]     ? parse_double(v[2], "correction")
                      : numpys ? parse_double(v[3], "ddof")
                               : 0.0;
  bool keepdims = parse_bool(v[4], false);
  return reduce(spec, v[0], [&](const Tensor& x) { return f(x, axes, correction, keepdims); });
}

template <Position f>
PyObject* position(const Spec& spec, PyObject* const* v) {
  std::optional<int64_t> axis = parse_axis(v[1]);
  bool keepdims = parse_bool(v[2], false);
  return reduce(spec, v[0], [&](const Tensor& x) { return f(x, axis, keepdims); });
}

template <Running f>
PyObject* running(const Spec& spec, PyObject* const* v) {
  std::optional<int64_t> axis = parse_axis(v[1]);
  std::optional<DType> dtype = parse_optional_dtype(v[2]);
  bool include_initial = parse_bool(v[3], false);
  return reduce(spec, v[0], [&](const Tensor& x) { return f(x, axis, dtype, include_initial); });
}

constexpr char kPlain[] = "(x, /, axis=None, *, keepdims=False)";
constexpr char kTyped[] = "(x, /, axis=None, dtype=None, *, keepdims=False)";
constexpr char kRunning[] = "(x, /, *, axis=None, dtype=None, include_initial=False)";
constexpr char kSpread[] = "(x, /, axis=None, *, correction=0.0, ddof=None, keepdims=False)";

struct Words {
  const char* name;
  const char* summary;
  const char* accepts;
  const char* returns;
  const char* extra;  // more parameters
  const char* raises;
  const char* example;
};

std::string document(const Words& w) {
  return std::string(w.summary) + "\n\nParameters\n----------\nx : array_like\n    " + w.accepts +
         "\naxis : int or sequence of int, optional\n    Axes to reduce; None for all.\n" +
         w.extra + "keepdims : bool, optional\n    Keep reduced axes with length 1.\n\n" +
         "Returns\n-------\nTensor\n    " + w.returns +
         "\n\nRaises\n------\nIndexError\n    When an axis is out of range.\n" + w.raises +
         "\nExamples\n--------\n>>> import ndtape as nt\n" + w.example;
}

constexpr char kDType[] =
    "dtype : DType, optional\n    Of the result; small integers widen to 64 bits by default.\n";
constexpr char kCorrection[] =
    "correction : float, optional\n"
    "    Subtracted from the number of elements in the divisor; 1 for the sample's.\n"
    "ddof : float, optional\n    NumPy's name for `correction`.\n";
constexpr char kFloatOnly[] = "TypeError\n    When the dtype is not accepted.\n";
constexpr char kEmpty[] = "ValueError\n    When there are no elements along the axes.\n";

constexpr Words kSum = {"sum",
                        "Sum of elements.",
                        "Of any dtype.",
                        "Of the dtype of `x`; int64 or uint64 for smaller integers and bool.",
                        kDType,
                        "",
                        ">>> nt.sum(nt.tensor([[1, 2], [3, 4]]), axis=0)\ntensor([4, 6])\n"};
constexpr Words kProd = {"prod",
                         "Product of elements.",
                         "Of any dtype.",
                         "Of the dtype of `x`; int64 or uint64 for smaller integers and bool.",
                         kDType,
                         "",
                         ">>> nt.prod(nt.tensor([1, 2, 3]))\ntensor(6)\n"};
constexpr Words kMax = {"max",
                        "Largest element; NaN where there is one.",
                        "Of any dtype.",
                        "Of the dtype of `x`.",
                        "",
                        kEmpty,
                        ">>> nt.max(nt.tensor([[1, 2], [3, 0]]), axis=1)\ntensor([2, 3])\n"};
constexpr Words kMin = {"min",
                        "Smallest element; NaN where there is one.",
                        "Of any dtype.",
                        "Of the dtype of `x`.",
                        "",
                        kEmpty,
                        ">>> nt.min(nt.tensor([[1, 2], [3, 0]]), axis=1)\ntensor([1, 0])\n"};
constexpr Words kAny = {"any",
                        "Whether any element is True or non-zero.",
                        "Of any dtype.",
                        "Of dtype bool; False for no elements.",
                        "",
                        "",
                        ">>> nt.any(nt.tensor([0, 2]))\ntensor(True)\n"};
constexpr Words kAll = {"all",
                        "Whether all elements are True or non-zero.",
                        "Of any dtype.",
                        "Of dtype bool; True for no elements.",
                        "",
                        "",
                        ">>> nt.all(nt.tensor([0, 2]))\ntensor(False)\n"};
constexpr Words kMean = {"mean",
                         "Arithmetic mean.",
                         "Of a float dtype; integers become the default float dtype.",
                         "Of a float dtype; NaN for no elements.",
                         "",
                         kFloatOnly,
                         ">>> nt.mean(nt.tensor([1.0, 2.0, 6.0]))\ntensor(3.)\n"};
constexpr Words kVar = {"var",
                        "Variance: mean squared distance from the mean.",
                        "Of a float dtype; integers become the default float dtype.",
                        "Of a float dtype.",
                        kCorrection,
                        kFloatOnly,
                        ">>> nt.var(nt.tensor([1.0, 2.0, 3.0]), correction=1)\ntensor(1.)\n"};
constexpr Words kStd = {"std",
                        "Standard deviation: square root of the variance.",
                        "Of a float dtype; integers become the default float dtype.",
                        "Of a float dtype.",
                        kCorrection,
                        kFloatOnly,
                        ">>> nt.std(nt.tensor([1.0, 2.0, 3.0]), correction=1)\ntensor(1.)\n"};
constexpr Words kLogsumexp = {"logsumexp",
                              "Logarithm of the sum of exponentials, without overflow.",
                              "Of a float dtype; integers become the default float dtype.",
                              "Of a float dtype.",
                              "",
                              kFloatOnly,
                              ">>> nt.logsumexp(nt.tensor([1000.0, -nt.inf]))\ntensor(1000.)\n"};

std::string document_position(const char* which, const char* example) {
  return std::string("Position of the first ") + which +
         " element, or of the first NaN.\n\nParameters\n----------\nx : array_like\n"
         "    Of any dtype.\naxis : int, optional\n"
         "    Axis to search; None for the flattened tensor.\nkeepdims : bool, optional\n"
         "    Keep the reduced axes with length 1.\n\nReturns\n-------\nTensor\n"
         "    Of dtype int64.\n\nRaises\n------\nIndexError\n"
         "    When the axis is out of range.\nValueError\n"
         "    When there are no elements along the axis.\n\nExamples\n--------\n"
         ">>> import ndtape as nt\n" +
         example;
}

std::string document_running(const char* what, const char* notes, const char* example) {
  return std::string("Running ") + what + " along an axis.\n\n" + notes +
         "\n\nParameters\n----------\nx : array_like\n    Of one axis or more, of any dtype.\n"
         "axis : int, optional\n    Axis to run along; may be left out for one axis only.\n" +
         kDType + "include_initial : bool, optional\n    Put the " + what +
         " of no elements before the first result.\n\nReturns\n-------\nTensor\n"
         "    Of x's shape, one longer along the axis with `include_initial`; of the dtype of\n"
         "    `x`, or int64 or uint64 for smaller integers and bool.\n\n"
         "Raises\n------\nIndexError\n    When the axis is out of range.\nValueError\n"
         "    When `x` has no axis, or several and none is named.\nTypeError\n"
         "    When the dtype is bool.\n\nExamples\n--------\n>>> import ndtape as nt\n" +
         example;
}

void add(const Words& words, const char* signature,
         PyObject* (*body)(const Spec&, PyObject* const*)) {
  define(kBoth, words.name, signature, document(words).c_str(), body);
}

}  // namespace

void define_reductions() {
  add(kSum, kTyped, typed<ndtape::sum>);
  add(kProd, kTyped, typed<ndtape::prod>);
  add(kMax, kPlain, plain<ndtape::max>);
  add(kMin, kPlain, plain<ndtape::min>);
  add(kAny, kPlain, plain<ndtape::any>);
  add(kAll, kPlain, plain<ndtape::all>);
  add(kMean, kPlain, plain<ndtape::mean>);
  add(kVar, kSpread, spread<ndtape::var>);
  add(kStd, kSpread, spread<ndtape::std>);
  add(kLogsumexp, kPlain, plain<ndtape::logsumexp>);
  define(kBoth, "argmax", kPlain,
         document_position("largest", ">>> nt.argmax(nt.tensor([1, 5, 2]))\ntensor(1)\n").c_str(),
         position<ndtape::argmax>);
  define(kBoth, "argmin", kPlain,
         document_position("smallest", ">>> nt.argmin(nt.tensor([4, 5, 2]))\ntensor(2)\n").c_str(),
         position<ndtape::argmin>);
  define(kFunction, "cumulative_sum", kRunning,
         document_running("sum",
                          "Integers wrap. float32 is summed in float64, so that each result is the "
                          "sum rounded once\nhowever many elements came before.",
                          ">>> nt.cumulative_sum(nt.tensor([1, 2, 3]), include_initial=True)\n"
                          "tensor([0, 1, 3, 6])\n")
             .c_str(),
         running<ndtape::cumulative_sum>);
  define(kFunction, "cumulative_prod", kRunning,
         document_running("product",
                          "Integers wrap. float32 is multiplied in float64, one element after the "
                          "other.\nThe derivative is right where elements are zero.",
                          ">>> nt.cumulative_prod(nt.tensor([2.0, 3.0, 0.0]))\n"
                          "tensor([2., 6., 0.])\n")
             .c_str(),
         running<ndtape::cumulative_prod>);
}

}  // namespace ndtape::python
