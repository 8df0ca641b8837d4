// The chunks of one call, and the threads that work on them.
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

// A thread of the team, as seen by other threads.
struct alignas(64) Member {
  std::atomic<ThreadNumber> number{0};
  std::atomic<int> cpu{-1};  // where it fell asleep; -1 while it is awake
};

// A range of numbers not taken yet, which shrinks from both ends.
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

// One of the calls that the team serves.  It is never freed: a member that comes late finds no free
// place.
class Region {
 public:
  static constexpr int most_places = 64;  // for members

  // --- for the caller
  bool claim() { return !claimed_.exchange(true, std::memory_order_acquire); }
  void release() { claimed_.store(false, std::memory_order_release); }
  // `evenly`: each thread does its own part, however late it starts.
  void open(int helpers, const TeamCall& call, ThreadNumber caller, bool evenly);
  void work_first();
  // Returns when no member is at work; members that have not begun can no longer join.
  void close(const Member* members);

  // --- for a member
  int join(int member);                                          // returns a place, or -1
  void help(int place, int member, std::atomic<Index>* helped);  // adds the number of units it took
  bool has_caller_on(int cpu) const { return cpu == cpu_.load(std::memory_order_relaxed); }
  // Whether the caller has no CPU.  If so, it is offered `free_cpu` in the middle of its call.
  bool caller_stands(int free_cpu);

 private:
  Index work(int own);  // returns the number of units done
  Index work_at(int part);
  void run(Index unit, bool caller);
  void mind_cpu(bool caller);
  bool take_offer();
  bool bring_standing(const Member* members);

  std::atomic<bool> claimed_{false};
  std::atomic<int> cpu_{-1}, offer_{-1};  // the CPU of the caller; one offered to it
  std::atomic<ThreadNumber> caller_{0};
  TeamCall call_{};
  FloatControl float_control_{};  // the caller's
  int parts_ = 1, helpers_ = 0;
  bool evenly_ = false;
  Index each_ = 1;  // chunks per unit
  alignas(64) std::atomic<int> free_places_{0};
  std::atomic<int> occupant_[most_places] = {};  // the member at each place, plus 1
  alignas(64) Parking left_;                     // the number of members that have left
  std::atomic<bool> awaited_{false};             // whether the caller sleeps until they have
  Run part_[most_places + 1];                    // of the units; the first is the caller's
};

}  // namespace lamina
