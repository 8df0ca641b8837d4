// On which CPU a thread is, whether it runs, and its way to another CPU.
//
// Where other processes hold CPUs, a thread that is waited for may stand in a queue while the one
// that waits has a CPU.  The system sorts that out in milliseconds, this in microseconds.  Where a
// thread may run is the same before and after.
#pragma once

#include <cstdint>

namespace lamina {

using ThreadNumber = int;  // the system's

ThreadNumber this_thread_number();
int current_cpu();  // -1 where the system does not say

// Nanoseconds that a thread has run so far, which grow while it has a CPU; 0 where unknown.
std::uint64_t run_time(ThreadNumber thread);

// Moves a thread that waits for a CPU to the calling thread's.
void bring_here(ThreadNumber thread);
// Moves a thread off a CPU, if it may run on another.
void send_away(ThreadNumber thread, int cpu);
// Moves the calling thread.
void go_to(int cpu);
void leave_this_cpu();

}  // namespace lamina
