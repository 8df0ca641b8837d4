// How far apart the CPUs are on which the team's threads run.
//
// What one thread has written and another reads crosses from cache to cache.  Between cores with a
// common cache a line takes some 60 ns to another core and back, between others 330 (two cores of a
// Zen 4).  On a virtual machine the CPUs may be moved at any time, from the one to the other within
// a second.
#pragma once

namespace lamina {

// Nanoseconds from one thread of the team to another and back, no older than 50 ms; 0 where one
// thread runs, or where the others have never come in time.
double round_trip_ns();
// For tests: what it returns from now on; 0: what is measured.
void assume_round_trip(double ns);

}  // namespace lamina
