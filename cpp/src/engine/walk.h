// A walk: how to visit the elements of several operands of one shape, in tiles.
#pragma once

#include <cstdint>

#include "engine/program.h"
#include "ndtape/tensor.h"

namespace ndtape::engine {

inline constexpr int kMaxOperands = kMaxInputs + kMaxOutputs;

// A number in the dtype in which a program reads it.
union Number {
  Number() = default;
  Number(double number, DType dtype);
  float single;
  double wide;
};

// Operands of one shape as bytes: strides count bytes, 0 where an operand is broadcast.
struct Operands {
  int count = 0;
  int ndim = 0;
  int64_t shape[kMaxAxes];
  char* data[kMaxOperands];
  int64_t element[kMaxOperands];  // bytes an element
  int64_t stride[kMaxOperands][kMaxAxes];

  // Adds an operand laid out as `layout`, broadcast to the shape; `data` is its first element.
  void add(const void* first, const Layout& layout, int64_t element_bytes);
  void add(const Tensor& x) { add(x.data(), x.layout(), itemsize(x.dtype())); }
  // Adds a program's inputs: these tensors and numbers, each in their order.
  void add_inputs(const Program& program, const Tensor* inputs, const Number* numbers = nullptr);

  // The same operands along axes [first, last) only.
  void select_axes(const Operands& from, int first, int last);

  void swap_axes(int i, int j);
  void drop_axis(int i);
  // Walks axis i from its other end.
  void reverse_axis(int i);
  // Whether axes i (outer) and j (inner) are one axis in every operand.
  bool mergeable(int i, int j) const;
  void merge(int i, int j);  // into j's place; drops i
};

// Drops axes of length 1, orders those in [first, last) of the rest so that operand `leader` moves
// by ever smaller steps (ties: the next operands), and merges what is contiguous in all.
// Returns the number of axes left in the range.
int simplify(Operands& ops, int first, int last, int leader);

// rows x cols elements at a time; the tiles cover axes (row_axis, last axis), the other axes are
// stepped through one by one.
struct Tiling {
  int row_axis = -1;  // -1: rows is 1
  int64_t rows = 1;
  int64_t cols = 1;
  int64_t row_tiles = 1;
  int64_t col_tiles = 1;
  int64_t outer = 1;  // product of the other axes
  int64_t count() const { return outer * row_tiles * col_tiles; }
};

// Chooses tiles of at most `block` elements for simplified operands; of at most `wide` where it
// finds nothing to gather.
Tiling choose_tiling(const Operands& ops, int64_t block, int64_t wide);

// Visits the tiles of a tiling from number `first` on; `data` are the operands' first elements.
class TileCursor {
 public:
  TileCursor(const Operands& ops, const Tiling& tiling, char* const* data, int64_t first);
  void next();

  char* const* data() const { return data_; }  // the tile's first element in each operand
  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }

 private:
  void locate();

  const Operands& ops_;
  const Tiling& tiling_;
  char* const* base_;
  int64_t index_[kMaxAxes];  // of the outer axes
  int64_t row_tile_, col_tile_;
  int64_t rows_, cols_;
  char* data_[kMaxOperands];
};

}  // namespace ndtape::engine
