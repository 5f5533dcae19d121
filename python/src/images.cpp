// Convolution and pooling, for ndtape.nn.functional.
#include <algorithm>
#include <string>

#include "areas.h"
#include "convert.h"
#include "layer_arguments.h"
#include "layer_docs.h"
#include "ndtape/ops.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

// What errors call the function, and its number of spatial axes.
struct Caller {
  const char* name;
  int64_t axes;
};

// One number an axis; the least is what is meant where nothing is given.
Dims per_axis_or(PyObject* o, const char* name, int64_t axes, int64_t least) {
  return o ? per_axis(o, name, axes, least) : Dims(static_cast<int>(axes), least);
}

struct Convolution {
  Tensor x, weight, bias;
  ConvOptions options;
  Convolution(const Caller& caller, PyObject* const* v)
      : x(images_argument(v[0], caller.name, caller.axes)),
        weight(named_tensor(v[1], caller.name, "weight")),
        bias(named_tensor_or_none(v[2], caller.name, "bias")),
        options{per_axis_or(v[3], "stride", caller.axes, 1),
                per_axis_or(v[4], "padding", caller.axes, 0),
                per_axis_or(v[5], "dilation", caller.axes, 1),
                v[6] ? positive_integer(v[6], "groups") : 1} {}
};

// Arguments as they are with numbers for a named padding.
struct WithNumbers {
  py::object changed;  // (x, padding)
  PyObject* args[7];
  WithNumbers(const Caller& caller, PyObject* const* v) {
    std::copy_n(v, 7, args);
    if (!v[4] || !PyUnicode_Check(v[4])) return;
    const py::object module = own(PyImport_ImportModule("ndtape.nn._images")),
                     one = own(PyLong_FromLong(1));
    changed = own(PyObject_CallMethod(module.ptr(), "resolved_padding", "sLOOOOO", caller.name,
                                      static_cast<long long>(caller.axes), v[0], v[1],
                                      v[3] ? v[3] : one.ptr(), v[4], v[5] ? v[5] : one.ptr()));
    args[0] = PyTuple_GET_ITEM(changed.ptr(), 0);
    args[4] = PyTuple_GET_ITEM(changed.ptr(), 1);
  }
};

template <int64_t axes>
PyObject* call_convolve(const Spec& spec, PyObject* const* v) {
  const Caller caller{spec.name, axes};
  const WithNumbers given(caller, v);
  const Convolution c(caller, given.args);
  return wrap(unlocked(is_large(c.x), [&] { return convolve(c.x, c.weight, c.bias, c.options); }));
}

PyObject* call_convolve_transposed(const Spec&, PyObject* const* v) {
  const char* const name = PyUnicode_AsUTF8(v[0]);
  if (!name) throw PythonError{};
  const Caller caller{name, parse_int(v[1], "axes")};
  if (caller.axes < 1 || caller.axes > 3) {
    throw ValueError("axes: " + std::to_string(caller.axes) + ", expected 1 to 3");
  }
  const Convolution c(caller, v + 2);
  const Dims output_padding = per_axis(v[9], "output_padding", caller.axes, 0);
  return wrap(unlocked(is_large(c.x), [&] {
    return convolve_transposed(c.x, c.weight, c.bias, c.options, output_padding);
  }));
}

// x, kernel, stride, padding. Without a stride windows do not overlap.
struct Pooling {
  Tensor x;
  PoolOptions options;
  Pooling(const Caller& caller, PyObject* const* v)
      : x(images_argument(v[0], caller.name, caller.axes)) {
    options.kernel = per_axis(v[1], "kernel", caller.axes);
    options.stride =
        v[2] && v[2] != Py_None ? per_axis(v[2], "stride", caller.axes) : options.kernel;
    options.padding = per_axis_or(v[3], "padding", caller.axes, 0);
    options.dilation = Dims(static_cast<int>(caller.axes), 1);
  }
};

template <int64_t axes>
PyObject* call_max_pool(const Spec& spec, PyObject* const* v) {
  Pooling p({spec.name, axes}, v);
  if (v[4]) p.options.dilation = per_axis(v[4], "dilation", axes);
  return wrap(unlocked(is_large(p.x), [&] { return max_pool(p.x, p.options); }));
}

template <int64_t axes>
PyObject* call_avg_pool(const Spec& spec, PyObject* const* v) {
  const Pooling p({spec.name, axes}, v);
  const bool count_padding = parse_bool(v[4], true);
  return wrap(unlocked(is_large(p.x), [&] { return avg_pool(p.x, p.options, count_padding); }));
}

template <int64_t axes>
PyObject* call_adaptive_avg_pool(const Spec& spec, PyObject* const* v) {
  const Tensor x = images_argument(v[0], spec.name, axes);
  const Dims output = per_axis(v[1], "output", axes);
  return wrap(unlocked(is_large(x), [&] { return adaptive_avg_pool(x, output); }));
}

}  // namespace

void define_images() {
  constexpr char kSignature[] =
      "(x, weight, bias=None, *, stride=1, padding=0, dilation=1, groups=1)";
  define(kInternal, "conv1d", kSignature, docs::kConv1d, call_convolve<1>);
  define(kInternal, "conv2d", kSignature, docs::kConv2d, call_convolve<2>);
  define(kInternal, "conv3d", kSignature, docs::kConv3d, call_convolve<3>);
  define(kFunction, "_convolve_transposed",
         "(name, axes, x, weight, bias, stride, padding, dilation, groups, output_padding, /)",
         "Transposed convolution of images.", call_convolve_transposed);
  constexpr char kMaximum[] = "(x, kernel, stride=None, padding=0, dilation=1)";
  define(kInternal, "max_pool1d", kMaximum, docs::kMaxPool1d, call_max_pool<1>);
  define(kInternal, "max_pool2d", kMaximum, docs::kMaxPool2d, call_max_pool<2>);
  constexpr char kMean[] = "(x, kernel, stride=None, padding=0, *, count_padding=True)";
  define(kInternal, "avg_pool1d", kMean, docs::kAvgPool1d, call_avg_pool<1>);
  define(kInternal, "avg_pool2d", kMean, docs::kAvgPool2d, call_avg_pool<2>);
  define(kInternal, "adaptive_avg_pool1d", "(x, output)", docs::kAdaptiveAvgPool1d,
         call_adaptive_avg_pool<1>);
  define(kInternal, "adaptive_avg_pool2d", "(x, output)", docs::kAdaptiveAvgPool2d,
         call_adaptive_avg_pool<2>);
}

}  // namespace ndtape::python
