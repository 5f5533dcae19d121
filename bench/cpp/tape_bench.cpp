// Recording and walking back: where the cost is the tape's, and where it is a small network's.
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "ndtape/ndtape.h"

namespace {

using namespace ndtape;

Tensor leaf(const Dims& shape, double bound) {
  static random::Generator generator(1);
  const Tensor x = generator.uniform(shape, -bound, bound, DType::Float32);
  set_requires_grad(x, true);
  return x;
}

void record_one_operator(benchmark::State& state) {
  const Tensor x = leaf({1}, 1);
  const Tensor y = scalar(1.5, DType::Float32);
  for (auto _ : state) benchmark::DoNotOptimize(multiply(x, y));
}
BENCHMARK(record_one_operator);

void scalar_chain(benchmark::State& state) {
  const Tensor x = leaf({}, 1);
  const Tensor factor = scalar(1.01, DType::Float32);
  for (auto _ : state) {
    Tensor y = x;
    for (int64_t i = 0; i < state.range(0); ++i) y = multiply(y, factor);
    backward(y);
    set_grad(x, {});
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(scalar_chain)->Arg(100)->Arg(100000)->Unit(benchmark::kMicrosecond);

// A step of a 784-512-10 network on 128 images: forward, cross entropy, backward, plain descent.
void training_step(benchmark::State& state) {
  random::Generator generator(2);
  const Tensor images = generator.uniform({128, 784}, 0, 1, DType::Float32);
  const Tensor labels = generator.integers({128, 1}, 0, 10, DType::Int64);
  const std::vector<Tensor> parameters = {leaf({784, 512}, 1 / std::sqrt(784.0)), leaf({512}, 0.1),
                                          leaf({512, 10}, 1 / std::sqrt(512.0)), leaf({10}, 0.1)};
  for (auto _ : state) {
    const Tensor hidden = relu(matmul(images, parameters[0]) + parameters[1]);
    const Tensor scores = matmul(hidden, parameters[2]) + parameters[3];
    const Tensor logp = scores - logsumexp(scores, Dims{1}, true);
    backward(-mean(take_along_axis(logp, labels, 1)));
    const GradMode off(false);
    for (const Tensor& p : parameters) {
      update(InPlaceOp::subtract, p, grad(p) * 1e-4);
      set_grad(p, {});
    }
  }
}
BENCHMARK(training_step)->Unit(benchmark::kMicrosecond)->UseRealTime();

}  // namespace
