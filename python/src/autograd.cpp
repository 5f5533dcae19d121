// Gradients.
#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "areas.h"
#include "convert.h"
#include "dtype_type.h"
#include "method_docs.h"
#include "ndtape/tape.h"
#include "operation.h"
#include "places.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

PyObject* method_backward(const Spec&, PyObject* const* v) {
  const Tensor& y = unwrap(v[0]);
  Tensor seed;
  if (v[1] && v[1] != Py_None) seed = is_tensor(v[1]) ? unwrap(v[1]) : to_tensor(v[1], y.dtype());
  bool retain = parse_bool(v[2], false);
  bool create = parse_bool(v[3], false);
  // The object may lose its last other owner while the GIL is away.
  Tensor root = y;
  unlocked(true, [&] { backward(root, seed, retain, create); });
  return new_none();
}

PyObject* method_detach(const Spec&, PyObject* const* v) { return wrap(detach(unwrap(v[0]))); }

PyObject* method_requires_grad(const Spec&, PyObject* const* v) {
  set_requires_grad(unwrap(v[0]), parse_bool(v[1], true));
  return Py_NewRef(v[0]);
}

std::vector<Tensor> tensors_only(PyObject* o, const char* what, bool none_allowed) {
  py::object items = own(PySequence_Tuple(o));
  std::vector<Tensor> result;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items.ptr()); ++i) {
    PyObject* item = PyTuple_GET_ITEM(items.ptr(), i);
    if (is_tensor(item)) {
      result.push_back(unwrap(item));
    } else if (item == Py_None && none_allowed) {
      result.emplace_back();
    } else {
      throw TypeError(std::string(what) + ": expected tensors, not " + Py_TYPE(item)->tp_name);
    }
  }
  return result;
}

std::vector<Tensor> one_or_several(PyObject* o, const char* what, bool none_allowed) {
  if (is_tensor(o)) return {unwrap(o)};
  if (o == Py_None && none_allowed) return {Tensor()};
  if (!PyTuple_Check(o) && !PyList_Check(o)) {
    throw TypeError(std::string(what) + ": expected tensors, not " + Py_TYPE(o)->tp_name);
  }
  return tensors_only(o, what, none_allowed);
}

PyObject* list_of(std::vector<Tensor> tensors) {
  py::object result = own(PyList_New(static_cast<Py_ssize_t>(tensors.size())));
  for (size_t i = 0; i < tensors.size(); ++i) {
    PyList_SET_ITEM(result.ptr(), static_cast<Py_ssize_t>(i), wrap(std::move(tensors[i])));
  }
  return result.release().ptr();
}

PyObject* call_gradients(const Spec&, PyObject* const* v) {
  std::vector<Tensor> outputs = tensors_only(v[0], "outputs", false);
  std::vector<Tensor> inputs = tensors_only(v[1], "inputs", false);
  std::vector<Tensor> seeds;
  if (v[2] && v[2] != Py_None) {
    seeds = tensors_only(v[2], "seeds", true);
    if (seeds.size() != outputs.size()) {
      throw ValueError("gradients: " + std::to_string(seeds.size()) + " seeds for " +
                       std::to_string(outputs.size()) + " outputs");
    }
  }
  bool retain = parse_bool(v[3], false);
  bool create = parse_bool(v[4], false);
  return list_of(unlocked(true, [&] { return gradients(outputs, inputs, seeds, retain, create); }));
}

PyObject* call_tangents(const Spec&, PyObject* const* v) {
  const std::vector<Tensor> outputs = tensors_only(v[0], "outputs", false),
                            inputs = tensors_only(v[1], "inputs", false),
                            seeds = tensors_only(v[2], "seeds", true);
  const bool create = parse_bool(v[3], false);
  return list_of(unlocked(true, [&] { return tangents(outputs, inputs, seeds, create); }));
}

PyObject* call_other_inputs(const Spec&, PyObject* const* v) {
  return list_of(
      other_inputs(tensors_only(v[0], "outputs", false), tensors_only(v[1], "inputs", false)));
}

PyObject* call_recorded_graph(const Spec&, PyObject* const* v) {
  const std::vector<Tensor> outputs = one_or_several(v[0], "outputs", false);
  const RecordedGraph graph = unlocked(true, [&] { return recorded_graph(outputs); });
  py::list nodes;
  for (const RecordedNode& node : graph.nodes) {
    py::list results, sources;
    for (const RecordedNode::Output& out : node.outputs) {
      if (!out.used) {
        results.append(py::none());
        continue;
      }
      results.append(py::make_tuple(own(tuple_of(out.shape)),
                                    py::reinterpret_borrow<py::object>(dtype_object(out.dtype))));
    }
    for (const RecordedNode::Source& source : node.inputs) {
      sources.append(py::make_tuple(source.node, source.index));
    }
    nodes.append(py::make_tuple(node.number, node.name, node.where, node.is_leaf, node.freed,
                                node.saved_bytes, results, sources));
  }
  return py::make_tuple(nodes, graph.saved_bytes).release().ptr();
}

// ---- operations written in Python --------------------------------------------------------------

// f(*first, *second, *rest), from any thread; `what` names f in errors.
std::vector<Tensor> call_rule(PyObject* f, const std::string& what,
                              const std::vector<Tensor>& first, const std::vector<Tensor>& second,
                              std::span<PyObject* const> rest = {}) {
  const WithGil gil;
  try {
    py::object args =
        own(PyTuple_New(static_cast<Py_ssize_t>(first.size() + second.size() + rest.size())));
    Py_ssize_t at = 0;
    for (const Tensor& t : first) PyTuple_SET_ITEM(args.ptr(), at++, wrap(t));
    for (const Tensor& t : second) PyTuple_SET_ITEM(args.ptr(), at++, wrap(t));
    for (PyObject* o : rest) PyTuple_SET_ITEM(args.ptr(), at++, Py_NewRef(o));
    const py::object found = own(PyObject_CallObject(f, args.ptr()));
    return one_or_several(found.ptr(), what.c_str(), true);
  } catch (const PythonError&) {
    // The walker's frames are unwound without the GIL: the error travels in an object.
    throw py::error_already_set();
  }
}

// An operation whose rules are Python functions.
class PythonOperation final : public CustomOperation {
 public:
  // Throws TypeError, what `function` says, for what is no rule. parameters: a tuple.
  PythonOperation(const char* function, PyObject* name, PyObject* vjp, PyObject* jvp,
                  PyObject* parameters)
      : CustomOperation(text_of(function, name)) {
    const std::string what = std::string(function) + ": ";
    if (!PyCallable_Check(vjp)) throw TypeError(what + "vjp must be a function");
    if (jvp && jvp != Py_None && !PyCallable_Check(jvp)) {
      throw TypeError(what + "jvp must be a function or None");
    }
    if (parameters && !PyTuple_Check(parameters)) {
      throw TypeError(what + "parameters must be a tuple");
    }
    held_ = {Py_NewRef(vjp), jvp == Py_None ? nullptr : Py_XNewRef(jvp), Py_XNewRef(parameters)};
  }
  ~PythonOperation() override {
    const auto release = [](void* held) {
      for (PyObject* o : *static_cast<Held*>(held)) Py_XDECREF(o);
    };
    call_anywhere(release, &held_);
  }

  Tensors vjp(const Tensors& grads, const Tensors& saved) const override {
    return call(held_[0], ": vjp", grads, saved);
  }
  bool has_jvp() const override { return held_[1]; }
  Tensors jvp(const Tensors& tangents, const Tensors& saved) const override {
    return call(held_[1], ": jvp", tangents, saved);
  }

 private:
  using Held = std::array<PyObject*, 3>;  // vjp, jvp, parameters

  static std::string text_of(const char* function, PyObject* name) {
    if (!PyUnicode_Check(name)) throw TypeError(std::string(function) + ": name must be a string");
    const char* const text = PyUnicode_AsUTF8(name);
    if (!text) throw PythonError{};
    return text;
  }

  Tensors call(PyObject* f, const char* what, const Tensors& first, const Tensors& saved) const {
    std::span<PyObject* const> parameters;
    if (PyObject* const all = held_[2]) {
      parameters = {&PyTuple_GET_ITEM(all, 0), static_cast<size_t>(PyTuple_GET_SIZE(all))};
    }
    return call_rule(f, std::string(name()) + what, first, saved, parameters);
  }

  Held held_;
};

constexpr char kOperation[] = "ndtape operation";

PyObject* call_operation(const Spec&, PyObject* const* v) {
  Ref<const CustomOperation> made(new PythonOperation("operation", v[0], v[1], v[2], v[3]));
  PyObject* const result =
      check(PyCapsule_New(const_cast<CustomOperation*>(made.get()), kOperation,
                          [](PyObject* capsule) { operation_of(capsule)->release(); }));
  made.give();
  return result;
}

// The tensors of an argument, one or a tuple or list of them; few without asking for memory. Throws
// TypeError for anything else.
class Tensors {
 public:
  Tensors(PyObject* o, const char* what, bool none_allowed) {
    if (!o) return;
    if (PyTuple_Check(o) || PyList_Check(o)) {
      const auto n = static_cast<size_t>(PySequence_Fast_GET_SIZE(o));
      if (n > few_.size()) many_.resize(n);
      view_ = {n > few_.size() ? many_.data() : few_.data(), n};
      for (size_t i = 0; i < n; ++i)
        view_[i] = tensor_of(PySequence_Fast_ITEMS(o)[i], what, none_allowed);
    } else {
      view_ = {few_.data(), 1};
      view_[0] = tensor_of(o, what, none_allowed);
    }
  }
  Tensors(const Tensors&) = delete;
  Tensors& operator=(const Tensors&) = delete;
  std::span<const Tensor> view() const { return view_; }

 private:
  static Tensor tensor_of(PyObject* o, const char* what, bool none_allowed) {
    if (is_tensor(o)) return unwrap(o);
    if (o == Py_None && none_allowed) return {};
    throw TypeError(std::string(what) + ": expected tensors, not " + Py_TYPE(o)->tp_name);
  }
  std::array<Tensor, 3> few_;
  std::vector<Tensor> many_;
  std::span<Tensor> view_;
};

bool records(const Tensors& inputs) {
  return grad_enabled() && std::ranges::any_of(inputs.view(), requires_grad);
}

PyObject* call_record_operation(const Spec&, PyObject* const* v) {
  const CustomOperation* const operation = operation_argument(v[0], "record_operation");
  const Tensors inputs(v[1], "record_operation: inputs", false);
  const Tensors outputs(v[2], "record_operation: outputs", false);
  for (const Tensor& y : outputs.view()) {
    if (requires_grad(y)) throw ValueError("record_operation: outputs must be new tensors");
  }
  const Tensors saved(v[3], "record_operation: saved", true);
  if (records(inputs)) {
    record_operation(operation, inputs.view(), outputs.view(), saved.view());
  }
  return Py_NewRef(v[2]);
}

PyObject* call_record_custom(const Spec&, PyObject* const* v) {
  Ref<const CustomOperation> operation(
      new PythonOperation("record_custom", v[0], v[3], v[5], nullptr));
  const Tensors inputs(v[1], "record_custom: inputs", false);
  const Tensors outputs(v[2], "record_custom: outputs", false);
  const Tensors saved(v[4], "record_custom: saved", true);
  if (!records(inputs)) return is_tensor(v[2]) ? Py_NewRef(v[2]) : check(PySequence_Tuple(v[2]));
  std::vector<Tensor> result =
      record_custom(std::move(operation), inputs.view(), outputs.view(), saved.view());
  if (is_tensor(v[2])) return wrap(std::move(result[0]));
  py::object list = own(PyTuple_New(static_cast<Py_ssize_t>(result.size())));
  for (size_t i = 0; i < result.size(); ++i) {
    PyTuple_SET_ITEM(list.ptr(), static_cast<Py_ssize_t>(i), wrap(std::move(result[i])));
  }
  return list.release().ptr();
}

// ---- hooks, gradients of results, anomalies ----------------------------------------------------

PyObject* call_add_hook(const Spec&, PyObject* const* v) {
  if (!is_tensor(v[0])) throw TypeError("_add_hook: expected a Tensor");
  const std::shared_ptr<PyObject> hook(Py_NewRef(v[1]), release_anywhere);
  add_hook(unwrap(v[0]), [hook](const Tensor& g) {
    const std::vector<Tensor> found = call_rule(hook.get(), "a hook", {g}, {});
    if (found.size() != 1) throw TypeError("a hook must return a tensor or None");
    return found[0];
  });
  return new_none();
}

PyObject* method_register_hook(const Spec&, PyObject* const* v) {
  const py::object module = own(PyImport_ImportModule("ndtape._control"));
  return PyObject_CallMethod(module.ptr(), "register_hook", "OO", v[0], v[1]);
}

PyObject* method_retain_grad(const Spec&, PyObject* const* v) {
  retain_grad(unwrap(v[0]));
  return new_none();
}

PyObject* call_set_anomaly(const Spec&, PyObject* const* v) {
  const Anomaly before = set_anomaly({parse_bool(v[0], false), parse_bool(v[1], false)});
  return Py_BuildValue("(OO)", before.nan ? Py_True : Py_False, before.inf ? Py_True : Py_False);
}

PyObject* call_grad_enabled(const Spec&, PyObject* const*) {
  return PyBool_FromLong(grad_enabled());
}

PyObject* call_set_grad_enabled(const Spec&, PyObject* const* v) {
  bool previous = grad_enabled();
  bool enabled = parse_bool(v[0], true);
  // A scope that is never left: the caller restores what was.
  alignas(GradMode) unsigned char scope[sizeof(GradMode)];
  new (scope) GradMode(enabled);
  return PyBool_FromLong(previous);
}

}  // namespace

const CustomOperation* operation_of(PyObject* o) {
  void* const operation = PyCapsule_GetPointer(o, kOperation);
  if (!operation) PyErr_Clear();
  return static_cast<const CustomOperation*>(operation);
}

const CustomOperation* operation_argument(PyObject* o, const char* what) {
  const CustomOperation* const operation = operation_of(o);
  if (operation) return operation;
  throw TypeError(std::string(what) + ": expected what _core.operation made, not " +
                  Py_TYPE(o)->tp_name);
}

void define_autograd() {
  define(kMethod, "backward", "(x, gradient=None, retain_graph=False, create_graph=False)",
         docs::kBackward, method_backward);
  define(kMethod, "detach", "(x)", docs::kDetach, method_detach);
  define(kMethod, "requires_grad_", "(x, requires_grad=True)", docs::kRequiresGrad,
         method_requires_grad);
  define(kInternal, "gradients",
         "(outputs, inputs, seeds=None, retain_graph=False, create_graph=False, stop=False)",
         docs::kGradients, call_gradients);
  define(kInternal, "tangents", "(outputs, inputs, seeds, create_graph=False)", docs::kTangents,
         call_tangents);
  define(kInternal, "other_inputs", "(outputs, inputs)", docs::kOtherInputs, call_other_inputs);
  define(kFunction, "_recorded_graph", "(outputs, /)", "What ndtape.viz draws.",
         call_recorded_graph);
  define(kFunction, "_add_hook", "(x, function, /)", "See Tensor.register_hook.", call_add_hook);
  define(kMethod, "register_hook", "(x, hook)", docs::kRegisterHook, method_register_hook);
  define(kMethod, "retain_grad", "(x)", docs::kRetainGrad, method_retain_grad);
  define(kFunction, "_set_anomaly", "(nan, inf, /)",
         "What this thread's recorded operations are watched for; returns what was.",
         call_set_anomaly);
  set_places(place_of_caller, text_of_place);
  define(kInternal, "record_custom", "(name, inputs, outputs, vjp, saved=(), jvp=None)",
         docs::kRecordCustom, call_record_custom);
  define(kInternal, "operation", "(name, vjp, jvp=None, parameters=())", docs::kOperation,
         call_operation);
  define(kInternal, "record_operation", "(operation, inputs, outputs, saved=(), /)",
         docs::kRecordOperation, call_record_operation);
  define(kInternal, "grad_enabled", "()", "Whether this thread's operations are recorded.",
         call_grad_enabled);
  define(kInternal, "set_grad_enabled", "(enabled, /)",
         "Record this thread's operations or not; returns what was.", call_set_grad_enabled);
}

}  // namespace ndtape::python
