#include "engine/step.h"

#include <algorithm>

#include "cpu/kernels.h"
#include "engine/elementwise.h"
#include "engine/interpreter.h"
#include "engine/walk.h"
#include "ndtape/parallel.h"

namespace ndtape::engine {
namespace {

constexpr int kGradient = 1;
constexpr int64_t kCost = 8;             // of an element, as programs count it
constexpr int64_t kPiece = 16 * 1024;    // elements a task where nothing is gathered
constexpr int64_t kBlock = cpu::kBlock;  // elements a tile elsewhere

template <class Body>
void share(int64_t size, int64_t tasks, Body&& body) {
  if (size > kParallelWork / kCost) {
    parallel_for(tasks, body);
  } else {
    body(0, tasks);
  }
}

bool all_dense(const Operands& ops) {
  if (ops.ndim > 1) return false;
  for (int k = 0; k < ops.count && ops.ndim == 1; ++k) {
    if (ops.stride[k][0] != ops.element[k]) return false;
  }
  return true;
}

}  // namespace

void step(StepOp op, const Tensor* tensors, int count, const double* numbers) {
  const Tensor& x = tensors[0];
  if (x.size() == 0) return;
  const auto& kernels = cpu::kernels();
  const auto kernel = kernels.step[static_cast<int>(op)][static_cast<int>(x.dtype())];
  Operands ops;
  ops.ndim = x.ndim();
  for (int i = 0; i < ops.ndim; ++i) ops.shape[i] = x.length(i);
  const int64_t element = itemsize(x.dtype());
  for (int k = 0; k < count; ++k) ops.add(tensors[k].data(), tensors[k].layout(), element);
  simplify(ops, 0, ops.ndim, 0);

  if (all_dense(ops)) {
    const int64_t pieces = (x.size() + kPiece - 1) / kPiece;
    share(x.size(), pieces, [&](int64_t begin, int64_t end) {
      void* at[kMaxStepTensors];
      for (int k = 0; k < count; ++k) at[k] = ops.data[k] + begin * kPiece * element;
      kernel(at, numbers, std::min(end * kPiece, x.size()) - begin * kPiece);
    });
    return;
  }
  const Tiling tiling = choose_tiling(ops, kBlock, kBlock);
  const int size_class = __builtin_ctzll(static_cast<uint64_t>(element));
  share(x.size(), tiling.count(), [&](int64_t begin, int64_t end) {
    auto* memory = static_cast<char*>(scratch(count * kBlock * element));
    void* at[kMaxStepTensors];
    for (int k = 0; k < count; ++k) at[k] = memory + k * kBlock * element;
    TileCursor tile(ops, tiling, ops.data, begin);
    for (int64_t t = begin; t < end; ++t) {
      const int64_t rows = tile.rows(), cols = tile.cols();
      const auto row = [&](int k) {
        return tiling.row_axis < 0 ? 0 : ops.stride[k][tiling.row_axis];
      };
      const auto col = [&](int k) { return ops.stride[k][ops.ndim - 1]; };
      for (int k = 0; k < count; ++k) {
        kernels.gather[size_class](tile.data()[k], row(k), col(k), at[k], rows, cols);
      }
      kernel(at, numbers, rows * cols);
      for (int k = 0; k < count; ++k) {
        if (k == kGradient) continue;
        kernels.scatter[size_class](at[k], tile.data()[k], row(k), col(k), rows, cols);
      }
      if (t + 1 < end) tile.next();
    }
  });
}

}  // namespace ndtape::engine
