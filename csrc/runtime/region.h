// The chunks of one call, and the threads that work at them.
#pragma once

#include <atomic>
#include <cstdint>

#include "../kernel.h"
#include "cpu_places.h"
#include "float_control.h"
#include "waiting.h"

namespace lamina {

struct TeamCall {
  Index chunks;
  void (*body)(void* context, Index chunk);
  void* context;

  void run(Index begin, Index end) const {
    for (Index chunk = begin; chunk < end; ++chunk) body(context, chunk);
  }
};

// A thread of the team, as others see it.
struct alignas(64) Member {
  std::atomic<ThreadNumber> number{0};
  std::atomic<int> cpu{-1};  // where it fell asleep; -1 while it is awake
};

// Numbers that nobody has taken yet, a run of them that shrinks from both ends.
class alignas(64) Run {
 public:
  void fill(Index begin, Index end) {
    ends_.store(std::uint64_t(begin) | std::uint64_t(end) << 32, std::memory_order_relaxed);
  }
  bool take_first(Index* taken) { return take(taken, 1, true); }
  bool take_last(Index* taken) {
    return take(taken, std::uint64_t(0) - (std::uint64_t(1) << 32), false);
  }

 private:
  bool take(Index* taken, std::uint64_t step, bool first) {
    std::uint64_t ends = ends_.load(std::memory_order_relaxed);
    for (;;) {
      const Index begin = Index(ends & 0xffffffffu), end = Index(ends >> 32);
      if (begin >= end) return false;
      if (ends_.compare_exchange_weak(ends, ends + step, std::memory_order_relaxed)) {
        *taken = first ? begin : end - 1;
        return true;
      }
    }
  }
  std::atomic<std::uint64_t> ends_{0};
};

// One of the calls that the team serves.  It is there for ever: a member that comes late finds no
// free place.
class Region {
 public:
  static constexpr int most_places = 64;  // for members

  // --- by the caller
  bool claim() { return !claimed_.exchange(true, std::memory_order_acquire); }
  void release() { claimed_.store(false, std::memory_order_release); }
  // `evenly`: each thread does its own part, however late it comes.
  void open(int helpers, const TeamCall& call, ThreadNumber caller, bool evenly);
  void work_first();
  // Returns when no member is at work; those that have not begun cannot any more.
  void close(const Member* members);

  // --- by a member
  int join(int member);                                          // a place, or -1
  void help(int place, int member, std::atomic<Index>* helped);  // adds the units it took
  bool has_caller_on(int cpu) const { return cpu == cpu_.load(std::memory_order_relaxed); }
  // Whether the caller has no CPU.  In the midst of its call it learns of one that it can have.
  bool caller_stands(int free_cpu);

 private:
  Index work(int own);  // returns how many units it was
  Index work_at(int part);
  void run(Index unit, bool caller);
  void mind_cpu(bool caller);
  bool take_offer();
  bool bring_standing(const Member* members);

  std::atomic<bool> claimed_{false};
  std::atomic<int> cpu_{-1}, offer_{-1};  // the caller's CPU; a better one
  std::atomic<ThreadNumber> caller_{0};
  TeamCall call_{};
  FloatControl float_control_{};  // the caller's
  int parts_ = 1, helpers_ = 0;
  bool evenly_ = false;
  Index each_ = 1;  // chunks of a unit
  alignas(64) std::atomic<int> free_places_{0};
  std::atomic<int> occupant_[most_places] = {};  // the member on a place, plus 1
  alignas(64) Parking left_;                     // the number of members that have left
  std::atomic<bool> awaited_{false};             // by a caller that sleeps
  Run part_[most_places + 1];                    // of the units; the first is the caller's
};

}  // namespace lamina
