// Kernels of pooling.
#include "cpu/isa.h"
#include "cpu/layers.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// A constant step lets the compiler load by shuffles.
template <class T, bool Positions, class Step>
inline void max_by(const T* x, Step step, int32_t position, T* best, int32_t* at, int64_t n) {
  const int32_t move = static_cast<int32_t>(step());
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) {
    const T v = x[i * step()];
    const bool better = (v > best[i]) | (v != v);
    best[i] = better ? v : best[i];
    if constexpr (Positions) at[i] = better ? position + static_cast<int32_t>(i) * move : at[i];
  }
}

template <int64_t N>
struct Constant {
  constexpr int64_t operator()() const { return N; }
};
struct Any {
  int64_t n;
  int64_t operator()() const { return n; }
};

template <class T, class Step>
inline void max_with(const T* x, Step step, bool first, int32_t position, T* best, int32_t* at,
                     int64_t n) {
  if (!first) {
    return at ? max_by<T, true>(x, step, position, best, at, n)
              : max_by<T, false>(x, step, position, best, at, n);
  }
  const int32_t move = static_cast<int32_t>(step());
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) best[i] = x[i * step()];
  if (!at) return;
  NDTAPE_IVDEP
  for (int64_t i = 0; i < n; ++i) at[i] = position + static_cast<int32_t>(i) * move;
}

// Calls run with the step as a constant where it is a common one.
template <class Run>
inline void with_step(int64_t step, Run run) {
  if (step == 1) return run(Constant<1>{});
  if (step == 2) return run(Constant<2>{});
  run(Any{step});
}

template <class T>
void max_pool(const void* x_, int64_t step, bool first, int32_t position, void* best_, int32_t* at,
              int64_t n) {
  const T* x = static_cast<const T*>(x_);
  T* best = static_cast<T*>(best_);
  with_step(step, [&](auto by) { max_with(x, by, first, position, best, at, n); });
}

template <class T>
void add(const void* x_, int64_t step, double share_, void* y_, int64_t n) {
  const T* x = static_cast<const T*>(x_);
  T* y = static_cast<T*>(y_);
  const T share = static_cast<T>(share_);
  with_step(step, [&](auto by) {
    NDTAPE_IVDEP
    for (int64_t i = 0; i < n; ++i) y[i] += x[i * by()] * share;
  });
}

template <class T>
void spread(const void* y_, int64_t step, double share_, void* x_, int64_t n) {
  const T* y = static_cast<const T*>(y_);
  T* x = static_cast<T*>(x_);
  const T share = static_cast<T>(share_);
  with_step(step, [&](auto by) {
    NDTAPE_IVDEP
    for (int64_t i = 0; i < n; ++i) x[i * by()] += y[i] * share;
  });
}

template <class T>
inline constexpr PoolKernels kPool = {max_pool<T>, add<T>, spread<T>};

}  // namespace

void add_pools(KernelTable& table) {
  table.pool[0] = &kPool<float>;
  table.pool[1] = &kPool<double>;
}

}  // namespace ndtape::cpu::NDTAPE_ISA
