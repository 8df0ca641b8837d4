// Waiting for another thread: looking again and again for moments, then asleep.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "cpu_places.h"

#if !defined(__linux__)
#include <condition_variable>
#include <mutex>
#endif

namespace lamina {

// A number that threads sleep on until it changes.  Who changes it calls `wake` afterwards if
// somebody may sleep.  `sleep` returns at once where the number is not `value`, and may return
// early.
class Parking {
 public:
  std::atomic<std::uint32_t> number{0};
  void sleep(std::uint32_t value);
  void wake(int threads);

#if !defined(__linux__)
 private:
  std::mutex mutex_;
  std::condition_variable changed_;
#endif
};

// How long a thread that waits looks for what it waits for between two looks at anything else.
constexpr auto glance = std::chrono::microseconds(20);

// Lets a core's other thread run, and saves power, within a loop that waits.
inline void pause_briefly() {
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

// Waits until done() for about `time`; whether it is.
template <class Done>
bool watch(std::chrono::nanoseconds time, const Done& done) {
  std::chrono::steady_clock::time_point end{};
  for (bool first = true;; first = false) {  // most waits are over before the clock is read
    for (int i = 0; i < (first ? 64 : 16); ++i) {
      if (done()) return true;
      pause_briefly();
    }
    const auto now = std::chrono::steady_clock::now();
    if (first) end = now + time;
    if (now >= end) return done();
  }
}

// Whether a thread has no CPU, because it sleeps or because others hold it; false where unknown.
bool stands(ThreadNumber thread);

}  // namespace lamina
