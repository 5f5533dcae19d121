#include "call.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <new>
#include <thread>
#if defined(__GLIBCXX__)
#include <cxxabi.h>
#endif

#include "ndtape/dtype.h"
#include "ndtape/hot.h"
#include "operation.h"

namespace ndtape::python {
namespace {

PyObject* tape_error_class = nullptr;

constexpr int kMaxFunctions = 320;

std::deque<Spec>& registry() {
  static std::deque<Spec>* const specs = new std::deque<Spec>;  // lives as long as its functions
  return *specs;
}
Spec* spec_at[kMaxFunctions];
int where_at[kMaxFunctions];

[[noreturn]] void sleep_for_good() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(24));
}

[[noreturn]] void fail_type(const std::string& message) {
  PyErr_SetString(PyExc_TypeError, message.c_str());
  throw PythonError{};
}

std::string text(PyObject* name) {
  const char* utf8 = PyUnicode_AsUTF8(name);
  if (!utf8) throw PythonError{};
  return utf8;
}

int find_name(const Spec& spec, PyObject* name) {
  int n = static_cast<int>(spec.names.size());
  for (int i = spec.positional_only; i < n; ++i) {
    if (spec.names[i] == name) return i;
  }
  for (int i = spec.positional_only; i < n; ++i) {
    int equal = PyObject_RichCompareBool(spec.names[i], name, Py_EQ);
    check(equal);
    if (equal) return i;
  }
  return -1;
}

void bind_keywords(const Spec& spec, PyObject* const* values, PyObject* names, PyObject** out) {
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(names); ++k) {
    PyObject* name = PyTuple_GET_ITEM(names, k);
    int at = find_name(spec, name);
    if (at < 0 || (spec.variadic && at == spec.positional)) {
      fail_type(std::string(spec.name) + "() got an unexpected keyword argument '" + text(name) +
                "'");
    }
    if (out[at]) {
      fail_type(std::string(spec.name) + "() got multiple values for argument '" + text(name) +
                "'");
    }
    out[at] = values[k];
  }
}

// One value a parameter, null for those not given, from arguments of any kind; `others` is what is
// left for "*name".
[[gnu::noinline]] void bind(const Spec& spec, PyObject* self, Rest args, PyObject* kwnames,
                            PyObject** values, Rest& others) {
  const size_t implied = self ? 1 : 0, positional = static_cast<size_t>(spec.positional);
  const size_t taken = std::min(args.size(), positional - implied);
  if (self) values[0] = self;
  std::copy_n(args.begin(), taken, values + implied);
  if (spec.variadic) {
    others = args.subspan(taken);
    values[positional] = reinterpret_cast<PyObject*>(&others);
  } else if (args.size() > taken) {
    fail_type(std::string(spec.name) + "() takes at most " + std::to_string(positional - implied) +
              " positional arguments (" + std::to_string(args.size()) + " given)");
  }
  if (kwnames) bind_keywords(spec, args.data() + args.size(), kwnames, values);
  for (int i = 0; i < spec.required; ++i) {
    if (!values[i]) {
      fail_type(std::string(spec.name) + "() missing required argument '" + text(spec.names[i]) +
                "'");
    }
  }
}

// Not copied into hundreds of functions.
NDTAPE_HOT [[gnu::noinline]] PyObject* invoke(const Spec& spec, PyObject* self,
                                              PyObject* const* args, Py_ssize_t nargs,
                                              PyObject* kwnames) noexcept {
  return guarded([&]() -> PyObject* {
    PyObject* values[kMaxParameters] = {};
    const Py_ssize_t implied = self ? 1 : 0, given = nargs + implied;
    Rest others;
    // By position alone, as nearly always.
    if (!kwnames && !spec.variadic && given >= spec.required && given <= spec.positional)
        [[likely]] {
      values[0] = self;
      for (Py_ssize_t i = 0; i < nargs; ++i) values[implied + i] = args[i];
    } else {
      bind(spec, self, Rest(args, static_cast<size_t>(nargs)), kwnames, values, others);
    }
    return spec.body(spec, values);
  });
}

// CPython gives a C function no data of its own, so each place in the registry has its own two.
template <int at>
PyObject* function_at(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  return invoke(*spec_at[at], nullptr, args, n, kwnames);
}
template <int at>
PyObject* method_at(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kwnames) {
  return invoke(*spec_at[at], self, args, n, kwnames);
}

using FastCall = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);
template <int... at>
constexpr std::array<FastCall, sizeof...(at)> functions(std::integer_sequence<int, at...>) {
  return {function_at<at>...};
}
template <int... at>
constexpr std::array<FastCall, sizeof...(at)> methods(std::integer_sequence<int, at...>) {
  return {method_at<at>...};
}
constexpr auto kFunctions = functions(std::make_integer_sequence<int, kMaxFunctions>());
constexpr auto kMethods = methods(std::make_integer_sequence<int, kMaxFunctions>());

std::vector<std::string> split_parameters(const std::string& signature) {
  std::vector<std::string> parts;
  std::string part;
  int depth = 0;
  for (size_t i = 1; i + 1 < signature.size(); ++i) {
    char c = signature[i];
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ',' && depth == 0) {
      parts.push_back(part);
      part.clear();
    } else if (c != ' ') {
      part += c;
    }
  }
  if (!part.empty()) parts.push_back(part);
  return parts;
}

void parse_signature(Spec& spec) {
  bool keyword_only = false;
  bool optional = false;
  for (const std::string& part : split_parameters(spec.signature)) {
    if (part == "/") {
      spec.positional_only = static_cast<int>(spec.names.size());
      continue;
    }
    if (part == "*") {
      keyword_only = true;
      continue;
    }
    bool variadic = part[0] == '*';
    size_t equals = part.find('=');
    std::string name = part.substr(variadic, equals == std::string::npos ? equals : equals);
    spec.names.push_back(check(PyUnicode_InternFromString(name.c_str())));
    if (variadic) {
      spec.variadic = true;
      keyword_only = true;
      optional = true;
    } else if (!keyword_only) {
      ++spec.positional;
    }
    if (equals != std::string::npos) optional = true;
    if (!optional) ++spec.required;
  }
  if (spec.names.size() > kMaxParameters) {
    throw std::logic_error(std::string(spec.name) + ": too many parameters");
  }
}

// The signature of a method: its first parameter is $self.
std::string method_signature(const std::string& signature) {
  size_t end = signature.find_first_of(",)");
  return "($self" + signature.substr(end);
}

// The Python function gets the arguments that were given as its callers would write them.
PyObject* call_python(const Spec& spec, PyObject* const* v) {
  std::vector<PyObject*> arguments;
  py::list names;
  for (int i = 0; i < static_cast<int>(spec.names.size()); ++i) {
    if (spec.variadic && i == spec.positional) {
      arguments.insert(arguments.end(), rest(v[i]).begin(), rest(v[i]).end());
    } else if (v[i]) {
      arguments.push_back(v[i]);
      if (i >= spec.positional_only) names.append(spec.names[i]);
    }
  }
  const py::tuple keywords(names);
  return PyObject_Vectorcall(spec.python, arguments.data(), arguments.size() - keywords.size(),
                             keywords.ptr());
}

PyObject* try_first(const Spec& spec, PyObject* const* v) {
  PyObject* const found = spec.first(spec, v);
  if (found != Py_None) [[likely]]
    return found;
  Py_DECREF(found);
  return call_python(spec, v);
}

// In __all__ besides the functions and the dtypes.
constexpr const char* kPublicObjects[] = {"DType", "Device", "TapeError", "Tensor", "e",
                                          "inf",   "nan",    "newaxis",   "pi"};

// CPython keeps pointers to these for good.
PyMethodDef* new_definition(const Spec& spec, FastCall call, const std::string& signature,
                            const std::string& doc) {
  static std::deque<PyMethodDef>* const defs = new std::deque<PyMethodDef>;
  static std::deque<std::string>* const docs = new std::deque<std::string>;
  docs->push_back(spec.name + signature + "\n--\n\n" + doc);
  defs->push_back({spec.name, reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(call)),
                   METH_FASTCALL | METH_KEYWORDS, docs->back().c_str()});
  return &defs->back();
}

PyObject* home = nullptr;  // the module

PyObject* call_compiled_first(const Spec& spec, PyObject* const* v) {
  PyObject* const function = v[0];
  if (!PyFunction_Check(function)) {
    fail_type(std::string(spec.name) + ": expected a function, not " + Py_TYPE(function)->tp_name);
  }
  const std::string name = text(reinterpret_cast<PyFunctionObject*>(function)->func_name);
  for (size_t at = 0; at < registry().size(); ++at) {
    Spec& half = *spec_at[at];
    if (where_at[at] != kFirst || half.name != name) continue;
    // Whatever was given before stays: a call may be at work with it.
    half.python = Py_NewRef(function);
    half.given.clear();
    for (PyObject* const object : rest(v[1])) {
      auto* const type = PyType_Check(object) ? reinterpret_cast<PyTypeObject*>(object) : nullptr;
      const bool is_tuple = type && PyType_IsSubtype(type, &PyTuple_Type);
      half.given.push_back({Py_NewRef(object), operation_of(object), is_tuple ? type : nullptr});
    }
    const py::object doc = own(PyObject_GetAttrString(function, "__doc__"));
    PyMethodDef* const def = new_definition(half, kFunctions[at], half.signature,
                                            doc.is_none() ? std::string() : text(doc.ptr()));
    const py::object module = own(PyObject_GetAttrString(function, "__module__"));
    return PyCFunction_NewEx(def, home, module.ptr());
  }
  throw ValueError(std::string(spec.name) + ": there is no compiled function for " + name);
}

}  // namespace

PyObject* tape_error() { return tape_error_class; }

void create_tape_error(PyObject* module) {
  tape_error_class = check(PyErr_NewExceptionWithDoc(
      "ndtape.TapeError",
      "Misuse of the tape: a leaf that records was changed, a graph was walked twice, ...",
      PyExc_RuntimeError, nullptr));
  check(PyModule_AddObjectRef(module, "TapeError", tape_error_class));
}

void restore_thread(PyThreadState* state) noexcept {
  try {
    PyEval_RestoreThread(state);
  } catch (...) {
    sleep_for_good();
  }
}

WithGil::WithGil() {
  try {
    state_ = PyGILState_Ensure();
  } catch (...) {
    sleep_for_good();
  }
}

void call_anywhere(void (*function)(void*), void* context) noexcept {
  if (!Py_IsInitialized()) return;  // the process is ending: leave it
  std::optional<WithGil> gil;
  if (!has_gil()) gil.emplace();
  PyObject *type, *value, *trace;
  PyErr_Fetch(&type, &value, &trace);
  function(context);
  PyErr_Restore(type, value, trace);
}

void release_anywhere(PyObject* object) noexcept {
  call_anywhere([](void* o) { Py_DECREF(static_cast<PyObject*>(o)); }, object);
}

void set_python_error() noexcept {
  try {
    throw;
#if defined(__GLIBCXX__)
  } catch (const abi::__forced_unwind&) {
    sleep_for_good();
#endif
  } catch (const PythonError&) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_SystemError, "ndtape: error without a message");
  } catch (py::error_already_set& e) {
    e.restore();
  } catch (const py::builtin_exception& e) {
    e.set_error();
  } catch (const TapeError& e) {
    PyErr_SetString(tape_error_class, e.what());
  } catch (const ValueError& e) {
    PyErr_SetString(PyExc_ValueError, e.what());
  } catch (const TypeError& e) {
    PyErr_SetString(PyExc_TypeError, e.what());
  } catch (const IndexError& e) {
    PyErr_SetString(PyExc_IndexError, e.what());
  } catch (const std::bad_alloc&) {
    PyErr_NoMemory();
  } catch (const std::length_error&) {
    PyErr_NoMemory();
  } catch (const std::exception& e) {
    PyErr_SetString(PyExc_RuntimeError, e.what());
  } catch (...) {
    PyErr_SetString(PyExc_RuntimeError, "ndtape: unknown error");
  }
}

void throw_not_given(const Spec& spec, const char* what) {
  throw TypeError(std::string(spec.name) + ": compiled_first was not given " + what);
}

void define(int where, const char* name, const char* signature, const char* doc,
            PyObject* (*body)(const Spec&, PyObject* const*), const void* context) {
  size_t at = registry().size();
  if (at >= kMaxFunctions) throw std::logic_error("ndtape: too many functions");
  Spec& spec = registry().emplace_back();
  spec.name = name;
  spec.signature = signature;
  spec.doc = doc;
  spec.body = body;
  spec.context = context;
  parse_signature(spec);
  spec_at[at] = &spec;
  where_at[at] = where;
}

void define_first(const char* name, const char* signature,
                  PyObject* (*first)(const Spec&, PyObject* const*)) {
  define(kFirst, name, signature, "", try_first);
  registry().back().first = first;
}

void define_compiled_first() {
  define(kInternal, "compiled_first", "(function, /, *objects)",
         "One function of a compiled half and a Python one of the same name.", call_compiled_first);
}

void install(PyObject* module, PyObject* tensor_type) {
  home = Py_NewRef(module);
  // Public names are ndtape's own; pickle finds them there.
  py::object package = own(PyUnicode_FromString("ndtape"));
  py::object here = own(PyUnicode_FromString("ndtape._core"));
  py::list names;
  for (const char* name : kPublicObjects) names.append(name);
  for (int i = 0; i < kDTypeCount; ++i) names.append(kDTypes[i].name);
  for (size_t at = 0; at < registry().size(); ++at) {
    const Spec& spec = *spec_at[at];
    if (where_at[at] & (kFunction | kInternal)) {
      PyMethodDef* def = new_definition(spec, kFunctions[at], spec.signature, spec.doc);
      const bool is_public = (where_at[at] & kFunction) && spec.name[0] != '_';
      py::object function =
          own(PyCFunction_NewEx(def, module, is_public ? package.ptr() : here.ptr()));
      check(PyObject_SetAttrString(module, spec.name, function.ptr()));
      if (is_public) names.append(spec.name);
    }
    if (where_at[at] & kMethod) {
      PyMethodDef* def =
          new_definition(spec, kMethods[at], method_signature(spec.signature), spec.doc);
      py::object method = own(PyDescr_NewMethod(reinterpret_cast<PyTypeObject*>(tensor_type), def));
      check(PyObject_SetAttrString(tensor_type, spec.name, method.ptr()));
    }
  }
  check(PyObject_SetAttrString(module, "__all__", names.ptr()));
}

}  // namespace ndtape::python
