// Adam without a schedule: gradients at an average of the iterates (Defazio et al. 2024).
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { beta_1, beta_2, epsilon, warmup_steps };

// The weights are y = (1 - beta_1) z + beta_1 x, with the iterates z and their average x:
//   v += (g^2 - v) (1 - beta_2);  z' = z - rate g / (sqrt(v / (1 - beta_2^t)) + epsilon)
//   x' = (1 - 1/t) x + z' / t
// x is not stored: beta_1 x = y - (1 - beta_1) z.
template <class T>
void step(const RuleStep<T>& s) {
  using V = Vec<T>;
  T *param = s.param, *z_ = s.slots[0], *v_ = s.slots[1];
  const T* grad = s.grad;
  const double b1 = s.settings[beta_1], b2 = s.settings[beta_2];
  const double t = double(s.step), warm = s.settings[warmup_steps];
  const double factor = warm > 0 && t < warm ? t / warm : 1;
  const V rate = broadcast(T(s.learning_rate * factor)), least = broadcast(T(s.settings[epsilon]));
  const V rest_2 = broadcast(T(1 - b2)), correct_2 = broadcast(T(1 / (1 - ::pow(b2, t))));
  const V keep = broadcast(T(1 - 1 / t)), of_z = broadcast(T(1 - b1));
  const V of_next = broadcast(T(1 - b1 + b1 / t));
  each_vector<T>(s.size, 90, [=](Index i, Index count) {
    const V g = load_count(grad + i, count), y = load_count(param + i, count);
    const V z = load_count(z_ + i, count);
    V v = load_count(v_ + i, count);
    v = fma(fma(g, g, -v), rest_2, v);
    const V next = z - rate * g / (sqrt(correct_2 * v) + least);
    store_count(v_ + i, v, count);
    store_count(z_ + i, next, count);
    store_count(param + i, keep * (y - of_z * z) + of_next * next, count);
  });
}

}  // namespace

LAMINA_RULE(schedule_free_adamw) = {"schedule_free_adamw",
                                    {fraction("beta_1", 0.9), decay_rate("beta_2", 0.999),
                                     amount("epsilon", 1e-8), amount("warmup_steps", 0)},
                                    {{"momentum", nullptr, "weight"}, {"v", nullptr, nullptr}},
                                    "epsilon",
                                    false,
                                    step<float>,
                                    step<double>};

}  // namespace LAMINA_ISA
}  // namespace lamina
