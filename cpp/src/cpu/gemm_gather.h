// Panels gathered from places that two tables name: patches of an image, for convolution.
//
// Whole vectors are moved, so up to a vector is read beyond what a table names, and written beyond
// the panel; what spills inside the panel is overwritten by what comes next.
#pragma once

#include "cpu/gemm_pack.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

// Lanes lie in runs: each step copies them.
template <class T, int W>
void gather_lanes(const void* src_, const int64_t* step, int64_t k, const int64_t* lane, int lanes,
                  void* panel_) {
  using V = Vec<T>;
  constexpr int L = kLanes<T>;
  const T* src = static_cast<const T*>(src_);
  T* panel = static_cast<T*>(panel_);
  int to[W];
  int64_t from[W];
  int copies = 0, runs = 0;
  for (int i = 0; i < lanes; ++runs) {
    int run = 1;
    while (i + run < lanes && lane[i + run] == lane[i] + run) ++run;
    for (int v = 0; v < run; v += L) {
      to[copies] = i + v;
      from[copies++] = lane[i] + v;
    }
    i += run;
  }
  if (runs == 1 && lanes == W) {
    for (int64_t q = 0; q < k; ++q, panel += W) {
      const T* s = src + step[q] + from[0];
#pragma GCC unroll 4
      for (int v = 0; v < W / L; ++v) store(panel + v * L, load<V>(s + v * L));
    }
    return;
  }
  for (int64_t q = 0; q < k; ++q, panel += W) {
    const T* s = src + step[q];
    for (int c = 0; c < copies; ++c) store(panel + to[c], load<V>(s + from[c]));
  }
}

// Steps lie in runs: each is transposed by blocks of four lanes and four steps.
template <class T, int W>
void gather_steps(const void* src_, const int64_t* step, int64_t k, const int64_t* lane, int lanes,
                  void* panel_) {
  const T* src = static_cast<const T*>(src_);
  T* panel = static_cast<T*>(panel_);
  int64_t at[W + 3];
  for (int i = 0; i < W + 3; ++i) at[i] = lane[i < lanes ? i : 0];
  const int fours = (lanes + 3) / 4 * 4;
  for (int64_t q = 0; q < k;) {
    int64_t run = 1;
    while (q + run < k && step[q + run] == step[q] + run) ++run;
    for (int64_t r = 0; r < run; r += 4) {
      const T* s = src + step[q] + r;
      T* to = panel + (q + r) * W;
      for (int i = 0; i < fours; i += 4) {
        transpose4(s + at[i], s + at[i + 1], s + at[i + 2], s + at[i + 3], to + i, W);
      }
    }
    q += run;
  }
}

}  // namespace
}  // namespace ndtape::cpu::NDTAPE_ISA
