// A tensor: a dtype, a layout and a share in some storage.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "ndtape/device.h"
#include "ndtape/dtype.h"
#include "ndtape/hot.h"
#include "ndtape/layout.h"
#include "ndtape/refcount.h"

namespace ndtape {

struct Kept;  // a value kept for derivatives: tape/saved.h
struct TensorImpl;
void forget_kept(TensorImpl& tensor);  // it dies, or is to have another history

// A run of bytes that tensors share, and the count of in-place changes to it.
class Storage final : public Refcounted {
 public:
  using Deleter = void (*)(void* context);

  // New memory, 64-byte aligned, not initialised. Throws std::bad_alloc.
  NDTAPE_HOT static Ref<Storage> allocate(size_t bytes);
  // Memory of another owner; deleter(context) is called once, when the last tensor lets go.
  static Ref<Storage> adopt(void* data, size_t bytes, bool writable, Deleter deleter,
                            void* context);

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  bool writable() const { return writable_; }
  bool owned() const { return deleter_ == nullptr; }
  uint32_t version() const { return version_.load(std::memory_order_acquire); }
  void bump_version() { version_.fetch_add(1, std::memory_order_acq_rel); }

  // The first of the values that lie in these bytes; the tape's, and guarded by it.
  Kept* kept = nullptr;

 protected:
  NDTAPE_HOT void destroy() override;

 private:
  Storage() = default;
  void* data_ = nullptr;
  size_t bytes_ = 0;
  Deleter deleter_ = nullptr;
  void* context_ = nullptr;
  std::atomic<uint32_t> version_{0};
  bool writable_ = true;
};

struct TensorImpl final : Refcounted {
  TensorImpl(DType t, Layout l, Ref<Storage> s)
      : dtype(t), layout(std::move(l)), storage(std::move(s)) {}
  // Row-major; `shape` has been checked.
  TensorImpl(DType t, const Dims& shape, Ref<Storage> s);

  DType dtype;
  std::atomic<bool> kept_before{false};  // for derivatives
  Layout layout;
  Ref<Storage> storage;

  // The tape's: which node made this tensor, and for a view, what it is a view of.
  uint32_t output_index = 0;
  uint32_t generation = 0;
  Ref<Refcounted> node;
  Ref<TensorImpl> base;
  std::atomic<Kept*> kept{nullptr};  // this value, if derivatives kept it more than once

  NDTAPE_HOT static void* operator new(size_t size);
  NDTAPE_HOT static void operator delete(void* p, size_t size) noexcept;

 protected:
  NDTAPE_HOT void destroy() override {
    if (kept.load(std::memory_order_relaxed)) forget_kept(*this);
    delete this;
  }
};

class Tensor {
 public:
  Tensor() = default;  // undefined: no gradient, an absent argument
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}

  // Row-major, not initialised. Throws ValueError for a bad shape, std::bad_alloc.
  NDTAPE_HOT static Tensor empty(const Dims& shape, DType dtype);
  // The same storage seen through another layout; knows its base, has no history of its own.
  Tensor view(Layout layout) const;

  bool defined() const { return static_cast<bool>(impl_); }
  explicit operator bool() const = delete;
  DType dtype() const { return impl_->dtype; }
  Device device() const { return Device::Cpu; }
  const Layout& layout() const { return impl_->layout; }
  const Dims& shape() const { return impl_->layout.shape; }
  const Dims& strides() const { return impl_->layout.strides; }
  int ndim() const { return impl_->layout.ndim(); }
  int64_t size() const { return impl_->layout.size(); }
  int64_t length(int axis) const { return impl_->layout.shape[axis]; }
  bool is_contiguous() const { return impl_->layout.is_contiguous(); }

  // The first element. The only ways to a tensor's bytes.
  const void* data() const {
    return static_cast<const char*>(impl_->storage->data()) +
           impl_->layout.offset * itemsize(impl_->dtype);
  }
  void* mutable_data() const { return const_cast<void*>(data()); }
  template <class T>
  const T* data() const {
    return static_cast<const T*>(data());
  }
  template <class T>
  T* mutable_data() const {
    return static_cast<T*>(mutable_data());
  }

  Storage& storage() const { return *impl_->storage; }
  TensorImpl* impl() const { return impl_.get(); }
  bool is_same(const Tensor& other) const { return impl_ == other.impl_; }

 private:
  Ref<TensorImpl> impl_;
};

}  // namespace ndtape
