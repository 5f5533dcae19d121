// A mutex that is open in a child made by fork, whichever thread of the parent held it: in the
// child nobody is left to unlock it. What it guards must be usable at any moment, or only ever read
// by those who lock it as a whole.
#pragma once

#include <mutex>

namespace ndtape {

// For variables that live as long as the program.
class ForkMutex {
 public:
  ForkMutex();
  ForkMutex(const ForkMutex&) = delete;
  ForkMutex& operator=(const ForkMutex&) = delete;

  void lock() { mutex_.lock(); }
  void unlock() { mutex_.unlock(); }

 private:
  static void open_all();

  std::mutex mutex_;
  ForkMutex* const next_;  // of all there are
};

}  // namespace ndtape
