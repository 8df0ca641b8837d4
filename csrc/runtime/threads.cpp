#include "threads.h"

#include <omp.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <vector>

#include "cpu_limits.h"
#include "float_control.h"

namespace lamina {
namespace {

// --- the limit

struct Limit {
  int threads;
  const char* source;
  int openmp_at_load;  // a later, different omp_get_max_threads() is somebody's wish
};

// A value that is none is ignored here; lamina._environment warns of it.
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

std::atomic<int> chosen_threads{0};        // by set_num_threads; 0: as at load
std::atomic<int> startable_threads{4096};  // fewer after the system refused to start some

thread_local ThreadDecision last_decision;
thread_local bool serial = false;  // within a SerialScope

// --- crowding
//
// When another process holds a CPU, a region waits for a worker that is not running: milliseconds a
// region, where one thread alone would be done (MNIST's network, two threads beside two busy
// processes: 1.2 to 6.5 s, one thread 0.8 s).  A thread that waited much longer than it worked, or
// that lost its own CPU in a long region, goes on alone for a while, then tries again.  The bits
// do not depend on it.

using Clock = std::chrono::steady_clock;
constexpr Clock::duration patience = std::chrono::microseconds(200);
constexpr Clock::duration long_region = std::chrono::milliseconds(1);
constexpr Clock::duration shortest_pause = std::chrono::milliseconds(20);
constexpr Clock::duration longest_pause = std::chrono::milliseconds(640);

const bool minded = [] {
  const char* wish = std::getenv("LAMINA_CROWDING");
  return wish == nullptr || std::string(wish) != "0";
}();

class Crowding {
 public:
  bool holds() {
    if (paused_ && Clock::now() >= until_) paused_ = false;
    return paused_;
  }
  void note(Clock::duration worked, Clock::duration waited, Clock::time_point now) {
    if (regions_ < 2) {  // these also start the pool: they say nothing
      ++regions_;
      return;
    }
    const bool lost_cpu = worked + waited > long_region && preempted(worked + waited, now);
    if (waited <= worked + patience && !lost_cpu) {
      suspicion_ = std::max(suspicion_ - 1, 0);
      pause_ = std::max(pause_ - pause_ / 16, shortest_pause);
      return;
    }
    suspicion_ += 4;
    if (suspicion_ < 8 || !minded) return;  // once in a while happens to everybody
    paused_ = true;
    until_ = now + pause_;
    pause_ = std::min(2 * pause_, longest_pause);
    suspicion_ = 4;
  }

 private:
  // Whether the system took the CPU away since the region before; unknown if that is long ago.
  bool preempted(Clock::duration region, Clock::time_point now) {
#if defined(RUSAGE_THREAD)
    rusage usage;
    if (getrusage(RUSAGE_THREAD, &usage) != 0) return false;
    const bool more = now - asked_ < 2 * region + long_region && usage.ru_nivcsw > preemptions_;
    preemptions_ = usage.ru_nivcsw;
    asked_ = now;
    return more;
#else
    (void)region, (void)now;
    return false;
#endif
  }

  bool paused_ = false;
  Clock::time_point until_, asked_;
  Clock::duration pause_ = shortest_pause;
  int suspicion_ = 0, regions_ = 0;
  long preemptions_ = 0;
};
thread_local Crowding crowding;

// --- fork
//
// libgomp keeps a thread's worker pool in that thread's local storage; after fork() the workers are
// gone but the record is not, and the next region waits for them for ever (GCC bugs 58378, 60035).
// A thread born after the fork has a clean record and gets a full team.  So a thread whose pool is
// older than the process runs its regions through a leader: a thread born in this process.

std::atomic<unsigned> generation{1};    // of this process: +1 in each child
thread_local unsigned pool_generation;  // of this thread's pool; 0: it has none yet

// In the forking thread, which alone goes on in the child.  Another library may have given it a
// pool on the same OpenMP, so it counts as having one.
void count_child() {
  pool_generation = generation.fetch_add(1, std::memory_order_relaxed);
  crowding = {};  // the parent's
}

struct Region {
  int threads;
  Index chunks;
  void (*body)(void*, Index);
  void* context;
  FloatControl float_control{};        // of the thread that called
  Clock::duration worked{}, waited{};  // by the thread that led it
};

void run_region(Region& region) {
  const Clock::time_point begin = Clock::now();
  Clock::time_point worked = begin;
#pragma omp parallel num_threads(region.threads)
  {
    const AdoptedFloatControl adopted(region.float_control);
    // OpenMP may grant fewer threads than asked for; the chunks are shared out among those.
    const Index count = omp_get_num_threads(), self = omp_get_thread_num();
    const Index end = region.chunks * (self + 1) / count;
    for (Index chunk = region.chunks * self / count; chunk < end; ++chunk)
      region.body(region.context, chunk);
    if (self == 0) worked = Clock::now();
  }
  const Clock::time_point end = Clock::now();
  region.worked = worked - begin;
  region.waited = end - worked;
}

void run_serial(const Region& region) {
  for (Index chunk = 0; chunk < region.chunks; ++chunk) region.body(region.context, chunk);
}

class Leader {
 public:
  explicit Leader(unsigned generation_) : generation(generation_) {
    std::thread([this] { serve(); }).detach();
  }
  void run(Region& region) {
    std::unique_lock lock(mutex_);
    region_ = &region;
    wake_.notify_one();
    done_.wait(lock, [this] { return region_ == nullptr; });
  }
  const unsigned generation;

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return region_ != nullptr; });
      run_region(*region_);
      region_ = nullptr;
      done_.notify_one();
    }
  }
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  Region* region_ = nullptr;
};

// Never freed: its thread sleeps on it until the process ends.
thread_local Leader* leader;

Leader* start_leader(unsigned now) try {
  return new Leader(now);
} catch (const std::exception&) {  // no memory or no thread to be had: the caller runs alone
  return nullptr;
}

// libgomp ends the process when it cannot start a thread.  So before a larger team than ever on
// this thread, as many threads are started and stopped by hand; what the system refuses is done
// without from then on.
thread_local int largest_team = 1;

int start_rehearsal(int threads) {
  struct Gate {
    std::mutex mutex;
    std::condition_variable opened;
    bool open = false;
  } gate;
  std::vector<pthread_t> started;
  started.reserve(std::size_t(threads));
  for (int i = 1; i < threads; ++i) {
    pthread_t id;
    const auto wait_at_gate = [](void* g) -> void* {
      auto& the_gate = *static_cast<Gate*>(g);
      std::unique_lock lock(the_gate.mutex);
      the_gate.opened.wait(lock, [&] { return the_gate.open; });
      return nullptr;
    };
    if (pthread_create(&id, nullptr, wait_at_gate, &gate) != 0) break;
    started.push_back(id);
  }
  {
    const std::lock_guard lock(gate.mutex);
    gate.open = true;
  }
  gate.opened.notify_all();
  for (const pthread_t id : started) pthread_join(id, nullptr);
  return int(started.size()) + 1;
}

}  // namespace

void watch_forks() {
  static const int registered = pthread_atfork(nullptr, nullptr, &count_child);
  (void)registered;
}

unsigned process_generation() { return generation.load(std::memory_order_relaxed); }

SerialScope::SerialScope() : outer_(serial) { serial = true; }
SerialScope::~SerialScope() { serial = outer_; }

int get_num_threads() {
  if (serial) return 1;
  const Limit& load = load_limit();
  int limit = chosen_threads.load(std::memory_order_relaxed);
  if (limit == 0) limit = load.threads;
  const int openmp = omp_get_max_threads();
  if (openmp != load.openmp_at_load) limit = std::min(limit, openmp);
  limit = std::min(limit, startable_threads.load(std::memory_order_relaxed));
  return std::max(1, omp_in_parallel() ? 1 : limit);
}

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

// A region of two threads costs 1 to 2 us and saves half of its work's time, so it pays from about
// 4 us of work: half a MFLOP at the 100 to 200 GFLOP/s of one core.
constexpr double flop_per_thread = 0.25e6;

int threads_for(double flop, Index chunks) {
  const int limit = get_num_threads();
  const double pay = std::min(flop / flop_per_thread, 4096.0);
  int threads = int(std::max<Index>(1, std::min<Index>({limit, chunks, Index(pay)})));
  const bool crowded = threads > 1 && crowding.holds();
  if (crowded) threads = 1;
  // Of the kernels of one operation the largest speaks: packing weights is none of its business.
  if (flop >= last_decision.flop) last_decision = {threads, limit, chunks, flop, crowded};
  return threads;
}

void parallel_for(int threads, Index chunks, void (*body)(void*, Index), void* context) {
  Region region{
      int(std::min<Index>(threads, chunks)), chunks, body, context, float_control(), {}, {}};
  if (region.threads <= 1 || serial || omp_in_parallel()) return run_serial(region);
  watch_forks();
  if (region.threads > largest_team) {
    const int granted = start_rehearsal(region.threads);
    if (granted < region.threads) startable_threads.store(granted);
    largest_team = region.threads = granted;
    if (granted == 1) return run_serial(region);
  }
  const unsigned now = generation.load(std::memory_order_relaxed);
  if (pool_generation == 0) pool_generation = now;
  if (pool_generation == now) {
    run_region(region);
  } else {
    if (leader == nullptr || leader->generation != now) leader = start_leader(now);
    if (leader == nullptr) return run_serial(region);
    leader->run(region);
  }
  crowding.note(region.worked, region.waited, Clock::now());
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
