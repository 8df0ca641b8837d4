// Many independent jobs, each serial, distributed over separate threads.
//
// Kernels that a job calls start no threads, so that the result of a job does not depend on its
// thread or on other jobs.  Each job writes to its own place: results then depend neither on the
// number of threads nor on the order in which jobs end.  The threads exist for the duration of the
// call, so that a fork before or after it has no effect.
#pragma once

#include <atomic>
#include <functional>

#include "../kernel.h"

namespace lamina {

// A flag that a job checks every few milliseconds: whether to stop.
using Cancelled = std::atomic<bool>;
using Job = std::function<void(Index index, const Cancelled& cancelled)>;
// Called on the calling thread, many times a second and once at the end, with the number of
// completed jobs; returns whether to continue.
using Watch = std::function<bool(Index done)>;
// Prepares the next job, on the calling thread; returns whether there was one.
using Feed = std::function<bool()>;

// Runs job(0) to job(count - 1), in this order as threads become free; returns how many were begun.
// If the watch returns false or throws, no further job begins and running ones are cancelled.
// Exceptions of jobs or of the watch are rethrown when all threads have ended: if there are
// several, that of the first job.
Index run_jobs(Index count, int threads, const Job& job, const Watch& watch = {});

// The same for jobs that are still being prepared while the first ones run: as many as `feed`
// provides.  An exception of `feed` ends the call like one of the watch.
Index run_jobs(const Feed& feed, int threads, const Job& job, const Watch& watch = {});

}  // namespace lamina
