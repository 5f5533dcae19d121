// Steps of optimizers: one loop over a parameter, its gradient and the rule's state, all of it in
// registers. A vector's lanes and the last single elements see the same operations.
#include "cpu/isa.h"
#include "cpu/lanes.h"
#include "cpu/simd.h"

namespace ndtape::cpu::NDTAPE_ISA {
namespace {

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }
NDTAPE_INLINE f32 root(f32 x) { return sqrt(x); }
NDTAPE_INLINE f64 root(f64 x) { return sqrt(x); }

// Rules: from the numbers in their order, the step of elements (or vectors of them) p with gradient
// g and state a, b. kState: how many of the last two there are.

template <class T>
struct Decay {
  T decay;
  template <class V>
  V operator()(V p, V g) const {
    return decay == T{0} ? g : g + decay * p;
  }
};

template <class T>
struct Sgd {
  static constexpr int kState = 0;
  T rate;
  Decay<T> decayed;
  explicit Sgd(const double* x) : rate(static_cast<T>(x[0])), decayed{static_cast<T>(x[1])} {}
  template <class V>
  void step(V& p, V g, V&, V&) const {
    p = p - rate * decayed(p, g);
  }
};

template <class T, bool Nesterov>
struct Momentum {
  static constexpr int kState = 1;
  T rate;
  Decay<T> decayed;
  T momentum;
  explicit Momentum(const double* x)
      : rate(static_cast<T>(x[0])), decayed{static_cast<T>(x[1])}, momentum(static_cast<T>(x[2])) {}
  template <class V>
  void step(V& p, V g, V& velocity, V&) const {
    const V d = decayed(p, g);
    velocity = momentum * velocity + d;
    p = p - rate * (Nesterov ? d + momentum * velocity : velocity);
  }
};

template <class T>
struct Adagrad {
  static constexpr int kState = 1;
  T rate;
  Decay<T> decayed;
  T epsilon;
  explicit Adagrad(const double* x)
      : rate(static_cast<T>(x[0])), decayed{static_cast<T>(x[1])}, epsilon(static_cast<T>(x[2])) {}
  template <class V>
  void step(V& p, V g, V& total, V&) const {
    const V d = decayed(p, g);
    total = total + d * d;
    p = p - rate * (d / (root(total) + epsilon));
  }
};

template <class T, bool HasMomentum>
struct RmsProp {
  static constexpr int kState = HasMomentum ? 2 : 1;
  T rate;
  Decay<T> decayed;
  T epsilon, keep, take, momentum;
  explicit RmsProp(const double* x)
      : rate(static_cast<T>(x[0])),
        decayed{static_cast<T>(x[1])},
        epsilon(static_cast<T>(x[2])),
        keep(static_cast<T>(x[3])),
        take(static_cast<T>(x[4])),
        momentum(static_cast<T>(x[5])) {}
  template <class V>
  void step(V& p, V g, V& mean, V& velocity) const {
    const V d = decayed(p, g);
    mean = keep * mean + take * (d * d);
    V move = d / (root(mean) + epsilon);
    if constexpr (HasMomentum) move = velocity = momentum * velocity + move;
    p = p - rate * move;
  }
};

template <class T>
struct Adam {
  static constexpr int kState = 2;
  T rate;
  Decay<T> decayed;
  T epsilon, keep1, take1, keep2, take2, correction, shrink;
  explicit Adam(const double* x)
      : rate(static_cast<T>(x[0])),
        decayed{static_cast<T>(x[1])},
        epsilon(static_cast<T>(x[2])),
        keep1(static_cast<T>(x[3])),
        take1(static_cast<T>(x[4])),
        keep2(static_cast<T>(x[5])),
        take2(static_cast<T>(x[6])),
        correction(static_cast<T>(x[7])),
        shrink(static_cast<T>(x[8])) {}
  template <class V>
  void step(V& p, V g, V& mean, V& square_mean) const {
    const V d = decayed(p, g);
    mean = keep1 * mean + take1 * d;
    square_mean = keep2 * square_mean + take2 * (d * d);
    p = shrink * p - rate * (mean / (correction * root(square_mean) + epsilon));
  }
};

template <class T, class Rule, class V>
NDTAPE_INLINE void step_at(const Rule& rule, void* const* tensors, int64_t i) {
  const auto at = [&](int k) NDTAPE_LAMBDA { return static_cast<T*>(tensors[k]) + i; };
  V p = load<V>(at(0)), a = {}, b = {};
  const V g = load<V>(at(1));
  if constexpr (Rule::kState > 0) a = load<V>(at(2));
  if constexpr (Rule::kState > 1) b = load<V>(at(3));
  rule.step(p, g, a, b);
  if constexpr (Rule::kState > 0) store(at(2), a);
  if constexpr (Rule::kState > 1) store(at(3), b);
  store(at(0), p);
}

template <class T, class Rule>
void step(void* const* tensors, const double* numbers, int64_t n) {
  const Rule rule(numbers);
  int64_t i = 0;
  for (; i + kLanes<T> <= n; i += kLanes<T>) step_at<T, Rule, Vec<T>>(rule, tensors, i);
  for (; i < n; ++i) step_at<T, Rule, T>(rule, tensors, i);
}

template <class T>
void add_dtype(KernelTable& table, DType dtype) {
  const auto at = [&](StepOp op) -> StepKernel& {
    return table.step[static_cast<int>(op)][static_cast<int>(dtype)];
  };
  at(StepOp::sgd) = step<T, Sgd<T>>;
  at(StepOp::momentum) = step<T, Momentum<T, false>>;
  at(StepOp::nesterov) = step<T, Momentum<T, true>>;
  at(StepOp::adagrad) = step<T, Adagrad<T>>;
  at(StepOp::rmsprop) = step<T, RmsProp<T, false>>;
  at(StepOp::rmsprop_momentum) = step<T, RmsProp<T, true>>;
  at(StepOp::adam) = step<T, Adam<T>>;
}

}  // namespace

void add_steps(KernelTable& table) {
  add_dtype<float>(table, DType::Float32);
  add_dtype<double>(table, DType::Float64);
}

}  // namespace ndtape::cpu::NDTAPE_ISA
