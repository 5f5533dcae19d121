// Kernels of recurrent networks.
#include "cpu/isa.h"
#include "cpu/layers.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

template <class T>
void rnn_slope(const void* h_, const void* dh_, void* dz_, int64_t n) {
  const T *h = static_cast<const T*>(h_), *dh = static_cast<const T*>(dh_);
  T* dz = static_cast<T*>(dz_);
  NDTAPE_IVDEP
  for (int64_t k = 0; k < n; ++k) dz[k] = dh[k] * (1 - h[k] * h[k]);
}

template <class T>
void lstm_state(const void* gates, const void* c_, void* next_, int64_t n) {
  const T *i = static_cast<const T*>(gates), *f = i + n, *g = f + n;
  const T* c = static_cast<const T*>(c_);
  T* next = static_cast<T*>(next_);
  NDTAPE_IVDEP
  for (int64_t k = 0; k < n; ++k) next[k] = f[k] * c[k] + i[k] * g[k];
}

template <class T>
void lstm_slope(const void* gates, const void* c_, const void* tanh_c, const void* dh_, void* dc_,
                void* dz, int64_t n) {
  const T *i = static_cast<const T*>(gates), *f = i + n, *g = f + n, *o = g + n;
  const T *c = static_cast<const T*>(c_), *t = static_cast<const T*>(tanh_c),
          *dh = static_cast<const T*>(dh_);
  T *dc = static_cast<T*>(dc_), *di = static_cast<T*>(dz), *df = di + n, *dg = df + n,
    *d_o = dg + n;
  NDTAPE_IVDEP
  for (int64_t k = 0; k < n; ++k) {
    const T d = dc[k] + dh[k] * o[k] * (1 - t[k] * t[k]);
    di[k] = d * g[k] * (i[k] * (1 - i[k]));
    df[k] = d * c[k] * (f[k] * (1 - f[k]));
    dg[k] = d * i[k] * (1 - g[k] * g[k]);
    d_o[k] = dh[k] * t[k] * (o[k] * (1 - o[k]));
    dc[k] = d * f[k];
  }
}

template <class T>
void gru_candidate(const void* r_, const void* hidden_, void* v_, int64_t n) {
  const T *r = static_cast<const T*>(r_), *hidden = static_cast<const T*>(hidden_);
  T* v = static_cast<T*>(v_);
  NDTAPE_IVDEP
  for (int64_t k = 0; k < n; ++k) v[k] += r[k] * hidden[k];
}

template <class T>
void gru_state(const void* gates, const void* h_, void* next_, int64_t n) {
  const T *z = static_cast<const T*>(gates) + n, *v = z + n, *h = static_cast<const T*>(h_);
  T* next = static_cast<T*>(next_);
  NDTAPE_IVDEP
  for (int64_t k = 0; k < n; ++k) next[k] = v[k] + z[k] * (h[k] - v[k]);
}

template <class T>
void gru_slope(const void* gates, const void* hidden_, const void* h_, void* dh_, void* dz_,
               void* dz_hidden, int64_t n) {
  const T *r = static_cast<const T*>(gates), *z = r + n, *v = z + n;
  const T *hidden = static_cast<const T*>(hidden_), *h = static_cast<const T*>(h_);
  T* dh = static_cast<T*>(dh_);
  T *dr = static_cast<T*>(dz_), *dz = dr + n, *dv = dz + n;
  T *dr_hidden = static_cast<T*>(dz_hidden), *dz_again = dr_hidden + n, *dv_hidden = dz_again + n;
  NDTAPE_IVDEP
  for (int64_t k = 0; k < n; ++k) {
    const T d = dh[k];
    const T a = d * (1 - z[k]) * (1 - v[k] * v[k]);
    const T b = a * hidden[k] * (r[k] * (1 - r[k]));
    const T c = d * (h[k] - v[k]) * (z[k] * (1 - z[k]));
    dr[k] = b;
    dr_hidden[k] = b;
    dz[k] = c;
    dz_again[k] = c;
    dv[k] = a;
    dv_hidden[k] = a * r[k];
    dh[k] = d * z[k];
  }
}

template <class T>
inline constexpr CellKernels kCell = {rnn_slope<T>,     lstm_state<T>, lstm_slope<T>,
                                      gru_candidate<T>, gru_state<T>,  gru_slope<T>};

}  // namespace

void add_cells(KernelTable& table) {
  table.cell[0] = &kCell<float>;
  table.cell[1] = &kCell<double>;
}

}  // namespace ndtape::cpu::NDTAPE_ISA
