// The steps that ndtape.optim makes, one parameter at a time.
#include "ndtape/optim.h"

#include "areas.h"
#include "convert.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

const Tensor& parameter(PyObject* o, const char* function) {
  if (!is_tensor(o)) {
    throw TypeError(std::string(function) + ": a " + Py_TYPE(o)->tp_name + ", expected a Tensor");
  }
  return unwrap(o);
}

Tensor state(PyObject* o, const char* function) {
  return o == Py_None ? Tensor() : parameter(o, function);
}

double number(PyObject* o, const char* what) { return parse_double(o, what); }

template <class F>
PyObject* run(const Tensor& x, F&& body) {
  unlocked(is_large(x), body);
  return new_none();
}

PyObject* call_sgd(const Spec& s, PyObject* const* v) {
  const Tensor &x = parameter(v[0], s.name), &g = parameter(v[1], s.name);
  const Tensor velocity = state(v[2], s.name);
  const optim::Sgd rule{number(v[3], "learning_rate"), number(v[4], "momentum"),
                        number(v[5], "weight_decay"), parse_bool(v[6], false)};
  if (rule.momentum != 0 && !velocity.defined()) throw ValueError("SGD: no velocity was given");
  return run(x, [&] { optim::step(rule, x, g, velocity); });
}

PyObject* call_adagrad(const Spec& s, PyObject* const* v) {
  const Tensor &x = parameter(v[0], s.name), &g = parameter(v[1], s.name),
               &square_sum = parameter(v[2], s.name);
  const optim::Adagrad rule{number(v[3], "learning_rate"), number(v[4], "epsilon"),
                            number(v[5], "weight_decay")};
  return run(x, [&] { optim::step(rule, x, g, square_sum); });
}

PyObject* call_rmsprop(const Spec& s, PyObject* const* v) {
  const Tensor &x = parameter(v[0], s.name), &g = parameter(v[1], s.name),
               &square_mean = parameter(v[2], s.name);
  const Tensor velocity = state(v[3], s.name);
  const optim::RmsProp rule{number(v[4], "learning_rate"), number(v[5], "decay"),
                            number(v[6], "epsilon"), number(v[7], "momentum"),
                            number(v[8], "weight_decay")};
  if (rule.momentum != 0 && !velocity.defined()) {
    throw ValueError("RMSprop: no velocity was given");
  }
  return run(x, [&] { optim::step(rule, x, g, square_mean, velocity); });
}

PyObject* call_adam(const Spec& s, PyObject* const* v) {
  const Tensor &x = parameter(v[0], s.name), &g = parameter(v[1], s.name),
               &mean = parameter(v[2], s.name), &square_mean = parameter(v[3], s.name);
  const int64_t count = parse_int(v[4], "count");
  double betas[2];
  if (!PyTuple_Check(v[6]) || PyTuple_GET_SIZE(v[6]) != 2) {
    throw TypeError("Adam: betas are not a pair");
  }
  for (int i = 0; i < 2; ++i) betas[i] = number(PyTuple_GET_ITEM(v[6], i), "betas");
  const optim::Adam rule{number(v[5], "learning_rate"),
                         betas[0],
                         betas[1],
                         number(v[7], "epsilon"),
                         number(v[8], "weight_decay"),
                         parse_bool(v[9], false)};
  return run(x, [&] { optim::step(rule, count, x, g, mean, square_mean); });
}

}  // namespace

void define_optim() {
  define(kFunction, "_sgd_step",
         "(x, grad, velocity, learning_rate, momentum, weight_decay, nesterov, /)",
         "One step of SGD on x, in place.", call_sgd);
  define(kFunction, "_adagrad_step",
         "(x, grad, square_sum, learning_rate, epsilon, weight_decay, /)",
         "One step of Adagrad on x, in place.", call_adagrad);
  define(
      kFunction, "_rmsprop_step",
      "(x, grad, square_mean, velocity, learning_rate, decay, epsilon, momentum, weight_decay, /)",
      "One step of RMSprop on x, in place.", call_rmsprop);
  define(kFunction, "_adam_step",
         "(x, grad, mean, square_mean, count, learning_rate, betas, epsilon, weight_decay, "
         "decoupled, /)",
         "One step of Adam or AdamW on x, in place.", call_adam);
}

}  // namespace ndtape::python
