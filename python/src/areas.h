// What each file of bindings adds to the module and to Tensor.
#pragma once

#include "call.h"

namespace ndtape::python {

void define_elementwise();
void define_creation();
void define_reductions();
void define_manipulation();
void define_datatypes();
void define_methods();
void define_autograd();
void define_rows();
void define_images();
void define_recurrent();
void define_linalg();
void define_fft();
void define_optim();
void define_dlpack();
void define_system();
void create_generator(PyObject* module);

}  // namespace ndtape::python
