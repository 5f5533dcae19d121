#include "ndtape/parallel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "ndtape/error.h"

namespace ndtape {
namespace {

class Parallel : public testing::Test {
 protected:
  void SetUp() override { threads_ = num_threads(); }
  void TearDown() override { set_num_threads(threads_); }

  static std::vector<int> visits(int64_t count) {
    std::vector<std::atomic<int>> seen(static_cast<size_t>(count));
    parallel_for(count, [&](int64_t begin, int64_t end) {
      EXPECT_LT(begin, end);
      for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
    });
    return {seen.begin(), seen.end()};
  }

  int threads_;
};

TEST_F(Parallel, EveryTaskRunsOnce) {
  for (const int threads : {1, 2, 3, 8}) {
    set_num_threads(threads);
    for (const int64_t count : {0, 1, 2, 3, 7, 8, 9, 1000}) {
      EXPECT_EQ(visits(count), std::vector<int>(static_cast<size_t>(count), 1));
    }
  }
}

TEST_F(Parallel, OneThreadGetsEverything) {
  set_num_threads(1);
  std::vector<std::pair<int64_t, int64_t>> ranges;
  parallel_for(10, [&](int64_t begin, int64_t end) { ranges.emplace_back(begin, end); });
  EXPECT_EQ(ranges, (std::vector<std::pair<int64_t, int64_t>>{{0, 10}}));
}

TEST_F(Parallel, TheNumberOfThreadsIsChecked) {
  EXPECT_THROW(set_num_threads(0), ValueError);
  EXPECT_THROW(set_num_threads(-3), ValueError);
  EXPECT_THROW(set_num_threads(1025), ValueError);
  EXPECT_EQ(num_threads(), threads_);
}

TEST_F(Parallel, NestedLoopsRunOnTheirThread) {
  set_num_threads(4);
  std::atomic<int> total{0};
  parallel_for(8, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto outer = std::this_thread::get_id();
      int calls = 0;
      parallel_for(100, [&](int64_t first, int64_t last) {
        EXPECT_EQ(std::this_thread::get_id(), outer);
        ++calls;
        total += static_cast<int>(last - first);
      });
      EXPECT_EQ(calls, 1);
    }
  });
  EXPECT_EQ(total, 800);
}

TEST_F(Parallel, ExceptionsComeOut) {
  for (const int threads : {1, 4}) {
    set_num_threads(threads);
    const auto body = [](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (i % 3 == 1) throw ValueError("task " + std::to_string(i));
      }
    };
    try {
      parallel_for(12, body);
      FAIL();
    } catch (const ValueError& error) {
      EXPECT_STREQ(error.what(), "task 1");
    }
    EXPECT_EQ(visits(5), std::vector<int>(5, 1));  // and loops still work
  }
}

TEST_F(Parallel, SeveralThreadsMayCallIt) {
  set_num_threads(2);
  std::vector<std::thread> threads;
  std::atomic<int64_t> total{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        parallel_for(50, [&](int64_t begin, int64_t end) { total += end - begin; });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(total, 4 * 200 * 50);
}

#if (defined(__unix__) || defined(__APPLE__)) && !defined(__SANITIZE_THREAD__)
TEST_F(Parallel, AChildOfForkRunsAlone) {
  set_num_threads(4);
  visits(100);  // starts the threads that the child will not have
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);  // a hang must not last
    bool fine = num_threads() == 1;
    fine &= visits(100) == std::vector<int>(100, 1);
    set_num_threads(4);
    fine &= num_threads() == 1;
    fine &= visits(100) == std::vector<int>(100, 1);
    _exit(fine ? 0 : 1);
  }
  ASSERT_GT(child, 0);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  EXPECT_EQ(visits(100), std::vector<int>(100, 1));  // the parent goes on as before
}
#endif

}  // namespace
}  // namespace ndtape
