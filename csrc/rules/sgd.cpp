// Gradient descent, optionally with momentum (Sutskever et al. 2013).
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { momentum, nesterov };

// g: the gradient.  velocity = momentum velocity - rate g; p += velocity, and with Nesterov's
// momentum p += momentum velocity - rate g.
template <class T, bool with_velocity, bool with_nesterov>
void run(const RuleStep<T>& s) {
  T *param = s.param, *velocity = s.slots[0];
  const T* grad = s.grad;
  const Vec<T> rate = broadcast(T(s.learning_rate)), share = broadcast(T(s.settings[momentum]));
  each_vector<T>(s.size, with_velocity ? 40 : 25, [=](Index i, Index count) {
    const Vec<T> step = rate * load_count(grad + i, count), p = load_count(param + i, count);
    if (!with_velocity) return store_count(param + i, p - step, count);
    const Vec<T> v = share * load_count(velocity + i, count) - step;
    store_count(velocity + i, v, count);
    store_count(param + i, with_nesterov ? p + (share * v - step) : p + v, count);
  });
}

template <class T>
void step(const RuleStep<T>& s) {
  if (s.slots[0] == nullptr) return run<T, false, false>(s);
  if (s.settings[nesterov] != 0) return run<T, true, true>(s);
  run<T, true, false>(s);
}

}  // namespace

LAMINA_RULE(sgd) = {"sgd",
                    {fraction("momentum", 0.0), flag("nesterov")},
                    {{"velocity", "momentum", nullptr}},
                    nullptr,
                    false,
                    step<float>,
                    step<double>};

}  // namespace LAMINA_ISA
}  // namespace lamina
