// From a Python call to a C++ function: arguments bound to parameters by position and by name,
// C++ exceptions turned into Python's. Nothing else in this folder lets one cross a CPython frame.
#pragma once

#include <Python.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ndtape/error.h"
#include "ndtape/refcount.h"
#include "places.h"

namespace ndtape {
class CustomOperation;
}

namespace ndtape::python {

namespace py = pybind11;

// Thrown when a Python error is already set.
struct PythonError {};

// Sets the Python error that belongs to the C++ exception being handled.
void set_python_error() noexcept;
// The class made for TapeError; a borrowed reference.
PyObject* tape_error();
void create_tape_error(PyObject* module);

// Takes a new reference, or throws PythonError when a call has failed.
inline PyObject* check(PyObject* result) {
  if (!result) throw PythonError{};
  return result;
}
inline void check(int status) {
  if (status < 0) throw PythonError{};
}
inline py::object own(PyObject* result) { return py::reinterpret_steal<py::object>(check(result)); }
inline PyObject* new_none() { return Py_NewRef(Py_None); }

// Runs body(); its exceptions become Python's and `failure` is returned.
template <class R, class F>
R guarded(R failure, F&& body) noexcept {
  try {
    return body();
  } catch (...) {
    set_python_error();
    return failure;
  }
}
template <class F>
PyObject* guarded(F&& body) noexcept {
  return guarded(static_cast<PyObject*>(nullptr), std::forward<F>(body));
}

// Takes the GIL back. When the interpreter is ending CPython ends the thread instead, by unwinding
// its stack, which C++ frames do not survive; the thread then sleeps until the process is gone.
void restore_thread(PyThreadState* state) noexcept;
// Calls function(context) with the GIL, from a thread that has it or not; an error that is set
// stays so. When the interpreter is ending, nothing is called.
void call_anywhere(void (*function)(void*), void* context) noexcept;
// Lets go of an object likewise.
void release_anywhere(PyObject* object) noexcept;

// Lets other Python threads run meanwhile, if `release` says so. While none does, the GIL is what
// keeps counts of owners right.
class WithoutGil {
 public:
  explicit WithoutGil(bool release) {
    if (!release) return;
    place_.emplace();
    concurrency.fetch_add(1, std::memory_order_relaxed);
    state_ = PyEval_SaveThread();
  }
  ~WithoutGil() {
    if (!state_) return;
    restore_thread(state_);
    concurrency.fetch_sub(1, std::memory_order_relaxed);
  }
  WithoutGil(const WithoutGil&) = delete;
  WithoutGil& operator=(const WithoutGil&) = delete;

 private:
  PyThreadState* state_ = nullptr;
  std::optional<HeldPlace> place_;
};

// The thread state that runs now, without a check; null on a thread without the GIL from
// CPython 3.13 on, before that another thread's.
inline PyThreadState* running_thread() {
#if PY_VERSION_HEX < 0x030D0000
  return _PyThreadState_UncheckedGet();
#else
  return PyThreadState_GetUnchecked();
#endif
}
// Whether this thread has the GIL; false, too, where it is not known.
inline bool has_gil() {
  PyThreadState* const running = running_thread();
  return running && running == PyGILState_GetThisThreadState();
}

// Takes the GIL for a call from C++ into Python, on a thread that may have let go of it.
class WithGil {
 public:
  WithGil();
  ~WithGil() { PyGILState_Release(state_); }
  WithGil(const WithGil&) = delete;
  WithGil& operator=(const WithGil&) = delete;

 private:
  HeldPlace place_ = HeldPlace::none();
  PyGILState_STATE state_;
};

// Runs a function that does not touch Python; when `release`, other threads run meanwhile.
template <class F>
auto unlocked(bool release, F&& body) {
  WithoutGil guard(release);
  return body();
}

inline constexpr int kMaxParameters = 10;

// An object from Python for a compiled function to work with, and what else it is, or null.
struct Given {
  PyObject* object;
  const CustomOperation* operation;
  PyTypeObject* tuple_class;  // of named tuples, say
};

// A function as Python sees it. `signature` is Python's, such as "(x, /, axis=None, *, k=0)";
// parameters with a default are optional. A last "*name" takes all positional arguments left.
// The body gets one borrowed reference a parameter, null for those not given; for "*name", what
// rest() reads.
struct Spec {
  const char* name;
  std::string signature;
  std::string doc;
  PyObject* (*body)(const Spec& spec, PyObject* const* args);
  const void* context = nullptr;  // the body's own

  // Of a function that define_first made:
  PyObject* (*first)(const Spec& spec, PyObject* const* args) = nullptr;
  PyObject* python = nullptr;  // the Python function, for what `first` leaves to it
  std::vector<Given> given;    // to compiled_first

  // From the signature:
  std::vector<PyObject*> names;  // interned
  int positional_only = 0;
  int positional = 0;  // these and positional_only ones
  int required = 0;
  bool variadic = false;
};

// The arguments that "*name" takes, in place of a tuple of them.
using Rest = std::span<PyObject* const>;
inline Rest rest(PyObject* value) { return *reinterpret_cast<const Rest*>(value); }

// What a compiled function was given, or TypeError.
[[noreturn, gnu::cold]] void throw_not_given(const Spec& spec, const char* what);
inline PyObject* object_given(const Spec& spec, size_t i = 0) {
  if (i >= spec.given.size()) throw_not_given(spec, "an object");
  return spec.given[i].object;
}
inline const CustomOperation* operation_given(const Spec& spec, size_t i = 0) {
  if (i >= spec.given.size() || !spec.given[i].operation) throw_not_given(spec, "an operation");
  return spec.given[i].operation;
}
inline PyTypeObject* tuple_class_given(const Spec& spec, size_t i) {
  if (i >= spec.given.size() || !spec.given[i].tuple_class) {
    throw_not_given(spec, "a class of tuples");
  }
  return spec.given[i].tuple_class;
}

enum Where : int { kFunction = 1, kMethod = 2, kBoth = 3, kFirst = 4, kInternal = 8 };

// Makes a module function and/or a method of the Tensor type out of a function. For a method, the
// first parameter is self. A function becomes one of the package, unless its name begins with "_";
// an internal one is what the package builds on, or has elsewhere.
void define(int where, const char* name, const char* signature, const char* doc,
            PyObject* (*body)(const Spec&, PyObject* const*), const void* context = nullptr);

// Makes what is tried before a Python function of the same name and parameters: once the latter was
// given to compiled_first, one function of both. For what `first` leaves to Python it returns None.
void define_first(const char* name, const char* signature,
                  PyObject* (*first)(const Spec&, PyObject* const*));
void define_compiled_first();

// Hands everything defined to the module and to the type.
void install(PyObject* module, PyObject* tensor_type);

}  // namespace ndtape::python
