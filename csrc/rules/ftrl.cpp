// Follow the regularized leader, proximal (McMahan et al. 2013, algorithm 1), in Keras's form.
#include "../kernels/vmath.h"
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { learning_rate_power, initial_accumulator_value, l1, l2, l2_shrinkage, beta };

// x^q for x >= 0 and q >= 0.  The square root, which is the default, is a single instruction.
template <class T>
struct Power {
  bool root, zero;
  Vec<T> q;
  LAMINA_INLINE Vec<T> operator()(Vec<T> x) const {
    if (root) return sqrt(x);
    if (zero) return constant<Vec<T>>(1.0);
    return exp(q * log(x));
  }
};

//   n' = n + g^2;  z += g + 2 l2_shrinkage p - (n'^q - n^q) / rate p,  q = -learning_rate_power
//   p = (clip(z, -l1, l1) - z) / ((n'^q + beta) / rate + 2 l2)
// With a rate of 0 nothing changes, because z would be undefined.
template <class T>
void step(const RuleStep<T>& s) {
  using V = Vec<T>;
  T *param = s.param, *accumulator = s.slots[0], *linear = s.slots[1];
  const T* grad = s.grad;
  const T inverse = T(1 / s.learning_rate);
  if (__builtin_isinf(inverse)) return;
  const double q = -s.settings[learning_rate_power];
  const Power<T> power{q == 0.5, q == 0.0, broadcast(T(q))};
  const V per_rate = broadcast(inverse), more = broadcast(T(s.settings[beta]));
  const V shrink = broadcast(T(2 * s.settings[l2_shrinkage])), most = broadcast(T(s.settings[l1]));
  const V ridge = broadcast(T(2 * s.settings[l2]));
  each_vector<T>(s.size, power.root || power.zero ? 120 : 250, [=](Index i, Index count) {
    const V g = load_count(grad + i, count), p = load_count(param + i, count);
    const V n = load_count(accumulator + i, count), sum = fma(g, g, n);
    const V raised = power(sum), rise = raised - power(n);
    const V z = load_count(linear + i, count) + (g + shrink * p - rise * per_rate * p);
    const V far = min(max(z, -most), most) - z;
    store_count(accumulator + i, sum, count);
    store_count(linear + i, z, count);
    store_count(param + i, far == V{} ? V{} : far / ((raised + more) * per_rate + ridge), count);
  });
}

}  // namespace

LAMINA_RULE(ftrl) = {
    "ftrl",
    {{"learning_rate_power", -0.5, -__builtin_inf(), 0.0, false, false},
     amount("initial_accumulator_value", 0.1),
     amount("l1_regularization_strength", 0.0),
     amount("l2_regularization_strength", 0.0),
     amount("l2_shrinkage_regularization_strength", 0.0),
     amount("beta", 0.0)},
    {{"accumulator", nullptr, "initial_accumulator_value"}, {"linear", nullptr, nullptr}},
    nullptr,
    false,
    step<float>,
    step<double>};

}  // namespace LAMINA_ISA
}  // namespace lamina
