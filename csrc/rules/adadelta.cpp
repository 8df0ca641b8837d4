// Adadelta (Zeiler 2012).
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { rho, epsilon };

//   a = rho a + (1 - rho) g^2;  delta = sqrt(d + epsilon) g / sqrt(a + epsilon)
//   d = rho d + (1 - rho) delta^2;  p -= rate delta
template <class T>
void step(const RuleStep<T>& s) {
  using V = Vec<T>;
  T *param = s.param, *mean_square = s.slots[0], *mean_delta = s.slots[1];
  const T* grad = s.grad;
  const V rate = broadcast(T(s.learning_rate)), least = broadcast(T(s.settings[epsilon]));
  const V keep = broadcast(T(s.settings[rho])), rest = broadcast(T(1 - s.settings[rho]));
  each_vector<T>(s.size, 100, [=](Index i, Index count) {
    const V g = load_count(grad + i, count), d = load_count(mean_delta + i, count);
    const V a = keep * load_count(mean_square + i, count) + rest * (g * g);
    const V delta = sqrt(d + least) * g / sqrt(a + least);
    store_count(mean_square + i, a, count);
    store_count(mean_delta + i, keep * d + rest * (delta * delta), count);
    store_count(param + i, load_count(param + i, count) - rate * delta, count);
  });
}

}  // namespace

LAMINA_RULE(adadelta) = {
    "adadelta",
    {decay_rate("rho", 0.95), amount("epsilon", 1e-7)},
    {{"mean_square", nullptr, nullptr}, {"mean_square_delta", nullptr, nullptr}},
    "epsilon",
    false,
    step<float>,
    step<double>};

}  // namespace LAMINA_ISA
}  // namespace lamina
