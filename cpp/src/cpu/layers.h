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

  // y[i] = exp(x[i] - shift) * factor.
  void (*exp_times)(const void* x, double shift, double factor, void* y, int64_t n);
};

struct PoolKernels {
  // best[i] = x[i * step] where that is larger, or NaN, or `first` is set; at[i] = position + i *
  // step there. at may be null.
  void (*max)(const void* x, int64_t step, bool first, int32_t position, void* best, int32_t* at,
              int64_t n);
  // y[i] += x[i * step] * share, and its transpose: x[i * step] += y[i] * share. step is not 0.
  void (*add)(const void* x, int64_t step, double share, void* y, int64_t n);
  void (*spread)(const void* y, int64_t step, double share, void* x, int64_t n);
};

// One step of a recurrent network for one sequence, n numbers of its state. Gates lie one behind
// the other, n each, after their activation; "dz" are gradients before it.
struct CellKernels {
  // h is the state after the step.
  void (*rnn_slope)(const void* h, const void* dh, void* dz, int64_t n);

  // Gates i, f, g, o: next = f * c + i * g.
  void (*lstm_state)(const void* gates, const void* c, void* next, int64_t n);
  // c is the state before, tanh_c of the one after. dc is that of the state after, then before.
  void (*lstm_slope)(const void* gates, const void* c, const void* tanh_c, const void* dh, void* dc,
                     void* dz, int64_t n);

  // Gates r, z, v: next = v + z * (h - v). hidden is what r multiplies in v.
  void (*gru_candidate)(const void* r, const void* hidden, void* v, int64_t n);  // v += r * hidden
  void (*gru_state)(const void* gates, const void* h, void* next, int64_t n);
  // dz by what comes from the input, dz_hidden by what comes from the state; dh becomes what goes
  // past the gates to the state before.
  void (*gru_slope)(const void* gates, const void* hidden, const void* h, void* dh, void* dz,
                    void* dz_hidden, int64_t n);
};

// One target's row of scores x, n sources long.
struct AttentionKernels {
  // Scores become weights: exp(x[i] * scale + bias[i] - top) * inverse where seen[i], else 0. bias
  // and seen may be null. Top, the largest, and the inverse of the sum are found and stored, or
  // with `again` read, for the same bits once more.
  void (*weights)(void* x, double scale, const void* bias, const uint8_t* seen, bool again,
                  void* top, void* inverse, int64_t n);
  // Gradients d by the weights p become those by the scores before their scale:
  // d[i] = p[i] * (d[i] - sum(p * d)) * scale.
  void (*slope)(const void* p, void* d, double scale, int64_t n);
};

}  // namespace ndtape::cpu
