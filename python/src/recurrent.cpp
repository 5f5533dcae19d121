// Recurrent networks. Private: the layers of ndtape.nn call them.
#include "ndtape/recurrent.h"

#include "areas.h"
#include "convert.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

Tensor optional_tensor(PyObject* o, const char* function) {
  return !o || o == Py_None ? Tensor() : tensor_argument(o, function);
}

template <RecurrentCell cell>
PyObject* call_recurrent(const Spec& s, PyObject* const* v) {
  const Tensor x = tensor_argument(v[0], s.name);
  const RecurrentWeights weights = {tensor_argument(v[1], s.name), tensor_argument(v[2], s.name),
                                    optional_tensor(v[3], s.name), optional_tensor(v[4], s.name)};
  const Tensor h = tensor_argument(v[5], s.name);
  constexpr bool lstm = cell == RecurrentCell::lstm;
  const Tensor c = lstm ? tensor_argument(v[6], s.name) : Tensor();
  const bool reverse = parse_bool(v[lstm ? 7 : 6], false);
  const Recurrence r = unlocked(true, [&] { return recurrent(cell, x, weights, h, c, reverse); });
  const py::object y = own(wrap(r.y)), end = own(wrap(r.h));
  if constexpr (!lstm) return check(PyTuple_Pack(2, y.ptr(), end.ptr()));
  const py::object last = own(wrap(r.c));
  return check(PyTuple_Pack(3, y.ptr(), end.ptr(), last.ptr()));
}

}  // namespace

void define_recurrent() {
  define(kFunction, "_rnn", "(x, weight, hidden_weight, bias, hidden_bias, h, reverse, /)",
         "(y, h) of a plain recurrent network over (n, steps, inputs).",
         call_recurrent<RecurrentCell::rnn>);
  define(kFunction, "_lstm", "(x, weight, hidden_weight, bias, hidden_bias, h, c, reverse, /)",
         "(y, h, c) of an LSTM over (n, steps, inputs).", call_recurrent<RecurrentCell::lstm>);
  define(kFunction, "_gru", "(x, weight, hidden_weight, bias, hidden_bias, h, reverse, /)",
         "(y, h) of a GRU over (n, steps, inputs).", call_recurrent<RecurrentCell::gru>);
}

}  // namespace ndtape::python
