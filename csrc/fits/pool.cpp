#include "pool.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>
#include <vector>

#include "runtime/threads.h"

namespace lamina {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto glance = std::chrono::milliseconds(10);  // between two calls of the watch
constexpr Index behind_all = std::numeric_limits<Index>::max();

class Pool {
 public:
  Pool(Index count, const Job& job, const Watch& watch)
      : job_(job), watch_(watch), there_(std::max<Index>(count, 0)), all_there_(true) {}
  Pool(const Feed& feed, const Job& job, const Watch& watch)
      : job_(job), watch_(watch), feed_(&feed) {}

  Index run(int threads) {
    const int wanted = std::max(threads, 1);
    start(feed_ != nullptr ? wanted : int(std::min<Index>(wanted, there_)));
    if (feed_ != nullptr) bring_all();
    if (workers_.empty()) {  // the system provides no thread
      work();
    } else {
      keep_watch();
      for (std::thread& worker : workers_) worker.join();
    }
    if (!error_) look();  // once at the end
    if (error_) std::rethrow_exception(error_);
    return next_;
  }

 private:
  void start(int threads) {
    workers_.reserve(std::size_t(threads));
    try {
      while (int(workers_.size()) < threads) workers_.emplace_back([this] { serve(); });
    } catch (const std::exception&) {  // no thread or no memory: those that exist do the work
    }
  }

  void serve() {
    work();
    const std::lock_guard lock(mutex_);
    ++ended_;
    left_.notify_one();
  }

  void bring_all() {
    try {
      auto looked = Clock::now();
      while (!cancelled_ && (*feed_)()) {
        {
          const std::lock_guard lock(mutex_);
          ++there_;
        }
        came_.notify_one();
        if (Clock::now() - looked < glance) continue;
        look();
        looked = Clock::now();
      }
    } catch (...) {
      fail(behind_all);
    }
    const std::lock_guard lock(mutex_);
    all_there_ = true;
    came_.notify_all();
  }

  // The next job, when it is ready; -1 after the last.
  Index next() {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this] { return next_ < there_ || all_there_; });
    return cancelled_ || next_ == there_ ? -1 : next_++;
  }

  void work() {
    const SerialScope serial;
    for (Index index = next(); index >= 0; index = next()) {
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
      fail(behind_all);
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

  const Job& job_;
  const Watch& watch_;
  const Feed* const feed_ = nullptr;
  std::vector<std::thread> workers_;
  std::atomic<Index> done_{0};
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;  // guards the following members
  std::condition_variable came_, left_;
  Index there_ = 0, next_ = 0;
  bool all_there_ = false;
  std::size_t ended_ = 0;
  std::exception_ptr error_;
  Index failed_ = 0;  // the job that raised error_
};

}  // namespace

Index run_jobs(Index count, int threads, const Job& job, const Watch& watch) {
  return Pool(count, job, watch).run(threads);
}

Index run_jobs(const Feed& feed, int threads, const Job& job, const Watch& watch) {
  return Pool(feed, job, watch).run(threads);
}

}  // namespace lamina
