// Normalisation: of rows, with a weight an element, and of channels, with a weight a channel.
#pragma once

#include <cstdint>

#include "ndtape/dtype.h"

namespace ndtape::engine {

// All of one float dtype and dense, but g's rows, which are g_stride elements apart, maybe 0.
struct RowNorm {
  int64_t rows, length;
  const void *x, *weight;  // weight may be null
  bool centered;           // else the mean is 0
  double epsilon;
  const void* statistics;  // every row's 1 / sqrt(var + epsilon), then its mean; or null
  const void* g;
  int64_t g_stride;
};

// The derivatives of v * weight + bias, where v = (x - mean) / sqrt(var + epsilon) of each row.
// Null results are not computed. Rows are dealt to tasks by their number alone, and these tasks'
// sums of dweight and dbias are added pairwise.
void normalize_rows_gradient(DType dtype, const RowNorm& norm, void* dx, void* dweight,
                             void* dbias);

// dx[r] = exp(x[r] - top) * g[r] / total, less g[r] at labels[r]: the gradient of a softmax's
// cross-entropy. top is the largest of x[r], total the sum of exp(x[r] - top); statistics has every
// row's top, then every row's total, or is null. All dense, x and dx (rows, length); labels are in
// range.
void softmax_loss_gradient(DType dtype, int64_t rows, int64_t length, const void* x,
                           const void* statistics, const void* g, const int64_t* labels, void* dx);

// Channels normalised together are a set: `parts` runs of `length` elements, part_stride apart, in
// memory where sets are set_stride apart. The weight of a part is weight[set % weight_sets *
// weight_set + part * weight_part].
struct ChannelNorm {
  int64_t sets, parts, length;
  int64_t set_stride, part_stride;
  int64_t weight_sets, weight_set, weight_part, weights;
};

// y = (x - mean) / sqrt(var + epsilon) * weight + bias, with the moments of each set if `given`,
// else its own, which are then stored, in float64. Null weight is 1, null bias 0.
void normalize_channels(DType dtype, const ChannelNorm& norm, const void* x, double* mean,
                        double* var, bool given, double epsilon, const void* weight,
                        const void* bias, void* y);

// The derivatives; mean and var are constants if `given`. g has strides of its own, maybe 0,
// between sets and parts. Null results are not computed.
void normalize_channels_gradient(DType dtype, const ChannelNorm& norm, const void* x,
                                 const double* mean, const double* var, bool given, double epsilon,
                                 const void* weight, const void* g, int64_t g_set, int64_t g_part,
                                 void* dx, void* dweight, void* dbias);

}  // namespace ndtape::engine
