// ndtape._core: the compiled half of the package.
#include <cmath>
#include <limits>

#include "areas.h"
#include "dtype_type.h"
#include "ndtape/config.h"
#include "tensor_type.h"

namespace ndtape::python {
namespace {

void add_constants(PyObject* module) {
  const std::pair<const char*, double> constants[] = {
      {"e", 2.718281828459045},
      {"pi", 3.141592653589793},
      {"inf", std::numeric_limits<double>::infinity()},
      {"nan", std::numeric_limits<double>::quiet_NaN()},
  };
  for (const auto& [name, value] : constants) {
    check(PyModule_AddObjectRef(module, name, own(PyFloat_FromDouble(value)).ptr()));
  }
  check(PyModule_AddObjectRef(module, "newaxis", Py_None));
}

void create(PyObject* module) {
  isa_name();  // a bad NDTAPE_ISA is refused here
  create_tape_error(module);
  create_dtypes(module);
  create_tensor_type(module);
  create_generator(module);
  add_constants(module);
  define_elementwise();
  define_creation();
  define_reductions();
  define_manipulation();
  define_methods();
  define_autograd();
  define_system();
  install(module, reinterpret_cast<PyObject*>(tensor_type));
  check(PyModule_AddStringConstant(module, "__version__", version()));
}

}  // namespace
}  // namespace ndtape::python

PYBIND11_MODULE(_core, m) {
  m.doc() = "The compiled core of ndtape.";
  try {
    ndtape::python::create(m.ptr());
  } catch (...) {
    ndtape::python::set_python_error();
    throw pybind11::error_already_set();
  }
}
