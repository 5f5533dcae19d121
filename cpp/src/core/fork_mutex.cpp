#include "core/fork_mutex.h"

#include <atomic>
#include <new>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace ndtape {
namespace {

constinit std::atomic<ForkMutex*> all = nullptr;

}  // namespace

ForkMutex::ForkMutex() : next_(all.exchange(this)) {
#if defined(__unix__) || defined(__APPLE__)
  [[maybe_unused]] static const int registered = pthread_atfork(nullptr, nullptr, open_all);
#endif
}

void ForkMutex::open_all() {
  for (ForkMutex* m = all.load(); m; m = m->next_) new (&m->mutex_) std::mutex;
}

}  // namespace ndtape
