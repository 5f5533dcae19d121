// Recurrent networks. The products with all inputs, and those that give the weights' gradients, are
// one product each; between them the engine walks the steps.
#include "ndtape/recurrent.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/elementwise.h"
#include "engine/recurrent.h"
#include "ndtape/ops.h"
#include "ops/elementwise.h"
#include "ops/record.h"
#include "ops/views.h"

namespace ndtape {
namespace {

constexpr const char* kNames[] = {"rnn", "lstm", "gru"};
constexpr int64_t kGates[] = {1, 4, 3};

// Inputs of the node, in this order; some are undefined.
enum : int { kX, kInput, kHidden, kInputBias, kHiddenBias, kH, kC, kInputs };

// (n, steps, k) in the order of the steps taken, (steps, n, k), and back; views.
Tensor by_steps(const Tensor& x, bool reverse) {
  const Tensor t = permute_dims(x, {1, 0, 2});
  return reverse ? flip(t, Dims{0}) : t;
}
Tensor by_sequences(const Tensor& t, bool reverse) {
  return permute_dims(reverse ? flip(t, Dims{0}) : t, {1, 0, 2});
}
Tensor flat(const Tensor& t) { return reshape(t, {t.length(0) * t.length(1), t.length(2)}); }

Tensor slot(const Tensor& t, int64_t i) { return t.view(t.layout().select(0, i)); }

Tensor sum_of(const Tensor& a, const Tensor& b) {
  return !a.defined() ? b : !b.defined() ? a : a + b;
}

Tensor copy_of(const Tensor& t) {
  Tensor y = Tensor::empty(t.shape(), t.dtype());
  engine::copy(t, y);
  return y;
}

struct Memory {
  Tensor x;     // (steps, n, inputs); undefined where that is x's own memory, which may change
  Tensor z;     // (steps, n, gates * hidden)
  Tensor h, c;  // (steps + 1, n, hidden)
  Tensor kept;  // (steps, n, hidden)

  engine::Sequence sequence(RecurrentCell cell, const Tensor& weight) const {
    engine::Sequence s = {};
    s.cell = static_cast<engine::Cell>(cell);
    s.dtype = z.dtype();
    s.steps = z.length(0);
    s.count = z.length(1);
    s.hidden = h.length(2);
    s.weight = weight.data();
    s.z = z.mutable_data();
    s.h = h.mutable_data();
    s.c = c.defined() ? c.mutable_data() : nullptr;
    s.kept = kept.defined() ? kept.mutable_data() : nullptr;
    return s;
  }
};

// y's place of the first step, in bytes, and the distance of the next, in elements.
std::pair<char*, int64_t> first_step(const Tensor& y, bool reverse) {
  const int64_t steps = y.length(1), hidden = y.length(2);
  char* const data = static_cast<char*>(y.mutable_data());
  if (!reverse) return {data, hidden};
  return {data + (steps - 1) * hidden * itemsize(y.dtype()), -hidden};
}

class RecurrentNode final : public Node {
 public:
  RecurrentNode(RecurrentCell cell, bool reverse, const Tensor (&inputs)[kInputs], Memory memory)
      : Node(kNames[static_cast<int>(cell)], kInputs),
        cell_(cell),
        reverse_(reverse),
        memory_(std::move(memory)) {
    for (int i = 0; i < kInputs; ++i) {
      if (!inputs[i].defined()) continue;
      connect(*this, i, inputs[i]);
      saved_[i].emplace(save(inputs[i]));
    }
  }
  int outputs() const override { return cell_ == RecurrentCell::lstm ? 3 : 2; }  // y, h, c

  void backward(const Tensor* grads, Tensor* result) override {
    Tensor inputs[kInputs];
    for (int i = 0; i < kInputs; ++i) {
      if (saved_[i]) inputs[i] = *saved_[i];
    }
    if (grad_enabled()) return by_operators(inputs, grads, result);

    const bool lstm = cell_ == RecurrentCell::lstm, gru = cell_ == RecurrentCell::gru;
    const Tensor& z = memory_.z;
    const Tensor weight = contiguous(inputs[kHidden]);
    const Tensor dz = Tensor::empty(z.shape(), z.dtype()),
                 dz_hidden = gru ? Tensor::empty(z.shape(), z.dtype()) : dz;
    const auto start = [&](const Tensor& g, const Tensor& like) {
      return g.defined() ? copy_of(g) : zeros(like.shape(), like.dtype());
    };
    const Tensor dh = start(grads[1], inputs[kH]),
                 dc = lstm ? start(grads[2], inputs[kC]) : Tensor();
    const Tensor dy = grads[0].defined() ? contiguous(grads[0]) : Tensor();
    const auto [from, step] =
        dy.defined() ? first_step(dy, reverse_) : std::pair<char*, int64_t>(nullptr, 0);
    const engine::Sequence s = memory_.sequence(cell_, weight);
    engine::run_sequence_back(s, from, s.steps * s.hidden, step, dz.mutable_data(),
                              dz_hidden.mutable_data(), dh.mutable_data(),
                              lstm ? dc.mutable_data() : nullptr);

    const Tensor dz_rows = flat(dz), hidden_rows = flat(dz_hidden);
    const Tensor x = memory_.x.defined() ? memory_.x : contiguous(by_steps(inputs[kX], reverse_));
    if (needs(kX)) {
      const Tensor dx = matmul(dz_rows, inputs[kInput]);
      result[kX] = by_sequences(reshape(dx, x.shape()), reverse_);
    }
    if (needs(kInput)) result[kInput] = matmul(matrix_transpose(dz_rows), flat(x));
    if (needs(kHidden)) {
      const Tensor before = memory_.h.view(memory_.h.layout().slice(0, 0, s.steps, 1));
      result[kHidden] = matmul(matrix_transpose(hidden_rows), flat(before));
    }
    if (needs(kInputBias)) result[kInputBias] = sum(dz_rows, Dims{0});
    if (needs(kHiddenBias)) {
      result[kHiddenBias] =
          !gru && needs(kInputBias) ? result[kInputBias] : sum(hidden_rows, Dims{0});
    }
    result[kH] = dh;
    if (lstm) result[kC] = dc;
  }

  void count_saved() const override {
    for (const auto& s : saved_) [[maybe_unused]]
      const auto copy = s;
  }

 protected:
  void free_saved() override {
    for (auto& s : saved_) s.reset();
    memory_ = {};
  }

 private:
  struct Step {
    Tensor h, c;           // before
    Tensor i, f, g, o, t;  // of an LSTM, t = tanh(c')
    Tensor r, z, v, s;     // of a GRU, s what r multiplies; v also the state of an RNN
  };

  // The same, recorded: the network step by step, and back.
  void by_operators(const Tensor (&in)[kInputs], const Tensor* grads, Tensor* result) const {
    const bool lstm = cell_ == RecurrentCell::lstm, gru = cell_ == RecurrentCell::gru;
    const Tensor x = by_steps(in[kX], reverse_), weight = matrix_transpose(in[kHidden]);
    const int64_t steps = x.length(0), n = x.length(1), width = in[kInput].length(0);
    const Tensor bias = gru ? in[kInputBias] : sum_of(in[kInputBias], in[kHiddenBias]);
    const Tensor driven =
        sum_of(reshape(matmul(flat(x), matrix_transpose(in[kInput])), {steps, n, width}), bias);
    const auto part = [](const Tensor& t, int64_t i) {
      return squeeze(split(t, t.length(0)) [i], Dims { 0 });
    };

    std::vector<Step> done;
    Tensor h = in[kH], c = in[kC];
    for (int64_t t = 0; t < steps; ++t) {
      Step e;
      e.h = h;
      e.c = c;
      const Tensor a = part(driven, t), s = matmul(h, weight);
      if (lstm) {
        const std::vector<Tensor> gates = split(a + s, 4, 1);
        e.i = sigmoid(gates[0]), e.f = sigmoid(gates[1]);
        e.g = tanh(gates[2]), e.o = sigmoid(gates[3]);
        c = e.f * c + e.i * e.g;
        e.t = tanh(c);
        h = e.o * e.t;
      } else if (gru) {
        const std::vector<Tensor> from_x = split(a, 3, 1),
                                  from_h = split(sum_of(s, in[kHiddenBias]), 3, 1);
        e.r = sigmoid(from_x[0] + from_h[0]), e.z = sigmoid(from_x[1] + from_h[1]);
        e.s = from_h[2];
        e.v = tanh(from_x[2] + e.r * e.s);
        h = e.v + e.z * (h - e.v);
      } else {
        h = e.v = tanh(a + s);
      }
      done.push_back(e);
    }

    const Tensor dy = grads[0].defined() ? by_steps(grads[0], reverse_) : Tensor();
    const auto or_zero = [](const Tensor& g, const Tensor& like) {
      return g.defined() ? g : zeros(like.shape(), like.dtype());
    };
    Tensor dh = or_zero(grads[1], in[kH]), dc = lstm ? or_zero(grads[2], in[kC]) : Tensor();
    std::vector<Tensor> by_x(static_cast<size_t>(steps)), by_h(static_cast<size_t>(steps)),
        before(static_cast<size_t>(steps));
    const auto slope = [](const Tensor& s) { return s * (1.0 - s); };
    for (int64_t t = steps; t-- > 0;) {
      const Step& e = done[t];
      if (dy.defined()) dh = dh + part(dy, t);
      Tensor past;  // what of dh does not go through the weight
      if (lstm) {
        const Tensor d = dc + dh * e.o * (1.0 - square(e.t));
        by_x[t] = concat({d * e.g * slope(e.i), d * e.c * slope(e.f), d * e.i * (1.0 - square(e.g)),
                          dh * e.t * slope(e.o)},
                         1);
        dc = d * e.f;
      } else if (gru) {
        const Tensor v = dh * (1.0 - e.z) * (1.0 - square(e.v)), r = v * e.s * slope(e.r),
                     z = dh * (e.h - e.v) * slope(e.z);
        by_x[t] = concat({r, z, v}, 1);
        by_h[t] = concat({r, z, v * e.r}, 1);
        past = dh * e.z;
      } else {
        by_x[t] = dh * (1.0 - square(e.v));
      }
      if (!gru) by_h[t] = by_x[t];
      dh = sum_of(matmul(by_h[t], in[kHidden]), past);
      before[t] = e.h;
    }
    const Tensor dz = concat(by_x, 0), dz_hidden = concat(by_h, 0);
    result[kX] = by_sequences(reshape(matmul(dz, in[kInput]), x.shape()), reverse_);
    result[kInput] = matmul(matrix_transpose(dz), flat(x));
    result[kHidden] = matmul(matrix_transpose(dz_hidden), concat(before, 0));
    if (needs(kInputBias)) result[kInputBias] = sum(dz, Dims{0});
    if (needs(kHiddenBias)) result[kHiddenBias] = sum(dz_hidden, Dims{0});
    result[kH] = dh;
    if (lstm) result[kC] = dc;
  }

  const RecurrentCell cell_;
  const bool reverse_;
  Memory memory_;
  std::optional<Saved> saved_[kInputs];
};

void check_shape(const std::string& what, const Tensor& t, const Dims& shape) {
  if (t.defined() && t.shape() != shape) {
    throw ValueError(what + " of shape " + to_string(t.shape()) + ", expected " + to_string(shape));
  }
}

}  // namespace

Recurrence recurrent(RecurrentCell cell, const Tensor& x, const RecurrentWeights& weights,
                     const Tensor& h, const Tensor& c, bool reverse) {
  const int kind = static_cast<int>(cell);
  const std::string name = kNames[kind];
  const bool lstm = cell == RecurrentCell::lstm, gru = cell == RecurrentCell::gru;
  if (x.ndim() != 3 || x.length(1) == 0) {
    throw ValueError(name + ": x of shape " + to_string(x.shape()) +
                     ", expected (n, steps, inputs) with at least one step");
  }
  const Tensor& u = weights.hidden;
  if (u.ndim() != 2 || u.length(0) != kGates[kind] * u.length(1)) {
    throw ValueError(name + ": hidden weight of shape " + to_string(u.shape()) + ", expected (" +
                     std::to_string(kGates[kind]) + " * hidden, hidden)");
  }
  const int64_t n = x.length(0), steps = x.length(1), width = u.length(0), hidden = u.length(1);
  check_shape(name + ": input weight", weights.input, {width, x.length(2)});
  check_shape(name + ": input bias", weights.input_bias, {width});
  check_shape(name + ": hidden bias", weights.hidden_bias, {width});
  check_shape(name + ": h", h, {n, hidden});
  if (lstm) check_shape(name + ": c", c, {n, hidden});

  Tensor in[kInputs] = {x, weights.input,      u, weights.input_bias, weights.hidden_bias,
                        h, lstm ? c : Tensor()};
  std::optional<DType> dtype;
  for (const Tensor& t : in) {
    if (!t.defined()) continue;
    if (!is_float(t.dtype())) {
      throw TypeError(name + ": dtype " + ndtape::name(t.dtype()) + ", expected a float dtype");
    }
    dtype = dtype ? promote(*dtype, t.dtype()) : t.dtype();
  }
  bool recorded = false;
  for (Tensor& t : in) {
    if (!t.defined()) continue;
    if (t.dtype() != *dtype) t = astype(t, *dtype);
    recorded = recorded || recording(t);
  }

  Memory memory;
  Recurrence found;
  {
    GradMode off(false);
    memory.x = contiguous(by_steps(in[kX], reverse));
    memory.z = reshape(matmul(flat(memory.x), matrix_transpose(in[kInput])), {steps, n, width});
    memory.h = Tensor::empty({steps + 1, n, hidden}, *dtype);
    engine::copy(in[kH], slot(memory.h, 0));
    if (lstm) {
      memory.c = Tensor::empty({steps + 1, n, hidden}, *dtype);
      engine::copy(in[kC], slot(memory.c, 0));
    }
    if (lstm || gru) memory.kept = Tensor::empty({steps, n, hidden}, *dtype);
    const Tensor weight = contiguous(in[kHidden]);
    const Tensor bias = gru ? in[kInputBias] : sum_of(in[kInputBias], in[kHiddenBias]);
    const Tensor dense = bias.defined() ? contiguous(bias) : bias,
                 own = gru && in[kHiddenBias].defined() ? contiguous(in[kHiddenBias]) : Tensor();
    engine::Sequence s = memory.sequence(cell, weight);
    s.bias = dense.defined() ? dense.data() : nullptr;
    s.hidden_bias = own.defined() ? own.data() : nullptr;
    found.y = Tensor::empty({n, steps, hidden}, *dtype);
    const auto [to, step] = first_step(found.y, reverse);
    engine::run_sequence(s, to, steps * hidden, step);
    found.h = copy_of(slot(memory.h, steps));
    if (lstm) found.c = copy_of(slot(memory.c, steps));
  }
  if (recorded) {
    if (&memory.x.storage() == &in[kX].storage()) memory.x = Tensor();
    const Ref<Node> node(new RecurrentNode(cell, reverse, in, std::move(memory)));
    set_history(found.y, node, 0);
    set_history(found.h, node, 1);
    if (lstm) set_history(found.c, node, 2);
  }
  return found;
}

}  // namespace ndtape
