// RMSprop (Tieleman and Hinton 2012), centered as in Graves 2013; epsilon is inside the square
// root, as in Keras.
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { rho, momentum, epsilon };

// s = rho s + (1 - rho) g^2 and, if centered, a = rho a + (1 - rho) g: the step is rate g / sqrt(s
// - a^2 + epsilon), applied directly or through the momentum b = momentum b + step. s - a^2 is a
// variance; if rounding makes it negative, it counts as 0.
template <class T, bool with_momentum, bool centered>
void run(const RuleStep<T>& s) {
  using V = Vec<T>;
  T *param = s.param, *mean_square = s.slots[0], *velocity = s.slots[1], *mean_grad = s.slots[2];
  const T* grad = s.grad;
  const V rate = broadcast(T(s.learning_rate)), share = broadcast(T(s.settings[momentum]));
  const V keep = broadcast(T(s.settings[rho])), rest = broadcast(T(1 - s.settings[rho]));
  const V least = broadcast(T(s.settings[epsilon]));
  each_vector<T>(s.size, 60, [=](Index i, Index count) {
    const V g = load_count(grad + i, count);
    const V square = keep * load_count(mean_square + i, count) + rest * (g * g);
    store_count(mean_square + i, square, count);
    V spread = square;
    if (centered) {
      const V mean = keep * load_count(mean_grad + i, count) + rest * g;
      store_count(mean_grad + i, mean, count);
      spread = max(V{}, square - mean * mean);
    }
    V step = rate * g / sqrt(spread + least);
    if (with_momentum) {
      step = share * load_count(velocity + i, count) + step;
      store_count(velocity + i, step, count);
    }
    store_count(param + i, load_count(param + i, count) - step, count);
  });
}

template <class T>
void step(const RuleStep<T>& s) {
  const bool moves_on = s.slots[1] != nullptr, centered = s.slots[2] != nullptr;
  const auto with = moves_on ? (centered ? run<T, true, true> : run<T, true, false>)
                             : (centered ? run<T, false, true> : run<T, false, false>);
  with(s);
}

}  // namespace

LAMINA_RULE(rmsprop) = {
    "rmsprop",
    {decay_rate("rho", 0.9), fraction("momentum", 0.0), amount("epsilon", 1e-7), flag("centered")},
    {{"mean_square", nullptr, nullptr},
     {"velocity", "momentum", nullptr},
     {"mean_grad", "centered", nullptr}},
    "epsilon",
    false,
    step<float>,
    step<double>};

}  // namespace LAMINA_ISA
}  // namespace lamina
