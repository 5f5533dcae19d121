// Kernels of layer, batch and group normalisation.
#include "cpu/isa.h"
#include "cpu/layers.h"
#include "cpu/row_math.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// Adds f's `Sums` values for each i < n to total[0..Sums): f.at<V>(i, out) gives those of a vector,
// or of one element.
template <class T, int Sums, class F>
NDTAPE_INLINE void sum_over(int64_t n, const F& f, double (&total)[Sums]) {
  using V = Vec<T>;
  constexpr int64_t L = kLanes<T>;
  for (int k = 0; k < Sums; ++k) total[k] = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = begin + kBlock < n ? begin + kBlock : n;
    V part[4][Sums] = {};
    int64_t i = begin;
    for (; i + 4 * L <= end; i += 4 * L) {
#pragma GCC unroll 4
      for (int s = 0; s < 4; ++s) {
        V v[Sums];
        f.template at<V>(i + s * L, v);
        for (int k = 0; k < Sums; ++k) part[s][k] += v[k];
      }
    }
    for (; i + L <= end; i += L) {
      V v[Sums];
      f.template at<V>(i, v);
      for (int k = 0; k < Sums; ++k) part[0][k] += v[k];
    }
    double rest[Sums] = {};
    for (; i < end; ++i) {
      T v[Sums];
      f.template at<T>(i, v);
      for (int k = 0; k < Sums; ++k) rest[k] += v[k];
    }
    for (int k = 0; k < Sums; ++k) {
      total[k] += sum_lanes<T>((part[0][k] + part[1][k]) + (part[2][k] + part[3][k])) + rest[k];
    }
  }
}

template <class T>
struct Plain {
  const T* x;
  template <class V>
  NDTAPE_INLINE void at(int64_t i, V* v) const {
    v[0] = load<V>(x + i);
  }
};

template <class T>
struct Square {
  const T* x;
  T shift;
  template <class V>
  NDTAPE_INLINE void at(int64_t i, V* v) const {
    const V d = load<V>(x + i) - shift;
    v[0] = d * d;
  }
};

template <class T>
struct Dots {
  const T *g, *x;
  T shift;
  template <class V>
  NDTAPE_INLINE void at(int64_t i, V* v) const {
    v[0] = load<V>(g + i);
    v[1] = v[0] * (load<V>(x + i) - shift);
  }
};

template <class T, bool Weight>
struct RowDots {
  const T *g, *x, *weight;
  T shift, scale;
  template <class V>
  NDTAPE_INLINE void at(int64_t i, V* v) const {
    v[0] = load<V>(g + i);
    if constexpr (Weight) v[0] = v[0] * load<V>(weight + i);
    v[1] = v[0] * ((load<V>(x + i) - shift) * scale);
  }
};

template <class T>
double sum(const void* x, int64_t n) {
  double total[1];
  sum_over<T>(n, Plain<T>{static_cast<const T*>(x)}, total);
  return total[0];
}

template <class T>
double squares(const void* x, double shift, int64_t n) {
  double total[1];
  sum_over<T>(n, Square<T>{static_cast<const T*>(x), static_cast<T>(shift)}, total);
  return total[0];
}

template <class T>
void dots(const void* g, const void* x, double shift, int64_t n, double* plain, double* with_x) {
  double total[2];
  sum_over<T>(n, Dots<T>{static_cast<const T*>(g), static_cast<const T*>(x), static_cast<T>(shift)},
              total);
  *plain = total[0];
  *with_x = total[1];
}

template <class T>
void affine(const void* x_, double shift_, double a_, double b_, void* y_, int64_t n) {
  const T* x = static_cast<const T*>(x_);
  T* y = static_cast<T*>(y_);
  const T shift = static_cast<T>(shift_), a = static_cast<T>(a_), b = static_cast<T>(b_);
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - shift) * a + b;
}

template <class T>
void affine_gradient(const void* g_, const void* x_, double shift_, double a_, double b_, double c_,
                     void* y_, int64_t n) {
  const T *g = static_cast<const T*>(g_), *x = static_cast<const T*>(x_);
  T* y = static_cast<T*>(y_);
  const T shift = static_cast<T>(shift_), a = static_cast<T>(a_), b = static_cast<T>(b_),
          c = static_cast<T>(c_);
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) y[i] = g[i] * a + ((x[i] - shift) * b + c);
}

template <class T>
void row_dots(const void* g_, const void* x_, const void* weight_, double shift_, double scale_,
              int64_t n, double* sum_h, double* sum_hv) {
  const T *g = static_cast<const T*>(g_), *x = static_cast<const T*>(x_),
          *weight = static_cast<const T*>(weight_);
  const T shift = static_cast<T>(shift_), scale = static_cast<T>(scale_);
  double total[2];
  if (weight) {
    sum_over<T>(n, RowDots<T, true>{g, x, weight, shift, scale}, total);
  } else {
    sum_over<T>(n, RowDots<T, false>{g, x, weight, shift, scale}, total);
  }
  *sum_h = total[0];
  *sum_hv = total[1];
}

template <class T, bool Weight, bool Sums, bool X>
void row_gradient(const T* g, const T* x, const T* weight, T shift, T scale, T mean_h, T mean_hv,
                  T* dx, T* dweight, T* dbias, int64_t n) {
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    const T v = (x[i] - shift) * scale;
    if constexpr (X) {
      const T h = Weight ? g[i] * weight[i] : g[i];
      dx[i] = scale * ((h - mean_h) - v * mean_hv);
    }
    if constexpr (Sums) {
      dweight[i] += g[i] * v;
      dbias[i] += g[i];
    }
  }
}

template <class T>
void row_gradient(const void* g_, const void* x_, const void* weight_, double shift_, double scale_,
                  double mean_h_, double mean_hv_, void* dx_, void* dweight_, void* dbias_,
                  int64_t n) {
  const T *g = static_cast<const T*>(g_), *x = static_cast<const T*>(x_),
          *weight = static_cast<const T*>(weight_);
  T *dx = static_cast<T*>(dx_), *dweight = static_cast<T*>(dweight_),
    *dbias = static_cast<T*>(dbias_);
  const auto run = [&](auto kernel) {
    kernel(g, x, weight, static_cast<T>(shift_), static_cast<T>(scale_), static_cast<T>(mean_h_),
           static_cast<T>(mean_hv_), dx, dweight, dbias, n);
  };
  if (!dx) return run(row_gradient<T, false, true, false>);
  if (weight) {
    dweight ? run(row_gradient<T, true, true, true>) : run(row_gradient<T, true, false, true>);
  } else {
    dweight ? run(row_gradient<T, false, true, true>) : run(row_gradient<T, false, false, true>);
  }
}

template <class T>
void exp_times(const void* x_, double shift_, double factor_, void* y_, int64_t n) {
  using V = Vec<T>;
  constexpr int64_t L = kLanes<T>;
  const T* x = static_cast<const T*>(x_);
  T* y = static_cast<T*>(y_);
  const V shift = splat(static_cast<T>(shift_)), factor = splat(static_cast<T>(factor_));
  int64_t i = 0;
  for (; i + L <= n; i += L) store(y + i, exponential(load<V>(x + i) - shift) * factor);
  if (i == n) return;
  T tail[L] = {};
  __builtin_memcpy(tail, x + i, static_cast<size_t>(n - i) * sizeof(T));
  store(tail, exponential(load<V>(tail) - shift) * factor);
  __builtin_memcpy(y + i, tail, static_cast<size_t>(n - i) * sizeof(T));
}

template <class T>
inline constexpr NormKernels kNorm = {sum<T>,          squares<T>,         dots<T>,
                                      affine<T>,       affine_gradient<T>, row_dots<T>,
                                      row_gradient<T>, exp_times<T>};

}  // namespace

void add_norms(KernelTable& table) {
  table.norm[0] = &kNorm<float>;
  table.norm[1] = &kNorm<double>;
}

}  // namespace ndtape::cpu::NDTAPE_ISA
