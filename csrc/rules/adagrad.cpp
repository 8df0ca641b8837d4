// Adagrad (Duchi, Hazan and Singer 2011); epsilon is inside the square root, as in Keras.
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { epsilon };

// a += g^2;  p -= rate g / sqrt(a + epsilon)
template <class T>
void step(const RuleStep<T>& s) {
  using V = Vec<T>;
  T *param = s.param, *accumulator = s.slots[0];
  const T* grad = s.grad;
  const V rate = broadcast(T(s.learning_rate)), least = broadcast(T(s.settings[epsilon]));
  each_vector<T>(s.size, 60, [=](Index i, Index count) {
    const V g = load_count(grad + i, count);
    const V a = fma(g, g, load_count(accumulator + i, count));
    store_count(accumulator + i, a, count);
    store_count(param + i, load_count(param + i, count) - rate * g / sqrt(a + least), count);
  });
}

}  // namespace

LAMINA_RULE(adagrad) = {"adagrad",
                        {amount("epsilon", 1e-7), amount("initial_accumulator_value", 0.1)},
                        {{"accumulator", nullptr, "initial_accumulator_value"}},
                        "epsilon",
                        false,
                        step<float>,
                        step<double>};

}  // namespace LAMINA_ISA
}  // namespace lamina
