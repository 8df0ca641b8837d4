#include "cpu_places.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#endif

namespace lamina {

#if defined(__linux__)
namespace {

constexpr ThreadNumber myself = 0;

// Moves `thread` to one of the CPUs that `choose` selects from those it may run on, then lets it
// run on all of them again.  The affinity of a thread that was never confined is restored to all
// possible CPUs, so that it is not limited to those online today.
template <class Choose>
void move(ThreadNumber thread, const Choose& choose) {
  static const long online = sysconf(_SC_NPROCESSORS_ONLN);
  cpu_set_t allowed;
  if (sched_getaffinity(thread, sizeof allowed, &allowed) != 0) return;
  cpu_set_t chosen = allowed;
  choose(&chosen);
  if (CPU_COUNT(&chosen) == 0 || CPU_EQUAL(&chosen, &allowed)) return;
  if (sched_setaffinity(thread, sizeof chosen, &chosen) != 0) return;
  if (CPU_COUNT(&allowed) >= online)
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) CPU_SET(cpu, &allowed);
  sched_setaffinity(thread, sizeof allowed, &allowed);
}

void move_to(ThreadNumber thread, int cpu) {
  if (cpu < 0) return;
  move(thread, [cpu](cpu_set_t* set) {
    const bool may = CPU_ISSET(cpu, set);
    CPU_ZERO(set);
    if (may) CPU_SET(cpu, set);
  });
}

}  // namespace

ThreadNumber this_thread_number() { return ThreadNumber(syscall(SYS_gettid)); }
int current_cpu() { return sched_getcpu(); }

std::uint64_t run_time(ThreadNumber thread) {
  timespec time;
  const clockid_t clock = clockid_t(~unsigned(thread) << 3 | 6u);  // the clock of that thread
  if (clock_gettime(clock, &time) != 0) return 0;
  return std::uint64_t(time.tv_sec) * 1000000000u + std::uint64_t(time.tv_nsec);
}

void bring_here(ThreadNumber thread) { move_to(thread, current_cpu()); }
void send_away(ThreadNumber thread, int cpu) {
  if (cpu >= 0) move(thread, [cpu](cpu_set_t* set) { CPU_CLR(cpu, set); });
}
void go_to(int cpu) { move_to(myself, cpu); }
void leave_this_cpu() { send_away(myself, current_cpu()); }

#else

ThreadNumber this_thread_number() { return 0; }
int current_cpu() { return -1; }
std::uint64_t run_time(ThreadNumber) { return 0; }
void bring_here(ThreadNumber) {}
void send_away(ThreadNumber, int) {}
void go_to(int) {}
void leave_this_cpu() {}

#endif

}  // namespace lamina
