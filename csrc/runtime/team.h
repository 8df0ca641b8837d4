// One team of threads for the whole process, which works for any caller.
//
// A caller divides its chunks into parts, one for each thread it wants, and begins with the first.
// Free members of the team take the other parts.  A thread that has finished its part takes chunks
// from the ends of other parts, so that a thread that comes late, or whose CPU another process
// occupies, delays the call by no more than the chunk that it has begun.  The caller waits only for
// chunks that have begun.  Several callers are served in parallel.
//
// Members watch for the next call for half a millisecond, then sleep.  They are not OpenMP's
// threads: an OpenMP region that is kept open needs one more thread, because its first member is
// the thread that opened it; it ends the process if the system refuses a thread; and it does not
// survive a fork.
#pragma once

#include "region.h"

namespace lamina {

// Runs all chunks, on the calling thread and at most `threads` - 1 others.
void run_on_team(int threads, const TeamCall& call);

// Whether a call would find a member awake.
bool team_is_awake();
// The number of threads that can run: fewer than requested once the system has refused one.
int startable_threads();
// The number of units that members have taken so far, for all callers.
Index units_helped();
// For tests of threading: callers wait for all members that they ask for, and wake them regardless
// of the amount of work and of their distance.  Off by default.
void share_evenly(bool evenly);
bool shares_evenly();

// Whether the calling thread is working on a chunk.
bool within_team();

// To be called in the child of a fork(), where the members do not exist.
void forget_team();

}  // namespace lamina
