// Flushing of denormal numbers to zero while the engine computes.
//
// Adam's first moment of a weight without gradient shrinks by a tenth per step, is denormal after
// 786 steps in float32 and stays so, because 0.9 times the smallest denormal rounds to itself; x86
// handles such numbers in microcode.  The update of 65,536 parameters took 37 us with denormal
// moments and takes 24 us without.  The processor is set per thread, and the caller's setting is
// restored afterwards because NumPy and other libraries compute in the same thread.  On a processor
// without such a setting only the time differs.
#pragma once

#include "float_control.h"

namespace lamina {

// During its lifetime, this thread reads denormals as zero and writes zero in place of them.
class FlushDenormals {
 public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
  const FloatControl before_;
  const bool outermost_;
};

// During its lifetime, this thread has the settings from before the engine began: for the caller's
// own code.
class CallersFloats {
 public:
  CallersFloats();
  ~CallersFloats();
  CallersFloats(const CallersFloats&) = delete;
  CallersFloats& operator=(const CallersFloats&) = delete;

 private:
  const FloatControl before_;
  const bool flushing_;
};

}  // namespace lamina
