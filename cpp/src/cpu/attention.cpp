// Kernels of attention.
#include "cpu/isa.h"
#include "cpu/layers.h"
#include "cpu/row_math.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// Replaces x[i] by f(vector of x), for each i < n; of the last vector `rest` lanes, and the others
// are `fill` on entry.
template <class T, class F>
NDTAPE_INLINE void for_vectors(T* x, int64_t n, T fill, F f) {
  using V = Vec<T>;
  constexpr int64_t L = kLanes<T>;
  int64_t i = 0;
  for (; i + L <= n; i += L) store(x + i, f(load<V>(x + i)));
  if (i == n) return;
  T tail[L];
  for (int64_t k = 0; k < L; ++k) tail[k] = i + k < n ? x[i + k] : fill;
  store(tail, f(load<V>(tail)));
  for (int64_t k = 0; i + k < n; ++k) x[i + k] = tail[k];
}

template <class T>
void weights(void* x_, double scale_, const void* bias_, const uint8_t* seen, bool again,
             void* top_, void* inverse_, int64_t n) {
  using V = Vec<T>;
  T* x = static_cast<T*>(x_);
  const T* bias = static_cast<const T*>(bias_);
  const T scale = static_cast<T>(scale_), lowest = -static_cast<T>(__builtin_inf());
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) x[i] *= scale;
  if (bias) {
    NDTAPE_IVDEP
    for (int64_t i = 0; i < n; ++i) x[i] += bias[i];
  }
  if (seen) {
    NDTAPE_IVDEP
    for (int64_t i = 0; i < n; ++i) x[i] = seen[i] ? x[i] : lowest;
  }
  T& top = *static_cast<T*>(top_);
  T& inverse = *static_cast<T*>(inverse_);
  if (!again) {
    V most = splat(lowest);
    for_vectors(x, n, lowest, [&](V v) NDTAPE_LAMBDA {
      most = max(v, most);  // a NaN is passed over here, and met again by exp
      return v;
    });
    T lane[kLanes<T>];
    store(lane, most);
    top = lane[0];
    for (int k = 1; k < kLanes<T>; ++k) top = lane[k] > top ? lane[k] : top;
  }
  const V shift = splat(top);
  V sums = {};
  // Blocks are added in float64, so that long rows lose nothing.
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t count = n - begin < kBlock ? n - begin : kBlock;
    sums = V{};
    for_vectors(x + begin, count, lowest, [&](V v) NDTAPE_LAMBDA {
      const V e = exponential(v - shift);
      sums += e;
      return e;
    });
    total += sum_lanes<T>(sums);
  }
  if (!again) inverse = static_cast<T>(1 / total);
  const T factor = inverse;
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) x[i] *= factor;
}

template <class T>
void slope(const void* p_, void* d_, double scale_, int64_t n) {
  using V = Vec<T>;
  constexpr int64_t L = kLanes<T>;
  const T* p = static_cast<const T*>(p_);
  T* d = static_cast<T*>(d_);
  double total = 0;
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t end = n - begin < kBlock ? n : begin + kBlock;
    V sums[2] = {};
    int64_t i = begin;
    for (; i + 2 * L <= end; i += 2 * L) {
      sums[0] += load<V>(p + i) * load<V>(d + i);
      sums[1] += load<V>(p + i + L) * load<V>(d + i + L);
    }
    T rest = 0;
    for (; i < end; ++i) rest += p[i] * d[i];
    total += static_cast<double>(sum_lanes<T>(sums[0] + sums[1])) + rest;
  }
  const T mean = static_cast<T>(total), scale = static_cast<T>(scale_);
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) d[i] = p[i] * (d[i] - mean) * scale;
}

template <class T>
inline constexpr AttentionKernels kAttention = {weights<T>, slope<T>};

}  // namespace

void add_attention(KernelTable& table) {
  table.attention[0] = &kAttention<float>;
  table.attention[1] = &kAttention<double>;
}

}  // namespace ndtape::cpu::NDTAPE_ISA
