// Nadam: Adam with Nesterov's momentum (Dozat 2016), with Keras's schedule of the momentum.
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { beta_1, beta_2, epsilon };

// The momentum of step t is u(t) = beta_1 (1 - 0.96^t / 2).
double momentum_of(double beta, double t) { return beta * (1 - 0.5 * ::pow(0.96, t)); }

// u(1) u(2) ... u(t).  When it is negligible compared with 1 the rest does not matter; after a
// thousand steps u is beta_1.
double product_of(double beta, std::int64_t t) {
  double product = ::pow(beta, double(t)), decay = 1;
  for (std::int64_t i = 1; i <= t && i <= 1000 && product > 1e-20; ++i) {
    decay *= 0.96;
    product *= 1 - 0.5 * decay;
  }
  return product;
}

//   m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2)
//   p -= rate (u(t + 1) m / (1 - U(t + 1)) + (1 - u(t)) g / (1 - U(t)))
//             / (sqrt(v / (1 - beta_2^t)) + epsilon)
// U is the product of all u.
template <class T>
void step(const RuleStep<T>& s) {
  using V = Vec<T>;
  T *param = s.param, *m_ = s.slots[0], *v_ = s.slots[1];
  const T* grad = s.grad;
  const double b1 = s.settings[beta_1], b2 = s.settings[beta_2], t = double(s.step);
  const double next = momentum_of(b1, t + 1), product = product_of(b1, s.step);
  const V of_m = broadcast(T(s.learning_rate * next / (1 - product * next)));
  const V of_g = broadcast(T(s.learning_rate * (1 - momentum_of(b1, t)) / (1 - product)));
  const V rest_1 = broadcast(T(1 - b1)), rest_2 = broadcast(T(1 - b2));
  const V correction = broadcast(T(1 / ::sqrt(1 - ::pow(b2, t))));
  const V least = broadcast(T(s.settings[epsilon]));
  each_vector<T>(s.size, 75, [=](Index i, Index count) {
    const V g = load_count(grad + i, count);
    V m = load_count(m_ + i, count), v = load_count(v_ + i, count);
    m = fma(g - m, rest_1, m);
    v = fma(fma(g, g, -v), rest_2, v);
    store_count(m_ + i, m, count);
    store_count(v_ + i, v, count);
    const V move = (of_m * m + of_g * g) / (sqrt(v) * correction + least);
    store_count(param + i, load_count(param + i, count) - move, count);
  });
}

}  // namespace

LAMINA_RULE(nadam) = {
    "nadam",
    {decay_rate("beta_1", 0.9), decay_rate("beta_2", 0.999), amount("epsilon", 1e-7)},
    {{"m", nullptr, nullptr}, {"v", nullptr, nullptr}},
    "epsilon",
    false,
    step<float>,
    step<double>};

}  // namespace LAMINA_ISA
}  // namespace lamina
