// Many independent jobs, each serial, spread over threads of their own.
//
// Kernels that a job calls start no threads, so that a job computes the same whichever thread takes
// it, and beside whatever else.  A job writes to a place of its own: results then depend neither on
// the number of threads nor on the order in which jobs end.  The threads live as long as the call,
// so that a fork before or after it changes nothing.
#pragma once

#include <atomic>
#include <functional>

#include "../kernel.h"

namespace lamina {

// What a job asks at times that are a few milliseconds apart: whether to give up.
using Cancelled = std::atomic<bool>;
using Job = std::function<void(Index index, const Cancelled& cancelled)>;
// Told on the calling thread, many times a second and once at the end, how many jobs are done;
// returns whether to go on.
using Watch = std::function<bool(Index done)>;
// Prepares the next job, on the calling thread; returns whether there was one.
using Feed = std::function<bool()>;

// Runs job(0) to job(count - 1), in this order as threads come free; returns how many were begun.
// Where the watch says to stop, or throws, no further job begins, and those at work are told.  What
// a job or the watch throws is thrown once all threads have ended: of several, that of the first
// job.
Index run_jobs(Index count, int threads, const Job& job, const Watch& watch = {});

// The same of jobs that are still being prepared while the first ones run: as many as `feed`
// brings. What it throws ends the call as what a watch throws does.
Index run_jobs(const Feed& feed, int threads, const Job& job, const Watch& watch = {});

}  // namespace lamina
