#include "team.h"

#include <algorithm>
#include <exception>
#include <new>
#include <thread>

#include "cpu_limits.h"

namespace lamina {
namespace {

constexpr int most_members = 1024, most_regions = 8;
constexpr int unlimited = 4096;       // more threads than anybody can ask for
constexpr int glances_at_calls = 20;  // of a member, at the next call

std::atomic<bool> evenly{false};
thread_local bool within = false;
thread_local ThreadNumber own_number = 0;

class Team {
 public:
  void run(int threads, const TeamCall& call);
  bool awake() const { return asleep_.load(std::memory_order_relaxed) < members(); }
  int startable() const { return startable_.load(std::memory_order_relaxed); }
  Index helped() const { return helped_.load(std::memory_order_relaxed); }

 private:
  int members() const { return members_.load(std::memory_order_relaxed); }
  int recruit(int helpers, int callers);
  bool start(int member);
  void wake(int wanted);
  [[noreturn]] void serve(int member);
  void await_call(std::uint32_t seen, Region* last, Member& self);

  alignas(64) Parking calls_;  // the number of calls so far
  alignas(64) std::atomic<int> asleep_{0};
  std::atomic<int> members_{0}, startable_{unlimited};
  std::atomic<bool> recruiting_{false};
  std::atomic<Index> helped_{0};  // in units
  Region regions_[most_regions];
  Member member_[most_members];
};

void Team::run(int threads, const TeamCall& call) {
  int callers = 0;
  while (callers < most_regions && !regions_[callers].claim()) ++callers;
  if (callers == most_regions) return call.run(0, call.chunks);
  Region& region = regions_[callers];
  const int helpers = recruit(std::min(threads - 1, Region::most_places), callers + 1);
  within = true;
  if (helpers == 0) {
    call.run(0, call.chunks);
  } else {
    region.open(helpers, call, own_number, evenly.load(std::memory_order_relaxed));
    calls_.number.fetch_add(1);
    if (asleep_.load() > 0) wake(helpers * (callers + 1));
    region.work_first();
    region.close(member_);
  }
  within = false;
  region.release();
}

// The number of members that can help.  The team grows to the size that one caller wants, or that
// several want together, limited by the CPUs.  A caller that finds another one recruiting uses the
// members that exist.
int Team::recruit(int helpers, int callers) {
  static const int cpus = cpu_affinity();
  helpers = std::min(helpers, startable() - 1);
  const int useful = std::min(helpers * callers, std::max(helpers, cpus - 1));
  if (members() < useful && !recruiting_.exchange(true, std::memory_order_acquire)) {
    int there = members();
    while (there < std::min(useful, most_members) && start(there)) ++there;
    if (there < helpers) startable_.store(there + 1, std::memory_order_relaxed);
    members_.store(there, std::memory_order_relaxed);
    recruiting_.store(false, std::memory_order_release);
  }
  return std::min(helpers, members());
}

bool Team::start(int member) try {
  std::thread([this, member] { serve(member); }).detach();
  return true;
} catch (const std::exception&) {  // no thread or no memory for one
  return false;
}

// Wakes members until enough are awake.  A member that fell asleep on the caller's CPU is moved, as
// it would otherwise wait for that CPU.
void Team::wake(int wanted) {
  const int missing = wanted - (members() - asleep_.load());
  if (missing <= 0) return;
  calls_.wake(missing);
  const int cpu = current_cpu(), there = members();
  for (Member* m = member_; cpu >= 0 && m < member_ + there; ++m)
    if (m->cpu.load(std::memory_order_relaxed) == cpu) {
      m->cpu.store(-1, std::memory_order_relaxed);
      send_away(m->number.load(std::memory_order_relaxed), cpu);
    }
}

void Team::serve(int number) {
  Member& self = member_[number];
  self.number.store(this_thread_number(), std::memory_order_relaxed);
  within = true;
  Region* last = nullptr;
  for (std::uint32_t seen = 0;;) {
    await_call(seen, last, self);
    seen = calls_.number.load(std::memory_order_acquire);
    for (Region& region : regions_)
      if (const int place = region.join(number); place >= 0) {
        region.help(place, number, &helped_);
        last = &region;
      }
  }
}

void Team::await_call(std::uint32_t seen, Region* last, Member& self) {
  const auto called = [&] { return calls_.number.load(std::memory_order_acquire) != seen; };
  if (last != nullptr && last->has_caller_on(current_cpu())) leave_this_cpu();
  for (int i = 0; i < glances_at_calls; ++i) {
    if (watch(glance, called)) return;
    const int cpu = current_cpu();
    if (last != nullptr && (last->has_caller_on(cpu) || last->caller_stands(cpu))) break;
  }
  self.cpu.store(current_cpu(), std::memory_order_relaxed);
  asleep_.fetch_add(1);
  while (!called()) calls_.sleep(seen);
  asleep_.fetch_sub(1);
  self.cpu.store(-1, std::memory_order_relaxed);
}

// Never freed, because its members sleep on it until the process ends.
std::atomic<Team*> the_team{nullptr};

Team* team() {
  Team* there = the_team.load(std::memory_order_acquire);
  if (there != nullptr) return there;
  Team* fresh = new (std::nothrow) Team;
  if (fresh == nullptr || the_team.compare_exchange_strong(there, fresh)) return fresh;
  delete fresh;
  return there;
}

}  // namespace

void run_on_team(int threads, const TeamCall& call) {
  if (own_number == 0) own_number = this_thread_number();
  Team* const there = team();
  if (there == nullptr) return call.run(0, call.chunks);
  there->run(threads, call);
}

bool team_is_awake() {
  const Team* const there = the_team.load(std::memory_order_acquire);
  return there != nullptr && there->awake();
}
int startable_threads() {
  const Team* const there = the_team.load(std::memory_order_acquire);
  return there == nullptr ? unlimited : there->startable();
}
Index units_helped() {
  const Team* const there = the_team.load(std::memory_order_acquire);
  return there == nullptr ? 0 : there->helped();
}
void share_evenly(bool wanted) { evenly = wanted; }
bool shares_evenly() { return evenly; }

bool within_team() { return within; }

void forget_team() {
  the_team.store(nullptr);
  own_number = 0;
  within = false;
}

}  // namespace lamina
