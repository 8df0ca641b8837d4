#include "update.h"

#include <algorithm>
#include <cmath>

#include "runtime/isa.h"

namespace lamina {
namespace {

template <class T>
void clip(const UpdateSettings& settings, const std::vector<GradientSlice>& slices, T* gradient) {
  const Kernels<T>& k = kernels<T>();
  if (settings.clipvalue > 0.0)
    for (const GradientSlice& s : slices)
      k.clip(gradient + s.offset, gradient + s.offset, settings.clipvalue, s.parameter->size);
  if (settings.clipnorm <= 0.0 && settings.global_clipnorm <= 0.0) return;
  double total = 0.0;
  for (const GradientSlice& s : slices) {
    T* g = gradient + s.offset;
    const double squares = k.dot(g, g, s.parameter->size);
    total += squares;
    if (settings.clipnorm > 0.0 && std::sqrt(squares) > settings.clipnorm)
      k.scale(g, g, settings.clipnorm / std::sqrt(squares), s.parameter->size);
  }
  if (settings.global_clipnorm > 0.0 && std::sqrt(total) > settings.global_clipnorm)
    for (const GradientSlice& s : slices)
      k.scale(gradient + s.offset, gradient + s.offset, settings.global_clipnorm / std::sqrt(total),
              s.parameter->size);
}

// A run of parameters that lie one behind the other, in their storage as in the gradient.
template <class T>
struct Run {
  T* parameters;
  Index offset, size;
  bool decays;
};

template <class T>
void step_run(const UpdateSettings& u, const Run<T>& run, T* gradient, double learning_rate,
              std::int64_t step) {
  const Kernels<T>& k = kernels<T>();
  const auto slot = [&](std::size_t i) {
    T* base = i < u.slots.size() ? reinterpret_cast<T*>(u.slots[i]) : nullptr;
    return base == nullptr ? nullptr : base + run.offset;
  };
  const T* g = gradient + run.offset;
  const double decay = run.decays ? u.weight_decay : 0.0;
  if (decay != 0.0 && u.rule != Rule::adam)
    k.scale(run.parameters, run.parameters, 1.0 - learning_rate * decay, run.size);
  switch (u.rule) {
    case Rule::sgd:
      k.sgd(run.parameters, slot(0), g, run.size, {learning_rate, u.momentum, u.nesterov});
      break;
    case Rule::rmsprop:
      k.rmsprop(run.parameters, slot(0), slot(1), slot(2), g, run.size,
                {learning_rate, u.rho, u.momentum, u.epsilon, u.centered});
      break;
    case Rule::adam:
      k.adam(run.parameters, slot(0), slot(1), slot(2), g, run.size,
             {learning_rate, u.beta_1, u.beta_2, u.epsilon, decay, step});
      break;
    case Rule::none:
      break;
  }
}

}  // namespace

template <class T>
void apply_update(const UpdateSettings& settings, const std::vector<GradientSlice>& slices,
                  T* gradient, double learning_rate, std::int64_t step) {
  if (settings.rule == Rule::none) return;
  clip(settings, slices, gradient);
  Run<T> run{nullptr, 0, 0, true};
  for (const GradientSlice& slice : slices) {
    T* data = reinterpret_cast<T*>(slice.parameter->data());
    const bool decays = settings.weight_decay != 0.0 &&
                        std::find(settings.no_decay.begin(), settings.no_decay.end(),
                                  slice.parameter.get()) == settings.no_decay.end();
    const Index padded = Index(padded_bytes(*slice.parameter) / sizeof(T));
    const bool follows = run.size > 0 && run.parameters + run.size == data &&
                         run.offset + run.size == slice.offset && run.decays == decays;
    if (!follows) {
      if (run.size > 0) step_run(settings, run, gradient, learning_rate, step);
      run = {data, slice.offset, 0, decays};
    }
    run.size += padded;  // the padding holds zeros and keeps them: its gradient is zero
  }
  if (run.size > 0) step_run(settings, run, gradient, learning_rate, step);
}

template void apply_update<float>(const UpdateSettings&, const std::vector<GradientSlice>&, float*,
                                  double, std::int64_t);
template void apply_update<double>(const UpdateSettings&, const std::vector<GradientSlice>&,
                                   double*, double, std::int64_t);

}  // namespace lamina
