// SimpleRNN: h' = activation(x w + h u + b).
#pragma once

#include "recurrent_cell.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T>
struct SimpleRnnCell {
  static constexpr bool two_products = false, passes_state = false;
  ActivationSpec activation;

  // z is h itself where the derivative needs no more than the output.
  void forward(const Step<T>& s) const {
    if (s.z != s.h) copy_values(s.h, s.z, s.rows * s.units);
    activate(s.h, s.rows * s.units, activation);
  }

  void backward(const Step<T>& s) const {
    const T* saved = derivative_from_output(activation.kind) ? s.h : s.z;
    if (!s.mask) {
      slope(s.dz, s.dh, saved, s.rows * s.units);
      return;
    }
    for (Index r = 0; r < s.rows; ++r) {
      const Index at = r * s.units;
      if (!s.live(r)) {
        zero_values(s.dz + at, s.units);
        continue;
      }
      slope(s.dz + at, s.dh + at, saved + at, s.units);
      zero_values(s.dh + at, s.units);
    }
  }

 private:
  void slope(T* dz, const T* dh, const T* saved, Index size) const {
    with_law<Vec<T>>(activation, [=](auto law) {
      for_vectors<T>(0, size, [=](Index i, Index count) __attribute__((always_inline)) {
        const Vec<T> y = load_count<T>(saved + i, count);
        store_count<T>(dz + i, law.backward(load_count<T>(dh + i, count), y), count);
      });
    });
  }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
