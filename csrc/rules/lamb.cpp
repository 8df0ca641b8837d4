// Lamb: Adam's step, scaled to the norm of the weight (You et al. 2020, algorithm 2).
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { beta_1, beta_2, epsilon };

Index workspace(const Index* shape, int axes) { return elements(shape, axes); }

//   m += (g - m) (1 - beta_1);  v += (g^2 - v) (1 - beta_2)
//   u = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon);  p -= rate |p| / |u| u
template <class T>
void step(const RuleStep<T>& s) {
  using V = Vec<T>;
  T *param = s.param, *m_ = s.slots[0], *v_ = s.slots[1], *u_ = s.weight.workspace;
  const T* grad = s.grad;
  const V correct_1 = broadcast(T(1 / (1 - ::pow(s.settings[beta_1], double(s.step)))));
  const V correct_2 = broadcast(T(1 / (1 - ::pow(s.settings[beta_2], double(s.step)))));
  const V rest_1 = broadcast(T(1 - s.settings[beta_1]));
  const V rest_2 = broadcast(T(1 - s.settings[beta_2]));
  const V least = broadcast(T(s.settings[epsilon]));
  each_vector<T>(s.size, 90, [=](Index i, Index count) {
    const V g = load_count(grad + i, count);
    V m = load_count(m_ + i, count), v = load_count(v_ + i, count);
    m = fma(g - m, rest_1, m);
    v = fma(fma(g, g, -v), rest_2, v);
    store_count(m_ + i, m, count);
    store_count(v_ + i, v, count);
    store_count(u_ + i, correct_1 * m / (sqrt(correct_2 * v) + least), count);
  });
  const double weight = ::sqrt(s.weight.kernels->dot(param, param, s.size));
  const double update = ::sqrt(s.weight.kernels->dot(u_, u_, s.size));
  const double ratio = weight > 0 && update > 0 ? weight / update : 1;
  subtract_scaled(param, u_, ratio * s.learning_rate, s.size);
}

}  // namespace

LAMINA_RULE(lamb) = {
    "lamb",
    {decay_rate("beta_1", 0.9), decay_rate("beta_2", 0.999), amount("epsilon", 1e-7)},
    {{"m", nullptr, nullptr}, {"v", nullptr, nullptr}},
    "epsilon",
    false,
    step<float>,
    step<double>,
    workspace};

}  // namespace LAMINA_ISA
}  // namespace lamina
