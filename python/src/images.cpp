// Convolution and pooling. Private: ndtape.nn.functional is what people call.
#include "areas.h"
#include "convert.h"
#include "ndtape/ops.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

Tensor bias_argument(PyObject* o, const char* function) {
  return o == Py_None ? Tensor() : tensor_argument(o, function);
}

PyObject* call_convolve(const Spec& s, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], s.name), weight = tensor_argument(v[1], s.name),
               bias = bias_argument(v[2], s.name);
  const ConvOptions options{parse_dims(v[3], "stride"), parse_dims(v[4], "padding"),
                            parse_dims(v[5], "dilation"), parse_int(v[6], "groups")};
  return wrap(unlocked(is_large(x), [&] { return convolve(x, weight, bias, options); }));
}

PyObject* call_convolve_transposed(const Spec& s, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], s.name), weight = tensor_argument(v[1], s.name),
               bias = bias_argument(v[2], s.name);
  const ConvOptions options{parse_dims(v[3], "stride"), parse_dims(v[4], "padding"),
                            parse_dims(v[5], "dilation"), parse_int(v[6], "groups")};
  const Dims output_padding = parse_dims(v[7], "output_padding");
  return wrap(unlocked(
      is_large(x), [&] { return convolve_transposed(x, weight, bias, options, output_padding); }));
}

PoolOptions pool_options(PyObject* const* v) {
  return {parse_dims(v[0], "kernel"), parse_dims(v[1], "stride"), parse_dims(v[2], "padding"),
          parse_dims(v[3], "dilation")};
}

PyObject* call_max_pool(const Spec& s, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], s.name);
  const PoolOptions options = pool_options(v + 1);
  return wrap(unlocked(is_large(x), [&] { return max_pool(x, options); }));
}

PyObject* call_avg_pool(const Spec& s, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], s.name);
  const PoolOptions options = pool_options(v + 1);
  const bool count_padding = parse_bool(v[5], true);
  return wrap(unlocked(is_large(x), [&] { return avg_pool(x, options, count_padding); }));
}

PyObject* call_adaptive_avg_pool(const Spec& s, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], s.name);
  const Dims output = parse_dims(v[1], "output");
  return wrap(unlocked(is_large(x), [&] { return adaptive_avg_pool(x, output); }));
}

}  // namespace

void define_images() {
  define(kFunction, "_convolve", "(x, weight, bias, stride, padding, dilation, groups, /)",
         "Convolution of images; each option has a value a spatial axis.", call_convolve);
  define(kFunction, "_convolve_transposed",
         "(x, weight, bias, stride, padding, dilation, groups, output_padding, /)",
         "Transposed convolution of images.", call_convolve_transposed);
  define(kFunction, "_max_pool", "(x, kernel, stride, padding, dilation, /)",
         "Maxima of windows of images.", call_max_pool);
  define(kFunction, "_avg_pool", "(x, kernel, stride, padding, dilation, count_padding, /)",
         "Means of windows of images.", call_avg_pool);
  define(kFunction, "_adaptive_avg_pool", "(x, output, /)",
         "Means of windows that divide images evenly.", call_adaptive_avg_pool);
}

}  // namespace ndtape::python
