// Shapes, joins, gathers and products.
#include "areas.h"
#include "convert.h"
#include "dtype_type.h"
#include "manipulation_docs.h"
#include "ndtape/tape.h"
#include "operators.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

Tensor argument(const Spec& spec, PyObject* o) { return tensor_argument(o, spec.name); }

// ---- views -------------------------------------------------------------------------------------

Tensor reshaped(const Tensor& x, const Dims& shape) {
  return unlocked(is_large(x) && !x.is_contiguous(), [&] { return reshape(x, shape); });
}

PyObject* call_reshape(const Spec& spec, PyObject* const* v) {
  Tensor x = argument(spec, v[0]);
  Dims shape = parse_dims(v[1], "shape");
  if (!v[2] || v[2] == Py_None) return wrap(reshaped(x, shape));
  if (parse_bool(v[2], false)) return wrap(reshaped(copy(x), shape));
  if (!x.layout().reshape(resolve_reshape(x.shape(), shape))) {
    throw ValueError("reshape: copy=False, but the strides need a copy");
  }
  return wrap(reshape(x, shape));
}

PyObject* method_reshape(const Spec&, PyObject* const* v) {
  return wrap(reshaped(unwrap(v[0]), parse_variadic(rest(v[1]), "shape")));
}

PyObject* method_ravel(const Spec&, PyObject* const* v) {
  return wrap(reshaped(unwrap(v[0]), Dims{-1}));
}

PyObject* method_flatten(const Spec&, PyObject* const* v) {
  const Tensor& x = unwrap(v[0]);
  return wrap(unlocked(is_large(x), [&] { return reshape(copy(x), Dims{x.size()}); }));
}

PyObject* call_permute_dims(const Spec& spec, PyObject* const* v) {
  return wrap(permute_dims(argument(spec, v[0]), parse_dims(v[1], "axes")));
}

PyObject* method_permute(const Spec&, PyObject* const* v) {
  return wrap(permute_dims(unwrap(v[0]), parse_variadic(rest(v[1]), "axes")));
}

PyObject* method_transpose(const Spec&, PyObject* const* v) {
  const Tensor& x = unwrap(v[0]);
  Rest given = rest(v[1]);
  if (given.empty() || (given.size() == 1 && given[0] == Py_None)) {
    Dims axes;
    for (int i = x.ndim() - 1; i >= 0; --i) axes.push_back(i);
    return wrap(permute_dims(x, axes));
  }
  return wrap(permute_dims(x, parse_variadic(given, "axes")));
}

PyObject* call_matrix_transpose(const Spec& spec, PyObject* const* v) {
  return wrap(matrix_transpose(argument(spec, v[0])));
}

PyObject* call_swapaxes(const Spec& spec, PyObject* const* v) {
  return wrap(swapaxes(argument(spec, v[0]), parse_int(v[1], "axis1"), parse_int(v[2], "axis2")));
}

PyObject* call_expand_dims(const Spec& spec, PyObject* const* v) {
  Tensor x = argument(spec, v[0]);
  if (v[1] && !PyIndex_Check(v[1])) return wrap(expand_dims(x, parse_dims(v[1], "axis")));
  return wrap(expand_dims(x, v[1] ? parse_int(v[1], "axis") : 0));
}

PyObject* call_squeeze(const Spec& spec, PyObject* const* v) {
  return wrap(squeeze(argument(spec, v[0]), parse_axes(v[1])));
}

PyObject* call_broadcast_to(const Spec& spec, PyObject* const* v) {
  return wrap(broadcast_to(argument(spec, v[0]), parse_dims(v[1], "shape")));
}

PyObject* call_flip(const Spec& spec, PyObject* const* v) {
  return wrap(flip(argument(spec, v[0]), parse_axes(v[1])));
}

PyObject* call_diagonal(const Spec& spec, PyObject* const* v) {
  const Tensor x = argument(spec, v[0]);
  const int64_t offset = v[1] ? parse_offset(v[1], "offset") : 0;
  if (x.ndim() < 2) return wrap(diagonal(x, offset));  // refused there
  const int first = normalize_axis(v[2] ? parse_int(v[2], "axis1") : 0, x.ndim(), "diagonal");
  const int second = normalize_axis(v[3] ? parse_int(v[3], "axis2") : 1, x.ndim(), "diagonal");
  if (first == second) throw ValueError("diagonal: axis1 and axis2 are the same axis");
  Dims order;
  for (int i = 0; i < x.ndim(); ++i) {
    if (i != first && i != second) order.push_back(i);
  }
  order.push_back(first);
  order.push_back(second);
  return wrap(diagonal(permute_dims(x, order), offset));
}

// ---- joins and gathers ---------------------------------------------------------------------

// A join takes its first axis unless told; None flattens.
std::optional<int64_t> join_axis(PyObject* o) {
  return o ? parse_axis(o) : std::optional<int64_t>(0);
}

bool any_large(const std::vector<Tensor>& tensors) {
  for (const Tensor& x : tensors) {
    if (is_large(x)) return true;
  }
  return false;
}

PyObject* call_concat(const Spec& spec, PyObject* const* v) {
  std::vector<Tensor> tensors = parse_tensors(v[0], spec.name);
  std::optional<int64_t> axis = join_axis(v[1]);
  return wrap(unlocked(any_large(tensors), [&] { return concat(tensors, axis); }));
}

PyObject* call_stack(const Spec& spec, PyObject* const* v) {
  std::vector<Tensor> tensors = parse_tensors(v[0], spec.name);
  int64_t axis = v[1] ? parse_int(v[1], "axis") : 0;
  return wrap(unlocked(any_large(tensors), [&] { return stack(tensors, axis); }));
}

PyObject* list_of(std::vector<Tensor> tensors) {
  py::object result = own(PyList_New(static_cast<Py_ssize_t>(tensors.size())));
  for (size_t i = 0; i < tensors.size(); ++i) {
    PyList_SET_ITEM(result.ptr(), static_cast<Py_ssize_t>(i), wrap(std::move(tensors[i])));
  }
  return result.release().ptr();
}

PyObject* call_split(const Spec& spec, PyObject* const* v) {
  Tensor x = argument(spec, v[0]);
  int64_t axis = v[2] ? parse_int(v[2], "axis") : 0;
  if (PyIndex_Check(v[1]) && !is_tensor(v[1])) {
    return list_of(split(x, parse_int(v[1], "split"), axis));
  }
  return list_of(split_at(x, parse_dims(v[1], "split"), axis));
}

PyObject* call_roll(const Spec& spec, PyObject* const* v) {
  Tensor x = argument(spec, v[0]);
  Dims shifts = parse_dims(v[1], "shift");
  Axes axes = parse_axes(v[2]);
  // One shift serves every axis.
  if (axes && shifts.size() == 1 && axes->size() > 1) shifts = Dims(axes->size(), shifts[0]);
  return wrap(unlocked(is_large(x), [&] { return roll(x, shifts, axes); }));
}

PyObject* call_take(const Spec& spec, PyObject* const* v) {
  Tensor x = argument(spec, v[0]);
  Tensor indices = argument(spec, v[1]);
  std::optional<int64_t> axis = parse_axis(v[2]);
  bool release = is_large(x) || is_large(indices);
  return wrap(unlocked(release, [&] { return take(x, indices, axis); }));
}

PyObject* call_take_along_axis(const Spec& spec, PyObject* const* v) {
  Tensor x = argument(spec, v[0]);
  Tensor indices = argument(spec, v[1]);
  int64_t axis = v[2] ? parse_int(v[2], "axis") : -1;
  bool release = is_large(x) || is_large(indices);
  return wrap(unlocked(release, [&] { return take_along_axis(x, indices, axis); }));
}

PyObject* call_index_add(const Spec& spec, PyObject* const* v) {
  Tensor x = argument(spec, v[0]);
  Tensor indices = argument(spec, v[1]);
  Tensor values = argument(spec, v[2]);
  int64_t axis = v[3] ? parse_int(v[3], "axis") : 0;
  bool release = is_large(x) || is_large(values);
  return wrap(unlocked(release, [&] { return index_add(x, indices, values, axis); }));
}

template <Tensor (*F)(const Tensor&, int64_t, bool)>
PyObject* call_order(const Spec& spec, PyObject* const* v) {
  Tensor x = argument(spec, v[0]);
  int64_t axis = parse_offset(v[1], "axis");
  bool descending = parse_bool(v[2], false);
  return wrap(unlocked(is_large(x), [&] { return F(x, axis, descending); }));
}

// Elements: up to here the way to NumPy and back costs more than it gains.
constexpr int64_t kFewToSort = 64;

template <Tensor (*F)(const Tensor&, int64_t, bool)>
PyObject* call_order_of_few(const Spec&, PyObject* const* v) {
  if (!is_tensor(v[0]) || (v[1] && !PyLong_CheckExact(v[1]))) return new_none();
  const Tensor x = unwrap(v[0]);  // a share: the GIL may be away
  if (x.size() > kFewToSort && !(grad_enabled() && requires_grad(x))) return new_none();
  const int64_t axis = v[1] ? parse_offset(v[1], "axis") : -1;
  const bool descending = parse_bool(v[2], false);
  return wrap(unlocked(is_large(x), [&] { return F(x, axis, descending); }));
}

PyObject* call_take_points(const Spec& spec, PyObject* const* v) {
  Tensor x = argument(spec, v[0]);
  std::vector<Tensor> indices = parse_tensors(v[1], spec.name);
  int64_t first = parse_int(v[2], "first");
  bool release = is_large(x) || any_large(indices);
  return wrap(unlocked(release, [&] { return take_points(x, indices, first); }));
}

PyObject* call_put_points(const Spec& spec, PyObject* const* v) {
  Tensor x = argument(spec, v[0]);
  std::vector<Tensor> indices = parse_tensors(v[1], spec.name);
  int64_t first = parse_int(v[2], "first");
  Tensor values = argument(spec, v[3]);
  bool release = is_large(values) || any_large(indices);
  unlocked(release, [&] { put_points(x, indices, first, values); });
  Py_RETURN_NONE;
}

PyObject* call_matmul(const Spec& spec, PyObject* const* v) {
  Tensor a = argument(spec, v[0]);
  Tensor b = argument(spec, v[1]);
  return wrap(unlocked(is_large_product(a, b), [&] { return matmul(a, b); }));
}

// What is nothing but a product of two stacks of matrices. The object is a dict that tells, by the
// subscripts, of how many axes their operands then are.
PyObject* call_einsum(const Spec& spec, PyObject* const* v) {
  const Rest operands = rest(v[0]);
  const bool two_tensors = operands.size() == 3 && PyUnicode_CheckExact(operands[0]) &&
                           is_tensor(operands[1]) && is_tensor(operands[2]);
  if (!two_tensors || (v[1] && v[1] != Py_True)) return new_none();
  PyObject* const axes = PyDict_GetItemWithError(object_given(spec), operands[0]);
  if (!axes && PyErr_Occurred()) throw PythonError{};
  if (!axes || !PyTuple_CheckExact(axes) || PyTuple_GET_SIZE(axes) != 2) return new_none();
  const Tensor a = unwrap(operands[1]), b = unwrap(operands[2]);  // shares: the GIL may be away
  if (parse_int(PyTuple_GET_ITEM(axes, 0), "axes") != a.ndim() ||
      parse_int(PyTuple_GET_ITEM(axes, 1), "axes") != b.ndim()) {
    return new_none();
  }
  try {
    return wrap(unlocked(is_large_product(a, b), [&] { return matmul(a, b); }));
  } catch (const ValueError&) {
    return new_none();  // lengths that do not fit, or of 1 that broadcast
  }
}

PyObject* call_copy(const Spec& spec, PyObject* const* v) {
  return apply_unary(ndtape::copy, argument(spec, v[0]));
}

PyObject* call_astype(const Spec& spec, PyObject* const* v) {
  Tensor x = argument(spec, v[0]);
  DType dtype = parse_dtype(v[1]);
  check_device(v[3]);
  if (dtype == x.dtype() && !parse_bool(v[2], true)) {
    return is_tensor(v[0]) ? Py_NewRef(v[0]) : wrap(x);
  }
  return wrap(unlocked(is_large(x), [&] { return astype(x, dtype); }));
}

}  // namespace

void define_manipulation() {
  define(kFunction, "reshape", "(x, /, shape, *, copy=None)", docs::kReshape, call_reshape);
  define(kMethod, "reshape", "(x, *shape)", docs::kReshapeMethod, method_reshape);
  define(kMethod, "ravel", "(x)", docs::kRavel, method_ravel);
  define(kMethod, "flatten", "(x)", docs::kFlatten, method_flatten);
  define(kFunction, "permute_dims", "(x, /, axes)", docs::kPermuteDims, call_permute_dims);
  define(kMethod, "permute", "(x, *axes)", docs::kPermute, method_permute);
  define(kMethod, "transpose", "(x, *axes)", docs::kTranspose, method_transpose);
  define(kFunction, "matrix_transpose", "(x, /)", docs::kMatrixTranspose, call_matrix_transpose);
  define(kBoth, "swapaxes", "(x, axis1, axis2, /)", docs::kSwapaxes, call_swapaxes);
  define(kFunction, "expand_dims", "(x, /, axis=0)", docs::kExpandDims, call_expand_dims);
  define(kBoth, "squeeze", "(x, /, axis=None)", docs::kSqueeze, call_squeeze);
  define(kFunction, "broadcast_to", "(x, /, shape)", docs::kBroadcastTo, call_broadcast_to);
  define(kFunction, "flip", "(x, /, axis=None)", docs::kFlip, call_flip);
  define(kBoth, "diagonal", "(x, /, offset=0, axis1=0, axis2=1)", docs::kDiagonal, call_diagonal);
  define(kFunction, "concat", "(arrays, /, axis=0)", docs::kConcat, call_concat);
  define(kFunction, "stack", "(arrays, /, axis=0)", docs::kStack, call_stack);
  define(kFunction, "split", "(x, /, indices_or_sections, axis=0)", docs::kSplit, call_split);
  define(kFunction, "roll", "(x, /, shift, axis=None)", docs::kRoll, call_roll);
  define(kBoth, "take", "(x, indices, /, axis=None)", docs::kTake, call_take);
  define(kFunction, "take_along_axis", "(x, indices, /, axis=-1)", docs::kTakeAlongAxis,
         call_take_along_axis);
  define(kFunction, "index_add", "(x, indices, values, /, axis=0)", docs::kIndexAdd,
         call_index_add);
  define(kFunction, "_sort", "(x, axis, descending, /)", "Sort along an axis, stably.",
         call_order<sort>);
  define(kFunction, "_argsort", "(x, axis, descending, /)", "Positions in sorted order.",
         call_order<argsort>);
  define(kFunction, "_take_points", "(x, indices, first, /)",
         "Pick by several arrays of integers, on axes from `first` on.", call_take_points);
  define(kFunction, "_put_points", "(x, indices, first, values, /)",
         "Write to what _take_points picks; the last of several values stays.", call_put_points);
  define_first("sort", "(x, /, axis=-1, *, descending=False, stable=True)",
               call_order_of_few<sort>);
  define_first("argsort", "(x, /, axis=-1, *, descending=False, stable=True)",
               call_order_of_few<argsort>);
  define_first("einsum", "(*operands, optimize=True)", call_einsum);
  define(kFunction, "matmul", "(x1, x2, /)", docs::kMatmul, call_matmul);
  define(kBoth, "copy", "(x, /)", docs::kCopy, call_copy);
  define(kBoth, "astype", "(x, dtype, /, *, copy=True, device=None)", docs::kAstype, call_astype);
}

}  // namespace ndtape::python
