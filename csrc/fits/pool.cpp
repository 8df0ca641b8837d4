#include "pool.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "runtime/threads.h"

namespace lamina {
namespace {

constexpr auto glance = std::chrono::milliseconds(10);  // between two calls of the watch

class Pool {
 public:
  Pool(Index count, const Job& job, const Watch& watch)
      : count_(std::max<Index>(count, 0)), job_(job), watch_(watch) {}

  Index run(int threads) {
    start(int(std::min<Index>(std::max(threads, 1), count_)));
    if (workers_.empty()) {  // the system has no thread to give
      work();
    } else {
      keep_watch();
      for (std::thread& worker : workers_) worker.join();
    }
    if (!error_) look();  // at the end
    if (error_) std::rethrow_exception(error_);
    return std::min(next_.load(), count_);
  }

 private:
  void start(int threads) {
    workers_.reserve(std::size_t(threads));
    try {
      while (int(workers_.size()) < threads) workers_.emplace_back([this] { serve(); });
    } catch (const std::system_error&) {  // those that run do the work
    }
  }

  void serve() {
    work();
    const std::lock_guard lock(mutex_);
    ++ended_;
    left_.notify_one();
  }

  void work() {
    const SerialScope serial;
    while (!cancelled_) {
      const Index index = next_.fetch_add(1);
      if (index >= count_) return;
      try {
        job_(index, cancelled_);
      } catch (...) {
        fail(index);
        return;
      }
      ++done_;
    }
  }

  void keep_watch() {
    std::unique_lock lock(mutex_);
    const auto all_ended = [this] { return ended_ == workers_.size(); };
    while (!left_.wait_for(lock, glance, all_ended)) {
      lock.unlock();
      look();
      lock.lock();
    }
  }

  void look() {
    if (!watch_ || cancelled_) return;
    try {
      if (!watch_(done_)) cancelled_ = true;
    } catch (...) {
      fail(count_);
    }
  }

  void fail(Index index) {
    const std::lock_guard lock(mutex_);
    if (!error_ || index < failed_) {
      error_ = std::current_exception();
      failed_ = index;
    }
    cancelled_ = true;
  }

  const Index count_;
  const Job& job_;
  const Watch& watch_;
  std::vector<std::thread> workers_;
  std::atomic<Index> next_{0}, done_{0};
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  std::condition_variable left_;
  std::size_t ended_ = 0;
  std::exception_ptr error_;
  Index failed_ = 0;  // the job that the error is of
};

}  // namespace

Index run_jobs(Index count, int threads, const Job& job, const Watch& watch) {
  return Pool(count, job, watch).run(threads);
}

}  // namespace lamina
