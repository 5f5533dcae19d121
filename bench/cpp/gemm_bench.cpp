// Matrix products: rate in floating-point operations, or in bytes read where memory is the limit.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <vector>

#include "engine/matmul.h"

namespace {

using ndtape::dtype_of;
using ndtape::engine::Matrices;

template <class T>
std::vector<T> values(int64_t count) {
  std::vector<T> v(static_cast<size_t>(count));
  uint32_t state = 1;
  for (T& x : v) {
    state = state * 1664525u + 1013904223u;
    x = static_cast<T>(state >> 8) / T(1 << 24) - T(0.5);
  }
  return v;
}

struct Shape {
  int64_t batch, m, n, k;
  bool a_transposed, b_transposed;
};

template <class T>
void run(benchmark::State& state, const Shape& s) {
  const std::vector<T> a = values<T>(s.batch * s.m * s.k), b = values<T>(s.batch * s.k * s.n);
  std::vector<T> c(static_cast<size_t>(s.batch * s.m * s.n));
  const int64_t sa = s.m * s.k, sb = s.k * s.n, sc = s.m * s.n;
  const Matrices ma = {const_cast<T*>(a.data()), s.a_transposed ? 1 : s.k, s.a_transposed ? s.m : 1,
                       &sa};
  const Matrices mb = {const_cast<T*>(b.data()), s.b_transposed ? 1 : s.n, s.b_transposed ? s.k : 1,
                       &sb};
  const Matrices mc = {c.data(), s.n, 1, &sc};
  for (auto _ : state) {
    ndtape::engine::matmul(dtype_of<T>, {s.m, s.n, s.k, 1, &s.batch}, ma, mb, mc);
    benchmark::ClobberMemory();
  }
  const double flops = 2.0 * static_cast<double>(s.batch * s.m * s.n * s.k);
  state.counters["FLOP/s"] =
      benchmark::Counter(flops, benchmark::Counter::kIsIterationInvariantRate);
  state.SetBytesProcessed(state.iterations() * s.batch * (sa + sb + sc) *
                          static_cast<int64_t>(sizeof(T)));
}

template <class T>
void square_matmul(benchmark::State& state) {
  const int64_t n = state.range(0);
  run<T>(state, {1, n, n, n, state.range(1) != 0, state.range(2) != 0});
}

void square_matmul_sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"n", "aT", "bT"})->UseRealTime();
  for (int n : {1, 2, 4, 8, 16, 32, 64, 100, 128, 256, 512, 1000, 1024, 2048}) b->Args({n, 0, 0});
  for (int n : {4, 32, 256, 1024}) {
    b->Args({n, 1, 0});
    b->Args({n, 0, 1});
    b->Args({n, 1, 1});
  }
}

// batch, m, n, k
template <class T>
void batched_matmul(benchmark::State& state) {
  run<T>(state, {state.range(0), state.range(1), state.range(2), state.range(3), false, false});
}

void batched_matmul_sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"batch", "m", "n", "k"})->UseRealTime();
  b->Args({10000, 4, 4, 4})->Args({256, 32, 32, 32})->Args({64, 128, 128, 128});
  b->Args({1, 60000, 64, 64})->Args({1, 64, 64, 60000})->Args({1, 128, 512, 784});
}

// Matrix-vector products: A @ x with A row-major, or column-major.
template <class T>
void matrix_vector(benchmark::State& state) {
  const int64_t m = state.range(0), k = state.range(1);
  run<T>(state, {1, m, 1, k, state.range(2) != 0, false});
}

void matrix_vector_sizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"m", "k", "aT"})->UseRealTime();
  for (int transposed : {0, 1}) {
    for (int n : {16, 64, 256, 1024, 2048, 8192}) b->Args({n, n, transposed});
    b->Args({100000, 64, transposed})->Args({64, 100000, transposed});
  }
}

template <class T>
void dot_product(benchmark::State& state) {
  run<T>(state, {1, 1, 1, state.range(0), false, false});
}

BENCHMARK_TEMPLATE(square_matmul, float)->Apply(square_matmul_sizes);
BENCHMARK_TEMPLATE(square_matmul, double)->Apply(square_matmul_sizes);
BENCHMARK_TEMPLATE(batched_matmul, float)->Apply(batched_matmul_sizes);
BENCHMARK_TEMPLATE(batched_matmul, double)->Apply(batched_matmul_sizes);
BENCHMARK_TEMPLATE(matrix_vector, float)->Apply(matrix_vector_sizes);
BENCHMARK_TEMPLATE(matrix_vector, double)->Apply(matrix_vector_sizes);
BENCHMARK_TEMPLATE(dot_product, float)->RangeMultiplier(16)->Range(16, 1 << 24)->UseRealTime();
BENCHMARK_TEMPLATE(dot_product, double)->RangeMultiplier(16)->Range(16, 1 << 24)->UseRealTime();

}  // namespace
