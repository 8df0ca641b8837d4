// Optimizers: one pass over a flat run of parameters, in place.
//
// The update rules and the places of epsilon are Keras 3's (keras.optimizers); every element is a
// chain of its own, so neither chunks nor threads change a bit.
#include <math.h>

#include "simd.h"
#include "table.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

// g: the gradient.  velocity = momentum velocity - rate g; p += velocity, and with Nesterov's
// momentum p += momentum velocity - rate g.
template <class T, bool with_velocity, bool nesterov>
void sgd_run(T* param, T* velocity, const T* grad, Index size, SgdSpec spec) {
  const Vec<T> rate = broadcast(T(spec.learning_rate)), momentum = broadcast(T(spec.momentum));
  parallel_elements(size, with_velocity ? 40 : 25, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      const Vec<T> step = rate * load_count(grad + i, count), p = load_count(param + i, count);
      if (!with_velocity) return store_count(param + i, p - step, count);
      const Vec<T> v = momentum * load_count(velocity + i, count) - step;
      store_count(velocity + i, v, count);
      store_count(param + i, nesterov ? p + (momentum * v - step) : p + v, count);
    });
  });
}

template <class T>
void sgd(T* param, T* velocity, const T* grad, Index size, SgdSpec spec) {
  if (velocity == nullptr) return sgd_run<T, false, false>(param, velocity, grad, size, spec);
  if (spec.nesterov) return sgd_run<T, true, true>(param, velocity, grad, size, spec);
  sgd_run<T, true, false>(param, velocity, grad, size, spec);
}

// s = rho s + (1 - rho) g^2, and where centered a = rho a + (1 - rho) g: the step is
// rate g / sqrt(s - a^2 + epsilon), taken at once or through momentum b = momentum b + step.
// s - a^2 is a variance; where rounding makes it negative it counts as 0.
template <class T, bool with_momentum, bool centered>
void rmsprop_run(T* param, T* mean_square, T* moment, T* mean_grad, const T* grad, Index size,
                 RmspropSpec spec) {
  using V = Vec<T>;
  const V rate = broadcast(T(spec.learning_rate)), momentum = broadcast(T(spec.momentum));
  const V rho = broadcast(T(spec.rho)), rest = broadcast(T(1 - spec.rho));
  const V epsilon = broadcast(T(spec.epsilon));
  parallel_elements(size, 60, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      const V g = load_count(grad + i, count);
      const V s = rho * load_count(mean_square + i, count) + rest * (g * g);
      store_count(mean_square + i, s, count);
      V spread = s;
      if (centered) {
        const V a = rho * load_count(mean_grad + i, count) + rest * g;
        store_count(mean_grad + i, a, count);
        spread = max(V{}, s - a * a);
      }
      V step = rate * g / sqrt(spread + epsilon);
      if (with_momentum) {
        step = momentum * load_count(moment + i, count) + step;
        store_count(moment + i, step, count);
      }
      store_count(param + i, load_count(param + i, count) - step, count);
    });
  });
}

template <class T>
void rmsprop(T* param, T* mean_square, T* momentum, T* mean_grad, const T* grad, Index size,
             RmspropSpec spec) {
  const auto run =
      momentum != nullptr
          ? (mean_grad != nullptr ? rmsprop_run<T, true, true> : rmsprop_run<T, true, false>)
          : (mean_grad != nullptr ? rmsprop_run<T, false, true> : rmsprop_run<T, false, false>);
  run(param, mean_square, momentum, mean_grad, grad, size, spec);
}

// Kingma and Ba, "Adam: a method for stochastic optimization", 2015, in the order of its section
// 2's end: the bias corrections are in alpha, and epsilon is the paper's "epsilon hat".
//   m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2);  p -= alpha m / (sqrt(v) + epsilon)
// AdamW (Loshchilov and Hutter, 2019) shrinks p first; amsgrad (Reddi, Kale, Kumar, 2018) divides
// by the largest v so far.
template <class T, bool amsgrad, bool decay>
void adam_run(T* param, T* m_, T* v_, T* max_v, const T* grad, Index size, AdamSpec spec) {
  using V = Vec<T>;
  const double power_1 = ::pow(spec.beta_1, double(spec.step));
  const double power_2 = ::pow(spec.beta_2, double(spec.step));
  const V alpha = broadcast(T(spec.learning_rate * ::sqrt(1 - power_2) / (1 - power_1)));
  const V rest_1 = broadcast(T(1 - spec.beta_1)), rest_2 = broadcast(T(1 - spec.beta_2));
  const V epsilon = broadcast(T(spec.epsilon));
  const V shrink = broadcast(T(spec.learning_rate * spec.weight_decay));
  parallel_elements(size, 70, [=](Index begin, Index end) {
    for_vectors<T>(begin, end, [=](Index i, Index count) {
      const V g = load_count(grad + i, count);
      V m = load_count(m_ + i, count), v = load_count(v_ + i, count);
      V p = load_count(param + i, count);
      m = fma(g - m, rest_1, m);
      v = fma(fma(g, g, -v), rest_2, v);
      store_count(m_ + i, m, count);
      store_count(v_ + i, v, count);
      if (amsgrad) {
        v = max(load_count(max_v + i, count), v);
        store_count(max_v + i, v, count);
      }
      if (decay) p = p - p * shrink;
      store_count(param + i, p - alpha * m / (sqrt(v) + epsilon), count);
    });
  });
}

template <class T>
void adam(T* param, T* m, T* v, T* max_v, const T* grad, Index size, AdamSpec spec) {
  const auto run =
      max_v != nullptr
          ? (spec.weight_decay != 0 ? adam_run<T, true, true> : adam_run<T, true, false>)
          : (spec.weight_decay != 0 ? adam_run<T, false, true> : adam_run<T, false, false>);
  run(param, m, v, max_v, grad, size, spec);
}

}  // namespace

template <class T>
void fill_optimizers(Kernels<T>& k) {
  k.sgd = sgd<T>;
  k.rmsprop = rmsprop<T>;
  k.adam = adam<T>;
}
template void fill_optimizers(Kernels<float>&);
template void fill_optimizers(Kernels<double>&);

}  // namespace LAMINA_ISA
}  // namespace lamina
