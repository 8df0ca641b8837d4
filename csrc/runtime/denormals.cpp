#include "denormals.h"

namespace lamina {
namespace {

#if defined(__x86_64__) || defined(_M_X64)
constexpr FloatControl flush = 0x8000 | 0x0040;  // results (FTZ), operands (DAZ)
#elif defined(__aarch64__)
constexpr FloatControl flush = FloatControl(1) << 24;  // FZ: both
#else
constexpr FloatControl flush = 0;
#endif

thread_local bool flushing = false;
thread_local FloatControl callers = 0;  // the caller's word, while flushing

}  // namespace

FlushDenormals::FlushDenormals() : before_(float_control()), outermost_(!flushing) {
  if (!outermost_) return;
  flushing = true;
  callers = before_;
  set_float_control(before_ | flush);
}

FlushDenormals::~FlushDenormals() {
  if (!outermost_) return;
  set_float_control(before_);
  flushing = false;
}

CallersFloats::CallersFloats() : before_(float_control()), flushing_(flushing) {
  if (!flushing_) return;
  flushing = false;
  set_float_control(callers);
}

CallersFloats::~CallersFloats() {
  if (!flushing_) return;
  set_float_control(before_);
  flushing = true;
}

}  // namespace lamina
