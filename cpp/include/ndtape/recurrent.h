// Recurrent networks over sequences.
#pragma once

#include "ndtape/tensor.h"

namespace ndtape {

// What becomes of a state h (and c, of an LSTM) on input x, with a = Wx + b and s = Uh + d:
//   rnn:  h' = tanh(a + s)
//   lstm: i, f, g, o = a + s;  c' = sigmoid(f) * c + sigmoid(i) * tanh(g);
//         h' = sigmoid(o) * tanh(c')
//   gru:  r, z = sigmoid(a + s), v = tanh(a + r * s);  h' = (1 - z) * v + z * h
// where W is (gates * hidden, inputs), U (gates * hidden, hidden), b and d (gates * hidden,).
enum class RecurrentCell { rnn, lstm, gru };

struct RecurrentWeights {
  Tensor input, hidden;            // W, U
  Tensor input_bias, hidden_bias;  // b, d; either may be undefined
};

struct Recurrence {
  Tensor y;     // (n, steps, hidden): the state after each step, at the place of its input
  Tensor h, c;  // (n, hidden): after the last; c of an LSTM only
};

// x: (n, steps, inputs), h and c: (n, hidden), all of float dtypes; steps from the last to the
// first if `reverse`. One node on the tape for the whole sequence.
Recurrence recurrent(RecurrentCell cell, const Tensor& x, const RecurrentWeights& weights,
                     const Tensor& h, const Tensor& c, bool reverse);

}  // namespace ndtape
