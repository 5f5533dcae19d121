// Runs a program on one tile: operands that are dense in the tile are used in place, any other is
// gathered into a buffer in the L1 cache; intermediates never leave it.
#pragma once

#include <cstdint>

#include "engine/evaluator.h"
#include "engine/program.h"
#include "engine/walk.h"

namespace ndtape::engine {

// Memory of this thread for buffers, 64-byte aligned; grows, never shrinks. One user at a time.
// Throws std::bad_alloc.
void* scratch(int64_t bytes);

// Elements a tile may have so that the program's buffers stay in the L1 cache.
int64_t block_size(const Program& program);

class Interpreter {
 public:
  // `ops` are the program's inputs, then its outputs when `store_outputs`; else results stay in
  // buffers, to be read with result(). Tiles run along the two axes, -1 where they have one row
  // or one element. `memory` holds scratch_bytes(program, block). With `stream`, outputs apart from
  // the inputs are written past the caches: the caller ends with the kernel stream_end.
  Interpreter(const Program& program, const Operands& ops, int row_axis, int col_axis,
              bool store_outputs, int64_t block, void* memory, bool stream = false);
  static int64_t scratch_bytes(const Program& program, int64_t block);

  // Of the tile that is run next, if given, operands may be fetched meanwhile.
  void run(char* const* data, int64_t rows, int64_t cols, char* const* next = nullptr);
  // Does this make a difference? Where an input runs fastest from row to row, each column of a tile
  // is over before the processor finds out what to fetch.
  bool looks_ahead() const { return looks_ahead_; }
  // Output i of the last run as a dense block.
  const void* result(int i) const { return evaluator_.values[program_.output_value(i)]; }

 private:
  struct Operand {
    int64_t row_stride, col_stride, element;
    int size_class;
    bool sideways;              // runs fastest from row to row
    const char* gathered_from;  // what the buffer holds, to not gather it twice
    int64_t gathered_rows, gathered_cols;
  };
  bool dense(const Operand& o, int64_t rows, int64_t cols) const {
    return (o.col_stride == o.element || cols == 1) &&
           (rows == 1 || o.row_stride == cols * o.element);
  }
  void assign_buffers(char* memory, int64_t block);

  const Program& program_;
  const int outputs_;  // that are stored
  bool looks_ahead_ = false;
  bool streamed_[kMaxOutputs];  // written past the caches
  bool direct_[kMaxOutputs];    // may the instruction write to the output itself?
  char* buffer_[kMaxValues];    // of each value
  Operand operand_[kMaxOperands];
  Evaluator evaluator_;
};

}  // namespace ndtape::engine
