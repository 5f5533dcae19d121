// ndtape._core: the compiled half of the package.
#include <cmath>
#include <limits>

#include "areas.h"
#include "device_type.h"
#include "dtype_type.h"
#include "ndtape/config.h"
#include "ndtape/refcount.h"
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
  create_devices(module);
  create_tensor_type(module);
  create_generator(module);
  add_constants(module);
  define_elementwise();
  define_creation();
  define_reductions();
  define_manipulation();
  define_datatypes();
  define_methods();
  define_autograd();
  define_rows();
  define_images();
  define_recurrent();
  define_compiled_first();
  define_linalg();
  define_fft();
  define_optim();
  define_dlpack();
  define_system();
  install(module, reinterpret_cast<PyObject*>(tensor_type));
  check(PyModule_AddStringConstant(module, "__version__", version()));
#ifndef Py_GIL_DISABLED
  // From now on one thread at a time; see WithoutGil.
  [[maybe_unused]] static const int once = concurrency.fetch_sub(1, std::memory_order_relaxed);
#endif
}

}  // namespace
}  // namespace ndtape::python

// Not PYBIND11_MODULE, which would make an ImportError of whatever goes wrong.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
  static PyModuleDef definition = {};
  definition.m_base = PyModuleDef_HEAD_INIT;
  definition.m_name = "ndtape._core";
  definition.m_doc = "The compiled core of ndtape.";
  definition.m_size = -1;
  return ndtape::python::guarded([] {
    pybind11::detail::get_internals();
    pybind11::object module = ndtape::python::own(PyModule_Create(&definition));
    ndtape::python::create(module.ptr());
    return module.release().ptr();
  });
}
