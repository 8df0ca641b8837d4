// GRU (Cho et al. 2014; as in Keras):
//   z, r = sigmoid(x w + h u + b),  h' = z h + (1 - z) hh
//   reset after:   hh = tanh(x w + b + r (h u + b'))     gates are ordered x's part, z, r, h's part
//   reset before:  hh = tanh(x w + (r h) u + b)          gates are ordered hh, z, r
#pragma once

#include "recurrent_cell.h"

namespace lamina {
namespace LAMINA_ISA {

template <class T, class Act, class Rec>
struct GruCell {
  static constexpr bool two_products = false, passes_state = true;
  Act act;
  Rec rec;

  void forward(const Step<T>& s) const {
    const Index u = s.units;
    for (Index r = 0; r < s.rows; ++r) {
      T* z = s.z + r * s.gates;
      const Index at = r * u;
      for_vectors<T>(0, u, [&](Index j, Index count) __attribute__((always_inline)) {
        fetch_next<4>(s, r, j);
        const Vec<T> zz = load_count<T>(z + u + j, count);
        const Vec<T> zr = load_count<T>(z + 2 * u + j, count);
        const Vec<T> update = rec.forward(zz), reset = rec.forward(zr);
        store_count<T>(z + u + j, rec.keep(zz, update), count);
        store_count<T>(z + 2 * u + j, rec.keep(zr, reset), count);
        const Vec<T> part = load_count<T>(z + 3 * u + j, count);
        store_count<T>(z + j, fma(reset, part, load_count<T>(z + j, count)), count);
      });
      // A separate loop, as in an lstm: 64 cycles in one loop, 56 in two; with AVX2 106 and 71.
      for_vectors<T>(0, u, [&](Index j, Index count) __attribute__((always_inline)) {
        const Vec<T> zh = load_count<T>(z + j, count), hh = act.forward(zh);
        store_count<T>(z + j, act.keep(zh, hh), count);
        const Vec<T> update = rec.output(load_count<T>(z + u + j, count));
        const Vec<T> before = load_count<T>(s.h_before + at + j, count);
        store_count<T>(s.h + at + j, fma(update, before - hh, hh), count);
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
        const Vec<T> sh = load_count<T>(z + j, count), sz = load_count<T>(z + u + j, count);
        const Vec<T> sr = load_count<T>(z + 2 * u + j, count);
        const Vec<T> update = rec.output(sz);
        const Vec<T> dh = load_count<T>(s.dh + at + j, count);
        const Vec<T> change = load_count<T>(s.h_before + at + j, count) - act.output(sh);
        const Vec<T> dhh = act.backward(dh * (1 - update), sh);
        store_count<T>(dz + j, dhh, count);
        store_count<T>(dz + u + j, rec.backward(dh * change, sz), count);
        const Vec<T> part = load_count<T>(z + 3 * u + j, count);
        store_count<T>(dz + 2 * u + j, rec.backward(dhh * part, sr), count);
        store_count<T>(dz + 3 * u + j, dhh * rec.output(sr), count);
        store_count<T>(s.dh + at + j, dh * update, count);
      });
    }
  }
};

template <class T, class Act, class Rec>
struct GruResetBeforeCell {
  static constexpr bool two_products = true, passes_state = true;
  Act act;
  Rec rec;

  // Between the products: the gates, and r h as a source of the second product.
  void reset(const Step<T>& s) const {
    const Index u = s.units;
    for (Index r = 0; r < s.rows; ++r) {
      T* z = s.z + r * s.gates + u;
      T* source = s.source + r * s.source_ld;
      for_vectors<T>(0, u, [&](Index j, Index count) __attribute__((always_inline)) {
        const Vec<T> zz = load_count<T>(z + j, count), zr = load_count<T>(z + u + j, count);
        const Vec<T> reset = rec.forward(zr);
        store_count<T>(z + j, rec.keep(zz, rec.forward(zz)), count);
        store_count<T>(z + u + j, rec.keep(zr, reset), count);
        store_count<T>(source + j, reset * load_count<T>(source + s.h_at + j, count), count);
      });
    }
  }
  void forward(const Step<T>& s) const {
    const Index u = s.units;
    for (Index r = 0; r < s.rows; ++r) {
      T* z = s.z + r * s.gates;
      const Index at = r * u;
      for_vectors<T>(0, u, [&](Index j, Index count) __attribute__((always_inline)) {
        fetch_next<3>(s, r, j);
        const Vec<T> zh = load_count<T>(z + j, count), hh = act.forward(zh);
        store_count<T>(z + j, act.keep(zh, hh), count);
        const Vec<T> update = rec.output(load_count<T>(z + u + j, count));
        const Vec<T> before = load_count<T>(s.h_before + at + j, count);
        store_count<T>(s.h + at + j, fma(update, before - hh, hh), count);
      });
    }
  }

  // r h again, as a source for the weights' gradient.
  void remember(const Step<T>& s) const {
    const Index u = s.units;
    for (Index r = 0; r < s.rows; ++r) {
      const T* z = s.z + r * s.gates + 2 * u;
      T* source = s.source + r * s.source_ld;
      for_vectors<T>(0, u, [&](Index j, Index count) __attribute__((always_inline)) {
        const Vec<T> reset = rec.output(load_count<T>(z + j, count));
        store_count<T>(source + j, reset * load_count<T>(source + s.h_at + j, count), count);
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
        fetch_next<3>(s, r, j);
        const Vec<T> sh = load_count<T>(z + j, count), sz = load_count<T>(z + u + j, count);
        const Vec<T> update = rec.output(sz);
        const Vec<T> dh = load_count<T>(s.dh + at + j, count);
        const Vec<T> change = load_count<T>(s.h_before + at + j, count) - act.output(sh);
        store_count<T>(dz + j, act.backward(dh * (1 - update), sh), count);
        store_count<T>(dz + u + j, rec.backward(dh * change, sz), count);
        store_count<T>(s.dh + at + j, dh * update, count);
      });
    }
  }
  // After the product has calculated the gradient of r h.
  void reset_backward(const Step<T>& s) const {
    const Index u = s.units;
    for (Index r = 0; r < s.rows; ++r) {
      const T* z = s.z + r * s.gates + 2 * u;
      const T* before = s.source + r * s.source_ld + s.h_at;
      T* dz = s.dz + r * s.gates + 2 * u;
      T* product = s.product + r * u;
      for_vectors<T>(0, u, [&](Index j, Index count) __attribute__((always_inline)) {
        const Vec<T> sr = load_count<T>(z + j, count), d = load_count<T>(product + j, count);
        store_count<T>(dz + j, rec.backward(d * load_count<T>(before + j, count), sr), count);
        store_count<T>(product + j, d * rec.output(sr), count);
      });
    }
  }
};

}  // namespace LAMINA_ISA
}  // namespace lamina
