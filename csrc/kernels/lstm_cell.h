// LSTM (Hochreiter and Schmidhuber 1997, with forget gates; as in Keras):
//   i, f, o = sigmoid(x w + h u + b),  g = tanh(x w + h u + b)
//   c' = f c + i g,  h' = o tanh(c')
// Gates are ordered g, i, f, o.
#pragma once

#include "recurrent_cell.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T, class Act, class Rec>
struct LstmCell {
  static constexpr bool two_products = false, passes_state = false;
  Act act;
  Rec rec;

  void forward(const Step<T>& s) const {
    const Index u = s.units;
    for (Index r = 0; r < s.rows; ++r) {
      T* z = s.z + r * s.gates;
      const Index at = r * u;
      for_vectors<T>(0, u, [&](Index j, Index count) __attribute__((always_inline)) {
        fetch_next<4>(s, r, j);
        second_cache_prefetch(s.c + at + j + s.to_next_c);
        const Vec<T> zg = load_count<T>(z + j, count), zi = load_count<T>(z + u + j, count);
        const Vec<T> zf = load_count<T>(z + 2 * u + j, count);
        const Vec<T> zo = load_count<T>(z + 3 * u + j, count);
        const Vec<T> g = act.forward(zg), i = rec.forward(zi), f = rec.forward(zf),
                     o = rec.forward(zo);
        store_count<T>(z + j, act.keep(zg, g), count);
        store_count<T>(z + u + j, rec.keep(zi, i), count);
        store_count<T>(z + 2 * u + j, rec.keep(zf, f), count);
        store_count<T>(z + 3 * u + j, rec.keep(zo, o), count);
        const Vec<T> c = fma(f, load_count<T>(s.c_before + at + j, count), i * g);
        store_count<T>(s.c + at + j, c, count);
      });
      // A separate loop, so that no law waits for another: 16 rows of 64 units took 91 cycles per
      // vector of units in one loop on a Zen 4, 82 in two; with AVX2 159 and 118.
      for_vectors<T>(0, u, [&](Index j, Index count) __attribute__((always_inline)) {
        const Vec<T> o = rec.output(load_count<T>(z + 3 * u + j, count));
        store_count<T>(s.h + at + j, o * act.forward(load_count<T>(s.c + at + j, count)), count);
      });
    }
  }

  void backward(const Step<T>& s) const {
    const Index u = s.units;
    for (Index r = 0; r < s.rows; ++r) {
      T* dz = s.dz + r * s.gates;
      if (!s.live(r)) {
        zero_values(dz, s.gates);
        continue;
      }
      const T* z = s.z + r * s.gates;
      const Index at = r * u;
      for_vectors<T>(0, u, [&](Index j, Index count) __attribute__((always_inline)) {
        fetch_next<4>(s, r, j);
        second_cache_prefetch(s.c + at + j + s.to_next_c);
        const Vec<T> sg = load_count<T>(z + j, count), si = load_count<T>(z + u + j, count);
        const Vec<T> sf = load_count<T>(z + 2 * u + j, count);
        const Vec<T> so = load_count<T>(z + 3 * u + j, count);
        const Vec<T> c = load_count<T>(s.c + at + j, count), y = act.forward(c);
        const Vec<T> dh = load_count<T>(s.dh + at + j, count);
        const Vec<T> dc =
            load_count<T>(s.dc + at + j, count) + act.backward(dh * rec.output(so), act.keep(c, y));
        const Vec<T> before = load_count<T>(s.c_before + at + j, count);
        store_count<T>(dz + j, act.backward(dc * rec.output(si), sg), count);
        store_count<T>(dz + u + j, rec.backward(dc * act.output(sg), si), count);
        store_count<T>(dz + 2 * u + j, rec.backward(dc * before, sf), count);
        store_count<T>(dz + 3 * u + j, rec.backward(dh * y, so), count);
        store_count<T>(s.dc + at + j, dc * rec.output(sf), count);
        store_count<T>(s.dh + at + j, Vec<T>{}, count);
      });
    }
  }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
