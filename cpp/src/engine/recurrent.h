// Recurrent networks over whole sequences: what depends on the step before. Sequences are dealt to
// threads, which wait for nobody between steps.
#pragma once

#include <cstdint>

#include "ndtape/dtype.h"

namespace ndtape::engine {

enum class Cell { rnn, lstm, gru };

// All row-major and of one float dtype, in the order in which steps are taken.
struct Sequence {
  Cell cell;
  DType dtype;
  int64_t count, steps, hidden;  // sequences, their steps, numbers of a state
  int64_t gates() const { return cell == Cell::rnn ? 1 : cell == Cell::lstm ? 4 : 3; }

  const void* weight;       // (gates * hidden, hidden)
  const void* bias;         // (gates * hidden), or null
  const void* hidden_bias;  // the same; of a GRU alone
  void* z;                  // (steps, count, gates * hidden): the input's part, then the gates
  void* h;                  // (steps + 1, count, hidden), the first of which is given
  void* c;                  // the same; of an LSTM
  void* kept;               // (steps, count, hidden): tanh(c) of an LSTM, r's factor of a GRU
};

// y, if not null, gets the states after each step: at y + sequence * y_row + step * y_step.
void run_sequence(const Sequence& s, void* y, int64_t y_row, int64_t y_step);

// dz, like z: gradients by what went into the gates; of a GRU dz_hidden by the state's part of it.
// dh and dc, (count, hidden), are those of the last states, then of the first; dc of an LSTM. dy
// lies as y does.
void run_sequence_back(const Sequence& s, const void* dy, int64_t dy_row, int64_t dy_step, void* dz,
                       void* dz_hidden, void* dh, void* dc);

}  // namespace ndtape::engine
