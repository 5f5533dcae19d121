// The counter-based generator; ndtape.random builds NumPy's interface on it.
#include "ndtape/random.h"

#include <mutex>

#include "areas.h"
#include "convert.h"
#include "dtype_type.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

// A generator that threads may share: each draw takes its turn.
class Philox {
 public:
  explicit Philox(uint64_t seed) : generator_(seed) {}

  template <class F>
  auto draw(int64_t count, F&& body) {
    return unlocked(count >= kLarge, [&] {
      std::lock_guard<std::mutex> turn(mutex_);
      return body(generator_);
    });
  }

 private:
  std::mutex mutex_;
  random::Generator generator_;
};

// Runs with C++ exceptions of ours turned into Python's, which pybind11 passes on.
template <class F>
auto translated(F&& body) {
  try {
    return body();
  } catch (const py::error_already_set&) {
    throw;
  } catch (...) {
    set_python_error();
    throw py::error_already_set();
  }
}

template <class F>
Tensor drawn(Philox& self, const py::object& size, const py::object& dtype, F&& body) {
  return translated([&] {
    Dims shape = parse_shape(size.ptr());
    DType t = parse_dtype(dtype.ptr());
    return self.draw(element_count(shape), [&](random::Generator& g) { return body(g, shape, t); });
  });
}

Tensor uniform(Philox& self, const py::object& size, double low, double high,
               const py::object& dtype) {
  return drawn(self, size, dtype,
               [&](auto& g, const Dims& shape, DType t) { return g.uniform(shape, low, high, t); });
}

Tensor normal(Philox& self, const py::object& size, double mean, double std,
              const py::object& dtype) {
  return drawn(self, size, dtype,
               [&](auto& g, const Dims& shape, DType t) { return g.normal(shape, mean, std, t); });
}

Tensor integers(Philox& self, const py::object& size, int64_t low, int64_t high,
                const py::object& dtype) {
  return drawn(self, size, dtype, [&](auto& g, const Dims& shape, DType t) {
    return g.integers(shape, low, high, t);
  });
}

Tensor bernoulli(Philox& self, const py::object& size, double p, const py::object& dtype) {
  return drawn(self, size, dtype,
               [&](auto& g, const Dims& shape, DType t) { return g.bernoulli(shape, p, t); });
}

Tensor permutation(Philox& self, int64_t n) {
  return translated([&] { return self.draw(n, [&](auto& g) { return g.permutation(n); }); });
}

}  // namespace

void create_generator(PyObject* module) {
  py::module_ m = py::reinterpret_borrow<py::module_>(module);
  py::class_<Philox>(m, "PhiloxGenerator", "A stream of random numbers: a seed and a counter.",
                     py::module_local())
      .def(py::init<uint64_t>(), py::arg("seed"))
      .def_property_readonly(
          "seed", [](Philox& self) { return self.draw(0, [](auto& g) { return g.seed(); }); })
      .def_property_readonly(
          "offset", [](Philox& self) { return self.draw(0, [](auto& g) { return g.offset(); }); })
      .def(
          "set_state",
          [](Philox& self, uint64_t seed, uint64_t offset) {
            self.draw(0, [&](auto& g) { g.set_state(seed, offset); });
          },
          py::arg("seed"), py::arg("offset"))
      .def("uniform", uniform, py::arg("size"), py::arg("low"), py::arg("high"), py::arg("dtype"))
      .def("normal", normal, py::arg("size"), py::arg("mean"), py::arg("std"), py::arg("dtype"))
      .def("integers", integers, py::arg("size"), py::arg("low"), py::arg("high"), py::arg("dtype"))
      .def("bernoulli", bernoulli, py::arg("size"), py::arg("p"), py::arg("dtype"))
      .def("permutation", permutation, py::arg("n"));
}

}  // namespace ndtape::python
