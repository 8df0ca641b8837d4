// The CPU a thread is on, whether the thread runs, and moving it to another CPU.
//
// If other processes occupy CPUs, a thread may be queued for a CPU while the thread that waits for
// it has one.  The operating system resolves that in milliseconds, this code in microseconds.  The
// affinity of a thread is the same before and after.
#pragma once

#include <cstdint>

namespace lamina {

using ThreadNumber = int;  // as numbered by the system

ThreadNumber this_thread_number();
int current_cpu();  // -1 if the system does not tell

// Nanoseconds that a thread has run so far, which increase while it has a CPU; 0 if unknown.
std::uint64_t run_time(ThreadNumber thread);

// Moves a thread that waits for a CPU to the calling thread's CPU.
void bring_here(ThreadNumber thread);
// Moves a thread off a CPU, if it may run on another.
void send_away(ThreadNumber thread, int cpu);
// Move the calling thread.
void go_to(int cpu);
void leave_this_cpu();

}  // namespace lamina
