// The number of threads, and the only code that asks OpenMP (threads_for and parallel_for are
// declared in kernel.h, where the kernels see them).
//
// The limit is LAMINA_NUM_THREADS, else OMP_NUM_THREADS, else the smaller of the CPU affinity and
// the cgroup's CPU quota; set_num_threads overrides it.  A smaller omp_set_num_threads (which
// threadpoolctl calls) is respected, and inside a parallel region of the caller only one thread
// runs.
#pragma once

#include <string>

#include "../kernel.h"

namespace lamina {

// To be called when the module loads; from then on forks are detected.
void watch_forks();
// A number that differs from that of every process this one was forked from.
unsigned process_generation();

int get_num_threads();              // the limit in force for the calling thread
void set_num_threads(int threads);  // >= 1

// During its lifetime, calls of this thread start no other threads, if `wanted`.
class SerialScope {
 public:
  explicit SerialScope(bool wanted = true);
  ~SerialScope();
  SerialScope(const SerialScope&) = delete;
  SerialScope& operator=(const SerialScope&) = delete;

 private:
  const bool outer_;
};

// The last decision of threads_for on this thread, for lamina.profile.
struct ThreadDecision {
  int threads = 1;
  int limit = 1;
  Index chunks = 0;
  double flop = 0.0;
};
ThreadDecision last_thread_decision();
void forget_thread_decision();
// The number of calls of this thread whose chunks other threads could take.
Index times_shared();

struct ThreadInfo {
  int limit;           // in force
  std::string source;  // the source of the limit
  int affinity;        // CPUs this process may run on
  double quota;        // CPUs the cgroup grants; 0 without a quota
  std::string openmp;  // version date of the OpenMP specification
};
ThreadInfo thread_info();

}  // namespace lamina
