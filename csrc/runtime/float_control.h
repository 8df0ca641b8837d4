// The calling thread's floating-point control word: rounding and the treatment of denormals.
//
// A caller's settings would not apply to the threads that work for it, and the bits of a result
// would depend on which thread took a chunk.  Therefore these threads adopt the caller's word while
// they work.
#pragma once

#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace lamina {

// MXCSR on x86, FPCR on ARM; other processors have nothing to adopt.
using FloatControl = std::uint64_t;

#if defined(__x86_64__) || defined(_M_X64)
inline FloatControl float_control() { return _mm_getcsr(); }
inline void set_float_control(FloatControl word) { _mm_setcsr(static_cast<unsigned>(word)); }
#elif defined(__aarch64__)
inline FloatControl float_control() {
  FloatControl word;
  asm volatile("mrs %0, fpcr" : "=r"(word));
  return word;
}
inline void set_float_control(FloatControl word) { asm volatile("msr fpcr, %0" ::"r"(word)); }
#else
inline FloatControl float_control() { return 0; }
inline void set_float_control(FloatControl) {}
#endif

// During its lifetime, this thread computes with another thread's control word.
class AdoptedFloatControl {
 public:
  explicit AdoptedFloatControl(FloatControl word) : own_(float_control()), adopted_(word) {
    if (adopted_ != own_) set_float_control(adopted_);
  }
  ~AdoptedFloatControl() {
    if (adopted_ != own_) set_float_control(own_);
  }
  AdoptedFloatControl(const AdoptedFloatControl&) = delete;
  AdoptedFloatControl& operator=(const AdoptedFloatControl&) = delete;

 private:
  const FloatControl own_, adopted_;
};

}  // namespace lamina
