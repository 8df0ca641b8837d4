// Waiting for another thread: first by polling, then asleep.
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

// A number on which threads sleep until it changes.  The thread that changes it must call `wake`
// afterwards if others may sleep.  `sleep` returns at once if the number is not `value`, and may
// return early.
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

// How long a waiting thread polls before it checks anything else.
constexpr auto glance = std::chrono::microseconds(20);

// In a waiting loop: lets the core's other hardware thread run, and saves power.
inline void pause_briefly() {
#if defined(__x86_64__) || defined(_M_X64)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

// Polls done() for about `time`; returns whether it became true.
template <class Done>
bool watch(std::chrono::nanoseconds time, const Done& done) {
  std::chrono::steady_clock::time_point end{};
  for (bool first = true;; first = false) {  // most waits end before the clock is read
    for (int i = 0; i < (first ? 64 : 16); ++i) {
      if (done()) return true;
      pause_briefly();
    }
    const auto now = std::chrono::steady_clock::now();
    if (first) end = now + time;
    if (now >= end) return done();
  }
}

// Whether a thread has no CPU, because it sleeps or others occupy it; false if unknown.
bool stands(ThreadNumber thread);

}  // namespace lamina
