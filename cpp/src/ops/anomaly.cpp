#include "ops/anomaly.h"

#include "ndtape/ops.h"

namespace ndtape {

const char* find_anomaly(const Tensor& x) {
  const Anomaly what = anomaly();
  if (!what.enabled() || !is_inexact(x.dtype())) return nullptr;
  const GradMode off(false);
  auto has = [](const Tensor& hit) { return *any(hit).data<bool>(); };
  const Tensor values = detach(x);
  if (what.nan && has(isnan(values))) return "NaN";
  if (what.inf && has(isinf(values))) return "infinity";
  return nullptr;
}

void watch(const Tensor& y, Node* node) {
  if (!anomaly().enabled() || !node || node->is_leaf()) return;
  if (const char* found = find_anomaly(y)) {
    throw TapeError(std::string(node->name()) + recorded_at(*node) + ": the result, of shape " +
                    to_string(y.shape()) + " and dtype " + name(y.dtype()) + ", has " + found);
  }
}

}  // namespace ndtape
