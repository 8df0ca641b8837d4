// SimpleRNN: h' = activation(x w + h u + b).
#pragma once

#include "gate_laws.h"
#include "recurrent_cell.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
struct SimpleRnnCell {
  static constexpr bool two_products = false, passes_state = false;
  ActivationSpec activation;

  // z is h itself if the derivative only needs the output.
  void forward(const Step<T>& s) const {
    if (s.z != s.h) copy_values(s.h, s.z, s.rows * s.units);
    if (activation.kind == Activation::tanh) return hyperbolic(s);
    fetch_rows(s.h + s.to_next_h, 0, 1, s.rows * s.units);
    activate(s.h, s.rows * s.units, activation);
  }

  void backward(const Step<T>& s) const {
    if (!s.mask) {
      slope(s, 0, s.rows * s.units);
      return;
    }
    for (Index r = 0; r < s.rows; ++r) {
      const Index at = r * s.units;
      if (!s.live(r)) {
        zero_values(s.dz + at, s.units);
        continue;
      }
      slope(s, at, s.units);
      zero_values(s.dh + at, s.units);
    }
  }

 private:
  void hyperbolic(const Step<T>& s) const {
    for_vectors<T>(0, s.rows * s.units, [&](Index i, Index count) __attribute__((always_inline)) {
      second_cache_prefetch(s.h + i + s.to_next_h);
      store_count<T>(s.h + i, GateTanh<Vec<T>>{}.forward(load_count<T>(s.h + i, count)), count);
    });
  }
  void slope(const Step<T>& s, Index begin, Index size) const {
    const T* const saved = derivative_from_output(activation.kind) ? s.h : s.z;
    with_law<Vec<T>>(activation, [&](auto law) {
      for_vectors<T>(begin, begin + size, [&](Index i, Index count) __attribute__((always_inline)) {
        second_cache_prefetch(s.h + i + s.to_next_h);
        const Vec<T> y = load_count<T>(saved + i, count);
        store_count<T>(s.dz + i, law.backward(load_count<T>(s.dh + i, count), y), count);
      });
    });
  }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
