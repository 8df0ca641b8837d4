// Inverted dropout: y = x / (1 - rate) where kept, else 0, so that the expectation remains x.
//
// Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014
// (there the weights are scaled at test time; here, as in Keras, the kept units in training).  An
// element is kept if its random word (philox.h), as a fraction of 2^32, is at least `rate`: the
// mask is the same for float and double, and backward draws it again.
#include "philox.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

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

template <class T>
void fill_with(T* y, Index size, T value) {
  for (Index i = 0; i < size; ++i) y[i] = value;
}

template <class T>
void dropout_forward(T* y, const T* x, Index size, double rate, RandomKey random_key) {
  if (rate >= 1) return fill_with(y, size, T(0));
  const Philox key(random_key);
  const DropoutLaw law(rate);
  parallel_elements(size, dropout_work, [&](Index begin, Index end) {
    philox_range(key, begin, end,
                 [&](Index e, vu32 bits, Index count) { drop(y + e, x + e, bits, count, law); });
  });
}

template <class T>
void dropout_backward(T* dx, const T* dy, const T* y, Index size, double rate,
                      RandomKey random_key) {
  // The layer multiplies by a diagonal matrix: backward applies the same map to dy.
  if (y == nullptr || rate >= 1) return dropout_forward(dx, dy, size, rate, random_key);
  const Vec<T> scale = broadcast(T(DropoutLaw(rate).scale)), zero = {};
  parallel_elements(size, 8, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      const Vec<T> scaled = load_count(dy + i, count) * scale;
      store_count(dx + i, load_count(y + i, count) > zero ? scaled : zero, count);
    });
  });
}

}  // namespace

template <class T>
[[gnu::cold]] void fill_dropout(Kernels<T>& k) {
  k.dropout_forward = dropout_forward<T>;
  k.dropout_backward = dropout_backward<T>;
}
template void fill_dropout(Kernels<float>&);
template void fill_dropout(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
