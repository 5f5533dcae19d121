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

}  // namespace ndtape
