// Reductions over all elements, rows and columns.
#include <benchmark/benchmark.h>

#include "ndtape/ndtape.h"

namespace {

using namespace ndtape;

Tensor random_tensor(const Dims& shape) {
  random::Generator generator(1);
  return generator.uniform(shape, 0.25, 0.75, DType::Float32);
}

void count_bytes(benchmark::State& state, const Tensor& x) {
  state.SetBytesProcessed(state.iterations() * x.size() * itemsize(x.dtype()));
}

void sum_all(benchmark::State& state) {
  const Tensor x = random_tensor({state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(sum(x));
  count_bytes(state, x);
}
BENCHMARK(sum_all)->RangeMultiplier(100)->Range(1, 100000000)->UseRealTime();

void sum_axis(benchmark::State& state) {
  const Tensor x = random_tensor({4096, 4096});
  for (auto _ : state) benchmark::DoNotOptimize(sum(x, Dims{state.range(0)}));
  count_bytes(state, x);
}
BENCHMARK(sum_axis)->Arg(0)->Arg(1)->UseRealTime();

void sum_short_rows(benchmark::State& state) {
  const Tensor x = random_tensor({1000000, 3});
  for (auto _ : state) benchmark::DoNotOptimize(sum(x, Dims{1}));
  count_bytes(state, x);
}
BENCHMARK(sum_short_rows)->UseRealTime();

void max_axis(benchmark::State& state) {
  const Tensor x = random_tensor({4096, 4096});
  for (auto _ : state) benchmark::DoNotOptimize(max(x, Dims{state.range(0)}));
  count_bytes(state, x);
}
BENCHMARK(max_axis)->Arg(0)->Arg(1)->UseRealTime();

void argmax_axis(benchmark::State& state) {
  const Tensor x = random_tensor({2048, 2048});
  for (auto _ : state) benchmark::DoNotOptimize(argmax(x, state.range(0)));
  count_bytes(state, x);
}
BENCHMARK(argmax_axis)->Arg(0)->Arg(1)->UseRealTime();

void var_axis(benchmark::State& state) {
  const Tensor x = random_tensor({4096, 4096});
  for (auto _ : state) benchmark::DoNotOptimize(var(x, Dims{1}));
  count_bytes(state, x);
}
BENCHMARK(var_axis)->UseRealTime();

void logsumexp_axis(benchmark::State& state) {
  const Tensor x = random_tensor({4096, 4096});
  for (auto _ : state) benchmark::DoNotOptimize(logsumexp(x, Dims{1}));
  count_bytes(state, x);
}
BENCHMARK(logsumexp_axis)->UseRealTime();

}  // namespace
