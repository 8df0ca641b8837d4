// One team of threads for the whole process, which works for whoever calls it.
//
// A caller cuts its chunks into parts, one for each thread it wants, and begins with the first.
// Members of the team that are free take the other parts.  Who is through with a part takes chunks
// off the ends of others, so that a thread that comes late, or whose CPU another process holds,
// delays nobody by more than the chunk that it has begun.  The caller waits for begun chunks alone.
// Several callers are served side by side.
//
// Members look out for the next call for half a millisecond, then sleep.  They are threads
// of their own and not OpenMP's: a region of OpenMP that is held open needs one thread more, as its
// first member is the thread that opened it, ends the process where the system refuses a thread,
// and does not survive a fork.
#pragma once

#include "region.h"

namespace lamina {

// Runs all chunks, on the calling thread and at most `threads` - 1 others.
void run_on_team(int threads, const TeamCall& call);

// Whether a call would find somebody awake.
bool team_is_awake();
// How many threads can run: fewer than were asked for once the system has refused one.
int startable_threads();
// How many units of chunks members have taken in all, for whomever.
Index units_helped();
// For tests of what threads do: callers wait for all members that they ask, and wake them whatever
// the work and however far away they are.  Off at first.
void share_evenly(bool evenly);
bool shares_evenly();

// Whether the calling thread works at a chunk.
bool within_team();

// To be called in the child of a fork(), where the members are gone.
void forget_team();

}  // namespace lamina
