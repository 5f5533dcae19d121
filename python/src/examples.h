// The examples in the docstrings of elementwise functions.
#pragma once

namespace ndtape::python {

// Doctest lines for an operator, or nullptr.
const char* find_example(const char* name);

}  // namespace ndtape::python
