#include "ndtape/tensor.h"

#include "core/pool.h"

namespace ndtape {

TensorImpl::TensorImpl(DType t, const Dims& shape, Ref<Storage> s)
    : dtype(t), layout(Layout::contiguous(shape)), storage(std::move(s)) {}

void* TensorImpl::operator new(size_t size) { return pool::allocate(size); }
void TensorImpl::operator delete(void* p, size_t size) noexcept { pool::release(p, size); }

Tensor Tensor::empty(const Dims& shape, DType dtype) {
  const int64_t count = element_count(shape, itemsize(dtype));
  Ref<Storage> storage = Storage::allocate(static_cast<size_t>(count * itemsize(dtype)));
  return Tensor(Ref<TensorImpl>::of_new(new TensorImpl(dtype, shape, std::move(storage))));
}

Tensor Tensor::view(Layout layout) const {
  auto view =
      Ref<TensorImpl>::of_new(new TensorImpl(impl_->dtype, std::move(layout), impl_->storage));
  view->base = impl_->base ? impl_->base : impl_;
  view->generation = view->base->generation;
  return Tensor(std::move(view));
}

}  // namespace ndtape
