// Rprop: steps that only depend on the signs of the gradient (Riedmiller and Braun 1993).
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { eta_minus, eta_plus, step_min, step_max };

// A weight's step is rate times its scale.  If g has the sign of the last gradient, the scale is
// multiplied by eta_plus; if it has the opposite sign, the scale is multiplied by eta_minus and the
// weight does not move: its gradient counts as 0, in the next step too.  A scale of 0 means that it
// has not been set, and counts as 1.
template <class T>
void step(const RuleStep<T>& s) {
  using V = Vec<T>;
  T *param = s.param, *last = s.slots[0], *scale_ = s.slots[1];
  const T* grad = s.grad;
  const V rate = broadcast(T(s.learning_rate)), zero = V{}, one = broadcast(T(1));
  const V shrinks = broadcast(T(s.settings[eta_minus])), grows = broadcast(T(s.settings[eta_plus]));
  const V least = broadcast(T(s.settings[step_min])), most = broadcast(T(s.settings[step_max]));
  if (s.learning_rate == 0) return;
  each_vector<T>(s.size, 60, [=](Index i, Index count) {
    V g = load_count(grad + i, count), scale = load_count(scale_ + i, count);
    const V before = load_count(last + i, count);
    scale = scale == zero ? one : scale;
    // Compares signs rather than the product, because the product of two small gradients is 0.
    const V sign = g > zero ? one : g < zero ? -one : zero;
    const V agrees = before > zero ? sign : before < zero ? -sign : zero;
    scale = agrees > zero ? scale * grows : agrees < zero ? scale * shrinks : scale;
    const V length = min(most, max(least, rate * scale));
    const V move = agrees < zero ? zero : sign * length;
    store_count(param + i, load_count(param + i, count) - move, count);
    store_count(last + i, agrees < zero ? zero : g, count);
    store_count(scale_ + i, length / rate, count);
  });
}

}  // namespace

LAMINA_RULE(rprop) = {"rprop",
                      {{"eta_minus", 0.5, 0.0, 1.0, true, false},
                       {"eta_plus", 1.2, 1.0, __builtin_inf(), false, false},
                       amount("step_min", 1e-6),
                       amount("step_max", 50.0)},
                      {{"last", nullptr, nullptr}, {"scale", nullptr, nullptr}},
                      nullptr,
                      false,
                      step<float>,
                      step<double>};

}  // namespace LAMINA_ISA
}  // namespace lamina
