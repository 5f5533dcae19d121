// Cells of recurrent networks.
#pragma once

#include <utility>

#include "ndtape/tensor.h"

namespace ndtape {

// One step of an LSTM. gates: (n, 4 * hidden), what goes into the gates i, f, g, o; c: (n, hidden).
// Returns h' = sigmoid(o) * tanh(c') and c' = sigmoid(f) * c + sigmoid(i) * tanh(g).
std::pair<Tensor, Tensor> lstm_cell(const Tensor& gates, const Tensor& c);

}  // namespace ndtape
