// Cells of recurrent networks. Private: the layers of ndtape.nn call them.
#include "ndtape/recurrent.h"

#include "areas.h"
#include "convert.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

PyObject* call_lstm_cell(const Spec& s, PyObject* const* v) {
  const Tensor gates = tensor_argument(v[0], s.name), c = tensor_argument(v[1], s.name);
  const auto [h, next] = unlocked(is_large(gates), [&] { return lstm_cell(gates, c); });
  const py::object first = own(wrap(h)), second = own(wrap(next));
  return check(PyTuple_Pack(2, first.ptr(), second.ptr()));
}

}  // namespace

void define_recurrent() {
  define(kFunction, "_lstm_cell", "(gates, c, /)",
         "One step of an LSTM: (h, c) from what goes into the gates i, f, g, o and the last c.",
         call_lstm_cell);
}

}  // namespace ndtape::python
