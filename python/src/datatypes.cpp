// Dtypes and shapes of results, without computing them.
#include "areas.h"
#include "convert.h"
#include "dtype_type.h"
#include "ndtape/layout.h"
#include "numpy_interop.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

constexpr char kResultType[] = R"(Dtype that operands promote to.

Parameters
----------
*arrays_and_dtypes : array_like or DType
    At least one. Python's numbers are weak: they count only where they are of a higher kind.

Returns
-------
DType
    As of the result of an operator, such as ``+``.

Raises
------
TypeError
    When no dtype holds all.
ValueError
    When there are none, or an int does not fit.

Examples
--------
>>> import ndtape as nt
>>> nt.result_type(nt.int8, nt.uint8), nt.result_type(nt.float64, 2)
(ndtape.int16, ndtape.float64)
)";

constexpr char kCanCast[] = R"(Tell whether promotion can turn one dtype into another.

Parameters
----------
from_ : DType or Tensor
    The one.
to : DType
    The other.

Returns
-------
bool
    Whether both promote to `to`.

Raises
------
TypeError
    When something is not a dtype.

Examples
--------
>>> import ndtape as nt
>>> nt.can_cast(nt.int8, nt.int16), nt.can_cast(nt.int16, nt.int8)
(True, False)
)";

constexpr char kBroadcastShapes[] = R"(Shape that shapes broadcast to.

Parameters
----------
*shapes : tuple of int
    Any number of them.

Returns
-------
tuple of int
    ``()`` for none.

Raises
------
ValueError
    When they do not broadcast, or a length is negative.

Examples
--------
>>> import ndtape as nt
>>> nt.broadcast_shapes((2, 1), (3,), ())
(2, 3)
)";

// The dtype of a tensor or of a dtype.
DType dtype_of_either(PyObject* o) {
  if (is_tensor(o)) return unwrap(o).dtype();
  if (is_ndarray(o) || is_numpy_scalar(o) || PyList_Check(o) || PyTuple_Check(o)) {
    return to_tensor(o).dtype();
  }
  return parse_dtype(o);
}

PyObject* call_result_type(const Spec&, PyObject* const* v) {
  std::optional<DType> common;
  std::vector<Number> numbers;
  for (PyObject* o : rest(v[0])) {
    Number number;
    if (parse_number(o, number)) {
      numbers.push_back(number);
    } else {
      DType dtype = dtype_of_either(o);
      common = common ? promote(*common, dtype) : dtype;
    }
  }
  if (!common && numbers.empty()) throw ValueError("result_type: expected at least one argument");
  for (const Number& number : numbers) {
    common = common ? weak_number(number, *common).dtype() : number_tensor(number).dtype();
  }
  return Py_NewRef(dtype_object(*common));
}

PyObject* call_can_cast(const Spec&, PyObject* const* v) {
  DType from = dtype_of_either(v[0]);
  DType to = parse_dtype(v[1]);
  try {
    return PyBool_FromLong(promote(from, to) == to);
  } catch (const TypeError&) {
    return PyBool_FromLong(false);  // they promote to nothing
  }
}

PyObject* call_as_dtype(const Spec&, PyObject* const* v) {
  return Py_NewRef(dtype_object(parse_dtype(v[0])));
}

PyObject* call_broadcast_shapes(const Spec& spec, PyObject* const* v) {
  Dims common;
  for (PyObject* shape : rest(v[0])) {
    common = broadcast_shapes(common, parse_shape(shape), spec.name);
  }
  return tuple_of(common);
}

}  // namespace

void define_datatypes() {
  define(kFunction, "result_type", "(*arrays_and_dtypes)", kResultType, call_result_type);
  define(kFunction, "can_cast", "(from_, to, /)", kCanCast, call_can_cast);
  define(kFunction, "broadcast_shapes", "(*shapes)", kBroadcastShapes, call_broadcast_shapes);
  define(kFunction, "_as_dtype", "(dtype, /)", "The DType that an argument stands for.",
         call_as_dtype);
}

}  // namespace ndtape::python
