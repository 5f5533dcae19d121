#include "engine/fft.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "core/once.h"
#include "cpu/kernels.h"
#include "engine/elementwise.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

int log2_of(int64_t n) { return std::countr_zero(static_cast<uint64_t>(n)); }

// exp(-2 pi i k / n) for k < count, rounded once.
template <class T>
std::vector<T> powers(int64_t n, int64_t count) {
  std::vector<T> result(static_cast<size_t>(2 * count));
  for (int64_t k = 0; k < count; ++k) {
    long double re, im;
    root_of_unity(k, n, re, im);
    result[static_cast<size_t>(2 * k)] = static_cast<T>(re);
    result[static_cast<size_t>(2 * k + 1)] = static_cast<T>(im);
  }
  return result;
}

// Tables are made once for each length.
template <class T>
class Tables {
 public:
  const T* get(int64_t n, int64_t count) {
    const auto i = static_cast<size_t>(log2_of(n));
    return tables_[i].get([&] { return powers<T>(n, count); }).data();
  }

 private:
  std::array<Once<std::vector<T>>, 32> tables_;
};

template <class T>
const T* roots(int64_t n) {
  static Tables<T> tables;
  return tables.get(n, n);
}

// Powers of exp(-2 pi i / n) for a large n, as products of two of a few each.
class FarRoots {
 public:
  explicit FarRoots(int64_t n) : n_(n), bits_((log2_of(n) + 1) / 2) {
    static Tables<double> tables;
    low_ = tables.get(n, int64_t{1} << bits_);
    high_ = roots<double>(n >> bits_);
  }
  void get(int64_t k, double& re, double& im) const {
    k &= n_ - 1;
    const double* a = high_ + 2 * (k >> bits_);
    const double* b = low_ + 2 * (k & ((int64_t{1} << bits_) - 1));
    re = a[0] * b[0] - a[1] * b[1];
    im = a[0] * b[1] + a[1] * b[0];
  }

 private:
  const int64_t n_;
  const int bits_;
  const double *low_, *high_;
};

// Memory as lines of n elements of some bytes: steps between elements of a line and between lines.
struct Grid {
  char* first;
  int64_t step, line_step;
};

template <class T>
int64_t lanes_of() {
  return cpu::kernels().vector_bytes / static_cast<int64_t>(sizeof(T));
}

template <class T>
constexpr DType real_type() {
  return sizeof(T) == 4 ? DType::Float32 : DType::Float64;
}

// Transforms of a few lines at a time, and the work space that they need.
template <class T>
class Tile {
 public:
  explicit Tile(int64_t longest)
      : memory_(Tensor::empty({longest, 6 * lanes_of<T>()}, real_type<T>())) {
    const auto i = static_cast<size_t>(std::countr_zero(2 * sizeof(T)));
    gather_ = cpu::kernels().gather[i];
    scatter_ = cpu::kernels().scatter[i];
    if constexpr (sizeof(T) == 4) {
      fft_ = cpu::kernels().fft_float32;
    } else {
      fft_ = cpu::kernels().fft_float64;
    }
  }

  // The transforms of lines [line, line + lanes), n elements each, of a grid, put on those of
  // another. Lines that lie side by side are read or written where they are.
  void run(const Grid& from, const Grid& to, int64_t n, int64_t line, int64_t lanes,
           const cpu::FftPlan& plan) {
    T* dense = static_cast<T*>(memory_.mutable_data());
    T* scratch = dense + 2 * n * lanes_of<T>();
    const char* x = from.first + line * from.line_step;
    char* y = to.first + line * to.line_step;
    int64_t x_step = from.step / kElement, y_step = to.step / kElement;
    if (from.line_step != kElement) {
      gather_(x, from.step, from.line_step, dense, n, lanes);
      x = reinterpret_cast<const char*>(dense);
      x_step = lanes;
    }
    if (to.line_step != kElement) {
      fft_(x, x_step, n, lanes, plan, scratch, dense, lanes);
      scatter_(dense, y, to.step, to.line_step, n, lanes);
    } else {
      fft_(x, x_step, n, lanes, plan, scratch, y, y_step);
    }
  }

 private:
  static constexpr int64_t kElement = 2 * sizeof(T);
  const Tensor memory_;
  cpu::GatherKernel gather_;
  cpu::ScatterKernel scatter_;
  cpu::FftKernel fft_;
};

void prefetch(const char* memory, int64_t bytes) {
  for (int64_t i = 0; i < bytes; i += 64) __builtin_prefetch(memory + i);
}

template <class Body>
void share(int64_t tiles, int64_t elements, Body&& body) {
  if (elements > kParallelWork / 8) {
    parallel_for(tiles, body);
  } else {
    body(0, tiles);
  }
}

// `groups` grids of `lines` lines of n elements each, as many bytes apart as group_step says.
template <class T>
void direct(const Grid& from, const Grid& to, int64_t groups, int64_t group_step, int64_t lines,
            int64_t n, const cpu::FftPlan& plan) {
  const int64_t lanes = lanes_of<T>(), tiles = (lines + lanes - 1) / lanes;
  share(groups * tiles, groups * lines * n, [&](int64_t begin, int64_t end) {
    Tile<T> tile(n);
    for (int64_t t = begin; t < end; ++t) {
      const int64_t shift = t / tiles * group_step, line = t % tiles * lanes;
      tile.run({from.first + shift, from.step, from.line_step},
               {to.first + shift, to.step, to.line_step}, n, line, std::min(lanes, lines - line),
               plan);
    }
  });
}

// A line as a matrix of n1 x n2 elements: its columns are transformed, every element turned by the
// root that its two places name, and the rows transformed to the columns of the result.
struct Sides {
  explicit Sides(int64_t n) : n1(int64_t{1} << (log2_of(n) / 2)), n2(n / n1) {}
  const int64_t n1, n2;
};

// The roots by which the columns from `first` on are turned: for each row, a vector of real parts
// and one of imaginary parts. Powers of roots of n, the row's as far as `step` says.
template <class T, class Root>
void turns(T* table, int64_t rows, int64_t step, int64_t first, Root&& root) {
  const int64_t lanes = lanes_of<T>();
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t l = 0; l < lanes; ++l) {
      double re, im;
      root((first + l) * row * step, re, im);
      table[2 * row * lanes + l] = static_cast<T>(re);
      table[(2 * row + 1) * lanes + l] = static_cast<T>(im);
    }
  }
}

// A long line, by all threads.
template <class T>
void far_line(const char* x, char* out, int64_t n, bool inverse, double factor, char* between) {
  constexpr int64_t kElement = 2 * sizeof(T);
  const auto [n1, n2] = Sides(n);
  const int64_t lanes = lanes_of<T>(), tiles = (n2 + lanes - 1) / lanes;
  const FarRoots far(n);
  const Grid columns{const_cast<char*>(x), n2 * kElement, kElement};
  const Grid turned{between, n2 * kElement, kElement};
  const T* roots1 = roots<T>(n1);
  const auto root = [&](int64_t k, double& re, double& im) { far.get(k, re, im); };
  share(tiles, n, [&](int64_t begin, int64_t end) {
    Tile<T> tile(n1);
    const int64_t coarse = std::max<int64_t>(1, n1 / cpu::kFftFine);
    std::vector<T> table(static_cast<size_t>((cpu::kFftFine + coarse) * 2 * lanes));
    T* const far_part = table.data() + cpu::kFftFine * 2 * lanes;
    for (int64_t t = begin; t < end; ++t) {
      const int64_t line = t * lanes;
      turns(table.data(), cpu::kFftFine, 1, line, root);
      turns(far_part, coarse, cpu::kFftFine, line, root);
      tile.run(columns, turned, n1, line, std::min(lanes, n2 - line),
               {roots1, inverse, 1.0, table.data(), far_part});
    }
  });
  direct<T>({between, kElement, n2 * kElement}, {out, n1 * kElement, kElement}, 1, 0, n1, n2,
            {roots<T>(n2), inverse, factor, nullptr, nullptr});
}

// Lines that fit the L1 cache, each by one thread and without leaving it.
template <class T>
class NearLines {
 public:
  static bool fit(int64_t n) { return Sides(n).n1 >= std::max<int64_t>(8, lanes_of<T>()); }

  explicit NearLines(int64_t n)
      : sides_(n), roots1_(roots<T>(sides_.n1)), roots2_(roots<T>(sides_.n2)), table_(2 * n) {
    const double* all = roots<double>(n);
    const int64_t lanes = lanes_of<T>();
    for (int64_t line = 0; line < sides_.n2; line += lanes) {
      turns(table_.data() + 2 * sides_.n1 * line, sides_.n1, 1, line,
            [&](int64_t k, double& re, double& im) {
              re = all[2 * (k & (n - 1))];
              im = all[2 * (k & (n - 1)) + 1];
            });
    }
  }

  void run(const char* x, char* out, int64_t lines, bool inverse, double factor) const {
    const auto [n1, n2] = sides_;
    const int64_t n = n1 * n2, lanes = lanes_of<T>();
    share(lines, lines * n, [&](int64_t begin, int64_t end) {
      Tile<T> tile(n2);
      const Tensor memory = Tensor::empty({n, 2}, real_type<T>());
      char* const between = static_cast<char*>(memory.mutable_data());
      const Grid turned{between, n2 * kElement, kElement}, rows{between, kElement, n2 * kElement};
      for (int64_t i = begin; i < end; ++i) {
        const Grid columns{const_cast<char*>(x) + i * n * kElement, n2 * kElement, kElement};
        // The next line's steps are too long for the processor to see it coming.
        if (i + 1 < end) prefetch(columns.first + n * kElement, n * kElement);
        for (int64_t line = 0; line < n2; line += lanes) {
          tile.run(columns, turned, n1, line, lanes,
                   {roots1_, inverse, 1.0, table_.data() + 2 * n1 * line, nullptr});
        }
        const Grid result{out + i * n * kElement, n1 * kElement, kElement};
        for (int64_t line = 0; line < n1; line += lanes) {
          tile.run(rows, result, n2, line, lanes, {roots2_, inverse, factor, nullptr, nullptr});
        }
      }
    });
  }

 private:
  static constexpr int64_t kElement = 2 * sizeof(T);
  const Sides sides_;
  const T *const roots1_, *const roots2_;
  std::vector<T> table_;
};

// (outer, n, inner) complex numbers.
template <class T>
void transform(char* from, char* to, int64_t outer, int64_t n, int64_t inner, bool inverse,
               double factor) {
  constexpr int64_t kElement = 2 * sizeof(T);
  if (n > kFftDirect) {
    // Threads share the lines when they are enough, else each line.
    auto run = [&](int64_t begin, int64_t end) {
      const Tensor between = Tensor::empty({n, 2}, real_type<T>());
      for (int64_t o = begin; o < end; ++o) {
        far_line<T>(from + o * n * kElement, to + o * n * kElement, n, inverse, factor,
                    static_cast<char*>(between.mutable_data()));
      }
    };
    if (outer >= num_threads()) {
      parallel_for(outer, run);
    } else {
      run(0, outer);
    }
    return;
  }
  const cpu::FftPlan plan{roots<T>(n), inverse, factor, nullptr, nullptr};
  if (inner == 1 && NearLines<T>::fit(n)) {
    NearLines<T>(n).run(from, to, outer, inverse, factor);
  } else if (inner == 1) {
    direct<T>({from, kElement, n * kElement}, {to, kElement, n * kElement}, 1, 0, outer, n, plan);
  } else {
    direct<T>({from, inner * kElement, kElement}, {to, inner * kElement, kElement}, outer,
              n * inner * kElement, inner, n, plan);
  }
}

// n = 2 h real numbers as h complex ones: z[k] + conj(z[h - k]) is, but for a factor of 2, element
// k of the transform of those in even places, z[k] - conj(z[h - k]) i times that of those in odd
// places, which the root of n turns. The way back is the same with the conjugate root. `there`:
// from h elements to h + 1, else from h + 1 to h.
template <class T>
void combine_halves(const T* z, T* y, int64_t lines, int64_t h, bool there) {
  constexpr int64_t kPiece = 4096;
  const FarRoots far(2 * h);
  const int64_t z_length = there ? h : h + 1, y_length = there ? h + 1 : h;
  const int64_t pieces = (h / 2 + kPiece) / kPiece;
  share(lines * pieces, lines * h, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const T* from = z + 2 * z_length * (task / pieces);
      T* to = y + 2 * y_length * (task / pieces);
      const int64_t first = task % pieces * kPiece, last = std::min(first + kPiece, h / 2 + 1);
      for (int64_t k = first; k < last; ++k) {
        const int64_t back = h - k;
        const T* a = from + 2 * k;
        const T* b = from + 2 * (there && k == 0 ? 0 : back);
        // The ends of a half are real.
        const T a_im = there || k > 0 ? a[1] : T{0}, b_im = there || k > 0 ? b[1] : T{0};
        double re, im;
        far.get(k, re, im);
        // -i times the root, or i times its conjugate.
        const T c_re = static_cast<T>(im), c_im = static_cast<T>(there ? -re : re);
        const T sum_re = a[0] + b[0], sum_im = a_im - b_im;
        const T odd_re = a[0] - b[0], odd_im = a_im + b_im;
        const T turned_re = odd_re * c_re - odd_im * c_im;
        const T turned_im = odd_re * c_im + odd_im * c_re;
        to[2 * k] = sum_re + turned_re;
        to[2 * k + 1] = sum_im + turned_im;
        if (back == y_length) continue;
        to[2 * back] = sum_re - turned_re;
        to[2 * back + 1] = turned_im - sum_im;
      }
    }
  });
}

template <class T>
void transform_real(const Tensor& x, double factor, const Tensor& out) {
  const int64_t lines = x.length(0), h = x.length(1) / 2;
  const Tensor half = Tensor::empty({lines, h, 2}, x.dtype());
  transform<T>(static_cast<char*>(x.mutable_data()), static_cast<char*>(half.mutable_data()), lines,
               h, 1, false, factor / 2);
  combine_halves(half.data<T>(), out.mutable_data<T>(), lines, h, true);
}

template <class T>
void transform_to_real(const Tensor& x, double factor, const Tensor& out) {
  const int64_t lines = out.length(0), h = out.length(1) / 2;
  const Tensor half = Tensor::empty({lines, h, 2}, out.dtype());
  combine_halves(x.data<T>(), half.mutable_data<T>(), lines, h, false);
  transform<T>(static_cast<char*>(half.mutable_data()), static_cast<char*>(out.mutable_data()),
               lines, h, 1, true, factor);
}

}  // namespace

void fft(const Tensor& x, bool inverse, double factor, const Tensor& out) {
  if (x.size() == 0) return;
  const auto run = x.dtype() == DType::Complex64 ? transform<float> : transform<double>;
  run(static_cast<char*>(x.mutable_data()), static_cast<char*>(out.mutable_data()), x.length(0),
      x.length(1), x.length(2), inverse, factor);
}

void rfft(const Tensor& x, double factor, const Tensor& out) {
  if (x.size() == 0) return;
  const auto run = x.dtype() == DType::Float32 ? transform_real<float> : transform_real<double>;
  run(x, factor, out);
}

void irfft(const Tensor& x, double factor, const Tensor& out) {
  if (out.size() == 0) return;
  const auto run =
      out.dtype() == DType::Float32 ? transform_to_real<float> : transform_to_real<double>;
  run(x, factor, out);
}

}  // namespace ndtape::engine
