#include "region.h"

#include <algorithm>

namespace lamina {
namespace {

constexpr Index most_units = 64;        // per part; with more chunks, a unit has several
constexpr int glances_at_members = 50;  // of a waiting caller at members: about a millisecond
constexpr auto longest_wait_for_members = std::chrono::seconds(2);

}  // namespace

void Region::open(int helpers, const TeamCall& call, ThreadNumber caller, bool evenly) {
  take_offer();
  cpu_.store(current_cpu(), std::memory_order_relaxed);
  caller_.store(caller, std::memory_order_relaxed);
  call_ = call;
  float_control_ = float_control();
  evenly_ = evenly;
  helpers_ = helpers;
  parts_ = helpers + 1;
  each_ = std::max<Index>(1, call.chunks / (parts_ * most_units));
  const Index units = (call.chunks + each_ - 1) / each_;
  for (int i = 0; i < parts_; ++i) part_[i].fill(units * i / parts_, units * (i + 1) / parts_);
  left_.number.store(0, std::memory_order_relaxed);
  free_places_.store(helpers, std::memory_order_release);
}

int Region::join(int member) {
  int free = free_places_.load(std::memory_order_relaxed);
  while (free > 0)
    if (free_places_.compare_exchange_weak(free, free - 1, std::memory_order_acquire)) {
      occupant_[free - 1].store(member + 1, std::memory_order_relaxed);
      return free - 1;
    }
  return -1;
}

void Region::help(int place, int member, std::atomic<Index>* helped) {
  {
    const AdoptedFloatControl adopted(float_control_);
    const Index units = evenly_ ? work_at(1 + place) : work(1 + member % helpers_);
    helped->fetch_add(units, std::memory_order_relaxed);
  }
  occupant_[place].store(0, std::memory_order_relaxed);
  left_.number.fetch_add(1);
  if (awaited_.load()) left_.wake(1);
}

// Its own part first, in order: the thread then finds in its cache what it wrote in the last call.
Index Region::work(int own) {
  Index unit, units = work_at(own);
  for (int i = 1; i < parts_; ++i) {
    Run& other = part_[(own + i) % parts_];
    while (other.take_last(&unit)) run(unit, own == 0), ++units;
  }
  return units;
}

Index Region::work_at(int part) {
  Index unit, units = 0;
  while (part_[part].take_first(&unit)) run(unit, part == 0), ++units;
  return units;
}

void Region::run(Index unit, bool caller) {
  mind_cpu(caller);
  call_.run(unit * each_, std::min((unit + 1) * each_, call_.chunks));
}

void Region::work_first() {
  if (evenly_) {
    work_at(0);
    const auto all_joined = [&] { return free_places_.load(std::memory_order_relaxed) == 0; };
    if (watch(longest_wait_for_members, all_joined)) return;  // each works on its own part
  }
  work(0);
}

// If two threads worked on one CPU, another CPU would be left to other processes.
void Region::mind_cpu(bool caller) {
  const int cpu = current_cpu();
  if (!caller) {
    if (cpu >= 0 && has_caller_on(cpu)) leave_this_cpu();
  } else {
    cpu_.store(take_offer() ? current_cpu() : cpu, std::memory_order_relaxed);
  }
}

void Region::close(const Member* members) {
  const auto joined = std::uint32_t(helpers_ - free_places_.exchange(0));
  if (joined == 0) return;
  const auto all_left = [&] { return left_.number.load(std::memory_order_acquire) == joined; };
  for (int i = 0; i < glances_at_members; ++i) {
    if (watch(glance, all_left)) return;
    if (bring_standing(members)) break;
  }
  awaited_.store(true);
  for (std::uint32_t left; (left = left_.number.load()) != joined;) left_.sleep(left);
  awaited_.store(false);
}

// Members that have begun a chunk and lost their CPU get the caller's CPU, which the caller does
// not need.
bool Region::bring_standing(const Member* members) {
  bool brought = false;
  for (int place = 0; place < helpers_; ++place) {
    const int occupant = occupant_[place].load(std::memory_order_relaxed);
    if (occupant == 0) continue;
    const ThreadNumber number = members[occupant - 1].number.load(std::memory_order_relaxed);
    if (!stands(number)) continue;
    if (occupant_[place].load() == occupant) bring_here(number);
    brought = true;
  }
  return brought;
}

bool Region::caller_stands(int free_cpu) {
  if (!stands(caller_.load(std::memory_order_relaxed))) return false;
  if (claimed_.load(std::memory_order_relaxed)) offer_.store(free_cpu, std::memory_order_relaxed);
  return true;
}

// The caller moves itself: the affinity of a thread that is not the team's is never changed by
// others.
bool Region::take_offer() {
  if (offer_.load(std::memory_order_relaxed) < 0) return false;
  go_to(offer_.exchange(-1, std::memory_order_relaxed));
  return true;
}

}  // namespace lamina
