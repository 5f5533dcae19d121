#include "engine/evaluator.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "engine/pairwise.h"

namespace ndtape::engine {

void Evaluator::run(int64_t rows, int64_t cols) {
  const int64_t n = rows * cols;
  for (int i = 0; i < program_.instructions(); ++i) {
    const Instruction& in = program_.instruction(i);
    auto at = [&](Value v) { return v == kNoValue ? nullptr : values[v]; };
    switch (in.form) {
      case Form::Block:
        in.kernel(at(in.args[0]), at(in.args[1]), at(in.args[2]), targets[in.result], n);
        break;
      case Form::Row:
        in.kernel(at(in.args[0]), at(in.args[1]), at(in.args[2]), targets[in.result], rows);
        break;
      case Form::Reduce:
        reduce_rows(in, rows, cols);
        break;
      case Form::Expand: {
        const int64_t element = itemsize(program_.dtype(in.result));
        const int size_class = std::countr_zero(static_cast<uint64_t>(element));
        kernels_.gather[size_class](at(in.args[0]), element, 0, targets[in.result], rows, cols);
        break;
      }
      case Form::Fused:
        run_fused(in, rows, cols);
        break;
    }
    if (in.result != kNoValue) values[in.result] = targets[in.result];
    if (in.total != kNoValue) values[in.total] = targets[in.total];
  }
}

void Evaluator::run_fused(const Instruction& in, int64_t rows, int64_t cols) {
  const int64_t element = itemsize(program_.dtype(in.args[0]));
  constexpr int64_t kLevel = 16;
  char levels[PairwiseTree::levels(int64_t{1} << 40) * kLevel];
  PairwiseTree tree(in.kernel, levels, kLevel);
  for (int64_t r = 0; r < rows; ++r) {
    char* total = in.total == kNoValue ? nullptr : targets[in.total] + r * element;
    const bool whole = cols <= cpu::kBlock || !total;
    const int64_t piece = whole ? cols : cpu::kBlock;
    if (!whole) tree.start(1, element);
    for (int64_t c = 0; c < cols; c += piece) {
      const void* args[kMaxArgs];
      for (int k = 0; k < kMaxArgs; ++k) {
        const Value v = in.args[k];
        if (v == kNoValue) {
          args[k] = nullptr;
          continue;
        }
        const bool same = v < program_.inputs() && one_row[v];
        const int64_t at = program_.is_row(v) ? r : same ? c : r * cols + c;
        args[k] = values[v] + at * element;
      }
      char partial[kLevel];
      char* out = in.result == kNoValue ? nullptr : targets[in.result] + (r * cols + c) * element;
      in.row_kernel(args, out, whole ? total : partial, std::min(piece, cols - c));
      if (!whole) tree.push(partial);
    }
    if (!whole) std::memcpy(total, tree.finish(), static_cast<size_t>(element));
  }
}

void Evaluator::reduce_rows(const Instruction& in, int64_t rows, int64_t cols) {
  const int64_t element = itemsize(program_.dtype(in.result));
  constexpr int64_t kLevel = 16;
  char levels[PairwiseTree::levels(int64_t{1} << 40) * kLevel];
  PairwiseTree tree(in.kernel, levels, kLevel);
  for (int64_t r = 0; r < rows; ++r) {
    const char* row = values[in.args[0]] + r * cols * element;
    char* total = targets[in.result] + r * element;
    if (cols <= cpu::kBlock) {
      in.reduce(row, total, cols);
      continue;
    }
    tree.start(1, element);
    for (int64_t c = 0; c < cols; c += cpu::kBlock) {
      char partial[kLevel];
      in.reduce(row + c * element, partial, std::min(cpu::kBlock, cols - c));
      tree.push(partial);
    }
    std::memcpy(total, tree.finish(), static_cast<size_t>(element));
  }
}

}  // namespace ndtape::engine
