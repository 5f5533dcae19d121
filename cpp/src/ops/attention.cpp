// Scaled dot product attention, by blocks of targets; its derivative likewise.
#include "ndtape/attention.h"

#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "engine/attention.h"
#include "ndtape/ops.h"
#include "ops/elementwise.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {
namespace {

// All weights are kept for the way back up to this many bytes; beyond, they are made again.
constexpr int64_t kKeptWeights = int64_t{32} << 20;

Dims batch_of(const Tensor& x) { return Dims(x.shape().begin(), x.shape().end() - 2); }

Dims with_matrix(Dims batch, int64_t rows, int64_t columns) {
  batch.push_back(rows);
  batch.push_back(columns);
  return batch;
}

// x with unit stride along its rows.
Tensor with_dense_rows(const Tensor& x) {
  return x.strides()[x.ndim() - 1] == 1 || x.shape().back() == 1 ? x : contiguous(x);
}

// x's matrices as those of a batch that it broadcasts to.
engine::Stack stack_of(const Tensor& x, const Dims& batch) {
  const int rows = x.ndim() - 2, lead = batch.size() - rows;
  const auto step = [&](int axis) { return x.length(axis) == 1 ? 0 : x.strides()[axis]; };
  engine::Stack s = {static_cast<char*>(x.mutable_data()), step(rows), Dims(batch.size(), 0)};
  for (int axis = 0; axis < rows; ++axis) s.steps[lead + axis] = step(axis);
  return s;
}

struct Settings {
  bool causal, keep_weights;
  double scale;
};

// The weights by operators: for empty operands and derivatives of the derivative.
Tensor weights_by_operators(const Tensor& q, const Tensor& k, const Tensor& mask,
                            const Settings& settings) {
  Tensor scores = matmul(q * settings.scale, matrix_transpose(k));
  const Tensor never = scalar(-std::numeric_limits<double>::infinity(), scores.dtype());
  if (mask.defined())
    scores = mask.dtype() == DType::Bool ? where(mask, scores, never) : scores + mask;
  if (settings.causal) {
    const int64_t targets = q.length(q.ndim() - 2), sources = k.length(k.ndim() - 2);
    const Tensor seen = less_equal(arange_int(0, 1, sources, DType::Int64),
                                   expand_dims(arange_int(0, 1, targets, DType::Int64), 1));
    scores = where(seen, scores, never);
  }
  return softmax(scores, -1);
}

// Runs with the operands laid out for the engine. kept: the weights, if settings say so, and then
// (2, batch, targets) moments; undefined for few elements, of which nothing is kept.
template <class Run>
void with_shape(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                const Settings& settings, const Dims& batch, const Tensor& kept, Run&& run) {
  const int64_t targets = q.length(q.ndim() - 2), sources = k.length(k.ndim() - 2);
  const Tensor query = with_dense_rows(q), key = with_dense_rows(k), value = with_dense_rows(v);
  Tensor seen;
  engine::AttentionShape s = {};
  if (mask.defined()) {
    Dims own = mask.shape();
    while (own.size() < 2) own.insert(0, 1);
    own[own.size() - 1] = sources;
    seen = with_dense_rows(broadcast_to(mask, own));
    s.additive = mask.dtype() != DType::Bool;
    s.mask = stack_of(seen, batch);
  }
  s.dtype = q.dtype();
  s.query = stack_of(query, batch);
  s.key = stack_of(key, batch);
  s.value = stack_of(value, batch);
  s.batch_axes = batch;
  s.batch = 1;
  for (int64_t length : batch) s.batch *= length;
  s.targets = targets;
  s.sources = sources;
  s.features = q.shape().back();
  s.outputs = v.shape().back();
  s.scale = settings.scale;
  s.causal = settings.causal;
  if (kept.defined()) {
    const int64_t rows = s.batch * targets * itemsize(s.dtype);
    auto* const first = static_cast<char*>(kept.mutable_data());
    s.weights = settings.keep_weights ? first : nullptr;
    s.top = first + (settings.keep_weights ? rows * sources : 0);
    s.inverse = static_cast<char*>(s.top) + rows;
  }
  run(s);
}

class AttentionNode final : public Node {
 public:
  AttentionNode(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                const Settings& settings, Tensor kept)
      : Node("attention", 3),
        settings_(settings),
        kept_(std::move(kept)),
        q_(save(q)),
        k_(save(k)),
        v_(save(v)),
        mask_(mask.defined() ? save(mask) : Saved()) {
    connect(*this, 0, q);
    connect(*this, 1, k);
    connect(*this, 2, v);
  }

  void backward(const Tensor* grads, Tensor* result) override {
    const Tensor q = q_, k = k_, v = v_, mask = mask_ ? Tensor(mask_) : Tensor();
    if (grad_enabled()) return by_operators(q, k, v, mask, grads[0], result);
    const Tensor dy = contiguous(grads[0]);
    const Dims batch = batch_of(dy);
    with_shape(q, k, v, mask, settings_, batch, kept_, [&](engine::AttentionShape& s) {
      Tensor weights;
      if (!kept_.defined()) {
        weights = Tensor::empty({s.batch, s.targets, s.sources}, s.dtype);
        s.weights = weights.mutable_data();
        engine::attend(s, Tensor::empty(dy.shape(), s.dtype).mutable_data());
      }
      const int64_t rows[] = {s.targets, s.sources, s.sources},
                    columns[] = {s.features, s.features, s.outputs};
      for (int i = 0; i < 3; ++i) {
        result[i] = Tensor::empty(with_matrix(batch, rows[i], columns[i]), s.dtype);
      }
      engine::attend_back(s, dy.data(), result[0].mutable_data(), result[1].mutable_data(),
                          result[2].mutable_data());
    });
  }

  void count_saved() const override {
    [[maybe_unused]] const Saved q = q_, k = k_, v = v_, mask = mask_;
  }

 protected:
  void free_saved() override {
    for (Saved* s : {&q_, &k_, &v_, &mask_}) *s = Saved();
    kept_ = Tensor();
  }

 private:
  void by_operators(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                    const Tensor& g, Tensor* result) const {
    const Tensor w = weights_by_operators(q, k, mask, settings_);
    const Tensor dw = matmul(g, matrix_transpose(v));
    const Tensor d = w * (dw - sum(w * dw, Dims{-1}, true)) * settings_.scale;
    result[0] = matmul(d, k);
    result[1] = matmul(matrix_transpose(d), q);
    result[2] = matmul(matrix_transpose(w), g);
  }

  const Settings settings_;
  Tensor kept_;
  Saved q_, k_, v_, mask_;
};

NDTAPE_HOT [[gnu::noinline]] void record_attention(const Tensor& q, const Tensor& k,
                                                   const Tensor& v, const Tensor& mask,
                                                   const Settings& settings, Tensor kept,
                                                   const Tensor& y) {
  set_history(y, Ref<Node>::of_new(new AttentionNode(q, k, v, mask, settings, std::move(kept))));
}

}  // namespace

Tensor attention(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
                 bool causal, double scale) {
  const auto shapes = [&] {
    return "attention: shapes " + to_string(query.shape()) + ", " + to_string(key.shape()) +
           " and " + to_string(value.shape()) + " of query, key and value, expected ";
  };
  if (query.ndim() < 2 || key.ndim() < 2 || value.ndim() < 2) {
    throw ValueError(shapes() + "at least two axes each");
  }
  if (query.shape().back() != key.shape().back() ||
      key.length(key.ndim() - 2) != value.length(value.ndim() - 2)) {
    throw ValueError(shapes() +
                     "(..., targets, features), (..., sources, features) and (..., sources, "
                     "outputs)");
  }
  for (const auto& [name, t] :
       {std::pair<const char*, const Tensor&>{"query", query}, {"key", key}, {"value", value}}) {
    if (!is_float(t.dtype())) {
      throw TypeError(std::string("attention: ") + name + " of dtype " + ndtape::name(t.dtype()) +
                      ", expected a float dtype");
    }
  }
  if (!std::isfinite(scale)) {
    throw ValueError("attention: scale " + std::to_string(scale) + ", expected a finite number");
  }
  DType dtype = promote(promote(query.dtype(), key.dtype()), value.dtype());
  const int64_t targets = query.length(query.ndim() - 2), sources = key.length(key.ndim() - 2);
  Dims batch = broadcast_shapes(batch_of(query), batch_of(key), "attention: query and key");
  batch = broadcast_shapes(batch, batch_of(value), "attention: query and value");
  if (mask.defined()) {
    if (mask.dtype() != DType::Bool && !is_float(mask.dtype())) {
      throw TypeError(std::string("attention: mask of dtype ") + ndtape::name(mask.dtype()) +
                      ", expected bool or a float dtype");
    }
    if (mask.dtype() != DType::Bool) dtype = promote(dtype, mask.dtype());
    const Dims all = with_matrix(batch, targets, sources);
    bool fits = mask.ndim() <= all.size();
    for (int i = 1; fits && i <= mask.ndim(); ++i) {
      const int64_t length = mask.length(mask.ndim() - i);
      fits = length == 1 || length == all[all.size() - i];
    }
    if (!fits) {
      throw ValueError("attention: mask of shape " + to_string(mask.shape()) +
                       ", expected one that broadcasts to " + to_string(all));
    }
  }
  const auto converted = [&](const Tensor& t) { return t.dtype() == dtype ? t : astype(t, dtype); };
  const Tensor q = converted(query), k = converted(key), v = converted(value),
               m = mask.defined() && mask.dtype() != DType::Bool ? converted(mask) : mask;
  const Tensor y = Tensor::empty(with_matrix(batch, targets, v.shape().back()), dtype);
  if (y.size() == 0 || sources == 0 || q.shape().back() == 0) {
    return matmul(weights_by_operators(q, k, m, {causal, false, scale}), v);
  }
  const int64_t rows = y.size() / v.shape().back(), width = q.shape().back() + v.shape().back();
  const bool few = rows * sources <= engine::kFewWeighed / width;
  const bool recorded = recording(q, k, v);
  const Settings settings = {
      causal, recorded && !few && rows <= kKeptWeights / itemsize(dtype) / sources, scale};
  Tensor kept;
  if (!few) kept = Tensor::empty({rows * (2 + (settings.keep_weights ? sources : 0))}, dtype);
  {
    GradMode off(false);
    with_shape(q, k, v, m, settings, batch, kept,
               [&](const engine::AttentionShape& s) { engine::attend(s, y.mutable_data()); });
  }
  if (recorded) record_attention(q, k, v, m, settings, std::move(kept), y);
  return y;
}

}  // namespace ndtape
