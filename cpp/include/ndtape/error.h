// The errors of the library; each names the Python exception it becomes.
#pragma once

#include <stdexcept>
#include <string>

namespace ndtape {

struct ValueError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};
struct TypeError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};
struct IndexError : std::out_of_range {
  using std::out_of_range::out_of_range;
};
// Misuse of the tape: a value that backward needs was changed, a graph was walked twice, ...
struct TapeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
// std::bad_alloc becomes MemoryError.

}  // namespace ndtape
