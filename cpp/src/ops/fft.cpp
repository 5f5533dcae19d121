// Fourier transforms by our own kernels. The derivative is another transform: who calls records it.
#include "engine/fft.h"

#include <string>

#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {

namespace {

bool is_power_of_two(int64_t n) { return n > 0 && (n & (n - 1)) == 0; }

// Throws for what has no lines along an axis; returns its place.
int checked_axis(const char* what, const Tensor& x, int64_t axis) {
  if (!is_inexact(x.dtype())) {
    throw TypeError(std::string(what) + ": dtype " + name(x.dtype()) +
                    ", expected a float or complex dtype");
  }
  return normalize_axis(axis, x.ndim(), what);
}

// Like x, but for the length along an axis and the dtype.
Tensor empty_beside(const Tensor& x, int axis, int64_t length, DType dtype) {
  Dims shape = x.shape();
  shape[axis] = length;
  return Tensor::empty(shape, dtype);
}

bool is_few(const Tensor& x, int axis, int64_t n) {
  return x.size() > 0 && engine::is_few_fft(n, x.size() / x.length(axis));
}
bool is_many(const Tensor& x, int64_t n, int64_t most) {
  return x.size() >= engine::kFftMany && is_power_of_two(n) && n >= 16 && n <= most;
}

// x's lines along its last axis.
Tensor lines_of(const Tensor& x) {
  const int64_t n = x.length(x.ndim() - 1);
  return reshape(contiguous(detach(x)), {n == 0 ? 0 : x.size() / n, n});
}

}  // namespace

Tensor try_fft(const Tensor& x, int64_t axis, bool inverse, double factor) {
  const int place = checked_axis("fft", x, axis), last = x.ndim() - 1;
  const int64_t n = x.length(place);
  const DType dtype = complex_dtype(x.dtype());
  if (is_few(x, place, n)) {
    const Tensor y = Tensor::empty(x.shape(), dtype);
    engine::fft_few(x, place, n, inverse, factor, y);
    return y;
  }
  if (x.dtype() != dtype || !is_many(x, n, engine::kFftMost)) return {};
  if (n > engine::kFftDirect && place != last) {
    return contiguous(
        swapaxes(try_fft(swapaxes(x, place, last), last, inverse, factor), place, last));
  }
  const Tensor from = contiguous(detach(x)), y = Tensor::empty(x.shape(), dtype);
  int64_t inner = 1;
  for (int i = place + 1; i <= last; ++i) inner *= x.length(i);
  const Dims lines = {x.size() / n / inner, n, inner};
  engine::fft(reshape(from, lines), inverse, factor, reshape(y, lines));
  return y;
}

Tensor try_rfft(const Tensor& x, int64_t axis, double factor) {
  const int place = checked_axis("rfft", x, axis);
  if (is_complex(x.dtype()))
    throw TypeError(std::string("rfft: ") + name(x.dtype()) + " is not real");
  const int64_t n = x.length(place);
  if (is_few(x, place, n)) {
    const Tensor y = empty_beside(x, place, n / 2 + 1, complex_dtype(x.dtype()));
    engine::fft_few(x, place, n, false, factor, y);
    return y;
  }
  if (n % 2 != 0 || !is_many(x, n / 2, engine::kFftMost)) return {};
  const Tensor from = swapaxes(detach(x), place, -1);
  const Tensor y = empty_beside(from, x.ndim() - 1, n / 2 + 1, complex_dtype(x.dtype()));
  engine::rfft(lines_of(from), factor, lines_of(y));
  return swapaxes(y, place, -1);
}

Tensor try_irfft(const Tensor& x, int64_t axis, int64_t n, double factor) {
  const int place = checked_axis("irfft", x, axis);
  if (!is_complex(x.dtype())) {
    throw TypeError(std::string("irfft: ") + name(x.dtype()) + " is not complex");
  }
  if (n < 1 || x.length(place) != n / 2 + 1) {
    throw ValueError("irfft: length " + std::to_string(n) +
                     " of a result, expected one whose half is " + std::to_string(x.length(place)) +
                     " long");
  }
  if (is_few(x, place, n)) {
    const Tensor y = empty_beside(x, place, n, real_dtype(x.dtype()));
    engine::fft_few(x, place, n, true, factor, y);
    return y;
  }
  if (n % 2 != 0 || !is_many(x, n / 2, engine::kFftMost)) return {};
  const Tensor from = swapaxes(detach(x), place, -1);
  const Tensor y = empty_beside(from, x.ndim() - 1, n, real_dtype(x.dtype()));
  engine::irfft(lines_of(from), factor, lines_of(y));
  return swapaxes(y, place, -1);
}

}  // namespace ndtape
