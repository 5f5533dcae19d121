// Functions of rows: softmax, normalisation, cross-entropy, attention.
#include <cmath>

#include "areas.h"
#include "convert.h"
#include "layer_arguments.h"
#include "layer_docs.h"
#include "ndtape/attention.h"
#include "ndtape/norms.h"
#include "ndtape/ops.h"
#include "ndtape/tape.h"
#include "operators.h"
#include "rows_docs.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

using AlongAxis = Tensor (*)(const Tensor&, int64_t);

template <AlongAxis f>
PyObject* along_axis(const Spec& spec, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], spec.name);
  const int64_t axis = parse_axis(v[1]).value_or(-1);
  return wrap(unlocked(is_large(x), [&] { return f(x, axis); }));
}

Tensor optional_tensor(PyObject* o, const char* function) {
  return !o || o == Py_None ? Tensor() : tensor_argument(o, function);
}

PyObject* call_layer_norm(const Spec& spec, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], spec.name);
  const Tensor weight = optional_tensor(v[1], spec.name), bias = optional_tensor(v[2], spec.name);
  const double epsilon = v[3] ? parse_double(v[3], "epsilon") : 1e-5;
  return wrap(unlocked(is_large(x), [&] { return layer_norm(x, weight, bias, epsilon); }));
}

PyObject* call_rms_norm(const Spec& spec, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], spec.name), weight = optional_tensor(v[1], spec.name);
  const double epsilon = parse_double(v[2], "epsilon");
  return wrap(unlocked(is_large(x), [&] { return rms_norm(x, weight, epsilon); }));
}

PyObject* call_group_norm(const Spec&, PyObject* const* v) {
  constexpr char kName[] = "group_norm";
  const Tensor x = named_tensor(v[0], kName, "x");
  const int64_t groups = positive_integer(v[1], "groups");
  const Tensor weight = named_tensor_or_none(v[2], kName, "weight"),
               bias = named_tensor_or_none(v[3], kName, "bias");
  const double epsilon = parse_double(v[4], "epsilon");
  return wrap(unlocked(is_large(x), [&] { return group_norm(x, groups, weight, bias, epsilon); }));
}

PyObject* call_batch_norm(const Spec& spec, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], spec.name), mean = optional_tensor(v[1], spec.name),
               var = optional_tensor(v[2], spec.name), weight = optional_tensor(v[3], spec.name),
               bias = optional_tensor(v[4], spec.name);
  const double epsilon = parse_double(v[5], "epsilon");
  const BatchNorm r =
      unlocked(is_large(x), [&] { return batch_norm(x, mean, var, weight, bias, epsilon); });
  const py::object y = own(wrap(r.y)), m = own(wrap(r.mean)), w = own(wrap(r.var));
  return check(PyTuple_Pack(3, y.ptr(), m.ptr(), w.ptr()));
}

bool is_zero(PyObject* o) {
  if (PyFloat_CheckExact(o)) return PyFloat_AS_DOUBLE(o) == 0;
  const int found = PyObject_RichCompareBool(o, own(PyLong_FromLong(0)).ptr(), Py_EQ);
  check(found);
  return found;
}

// Weights that are dropped, and masks that learn.
PyObject* attention_by_operators(PyObject* const* v) {
  const py::object module = own(PyImport_ImportModule("ndtape.nn._attention"));
  const py::object none = own(PyFloat_FromDouble(0));
  const auto given = [&](int i, PyObject* otherwise) { return v[i] ? v[i] : otherwise; };
  return check(PyObject_CallMethod(module.ptr(), "by_operators", "OOOOOOO", v[0], v[1], v[2],
                                   given(3, Py_None), given(4, Py_False), given(5, none.ptr()),
                                   given(6, Py_None)));
}

PyObject* call_attention(const Spec&, PyObject* const* v) {
  constexpr char kName[] = "attention";
  const Tensor query = named_tensor(v[0], kName, "query"), key = named_tensor(v[1], kName, "key"),
               value = named_tensor(v[2], kName, "value"),
               mask = named_tensor_or_none(v[3], kName, "mask");
  if ((v[5] && !is_zero(v[5])) || (mask.defined() && requires_grad(mask)))
    return attention_by_operators(v);
  const bool causal = parse_bool(v[4], false);
  const int64_t features = query.ndim() > 0 ? query.shape().back() : 0;
  const double scale = v[6] && v[6] != Py_None ? parse_double(v[6], "scale")
                       : features > 0          ? 1 / std::sqrt(static_cast<double>(features))
                                               : 1;
  const bool release = is_large(key) || is_large(value) ||
                       is_large_product(query, key.ndim() > 1 ? key.length(key.ndim() - 2) : 1);
  return wrap(unlocked(release, [&] { return attention(query, key, value, mask, causal, scale); }));
}

PyObject* call_cross_entropy(const Spec& spec, PyObject* const* v) {
  const Tensor scores = tensor_argument(v[0], spec.name), labels = tensor_argument(v[1], spec.name);
  return wrap(unlocked(is_large(scores), [&] { return cross_entropy(scores, labels); }));
}

}  // namespace

void define_rows() {
  define(kBoth, "softmax", "(x, /, axis=-1)", docs::kSoftmax, along_axis<softmax>);
  define(kBoth, "log_softmax", "(x, /, axis=-1)", docs::kLogSoftmax, along_axis<log_softmax>);
  define(kFunction, "layer_norm", "(x, /, weight=None, bias=None, *, epsilon=1e-5)",
         docs::kLayerNorm, call_layer_norm);
  define(kFunction, "_rms_norm", "(x, weight, epsilon, /)",
         "x over its root mean square along the last axis, times weight.", call_rms_norm);
  define(kFunction, "_group_norm", "(x, groups, weight, bias, epsilon, /)",
         "Groups of channels of each image normalised.", call_group_norm);
  define(kFunction, "_batch_norm", "(x, mean, var, weight, bias, epsilon, /)",
         "(y, mean, var): channels normalised over the batch, or by the moments that are given.",
         call_batch_norm);
  define(kInternal, "scaled_dot_product_attention",
         "(query, key, value, *, mask=None, causal=False, dropout=0.0, scale=None)",
         docs::kAttention, call_attention);
  define(kFunction, "cross_entropy", "(scores, labels, /)", docs::kCrossEntropy,
         call_cross_entropy);
}

}  // namespace ndtape::python
