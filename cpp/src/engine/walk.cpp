#include "engine/walk.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace ndtape::engine {

Number::Number(double number, DType dtype) {
  if (dtype == DType::Float32) {
    single = static_cast<float>(number);
  } else {
    wide = number;
  }
}

void Operands::add(const void* first, const Layout& layout, int64_t element_bytes) {
  if (count >= kMaxOperands) throw std::logic_error("walk: too many operands");
  data[count] = static_cast<char*>(const_cast<void*>(first));
  element[count] = element_bytes;
  const int lead = ndim - layout.ndim();
  for (int i = 0; i < lead; ++i) stride[count][i] = 0;
  for (int i = 0; i < layout.ndim(); ++i) {
    stride[count][lead + i] = layout.shape[i] == 1 ? 0 : layout.strides[i] * element_bytes;
  }
  ++count;
}

void Operands::add_inputs(const Program& program, const Tensor* inputs, const Number* numbers) {
  for (int i = 0; i < program.inputs(); ++i) {
    const auto v = static_cast<Value>(i);
    if (program.is_number(v)) {
      add(numbers++, Layout{}, itemsize(program.dtype(v)));
    } else {
      add(*inputs++);
    }
  }
}

void Operands::select_axes(const Operands& from, int first, int last) {
  count = from.count;
  ndim = last - first;
  for (int i = 0; i < ndim; ++i) shape[i] = from.shape[first + i];
  for (int k = 0; k < count; ++k) {
    data[k] = from.data[k];
    element[k] = from.element[k];
    for (int i = 0; i < ndim; ++i) stride[k][i] = from.stride[k][first + i];
  }
}

void Operands::swap_axes(int i, int j) {
  std::swap(shape[i], shape[j]);
  for (int k = 0; k < count; ++k) std::swap(stride[k][i], stride[k][j]);
}

void Operands::drop_axis(int i) {
  for (int a = i + 1; a < ndim; ++a) {
    shape[a - 1] = shape[a];
    for (int k = 0; k < count; ++k) stride[k][a - 1] = stride[k][a];
  }
  --ndim;
}

void Operands::reverse_axis(int i) {
  for (int k = 0; k < count; ++k) {
    data[k] += stride[k][i] * (shape[i] - 1);
    stride[k][i] = -stride[k][i];
  }
}

bool Operands::mergeable(int i, int j) const {
  for (int k = 0; k < count; ++k) {
    if (stride[k][i] != stride[k][j] * shape[j]) return false;
  }
  return true;
}

void Operands::merge(int i, int j) {
  shape[j] *= shape[i];
  drop_axis(i);
}

namespace {

// Should axis i be walked inside axis j?
bool inner_to(const Operands& ops, int i, int j, int leader) {
  for (int n = 0; n < ops.count; ++n) {
    const int k = (leader + n) % ops.count;
    const int64_t a = std::abs(ops.stride[k][i]), b = std::abs(ops.stride[k][j]);
    if (a == 0 || b == 0 || a == b) continue;
    return a < b;
  }
  return false;
}

}  // namespace

int simplify(Operands& ops, int first, int last, int leader) {
  for (int i = last - 1; i >= first; --i) {
    if (ops.shape[i] == 1) {
      ops.drop_axis(i);
      --last;
    }
  }
  // Insertion sort: few axes, mostly in order already.
  for (int i = first + 1; i < last; ++i) {
    for (int j = i; j > first && inner_to(ops, j - 1, j, leader); --j) ops.swap_axes(j - 1, j);
  }
  for (int i = first; i < last; ++i) {
    if (ops.stride[leader][i] < 0) ops.reverse_axis(i);
  }
  for (int i = last - 1; i > first; --i) {
    if (ops.mergeable(i - 1, i)) {
      ops.merge(i - 1, i);
      --last;
    }
  }
  return last - first;
}

Tiling choose_tiling(const Operands& ops, int64_t block, int64_t wide) {
  Tiling t;
  const int inner = ops.ndim - 1;
  if (inner < 0) return t;
  const int64_t length = ops.shape[inner];

  // An operand that runs fastest along another axis is read in square tiles, so that each cache
  // line it touches is used whole.
  for (int k = 0; k < ops.count && t.row_axis < 0; ++k) {
    const int64_t step = std::abs(ops.stride[k][inner]);
    if (step <= ops.element[k]) continue;
    int64_t least = step;
    for (int axis = inner - 1; axis >= 0; --axis) {
      const int64_t other = std::abs(ops.stride[k][axis]);
      if (other != 0 && other < least) {
        t.row_axis = axis;
        least = other;
      }
    }
  }
  if (t.row_axis >= 0) {
    const int64_t depth = ops.shape[t.row_axis];
    t.cols = std::min<int64_t>(length, block > cpu::kBlock ? 64 : 16);
    t.rows = std::min<int64_t>(depth, block / t.cols);
    t.cols = std::min<int64_t>(length, block / t.rows);
  } else if (length < 256 && inner > 0) {
    // Short rows: several to a tile.
    t.row_axis = inner - 1;
    t.cols = length;
    t.rows = std::min<int64_t>(ops.shape[t.row_axis], std::max<int64_t>(1, block / length));
  } else {
    t.cols = std::min<int64_t>(length, wide);
  }
  t.col_tiles = (length + t.cols - 1) / t.cols;
  for (int axis = 0; axis < inner; ++axis) {
    if (axis == t.row_axis) {
      t.row_tiles = (ops.shape[axis] + t.rows - 1) / t.rows;
    } else {
      t.outer *= ops.shape[axis];
    }
  }
  return t;
}

TileCursor::TileCursor(const Operands& ops, const Tiling& tiling, char* const* data, int64_t first)
    : ops_(ops), tiling_(tiling), base_(data) {
  col_tile_ = first % tiling.col_tiles;
  first /= tiling.col_tiles;
  row_tile_ = first % tiling.row_tiles;
  first /= tiling.row_tiles;
  for (int axis = ops.ndim - 2; axis >= 0; --axis) {
    if (axis == tiling.row_axis) {
      index_[axis] = 0;
    } else {
      index_[axis] = first % ops.shape[axis];
      first /= ops.shape[axis];
    }
  }
  locate();
}

void TileCursor::locate() {
  const int inner = ops_.ndim - 1;
  cols_ = inner < 0 ? 1 : std::min(tiling_.cols, ops_.shape[inner] - col_tile_ * tiling_.cols);
  rows_ = tiling_.row_axis < 0
              ? 1
              : std::min(tiling_.rows, ops_.shape[tiling_.row_axis] - row_tile_ * tiling_.rows);
  for (int k = 0; k < ops_.count; ++k) {
    char* p = base_[k];
    for (int axis = 0; axis < inner; ++axis) p += index_[axis] * ops_.stride[k][axis];
    if (tiling_.row_axis >= 0) {
      p += row_tile_ * tiling_.rows * ops_.stride[k][tiling_.row_axis];
    }
    if (inner >= 0) p += col_tile_ * tiling_.cols * ops_.stride[k][inner];
    data_[k] = p;
  }
}

void TileCursor::next() {
  if (++col_tile_ == tiling_.col_tiles) {
    col_tile_ = 0;
    if (++row_tile_ == tiling_.row_tiles) {
      row_tile_ = 0;
      for (int axis = ops_.ndim - 2; axis >= 0; --axis) {
        if (axis == tiling_.row_axis) continue;
        if (++index_[axis] < ops_.shape[axis]) break;
        index_[axis] = 0;
      }
    }
  }
  // The index after the last tile wraps to the first: harmless, it is not read.
  locate();
}

}  // namespace ndtape::engine
