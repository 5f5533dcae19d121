// Kernels of neural networks' layers. All memory is dense and of one float dtype; sums are made in
// an order set by n alone, blocks of kBlock by vector lanes and these one after another in float64.
#pragma once

#include <cstdint>

namespace ndtape::cpu {

struct NormKernels {
  // The sum of x[i] and of (x[i] - shift)^2.
  double (*sum)(const void* x, int64_t n);
  double (*squares)(const void* x, double shift, int64_t n);
  // The sums of g[i] and of g[i] * (x[i] - shift).
  void (*dots)(const void* g, const void* x, double shift, int64_t n, double* plain,
               double* with_x);
  // y[i] = (x[i] - shift) * a + b.
  void (*affine)(const void* x, double shift, double a, double b, void* y, int64_t n);
  // y[i] = g[i] * a + (x[i] - shift) * b + c.
  void (*affine_gradient)(const void* g, const void* x, double shift, double a, double b, double c,
                          void* y, int64_t n);

  // A row normalised to v[i] = (x[i] - shift) * scale and weighted; weight may be null. The sums of
  // h[i] = g[i] * weight[i] and of h[i] * v[i].
  void (*row_dots)(const void* g, const void* x, const void* weight, double shift, double scale,
                   int64_t n, double* sum_h, double* sum_hv);
  // dx[i] = scale * (h[i] - mean_h - v[i] * mean_hv), dweight[i] += g[i] * v[i], dbias[i] += g[i];
  // either all of these or none but dx may be null.
  void (*row_gradient)(const void* g, const void* x, const void* weight, double shift, double scale,
                       double mean_h, double mean_hv, void* dx, void* dweight, void* dbias,
                       int64_t n);
};

struct PoolKernels {
  // best[i] = x[i * step] where that is larger, or NaN, or `first` is set; at[i] = position + i *
  // step there. at may be null.
  void (*max)(const void* x, int64_t step, bool first, int32_t position, void* best, int32_t* at,
              int64_t n);
};

}  // namespace ndtape::cpu
