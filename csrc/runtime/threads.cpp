#include "threads.h"

#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

#include "cpu_limits.h"
#include "team.h"

namespace lamina {
namespace {

// --- the limit

struct Limit {
  int threads;
  const char* source;
  int openmp_at_load;  // a later, different omp_get_max_threads() was set by the user
};

// An invalid value is ignored here; lamina._environment warns about it.
int positive_environment(const char* name, bool nested) {
  const char* text = std::getenv(name);
  if (text == nullptr) return 0;
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);  // "4,2" (nested levels): the first counts
  while (*end == ' ') ++end;
  const bool whole = *end == '\0' || (nested && *end == ',');
  return whole && value >= 1 && value <= 4096 ? int(value) : 0;
}

Limit limit_at_load() {
  const int openmp = omp_get_max_threads();
  if (const int n = positive_environment("LAMINA_NUM_THREADS", false))
    return {n, "LAMINA_NUM_THREADS", openmp};
  if (const int n = positive_environment("OMP_NUM_THREADS", true))
    return {n, "OMP_NUM_THREADS", openmp};
  const int affinity = cpu_affinity();
  const double quota = cpu_quota();
  if (quota > 0.0 && std::ceil(quota) < affinity)
    return {std::max(1, int(std::ceil(quota))), "cgroup CPU quota", openmp};
  return {affinity, "CPU affinity", openmp};
}

Limit& load_limit() {
  static Limit limit = limit_at_load();
  return limit;
}

std::atomic<int> chosen_threads{0};  // set by set_num_threads; 0: the limit at load

thread_local ThreadDecision last_decision;
thread_local int unserved = 0;     // successive operations that were too small to wake a thread
thread_local bool serial = false;  // inside a SerialScope
thread_local Index shared = 0;     // calls whose chunks other threads could take

// --- fork

std::atomic<unsigned> generation{1};  // of this process: +1 in each child

void count_child() {
  generation.fetch_add(1, std::memory_order_relaxed);
  forget_team();
}

}  // namespace

void watch_forks() {
  static const int registered = pthread_atfork(nullptr, nullptr, &count_child);
  (void)registered;
}

unsigned process_generation() { return generation.load(std::memory_order_relaxed); }

SerialScope::SerialScope(bool wanted) : outer_(serial) { serial = serial || wanted; }
SerialScope::~SerialScope() { serial = outer_; }

namespace {

// The limit outside any SerialScope.
int usual_limit() {
  if (within_team()) return 1;
  const Limit& load = load_limit();
  int limit = chosen_threads.load(std::memory_order_relaxed);
  if (limit == 0) limit = load.threads;
  const int openmp = omp_get_max_threads();
  if (openmp != load.openmp_at_load) limit = std::min(limit, openmp);
  limit = std::min(limit, startable_threads());
  return std::max(1, omp_in_parallel() ? 1 : limit);
}

}  // namespace

int get_num_threads() { return serial ? 1 : usual_limit(); }

void set_num_threads(int threads) {
  if (threads < 1)
    throw std::invalid_argument("set_num_threads: needs at least 1 thread; got " +
                                std::to_string(threads));
  chosen_threads.store(threads, std::memory_order_relaxed);
}

ThreadInfo thread_info() {
  const Limit& load = load_limit();
  const bool chosen = chosen_threads.load(std::memory_order_relaxed) != 0;
  const int limit = get_num_threads();
  const bool lowered = !chosen && limit < load.threads;
  return {limit,
          chosen    ? "set_num_threads"
          : lowered ? "OpenMP in this thread"
                    : load.source,
          cpu_affinity(), cpu_quota(), std::to_string(_OPENMP)};
}

ThreadDecision last_thread_decision() { return last_decision; }
void forget_thread_decision() { last_decision = {}; }
Index times_shared() { return shared; }

// A call costs 0.3 us if members are awake; moving operands and results between the cores' caches
// costs more (16 KB in 1.7 us), so two threads are faster from about 20 us of work.  Waking a
// member takes 5 to 15 us of the caller's time: one operation is worth that from 40 us of work, a
// sequence of smaller ones together.  Tests also divide smaller operations.
constexpr double flop_per_thread = 1e6, flop_per_tested_thread = 0.25e6, flop_to_wake = 4e6;
constexpr int patience = 8;

int threads_for(double flop, Index chunks) {
  const int limit = usual_limit();
  const double each = shares_evenly() ? flop_per_tested_thread : flop_per_thread;
  const double pay = std::min(flop / each, 4096.0);
  int threads = int(std::max<Index>(1, std::min<Index>({serial ? 1 : limit, chunks, Index(pay)})));
  if (threads > 1 && flop < flop_to_wake && !team_is_awake() && !shares_evenly() &&
      ++unserved < patience)
    threads = 1;
  if (threads > 1) unserved = 0;
  // The decision reported is that of the operation's largest kernel, not of auxiliary work such as
  // packing weights.
  if (flop >= last_decision.flop) last_decision = {threads, limit, chunks, flop};
  return threads;
}

void parallel_for(int threads, Index chunks, void (*body)(void*, Index), void* context) {
  const TeamCall call{chunks, body, context};
  const int wanted = int(std::min<Index>(threads, chunks));
  if (wanted <= 1 || serial || within_team() || omp_in_parallel()) return call.run(0, chunks);
  watch_forks();
  ++shared;
  run_on_team(wanted, call);
}

void* scratch(int slot, std::size_t bytes) {
  struct Buffers {
    void* data[4] = {};
    std::size_t size[4] = {};
    ~Buffers() {
      for (void* p : data) std::free(p);
    }
  };
  thread_local Buffers buffers;
  if (buffers.size[slot] < bytes) {
    const std::size_t rounded = (bytes + 4095) / 4096 * 4096;
    void* fresh = nullptr;
    if (posix_memalign(&fresh, 64, rounded) != 0) return nullptr;
    std::free(buffers.data[slot]);
    buffers.data[slot] = fresh;
    buffers.size[slot] = rounded;
  }
  return buffers.data[slot];
}

}  // namespace lamina
