// Shared ownership by a count inside the object: one word, no second allocation.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace ndtape {

class Refcounted {
 public:
  Refcounted() = default;
  Refcounted(const Refcounted&) = delete;
  Refcounted& operator=(const Refcounted&) = delete;

  void retain() const { count_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    // A sole owner needs no locked instruction: nobody else is there to race with.
    if (count_.load(std::memory_order_acquire) == 1 ||
        count_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      const_cast<Refcounted*>(this)->destroy();
    }
  }
  int32_t use_count() const { return count_.load(std::memory_order_acquire); }

  // For an object that no other thread can see yet: retain() without a locked instruction.
  void retain_new() const { count_.store(1, std::memory_order_relaxed); }

 protected:
  virtual ~Refcounted() = default;
  // Called when the last owner lets go.
  virtual void destroy() { delete this; }

 private:
  mutable std::atomic<int32_t> count_{0};
};

template <class T>
class Ref {
 public:
  Ref() = default;
  Ref(T* object) : object_(object) {  // NOLINT: conversion is the point
    if (object_) object_->retain();
  }
  Ref(const Ref& other) : Ref(other.object_) {}
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  template <class U>
  Ref(const Ref<U>& other) : Ref(other.get()) {}  // NOLINT
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->release();
  }

  // The first owner of an object that was just made.
  static Ref of_new(T* object) {
    Ref ref;
    object->retain_new();
    ref.object_ = object;
    return ref;
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool operator==(const Ref& other) const { return object_ == other.object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace ndtape
