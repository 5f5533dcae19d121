#include "engine/triangle.h"

#include <algorithm>
#include <cstring>

#include "engine/elementwise.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {

void triangle(const Tensor& x, int64_t k, bool lower, const Tensor& out) {
  if (out.size() == 0) return;
  const int64_t rows = x.length(x.ndim() - 2), cols = x.length(x.ndim() - 1);
  const int64_t element = itemsize(x.dtype()), pitch = cols * element;
  // What is not row-major becomes so first, in place.
  const bool in_place = !x.is_contiguous();
  if (in_place) copy(x, out);
  const char* const from = static_cast<const char*>((in_place ? out : x).data());
  char* const to = static_cast<char*>(out.mutable_data());
  const auto fill = [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      // The first column of the other side, counted in bytes.
      const int64_t i = line % rows;
      const int64_t edge = std::clamp<int64_t>(i + k + (lower ? 1 : 0), 0, cols) * element;
      const char* const source = from + line * pitch;
      char* const target = to + line * pitch;
      const int64_t first = lower ? 0 : edge, last = lower ? edge : pitch;
      if (!in_place) std::memcpy(target + first, source + first, static_cast<size_t>(last - first));
      std::memset(target, 0, static_cast<size_t>(first));
      std::memset(target + last, 0, static_cast<size_t>(pitch - last));
    }
  };
  const int64_t lines = out.size() / cols;
  if (out.size() < kParallelWork) return fill(0, lines);
  parallel_for(lines, fill);
}

}  // namespace ndtape::engine
