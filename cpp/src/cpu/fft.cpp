// Fourier transforms of several lines side by side, a line in each lane of the vectors: Stockham's
// autosorting algorithm by steps of four, for lengths that are powers of two.
#include "cpu/isa.h"
#include "cpu/shuffle.h"
#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

template <class T>
struct Lines {
  T* re;
  T* im;
};

template <class T>
struct Number {
  Vec<T> re, im;
};

template <class T>
NDTAPE_INLINE Number<T> at(const Lines<T>& x, int64_t i) {
  return {load<Vec<T>>(x.re + i * kLanes<T>), load<Vec<T>>(x.im + i * kLanes<T>)};
}
template <class T>
NDTAPE_INLINE void put(const Lines<T>& x, int64_t i, Number<T> z) {
  store(x.re + i * kLanes<T>, z.re);
  store(x.im + i * kLanes<T>, z.im);
}
template <class T>
NDTAPE_INLINE Number<T> operator+(Number<T> a, Number<T> b) {
  return {a.re + b.re, a.im + b.im};
}
template <class T>
NDTAPE_INLINE Number<T> operator-(Number<T> a, Number<T> b) {
  return {a.re - b.re, a.im - b.im};
}
template <class T>
NDTAPE_INLINE Number<T> by_minus_i(Number<T> a) {
  return {a.im, -a.re};
}
template <class T>
NDTAPE_INLINE Number<T> operator*(Number<T> a, Number<T> w) {
  return {a.re * w.re - a.im * w.im, a.re * w.im + a.im * w.re};
}

// roots[2 k], roots[2 k + 1]: the k-th power of exp(-2 pi i / n), for k < n.
template <class T>
NDTAPE_INLINE Number<T> root(const T* roots, int64_t k) {
  return {splat(roots[2 * k]), splat(roots[2 * k + 1])};
}

// One step from x to y: transforms of length `left`, `done` of them interleaved.
template <class T, class X, class Y>
void step_of_four(const X& x, const Y& y, const T* roots, int64_t left, int64_t done) {
  const int64_t m = left / 4;
  for (int64_t p = 0; p < m; ++p) {
    const Number<T> w1 = root(roots, p * done), w2 = root(roots, 2 * p * done),
                    w3 = root(roots, 3 * p * done);
    for (int64_t q = 0; q < done; ++q) {
      const Number<T> a = at(x, q + done * p), b = at(x, q + done * (p + m)),
                      c = at(x, q + done * (p + 2 * m)), d = at(x, q + done * (p + 3 * m));
      const Number<T> ac = a + c, a_c = a - c, bd = b + d, b_d = by_minus_i(b - d);
      const int64_t to = q + done * 4 * p;
      put(y, to, ac + bd);
      put(y, to + done, (a_c + b_d) * w1);
      put(y, to + 2 * done, (ac - bd) * w2);
      put(y, to + 3 * done, (a_c - b_d) * w3);
    }
  }
}

template <class T, class X, class Y>
void step_of_two(const X& x, const Y& y, int64_t done) {
  for (int64_t q = 0; q < done; ++q) {
    const Number<T> a = at(x, q), b = at(x, q + done);
    put(y, q, a + b);
    put(y, q + done, a - b);
  }
}

// ---- the first step reads complex numbers, and the last writes them -----------------------------

// Complex numbers of `lanes` lines; with real and imaginary parts exchanged for the inverse.
template <class T>
struct Source {
  const T* first;
  int64_t step;
  int64_t lanes;
  bool exchanged;
};
template <class T>
NDTAPE_INLINE Number<T> at(const Source<T>& x, int64_t i) {
  constexpr int L = kLanes<T>;
  T few[2 * L];
  const T* p = x.first + 2 * i * x.step;
  if (x.lanes < L) {
    for (int l = 0; l < 2 * L; ++l) few[l] = l < 2 * x.lanes ? p[l] : T{0};
    p = few;
  }
  const auto a = load<Vec<T>>(p), b = load<Vec<T>>(p + L);
  const auto even = Pattern<L>::even(a, b), odd = Pattern<L>::odd(a, b);
  return x.exchanged ? Number<T>{odd, even} : Number<T>{even, odd};
}

// Result k times a factor, and where they are there times fine[k % kFftFine] coarse[k / kFftFine],
// lane by lane.
template <class T>
struct Target {
  T* first;
  int64_t step;
  int64_t lanes;
  bool exchanged;
  T factor;
  const T* fine;
  const T* coarse;
};
template <class T>
NDTAPE_INLINE Number<T> number_at(const T* p) {
  return {load<Vec<T>>(p), load<Vec<T>>(p + kLanes<T>)};
}
template <class T>
NDTAPE_INLINE void put(const Target<T>& y, int64_t i, Number<T> z) {
  constexpr int L = kLanes<T>;
  if (y.coarse) {
    z = z * (number_at(y.coarse + i / kFftFine * 2 * L) * number_at(y.fine + i % kFftFine * 2 * L));
  } else if (y.fine) {
    z = z * number_at(y.fine + i * 2 * L);
  }
  const Vec<T> re = (y.exchanged ? z.im : z.re) * y.factor,
               im = (y.exchanged ? z.re : z.im) * y.factor;
  const auto low = Interleave<L>::low(re, im), high = Interleave<L>::high(re, im);
  T* p = y.first + 2 * i * y.step;
  if (y.lanes == L) {
    store(p, low);
    store(p + L, high);
    return;
  }
  T few[2 * L];
  store(few, low);
  store(few + L, high);
  for (int l = 0; l < 2 * y.lanes; ++l) p[l] = few[l];
}

template <class T>
void fft(const void* in, int64_t in_step, int64_t n, int64_t lanes, const FftPlan& plan,
         void* scratch, void* out, int64_t out_step) {
  constexpr int64_t L = kLanes<T>;
  T* buffers = static_cast<T*>(scratch);
  Lines<T> x{buffers, buffers + n * L}, y{buffers + 2 * n * L, buffers + 3 * n * L};
  const T* roots = static_cast<const T*>(plan.roots);
  // Real and imaginary parts exchanged before and after are the inverse.
  const Source<T> source{static_cast<const T*>(in), in_step, lanes, plan.inverse};
  const Target<T> target{static_cast<T*>(out),
                         out_step,
                         lanes,
                         plan.inverse,
                         static_cast<T>(plan.factor),
                         static_cast<const T*>(plan.fine),
                         static_cast<const T*>(plan.coarse)};
  step_of_four<T>(source, x, roots, n, 1);
  int64_t left = n / 4, done = 4;
  for (; left > 4; left /= 4, done *= 4) {
    step_of_four<T>(x, y, roots, left, done);
    const Lines<T> was = x;
    x = y;
    y = was;
  }
  if (left == 4) {
    step_of_four<T>(x, target, roots, left, done);
  } else {
    step_of_two<T>(x, target, done);
  }
}

}  // namespace

void add_fft(KernelTable& table) {
  table.fft_float32 = fft<float>;
  table.fft_float64 = fft<double>;
}

}  // namespace ndtape::cpu::NDTAPE_ISA
