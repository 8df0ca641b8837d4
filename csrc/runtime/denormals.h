// Numbers below the smallest normal one count as zero while the engine computes.
//
// Adam's first moment of a weight without gradient shrinks by a tenth a step, is denormal after 786
// steps in float32 and stays so, as 0.9 times the least denormal rounds to itself; x86 takes such
// numbers through microcode.  The update of 65,536 parameters took 37 us with denormal moments and
// takes 24 without.  The processor is told so, thread by thread, and the caller's setting is put
// back, since NumPy and other libraries compute in the same thread.  Where a processor has no such
// setting nothing changes but the time.
#pragma once

#include "float_control.h"

namespace lamina {

// While it lives, this thread reads denormals as zero and writes zero for them.
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

// While it lives, this thread computes as it did before the engine began: for the caller's own
// code.
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
