// Every operation on tensors: free functions that check, compute and record.
//
// All of them throw ValueError for shapes that do not fit, TypeError for dtypes that do not, both
// before anything is computed. Results are new tensors unless a comment says "view".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ndtape/tensor.h"

namespace ndtape {

// A Python-like scalar: it takes its dtype from the tensor it meets.
using Scalar = std::variant<bool, int64_t, uint64_t, double, Complex<double>>;

// ---- creation -------------------------------------------------------------------------------
Tensor empty(const Dims& shape, DType dtype);
Tensor full(const Dims& shape, Scalar value, DType dtype);  // value must fit dtype: ValueError
Tensor zeros(const Dims& shape, DType dtype);
Tensor ones(const Dims& shape, DType dtype);
Tensor scalar(Scalar value, DType dtype);  // 0-d
// The 0-d tensor that `value` becomes beside a tensor of dtype `beside`. Throws TypeError for a
// value of a higher kind that cannot be weak (never for numbers: int beside bool gives int64,
// float beside bool or integers gives the default float, complex beside floats the complex dtype of
// their precision), ValueError when an int does not fit.
Tensor weak_scalar(Scalar value, DType beside);
// start + i * step, i < count, computed without accumulating error.
Tensor arange(double start, double step, int64_t count, DType dtype);
Tensor arange_int(int64_t start, int64_t step, int64_t count, DType dtype);
Tensor linspace(double start, double stop, int64_t count, bool endpoint, DType dtype);
Tensor eye(int64_t rows, int64_t cols, int64_t k, DType dtype);
Tensor tril(const Tensor& x, int64_t k = 0);
Tensor triu(const Tensor& x, int64_t k = 0);

// ---- elementwise: one function a row of the op table ------------------------------------------
Tensor abs(const Tensor& x);
Tensor negative(const Tensor& x);
Tensor sign(const Tensor& x);
Tensor square(const Tensor& x);
Tensor conj(const Tensor& x);
Tensor real(const Tensor& x);
Tensor imag(const Tensor& x);
Tensor relu(const Tensor& x);
Tensor ceil(const Tensor& x);
Tensor floor(const Tensor& x);
Tensor trunc(const Tensor& x);
Tensor round(const Tensor& x);
Tensor reciprocal(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor exp(const Tensor& x);
Tensor exp2(const Tensor& x);
Tensor expm1(const Tensor& x);
Tensor log(const Tensor& x);
Tensor log1p(const Tensor& x);
Tensor log2(const Tensor& x);
Tensor log10(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
Tensor tan(const Tensor& x);
Tensor asin(const Tensor& x);
Tensor acos(const Tensor& x);
Tensor atan(const Tensor& x);
Tensor sinh(const Tensor& x);
Tensor cosh(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor asinh(const Tensor& x);
Tensor acosh(const Tensor& x);
Tensor atanh(const Tensor& x);
Tensor sigmoid(const Tensor& x);
Tensor softplus(const Tensor& x);
Tensor gelu(const Tensor& x);
Tensor erf(const Tensor& x);
Tensor isnan(const Tensor& x);
Tensor isinf(const Tensor& x);
Tensor isfinite(const Tensor& x);
Tensor signbit(const Tensor& x);
Tensor logical_not(const Tensor& x);
Tensor bitwise_invert(const Tensor& x);
Tensor add(const Tensor& a, const Tensor& b);
Tensor subtract(const Tensor& a, const Tensor& b);
Tensor multiply(const Tensor& a, const Tensor& b);
Tensor divide(const Tensor& a, const Tensor& b);
Tensor floor_divide(const Tensor& a, const Tensor& b);
Tensor remainder(const Tensor& a, const Tensor& b);
Tensor pow(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor atan2(const Tensor& a, const Tensor& b);
Tensor hypot(const Tensor& a, const Tensor& b);
Tensor logaddexp(const Tensor& a, const Tensor& b);
Tensor copysign(const Tensor& a, const Tensor& b);
Tensor nextafter(const Tensor& a, const Tensor& b);
Tensor equal(const Tensor& a, const Tensor& b);
Tensor not_equal(const Tensor& a, const Tensor& b);
Tensor less(const Tensor& a, const Tensor& b);
Tensor less_equal(const Tensor& a, const Tensor& b);
Tensor greater(const Tensor& a, const Tensor& b);
Tensor greater_equal(const Tensor& a, const Tensor& b);
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_xor(const Tensor& a, const Tensor& b);
Tensor bitwise_and(const Tensor& a, const Tensor& b);
Tensor bitwise_or(const Tensor& a, const Tensor& b);
Tensor bitwise_xor(const Tensor& a, const Tensor& b);
Tensor bitwise_left_shift(const Tensor& a, const Tensor& b);
Tensor bitwise_right_shift(const Tensor& a, const Tensor& b);
Tensor where(const Tensor& condition, const Tensor& a, const Tensor& b);
Tensor clip(const Tensor& x, const Tensor& low, const Tensor& high);

// Always a copy; differentiable between floats and complex numbers. Complex numbers become complex
// or bool only: TypeError.
Tensor astype(const Tensor& x, DType dtype);
Tensor copy(const Tensor& x);  // row-major, recorded

inline Tensor operator-(const Tensor& x) { return negative(x); }
inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return subtract(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return multiply(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return divide(a, b); }
inline Tensor operator+(const Tensor& a, double b) { return a + weak_scalar(b, a.dtype()); }
inline Tensor operator-(const Tensor& a, double b) { return a - weak_scalar(b, a.dtype()); }
inline Tensor operator*(const Tensor& a, double b) { return a * weak_scalar(b, a.dtype()); }
inline Tensor operator/(const Tensor& a, double b) { return a / weak_scalar(b, a.dtype()); }
inline Tensor operator+(double a, const Tensor& b) { return weak_scalar(a, b.dtype()) + b; }
inline Tensor operator-(double a, const Tensor& b) { return weak_scalar(a, b.dtype()) - b; }
inline Tensor operator*(double a, const Tensor& b) { return weak_scalar(a, b.dtype()) * b; }
inline Tensor operator/(double a, const Tensor& b) { return weak_scalar(a, b.dtype()) / b; }

// ---- reductions: `axes` absent means all; sums of small integers widen to 64 bits --------------
using Axes = std::optional<Dims>;
Tensor sum(const Tensor& x, const Axes& axes = {}, bool keepdims = false,
           std::optional<DType> dtype = {});
Tensor prod(const Tensor& x, const Axes& axes = {}, bool keepdims = false,
            std::optional<DType> dtype = {});
Tensor max(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor min(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor any(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor all(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
Tensor var(const Tensor& x, const Axes& axes = {}, double correction = 0, bool keepdims = false);
Tensor std(const Tensor& x, const Axes& axes = {}, double correction = 0, bool keepdims = false);
Tensor logsumexp(const Tensor& x, const Axes& axes = {}, bool keepdims = false);
// int64 positions along one axis, or in the flattened tensor when absent.
Tensor argmax(const Tensor& x, std::optional<int64_t> axis = {}, bool keepdims = false);
Tensor argmin(const Tensor& x, std::optional<int64_t> axis = {}, bool keepdims = false);
// Running sums and products along an axis, which may be absent for 1 axis only; include_initial
// puts the sum or product of nothing before them. float32 is carried in float64.
Tensor cumulative_sum(const Tensor& x, std::optional<int64_t> axis = {},
                      std::optional<DType> dtype = {}, bool include_initial = false);
Tensor cumulative_prod(const Tensor& x, std::optional<int64_t> axis = {},
                       std::optional<DType> dtype = {}, bool include_initial = false);
// Sums a broadcast tensor back to `shape`: the derivative of broadcasting.
Tensor sum_to(const Tensor& x, const Dims& shape);

// ---- functions of rows along an axis, by one pass over memory
// ------------------------------------
Tensor softmax(const Tensor& x, int64_t axis = -1);
Tensor log_softmax(const Tensor& x, int64_t axis = -1);
// (x - mean) / sqrt(var + epsilon) along the last axis, times weight plus bias (either may be
// undefined), which have the last axis's length.
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double epsilon = 1e-5);
// logsumexp(scores[i]) - scores[i, labels[i]] for each row of (n, classes): (n,). Labels are
// integers; one out of range is IndexError.
Tensor cross_entropy(const Tensor& scores, const Tensor& labels);

// ---- images: (n, channels, *lengths) with 1 to 3 spatial axes -----------------------------------
// One value a spatial axis.
struct ConvOptions {
  Dims stride, padding, dilation;
  int64_t groups = 1;
};
// weight: (channels out, channels in / groups, *kernel); bias: (channels out,) or undefined. Both
// sides of an axis are padded with zeros.
Tensor convolve(const Tensor& x, const Tensor& weight, const Tensor& bias,
                const ConvOptions& options);
// The derivative of `convolve` by its input, as an operation of its own. weight: (channels in,
// channels out / groups, *kernel). output_padding lengthens the result at the end.
Tensor convolve_transposed(const Tensor& x, const Tensor& weight, const Tensor& bias,
                           const ConvOptions& options, const Dims& output_padding);
struct PoolOptions {
  Dims kernel, stride, padding, dilation;
};
Tensor max_pool(const Tensor& x, const PoolOptions& options);
Tensor avg_pool(const Tensor& x, const PoolOptions& options, bool count_padding);
Tensor adaptive_avg_pool(const Tensor& x, const Dims& output);

// ---- linear algebra ----------------------------------------------------------------------------
// (..., m, k) @ (..., k, n), batches broadcast; a 1-d operand is a row (first) or a column
// (second).
Tensor matmul(const Tensor& a, const Tensor& b);

// ---- views -------------------------------------------------------------------------------------
Tensor reshape(const Tensor& x, const Dims& shape);  // a view where strides allow, else a copy
Tensor permute_dims(const Tensor& x, const Dims& axes);
Tensor matrix_transpose(const Tensor& x);  // swaps the last two axes
Tensor swapaxes(const Tensor& x, int64_t axis1, int64_t axis2);
Tensor expand_dims(const Tensor& x, int64_t axis);
Tensor expand_dims(const Tensor& x, const Dims& axes);  // counted in the result
Tensor squeeze(const Tensor& x, const Axes& axes = {});
Tensor broadcast_to(const Tensor& x, const Dims& shape);
Tensor flip(const Tensor& x, const Axes& axes = {});
Tensor diagonal(const Tensor& x, int64_t offset = 0);  // of the last two axes

// One entry of a basic index. Slices are Python's, unresolved.
struct Slice {
  std::optional<int64_t> start, stop;
  int64_t step = 1;
};
struct NewAxis {};
struct Ellipsis {};
using Index = std::variant<int64_t, Slice, NewAxis, Ellipsis>;
Tensor get_item(const Tensor& x, const std::vector<Index>& index);  // view
Tensor get_item(const Tensor& x, const Layout& layout);  // the same, for an index's layout in x

// ---- joins and gathers -----------------------------------------------------------------------
Tensor concat(const std::vector<Tensor>& tensors, std::optional<int64_t> axis = 0);
Tensor stack(const std::vector<Tensor>& tensors, int64_t axis = 0);
std::vector<Tensor> split(const Tensor& x, int64_t sections, int64_t axis = 0);  // views
std::vector<Tensor> split_at(const Tensor& x, const Dims& indices, int64_t axis = 0);
Tensor roll(const Tensor& x, const Dims& shifts, const Axes& axes = {});
// Integer indices may be negative; one out of range is IndexError. take: any shape of indices
// replaces the axis. take_along_axis: indices broadcast against x outside the axis.
Tensor take(const Tensor& x, const Tensor& indices, std::optional<int64_t> axis = {});
// Several indices at once, broadcast against each other, replace the axes from `first` on.
Tensor take_points(const Tensor& x, const std::vector<Tensor>& indices, int64_t first);
// The elements of x where a mask of its shape is True, in order.
Tensor masked_select(const Tensor& x, const Tensor& mask);
Tensor take_along_axis(const Tensor& x, const Tensor& indices, int64_t axis);

// Stable sorts along an axis, NaN above all else; TypeError for complex numbers.
Tensor sort(const Tensor& x, int64_t axis = -1, bool descending = false);
Tensor argsort(const Tensor& x, int64_t axis = -1, bool descending = false);  // int64

// Fourier transforms along an axis, times factor; unrecorded: of few numbers, and of 4096 and more
// for lengths that are powers of two. Of others the result is an undefined tensor, and so is that
// of many real numbers by try_fft: nt.fft asks other libraries then.
Tensor try_fft(const Tensor& x, int64_t axis, bool inverse, double factor);
// From n real numbers to n / 2 + 1 complex ones, and back.
Tensor try_rfft(const Tensor& x, int64_t axis, double factor);
Tensor try_irfft(const Tensor& x, int64_t axis, int64_t n, double factor);

// ---- in place: change x's memory, recorded like any other ------------------------------------
// Throw TapeError for a leaf that records, ValueError for memory that is read-only or that names
// one element twice, TypeError when the result's dtype does not fit x.
enum class InPlaceOp {
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  remainder,
  pow,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  left_shift,
  right_shift
};
void update(InPlaceOp op, const Tensor& x, const Tensor& value);
void assign(const Tensor& x, const Tensor& value);  // x[...] = value, broadcast, cast to x's dtype
// x[mask] = value for a mask of x's shape: broadcast to as many elements as are True.
void assign_where(const Tensor& x, const Tensor& mask, const Tensor& value);
// x with values added at indices along the axis, in their order; values have the shape of take's
// result.
Tensor index_add(const Tensor& x, const Tensor& indices, const Tensor& values, int64_t axis);
// Writes to what take_points picks, in order, unrecorded: TapeError for a tensor that records.
void put_points(const Tensor& x, const std::vector<Tensor>& indices, int64_t first,
                const Tensor& values);

}  // namespace ndtape
