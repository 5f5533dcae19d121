// A value that is made when it is first asked for, and stays. std::call_once would do, but sets
// thread-local variables whenever it is asked, and in a child made by fork it may wait for a thread
// that is not there.
#pragma once

#include <atomic>
#include <mutex>

#include "core/fork_mutex.h"

namespace ndtape {

// For variables that live as long as the program.
template <class T>
class Once {
 public:
  // `make` gives the value, and asks for no other Once.
  template <class Make>
  const T& get(const Make& make) {
    if (const T* value = value_.load(std::memory_order_acquire)) [[likely]]
      return *value;
    return first(make);
  }

 private:
  template <class Make>
  [[gnu::noinline]] const T& first(const Make& make) {
    static ForkMutex mutex;
    const std::lock_guard lock(mutex);
    if (const T* value = value_.load(std::memory_order_acquire)) return *value;
    const T* const made = new T(make());
    value_.store(made, std::memory_order_release);
    return *made;
  }

  std::atomic<const T*> value_{nullptr};
};

}  // namespace ndtape
