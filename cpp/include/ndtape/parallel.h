// Threads: how many, and running a loop on them.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace ndtape {

// Threads used by large operations. Starts as OMP_NUM_THREADS, else the number of cores;
// 1 in a child made by fork, where OpenMP's threads do not exist.
int num_threads();
void set_num_threads(int n);  // throws ValueError unless 1 <= n <= 1024

// A callable passed by reference, for the duration of the call only.
template <class F>
class FunctionRef;
template <class R, class... Args>
class FunctionRef<R(Args...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
  FunctionRef(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(args...);
        }) {}
  R operator()(Args... args) const { return call_(object_, args...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

// Calls body(begin, end) on disjoint ranges that cover 0..count, on up to num_threads() threads;
// each thread gets one contiguous range of whole tasks. Runs on the calling thread when count is
// 1, when one thread is set, or inside another parallel_for. The first exception of a body is
// rethrown here after all have ended. The ranges depend on the number of threads: a body whose
// result must not may depend on single tasks only.
void parallel_for(int64_t count, FunctionRef<void(int64_t begin, int64_t end)> body);

}  // namespace ndtape
