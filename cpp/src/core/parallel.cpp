#include "ndtape/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <string>

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include "ndtape/error.h"
#include "ndtape/refcount.h"

namespace ndtape {
namespace {

constexpr int kMaxThreads = 1024;

// Whether this thread runs a body of parallel_for.
constinit thread_local bool inside = false;

class Inside {
 public:
  Inside() : previous_(inside) { inside = true; }
  ~Inside() { inside = previous_; }

 private:
  bool previous_;
};

void run_serial(int64_t count, FunctionRef<void(int64_t, int64_t)> body) { body(0, count); }

#if defined(_OPENMP)

// Threads run beside this one.
class Beside {
 public:
  Beside() { concurrency.fetch_add(1, std::memory_order_relaxed); }
  ~Beside() { concurrency.fetch_sub(1, std::memory_order_relaxed); }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;
};

// 0 until first asked for.
std::atomic<int> threads{0};
// In a child made by fork there are no OpenMP threads, and waiting for them would never end.
std::atomic<bool> forked{false};

#if defined(__unix__) || defined(__APPLE__)
// At load, for other libraries may have started those threads before we are first called.
[[maybe_unused]] const int registered =
    pthread_atfork(nullptr, nullptr, [] { forked.store(true, std::memory_order_relaxed); });
#endif

int initial_threads() {
  int unset = 0;
  threads.compare_exchange_strong(unset, std::clamp(omp_get_max_threads(), 1, kMaxThreads));
  return threads.load(std::memory_order_relaxed);
}

// The exception of the lowest range is kept, whichever was thrown first: one answer every time.
class FirstError {
 public:
  void keep(int64_t begin) {
    const std::lock_guard lock(mutex_);
    if (!error_ || begin < begin_) {
      error_ = std::current_exception();
      begin_ = begin;
    }
  }
  void rethrow() {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr error_;
  int64_t begin_ = 0;
};

#endif

}  // namespace

#if defined(_OPENMP)

int num_threads() {
  if (forked.load(std::memory_order_relaxed)) return 1;
  const int n = threads.load(std::memory_order_relaxed);
  return n > 0 ? n : initial_threads();
}

void set_num_threads(int n) {
  if (n < 1 || n > kMaxThreads) {
    throw ValueError("set_num_threads: " + std::to_string(n) + " is not in 1.." +
                     std::to_string(kMaxThreads));
  }
  initial_threads();
  threads.store(n, std::memory_order_relaxed);
}

void parallel_for(int64_t count, FunctionRef<void(int64_t begin, int64_t end)> body) {
  if (count <= 0) return;
  if (count == 1 || inside) return run_serial(count, body);
  const int team = static_cast<int>(std::min<int64_t>(count, num_threads()));
  if (team == 1 || omp_in_parallel()) return run_serial(count, body);

  FirstError error;
  const Beside beside;
#pragma omp parallel num_threads(team)
  {
    const Inside mark;
    const int64_t size = omp_get_num_threads();  // may be fewer than asked for
    const int64_t rank = omp_get_thread_num();
    const int64_t share = count / size;
    const int64_t extra = count % size;
    const int64_t begin = rank * share + std::min(rank, extra);
    const int64_t end = begin + share + (rank < extra ? 1 : 0);
    if (begin < end) {
      try {
        body(begin, end);
      } catch (...) {
        error.keep(begin);
      }
    }
  }
  error.rethrow();
}

#else

int num_threads() { return 1; }

void set_num_threads(int n) {
  if (n < 1 || n > kMaxThreads) {
    throw ValueError("set_num_threads: " + std::to_string(n) + " is not in 1.." +
                     std::to_string(kMaxThreads));
  }
}

void parallel_for(int64_t count, FunctionRef<void(int64_t begin, int64_t end)> body) {
  if (count > 0) run_serial(count, body);
}

#endif

}  // namespace ndtape
