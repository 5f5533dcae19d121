// Fourier transforms by our own kernels. The derivative is another transform: who calls records it.
#include "engine/fft.h"

#include <string>

#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {

Tensor fft(const Tensor& x, int64_t axis, bool inverse, double factor) {
  const int place = normalize_axis(axis, x.ndim(), "fft"), last = x.ndim() - 1;
  const int64_t n = x.length(place);
  if (!is_complex(x.dtype())) {
    throw TypeError(std::string("fft: ") + name(x.dtype()) + " is not complex");
  }
  if (n < 16 || n > engine::kFftMost || (n & (n - 1)) != 0) {
    throw ValueError("fft: length " + std::to_string(n) + " is not a power of two from 16 to " +
                     std::to_string(engine::kFftMost));
  }
  if (recording(x)) throw TapeError("fft: it is not recorded");
  if (n > engine::kFftDirect && place != last) {
    return contiguous(swapaxes(fft(swapaxes(x, place, last), last, inverse, factor), place, last));
  }
  const Tensor from = contiguous(detach(x));
  const Tensor y = Tensor::empty(x.shape(), x.dtype());
  int64_t inner = 1;
  for (int i = place + 1; i <= last; ++i) inner *= x.length(i);
  if (y.size() == 0) return y;
  const Dims lines = {x.size() / n / inner, n, inner};
  engine::fft(reshape(from, lines), inverse, factor, reshape(y, lines));
  return y;
}

namespace {

void check_real_length(const char* what, int64_t n) {
  if (n < 32 || n > 2 * engine::kFftMost || (n & (n - 1)) != 0) {
    throw ValueError(std::string(what) + ": length " + std::to_string(n) +
                     " is not a power of two from 32 to " + std::to_string(2 * engine::kFftMost));
  }
}

// x's lines along its last axis.
Tensor lines_of(const Tensor& x) {
  const int64_t n = x.length(x.ndim() - 1);
  return reshape(contiguous(detach(x)), {n == 0 ? 0 : x.size() / n, n});
}

}  // namespace

Tensor rfft(const Tensor& x, double factor) {
  if (!is_float(x.dtype())) {
    throw TypeError(std::string("rfft: ") + name(x.dtype()) + " is not float32 or float64");
  }
  if (x.ndim() == 0) throw ValueError("rfft: a 0-d tensor has no lines");
  const int64_t n = x.length(x.ndim() - 1);
  check_real_length("rfft", n);
  if (recording(x)) throw TapeError("rfft: it is not recorded");
  Dims shape = x.shape();
  shape[shape.size() - 1] = n / 2 + 1;
  const Tensor y = Tensor::empty(shape, complex_dtype(x.dtype()));
  engine::rfft(lines_of(x), factor, lines_of(y));
  return y;
}

Tensor irfft(const Tensor& x, double factor) {
  if (!is_complex(x.dtype())) {
    throw TypeError(std::string("irfft: ") + name(x.dtype()) + " is not complex");
  }
  if (x.ndim() == 0) throw ValueError("irfft: a 0-d tensor has no lines");
  const int64_t n = 2 * (x.length(x.ndim() - 1) - 1);
  check_real_length("irfft", n);
  if (recording(x)) throw TapeError("irfft: it is not recorded");
  Dims shape = x.shape();
  shape[shape.size() - 1] = n;
  const Tensor y = Tensor::empty(shape, real_dtype(x.dtype()));
  engine::irfft(lines_of(x), factor, lines_of(y));
  return y;
}

}  // namespace ndtape
