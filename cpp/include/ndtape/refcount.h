// Shared ownership by a count inside the object: one word, no second allocation.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "ndtape/hot.h"

namespace ndtape {

// How many reasons there are to expect several threads at once: one, unless a host that lets one
// thread in at a time takes it away, as the Python module does, and then one for each thread that
// runs beside. Without any, counts need no locked instructions, which cost more than the rest of
// recording a small operation.
extern std::atomic<int> concurrency;
inline bool is_alone() { return concurrency.load(std::memory_order_relaxed) == 0; }

class Refcounted {
 public:
  Refcounted() = default;
  Refcounted(const Refcounted&) = delete;
  Refcounted& operator=(const Refcounted&) = delete;

  [[gnu::always_inline]] void retain() const {
    if (is_alone()) {
      count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    } else {
      count_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  // One function for all: it is everywhere, and often not in the cache.
  NDTAPE_HOT void release() const;
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
  template <class U>
  Ref(Ref<U>&& other) noexcept : object_(other.give()) {}  // NOLINT
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

  // The owner of a share that give() gave.
  static Ref of_share(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }

  T* get() const { return object_; }
  // The object with this share of it, which the caller now has to release.
  T* give() { return std::exchange(object_, nullptr); }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  bool operator==(const Ref& other) const { return object_ == other.object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace ndtape
