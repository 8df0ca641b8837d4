// Adamax: Adam with the largest magnitude (Kingma and Ba 2015, section 7.1).
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { beta_1, beta_2, epsilon };

//   m += (g - m) (1 - beta_1);  u = max(beta_2 u, |g|);  p -= alpha m / (u + epsilon)
template <class T>
void step(const RuleStep<T>& s) {
  using V = Vec<T>;
  T *param = s.param, *m_ = s.slots[0], *u_ = s.slots[1];
  const T* grad = s.grad;
  const double power = ::pow(s.settings[beta_1], double(s.step));
  const V alpha = broadcast(T(s.learning_rate / (1 - power)));
  const V rest = broadcast(T(1 - s.settings[beta_1])), keep = broadcast(T(s.settings[beta_2]));
  const V least = broadcast(T(s.settings[epsilon]));
  each_vector<T>(s.size, 60, [=](Index i, Index count) {
    const V g = load_count(grad + i, count);
    V m = load_count(m_ + i, count);
    m = fma(g - m, rest, m);
    const V u = max(keep * load_count(u_ + i, count), max(g, -g));
    store_count(m_ + i, m, count);
    store_count(u_ + i, u, count);
    store_count(param + i, load_count(param + i, count) - alpha * m / (u + least), count);
  });
}

}  // namespace

LAMINA_RULE(adamax) = {
    "adamax",
    {decay_rate("beta_1", 0.9), decay_rate("beta_2", 0.999), amount("epsilon", 1e-7)},
    {{"m", nullptr, nullptr}, {"u", nullptr, nullptr}},
    "epsilon",
    false,
    step<float>,
    step<double>};

}  // namespace LAMINA_ISA
}  // namespace lamina
