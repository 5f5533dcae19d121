// What convolution and pooling ask of their arguments.
#pragma once

#include <cstddef>

#include "core/pool.h"
#include "ndtape/ops.h"
#include "ndtape/refcount.h"

namespace ndtape {

// A plan of an operation, plain numbers but many of them, that rules hold together.
template <class Plan>
struct SharedPlan final : Refcounted {
  explicit SharedPlan(const Plan& shared) : plan(shared) {}
  const Plan plan;

  static void* operator new(size_t size) { return pool::allocate(size); }
  static void operator delete(void* p, size_t size) noexcept { pool::release(p, size); }
};
template <class Plan>
Ref<SharedPlan<Plan>> shared(const Plan& plan) {
  return Ref<SharedPlan<Plan>>::of_new(new SharedPlan<Plan>(plan));
}

// Throws ValueError unless there is one value an axis, each at least `least`.
void check_per_axis(const char* what, const char* argument, const Dims& values, int axes,
                    int64_t least);

// x's dtype if that is a float one, the default one for integers and bool; others are TypeErrors.
DType real_float(const char* what, const Tensor& x);

// How many windows fit an axis with `padding` on both sides; ValueError when none does.
int64_t windows(const char* what, int64_t length, int64_t kernel, int64_t stride, int64_t padding,
                int64_t dilation);

}  // namespace ndtape
