// Inverted dropout: y = x / (1 - rate) where kept, else 0, so that the expectation remains x.
//
// Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014
// (there the weights are scaled at test time; here, as in Keras, the kept units in training).  An
// element is kept if its random word (philox.h), as a fraction of 2^32, is at least `rate`: the
// mask is the same for float and double, and backward draws it again.
#pragma once

#include "philox.h"

namespace lamina {
namespace LAMINA_ISA {

constexpr double dropout_work = 40;  // work per element, for threads_for

struct DropoutLaw {
  std::uint32_t threshold;  // kept: word >= threshold
  double scale;

  explicit DropoutLaw(double rate) : scale(1.0 / (1.0 - rate)) {
    const double t = rate * 0x1p32 + 0.5;
    threshold = t < 0x1p32 ? std::uint32_t(t) : 0xFFFFFFFFu;
  }
};

// `bits` belong to consecutive elements, lanes<float> of them.  Dropped elements become +0 by
// selection, not by multiplication, which would keep an infinity as NaN.
LAMINA_INLINE void drop(float* y, const float* x, vu32 bits, Index count, DropoutLaw law) {
  const vf scaled = load_count(x, count) * broadcast(float(law.scale));
  store_count(y, bits >= law.threshold ? scaled : vf{}, count);
}

LAMINA_INLINE void drop(double* y, const double* x, vu32 bits, Index count, DropoutLaw law) {
  typedef std::uint32_t half __attribute__((vector_size(LAMINA_VECTOR_BYTES / 2)));
  std::uint32_t words[lanes<float>];
  store(words, bits);
  for_vectors<double>(0, count, [&](Index i, Index n) {
    const vu64 word = __builtin_convertvector(load_as<half>(words + i), vu64);
    const vd scaled = load_count(x + i, n) * broadcast(law.scale);
    store_count(y + i, word >= std::uint64_t(law.threshold) ? scaled : vd{}, n);
  });
}

// The gradient of a ReLU's inputs from y, its outputs after dropout: y > 0 where the ReLU has a
// slope and the element was kept.
template <class V>
struct DroppedRelu {
  V scale;
  LAMINA_INLINE V backward(V dy, V y) const { return y > V{} ? dy * scale : V{}; }
};

// The table entry, see kernel.h (defined in dropout.cpp).
template <class T>
void dropout_forward(T* y, const T* x, Index size, double rate, RandomKey);

// y = dropout(y) in place for elements begin to end of a draw, on the calling thread (for an
// epilogue, whose block is in cache).
template <class T>
void drop_in_place(T* y, Index begin, Index end, const Philox& key, DropoutLaw law);

}  // namespace LAMINA_ISA
}  // namespace lamina
