// The distance between the CPUs on which the team's threads run.
//
// Data written by one thread and read by another move from cache to cache.  Between cores with a
// common cache a line takes about 60 ns to another core and back, between others 330 ns (two cores
// of a Zen 4).  On a virtual machine the CPUs may be moved at any time, from one case to the other
// within a second.
#pragma once

namespace lamina {

// Nanoseconds from one thread of the team to another and back, measured at most 50 ms ago; 0 if
// only one thread runs or the others have never arrived in time.
double round_trip_ns();
// For tests: the value returned from now on; 0: the measured value.
void assume_round_trip(double ns);

}  // namespace lamina
