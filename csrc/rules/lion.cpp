// Lion: the sign of a momentum (Chen et al. 2023).
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { beta_1, beta_2 };

//   p -= rate sign(beta_1 m + (1 - beta_1) g);  m = beta_2 m + (1 - beta_2) g
template <class T>
void step(const RuleStep<T>& s) {
  using V = Vec<T>;
  T *param = s.param, *m_ = s.slots[0];
  const T* grad = s.grad;
  const double b1 = s.settings[beta_1], b2 = s.settings[beta_2];
  const V keep_1 = broadcast(T(b1)), rest_1 = broadcast(T(1 - b1));
  const V keep_2 = broadcast(T(b2)), rest_2 = broadcast(T(1 - b2));
  const V rate = broadcast(T(s.learning_rate));
  each_vector<T>(s.size, 40, [=](Index i, Index count) {
    const V g = load_count(grad + i, count), m = load_count(m_ + i, count);
    const V c = keep_1 * m + rest_1 * g;
    const V move = c > V{} ? rate : c < V{} ? -rate : V{};
    store_count(param + i, load_count(param + i, count) - move, count);
    store_count(m_ + i, keep_2 * m + rest_2 * g, count);
  });
}

}  // namespace

LAMINA_RULE(lion) = {"lion",
                     {fraction("beta_1", 0.9), decay_rate("beta_2", 0.99)},
                     {{"m", nullptr, nullptr}},
                     nullptr,
                     false,
                     step<float>,
                     step<double>};

}  // namespace LAMINA_ISA
}  // namespace lamina
