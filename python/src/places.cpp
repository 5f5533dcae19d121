#include "places.h"

// CPython 3.11 shows its frames to nobody but itself; later ones have functions for that.
#include <Python.h>
#if PY_VERSION_HEX < 0x030C0000
#define Py_BUILD_CORE 1
#include <internal/pycore_frame.h>
#undef Py_BUILD_CORE
#endif
#include <pybind11/pybind11.h>

#include <array>
#include <unordered_map>
#include <utility>
#include <vector>

#include "call.h"

namespace ndtape::python {
namespace {

#if defined(__GLIBC__)
__attribute__((tls_model("initial-exec")))
#endif
constinit thread_local HeldPlace::State held;

// An instruction of a Python function.
struct Site {
  PyCodeObject* code;
  int at;  // in bytes
};

// The frames from the innermost outward, without making frame objects where that can be helped:
// one for every call of every function would cost more than what is recorded there. An address
// tells an instruction from all others, for code objects contain theirs.
#if PY_VERSION_HEX < 0x030C0000
class Frames {
 public:
  explicit Frames(PyThreadState* thread) : frame_(thread->cframe->current_frame) {}
  bool at_end() const { return !frame_; }
  uintptr_t address() const { return reinterpret_cast<uintptr_t>(frame_->prev_instr); }
  Site site() const {
    const int at = _PyInterpreterFrame_LASTI(frame_) * static_cast<int>(sizeof(_Py_CODEUNIT));
    return {frame_->f_code, at};
  }
  void next() { frame_ = frame_->previous; }

 private:
  _PyInterpreterFrame* frame_;
};
#else
class Frames {
 public:
#if PY_VERSION_HEX < 0x030D0000
  explicit Frames(PyThreadState* thread) : innermost_(thread->cframe->current_frame) {}
#else
  explicit Frames(PyThreadState* thread) : innermost_(thread->current_frame) {}
#endif
  bool at_end() const { return !innermost_ && !frame_; }
  uintptr_t address() const {
    const Site here = site();
    return reinterpret_cast<uintptr_t>(here.code) + static_cast<unsigned>(here.at);
  }
  // The frame goes on to hold the code object.
  Site site() const {
    PyObject* code;
    int at;
    if (innermost_) {
      code = PyUnstable_InterpreterFrame_GetCode(innermost_);
      at = PyUnstable_InterpreterFrame_GetLasti(innermost_);
    } else {
      auto* frame = reinterpret_cast<PyFrameObject*>(frame_.ptr());
      code = reinterpret_cast<PyObject*>(PyFrame_GetCode(frame));
      at = PyFrame_GetLasti(frame);
    }
    Py_DECREF(code);
    return {reinterpret_cast<PyCodeObject*>(code), at};
  }
  void next() {
    auto* frame = reinterpret_cast<PyFrameObject*>(frame_.ptr());
    if (innermost_) frame = PyEval_GetFrame();
    innermost_ = nullptr;
    auto* outer = reinterpret_cast<PyObject*>(frame ? PyFrame_GetBack(frame) : nullptr);
    frame_ = py::reinterpret_steal<py::object>(outer);
  }

 private:
  struct _PyInterpreterFrame* innermost_;
  py::object frame_;
};
#endif

// The last sites that were asked for; guarded by the GIL.
struct Recent {
  uintptr_t address = 0;
  uint32_t place = 0;
};
constinit std::array<Recent, 512> recents;

// The sites that have a number; guarded by the GIL. They hold their code objects, so that no other
// can come to lie at the same address. When there are too many, all are forgotten: a program that
// makes functions for ever has the lines of its last ones.
class Places {
 public:
  uint32_t number(uintptr_t address, const Site& site) {
    const auto found = numbers_.find(address);
    if (found != numbers_.end()) return found->second.place;
    if (numbers_.size() >= kMost) forget();
    uint32_t place = 0;
    if (!is_ours(site.code)) {
      place = first_ + static_cast<uint32_t>(sites_.size());
      sites_.push_back(site);
    }
    numbers_.emplace(address, Known{site.code, place});
    Py_INCREF(site.code);
    return place;
  }

  std::string text(uint32_t place) const {
    if (place < first_ || place - first_ >= sites_.size()) return {};
    const Site site = sites_[place - first_];
    const auto code = py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(site.code));
    return std::string(py::str(code.attr("co_filename"))) + ":" +
           std::to_string(PyCode_Addr2Line(site.code, site.at)) + " in " +
           std::string(py::str(code.attr("co_name")));
  }

 private:
  static constexpr size_t kMost = 1 << 14;

  struct Known {
    PyCodeObject* code;
    uint32_t place;  // 0: inside this package
  };

  void forget() {
    first_ += static_cast<uint32_t>(sites_.size());
    sites_.clear();
    recents.fill({});
    // Emptied first: destructors of what a function refers to may run anything.
    for (const auto& [address, known] : std::exchange(numbers_, {})) Py_DECREF(known.code);
  }

  bool is_ours(PyCodeObject* code) {
    if (package_.empty()) {
      package_ = py::str(py::module_::import("os").attr("path").attr("dirname")(
          py::module_::import("ndtape").attr("__file__")));
      package_ += "/";
    }
    const std::string file = py::str(reinterpret_cast<PyObject*>(code->co_filename));
    return file.rfind(package_, 0) == 0;
  }

  std::unordered_map<uintptr_t, Known> numbers_;  // by address
  std::vector<Site> sites_;                       // of the numbers from first_ on
  uint32_t first_ = 1;
  std::string package_;
};

// Never destroyed: threads may outlive what would do it.
Places& places() {
  static Places* const all = new Places;
  return *all;
}

[[gnu::noinline]] void remember(Recent& recent, uintptr_t address, const Frames& frames) {
  const uint32_t place = places().number(address, frames.site());
  recent = {address, place};
}

}  // namespace

HeldPlace::HeldPlace(State now) : previous_(std::exchange(held, now)) {}
HeldPlace::~HeldPlace() { held = previous_; }

uint32_t place_of_caller() {
  if (held.holds) return held.place;
  PyThreadState* const thread = running_thread();
  if (!thread) return 0;
  for (Frames frames(thread); !frames.at_end(); frames.next()) {
    const uintptr_t address = frames.address();
    Recent& recent = recents[address / 2 % recents.size()];
    if (recent.address != address) [[unlikely]] {
      remember(recent, address, frames);
    }
    if (recent.place) return recent.place;
  }
  return 0;
}

std::string text_of_place(uint32_t place) {
  if (place == 0 || !Py_IsInitialized()) return {};
  const WithGil gil;
  return places().text(place);
}

}  // namespace ndtape::python
