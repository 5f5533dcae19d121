// Python values to C++ ones. Each function throws PythonError with a Python error set, or one of
// the library's own errors, that names the argument.
#pragma once

#include <optional>

#include "call.h"
#include "ndtape/ops.h"

namespace ndtape::python {

// A number without a dtype: Python's bool, int, float and complex, but not NumPy's scalars.
struct Number {
  Scalar value;
  bool huge = false;           // an int beyond 64 bits; `value` is the nearest double
  PyObject* source = nullptr;  // borrowed, for messages
};
bool parse_number(PyObject* o, Number& out);
[[noreturn]] void does_not_fit(const Number& number, DType dtype);

// The 0-d tensor that a number becomes beside `other`, and `other` itself, converted where the
// number is of a higher kind (2.5 beside integers).
Tensor meet(const Number& number, Tensor& other);
// The same for an update, whose target keeps its dtype.
Tensor weak_number(const Number& number, DType beside);
// A 0-d tensor of a number by itself: bool, int64, the default float dtype or the
// complex one of its precision.
Tensor number_tensor(const Number& number, std::optional<DType> dtype = {});
// -1 or 1 for an integer below or above the range of an integer dtype, else 0.
int beyond(const Number& number, DType dtype);

enum class Copy { kNever, kIfNeeded, kAlways };
// A tensor of anything array-like: tensors, numbers, NumPy arrays and scalars, buffers, nested
// sequences. Shares memory where it can and `copy` allows. kNever raises ValueError when it cannot.
Tensor to_tensor(PyObject* o, std::optional<DType> dtype = {}, Copy copy = Copy::kIfNeeded);
// The parts of to_tensor for nested lists and tuples, and for what NumPy has to read: buffers and
// objects with __array__.
Tensor from_sequence(PyObject* o, std::optional<DType> dtype);
Tensor from_other(PyObject* o, bool* copied = nullptr);
// A function's tensor argument. Strings and None are TypeErrors that name it.
Tensor tensor_argument(PyObject* o, const char* function);

// An operand of an operator: a tensor or a number.
struct Operand {
  Tensor tensor;
  Number number;
  bool is_number() const { return !tensor.defined(); }
};
// Tensors, numbers, NumPy arrays and scalars, lists and tuples. False for anything else, whose own
// operators then have their say.
bool parse_operand(PyObject* o, Operand& out);
Operand operand_argument(PyObject* o, const char* function);

int64_t parse_int(PyObject* o, const char* what);
// The number of a diagonal: those past 62 bits are beyond any matrix, and all the same.
int64_t parse_offset(PyObject* o, const char* what);
double parse_double(PyObject* o, const char* what);
bool parse_bool(PyObject* o, bool otherwise);
Dims parse_dims(PyObject* o, const char* what);  // an int or a sequence of ints
Dims parse_shape(PyObject* o);
Axes parse_axes(PyObject* o);                    // null and None: absent
std::optional<int64_t> parse_axis(PyObject* o);  // likewise
// *shape and *axes: f(2, 3), f((2, 3)) and f(6).
Dims parse_variadic(Rest args, const char* what);
void check_device(PyObject* o);  // null, None, a Device or "cpu"
std::vector<Tensor> parse_tensors(PyObject* o, const char* function);

}  // namespace ndtape::python
