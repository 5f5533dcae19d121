// Runs a program's instructions on one tile, whose values are dense blocks of memory.
#pragma once

#include <cstdint>

#include "engine/program.h"

namespace ndtape::engine {

class Evaluator {
 public:
  explicit Evaluator(const Program& program) : program_(program), kernels_(cpu::kernels()) {}
  void run(int64_t rows, int64_t cols);

  const Program& program() const { return program_; }
  const cpu::KernelTable& kernels() const { return kernels_; }

  const char* values[kMaxValues];  // where each value is; those of the inputs are to be set
  char* targets[kMaxValues];       // where its instruction shall write each other one
  bool one_row[kMaxInputs];        // the same row for all, read as such: by row operators only

 private:
  void reduce_rows(const Instruction& in, int64_t rows, int64_t cols);
  void run_fused(const Instruction& in, int64_t rows, int64_t cols);

  const Program& program_;
  const cpu::KernelTable& kernels_;
};

}  // namespace ndtape::engine
