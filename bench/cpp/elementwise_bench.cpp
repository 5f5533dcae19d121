// Elementwise operators, from one element to more than the caches hold.
#include <benchmark/benchmark.h>

#include "ndtape/ndtape.h"

namespace {

using namespace ndtape;

Tensor random_tensor(const Dims& shape, DType dtype = DType::Float32) {
  random::Generator generator(1);
  return generator.uniform(shape, 0.25, 0.75, dtype);
}

void count_bytes(benchmark::State& state, const Tensor& like, int streams) {
  state.SetBytesProcessed(state.iterations() * like.size() * itemsize(like.dtype()) * streams);
}

void empty_tensor(benchmark::State& state) {
  const Dims shape{1};
  for (auto _ : state) benchmark::DoNotOptimize(Tensor::empty(shape, DType::Float32));
}
BENCHMARK(empty_tensor);

void add_tensors(benchmark::State& state) {
  const Tensor a = random_tensor({state.range(0)});
  const Tensor b = random_tensor({state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(add(a, b));
  count_bytes(state, a, 3);
}
BENCHMARK(add_tensors)->RangeMultiplier(10)->Range(1, 10000000)->UseRealTime();

void add_in_place(benchmark::State& state) {
  const Tensor a = zeros({state.range(0)}, DType::Float32);
  const Tensor b = random_tensor({state.range(0)});
  for (auto _ : state) update(InPlaceOp::add, a, b);
  count_bytes(state, a, 3);
}
BENCHMARK(add_in_place)->Arg(1)->Arg(1000)->Arg(10000000)->UseRealTime();

template <Tensor (*function)(const Tensor&), DType dtype>
void unary(benchmark::State& state) {
  const Tensor x = random_tensor({state.range(0)}, dtype);
  for (auto _ : state) benchmark::DoNotOptimize(function(x));
  state.SetItemsProcessed(state.iterations() * x.size());
}
#define UNARY(name)                              \
  BENCHMARK(unary<ndtape::name, DType::Float32>) \
      ->Name(#name "_float32")                   \
      ->Arg(1000)                                \
      ->Arg(1000000)                             \
      ->UseRealTime();                           \
  BENCHMARK(unary<ndtape::name, DType::Float64>) \
      ->Name(#name "_float64")                   \
      ->Arg(1000)                                \
      ->Arg(1000000)                             \
      ->UseRealTime()
UNARY(exp);
UNARY(log);
UNARY(sin);
UNARY(tanh);
UNARY(erf);
UNARY(sigmoid);
UNARY(gelu);

void add_transpose(benchmark::State& state) {
  const Tensor m = random_tensor({state.range(0), state.range(0)});
  const Tensor t = matrix_transpose(m);
  for (auto _ : state) benchmark::DoNotOptimize(add(m, t));
  count_bytes(state, m, 3);
}
BENCHMARK(add_transpose)->Arg(64)->Arg(1024)->Arg(4096)->UseRealTime();

void copy_transpose(benchmark::State& state) {
  const Tensor m = random_tensor({state.range(0), state.range(0)});
  const Tensor t = matrix_transpose(m);
  for (auto _ : state) benchmark::DoNotOptimize(ndtape::copy(t));
  count_bytes(state, m, 2);
}
BENCHMARK(copy_transpose)->Arg(64)->Arg(1024)->Arg(4096)->UseRealTime();

void add_row(benchmark::State& state) {
  const Tensor m = random_tensor({1000000, 3});
  const Tensor row = random_tensor({3});
  for (auto _ : state) benchmark::DoNotOptimize(add(m, row));
  count_bytes(state, m, 2);
}
BENCHMARK(add_row)->UseRealTime();

void add_steps(benchmark::State& state) {
  const Tensor x = random_tensor({2000000});
  const Tensor even = get_item(x, {Slice{std::nullopt, std::nullopt, 2}});
  const Tensor back = get_item(x, {Slice{std::nullopt, std::nullopt, -2}});
  for (auto _ : state) benchmark::DoNotOptimize(add(even, back));
}
BENCHMARK(add_steps)->UseRealTime();

void cast(benchmark::State& state) {
  const Tensor x = random_tensor({1000000});
  for (auto _ : state) benchmark::DoNotOptimize(astype(x, DType::Float64));
}
BENCHMARK(cast)->UseRealTime();

void standard_normal(benchmark::State& state) {
  random::Generator generator(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(generator.normal({state.range(0)}, 0, 1, DType::Float32));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(standard_normal)->Arg(1)->Arg(1000000)->UseRealTime();

void uniform_numbers(benchmark::State& state) {
  random::Generator generator(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(generator.uniform({state.range(0)}, 0, 1, DType::Float32));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(uniform_numbers)->Arg(1)->Arg(1000000)->UseRealTime();

void random_integers(benchmark::State& state) {
  random::Generator generator(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(generator.integers({1000000}, 0, 1000, DType::Int64));
  }
  state.SetItemsProcessed(state.iterations() * 1000000);
}
BENCHMARK(random_integers)->UseRealTime();

}  // namespace
