// The definitions of the activations, one struct each: forward(x), and backward(dy, saved), which
// is dy times the derivative, where `saved` is y or x as derivative_from_output says.
//
// They are Keras's definitions.  NaN in gives NaN out.  Where infinity times zero would arise, x is
// clamped first, so that the limits are also correct at -infinity.
#pragma once

#include "vmath.h"

namespace lamina {
namespace LAMINA_ISA {

// y = activation(y) in place, with the bits of activation_forward, on the calling thread (for an
// epilogue, whose block is in cache).
template <class T>
void activate(T* y, Index size, ActivationSpec);

// `work`: work of one float in forward, for threads_for: nanoseconds measured with AVX2, times 100.
template <class V>
struct Linear {
  static constexpr double work = 6;
  LAMINA_INLINE V forward(V x) const { return x; }
  LAMINA_INLINE V backward(V dy, V) const { return dy; }
};

template <class V>
struct Relu {
  static constexpr double work = 6;
  LAMINA_INLINE V forward(V x) const { return max(V{}, x); }
  LAMINA_INLINE V backward(V dy, V y) const { return y > V{} ? dy : V{}; }
};

// alpha >= 0, as otherwise the output does not determine the side.
template <class V>
struct LeakyRelu {
  static constexpr double work = 6;
  V alpha;
  LAMINA_INLINE V forward(V x) const { return x > V{} ? x : alpha * x; }
  LAMINA_INLINE V backward(V dy, V y) const { return y > V{} ? dy : alpha * dy; }
};

// min(max(x, 0), alpha), alpha >= 0
template <class V>
struct ClippedRelu {
  static constexpr double work = 6;
  V alpha;
  LAMINA_INLINE V forward(V x) const { return x > alpha ? alpha : max(V{}, x); }
  LAMINA_INLINE V backward(V dy, V y) const { return y > V{} ? (y < alpha ? dy : V{}) : V{}; }
};

// x or alpha (exp(x) - 1), alpha >= 0; the derivative alpha exp(x) is y + alpha.
template <class V>
struct Elu {
  static constexpr double work = 30;
  V alpha;
  LAMINA_INLINE V forward(V x) const { return x > V{} ? x : alpha * expm1(x); }
  LAMINA_INLINE V backward(V dy, V y) const { return y > V{} ? dy : dy * (y + alpha); }
};

// Klambauer et al., "Self-normalizing neural networks", 2017.
template <class V>
struct Selu {
  static constexpr double work = 30;
  static constexpr double scale = 1.0507009873554804934193349852946;
  static constexpr double alpha = 1.6732632423543772848170429916717;
  LAMINA_INLINE V forward(V x) const {
    return x > V{} ? constant<V>(scale) * x : constant<V>(scale * alpha) * expm1(x);
  }
  LAMINA_INLINE V backward(V dy, V y) const {
    return dy * (y > V{} ? constant<V>(scale) : y + constant<V>(scale * alpha));
  }
};

// x Phi(x) as max(x, 0) - t Q(t), t = |x|: no cancellation on the left, where Phi(x) = Q(t). 3.0
// ulp in float, 3.8 in double, including the left tail.
template <class V>
struct Gelu {
  static constexpr double work = 65;
  LAMINA_INLINE V forward(V x) const {
    const auto [t, u, p, q, n] = normal_tail(x);
    const V up = u * p;
    return max(V{}, x) - scale_by_power(fma(up, q, up), n);
  }
  // Phi(x) + x phi(x): on the left Q(t) - t phi(t), on the right 1 minus that.
  LAMINA_INLINE V backward(V dy, V x) const {
    const auto [t, u, p, q, n] = normal_tail(x);
    const V ratio = p * (1 - u) * constant<V>(1 / Format<V>::tail_center);
    const V density = t * constant<V>(0.39894228040143267794);
    const V left = scale_by_power((1 + q) * (ratio - density), n);
    return dy * (x < V{} ? left : 1 - left);
  }
};

template <class V>
struct Silu {
  static constexpr double work = 45;
  LAMINA_INLINE V forward(V x) const { return silu(x); }
  // s (1 + x (1 - s)), s the sigmoid
  LAMINA_INLINE V backward(V dy, V x) const {
    x = within(-Format<V>::vanishing, Format<V>::vanishing, x);
    const V e = decay(x).value;
    const V w = 1 / (1 + e);
    return dy * (w * ((x < V{} ? e : constant<V>(1)) + x * e * w));
  }
};

template <class V>
struct Sigmoid {
  static constexpr double work = 40;
  LAMINA_INLINE V forward(V x) const { return sigmoid(x); }
  LAMINA_INLINE V backward(V dy, V y) const { return dy * (y * (1 - y)); }
};

template <class V>
struct Tanh {
  static constexpr double work = 45;
  LAMINA_INLINE V forward(V x) const { return tanh(x); }
  LAMINA_INLINE V backward(V dy, V y) const { return dy * ((1 - y) * (1 + y)); }
};

template <class V>
struct Softplus {
  static constexpr double work = 130;
  LAMINA_INLINE V forward(V x) const { return softplus(x); }
  LAMINA_INLINE V backward(V dy, V x) const { return dy * sigmoid(x); }
};

template <class V>
struct Softsign {
  static constexpr double work = 12;
  LAMINA_INLINE V forward(V x) const {
    constexpr double most = sizeof(typename Format<V>::scalar) == 4 ? 0x1p100 : 0x1p1000;
    x = within(-most, most, x);
    return x / (1 + absolute(x));
  }
  // 1 / (1 + |x|)^2 = (1 - |y|)^2
  LAMINA_INLINE V backward(V dy, V y) const {
    const V w = 1 - absolute(y);
    return dy * (w * w);
  }
};

// clip(x / 6 + 1/2, 0, 1); added before dividing, so that nothing cancels near -3.
template <class V>
struct HardSigmoid {
  static constexpr double work = 6;
  LAMINA_INLINE V forward(V x) const { return within(0.0, 6.0, x + 3) * constant<V>(1.0 / 6.0); }
  LAMINA_INLINE V backward(V dy, V y) const {
    const V slope = y > V{} ? constant<V>(1.0 / 6.0) : V{};
    return dy * (y < constant<V>(1) ? slope : V{});
  }
};

// x clip(x / 6 + 1/2, 0, 1)
template <class V>
struct HardSilu {
  static constexpr double work = 8;
  LAMINA_INLINE V forward(V x) const {
    return max(constant<V>(-3), x) * HardSigmoid<V>{}.forward(x);
  }
  LAMINA_INLINE V backward(V dy, V x) const {
    const V slope = x > constant<V>(-3) ? fma(x, constant<V>(1.0 / 3.0), constant<V>(0.5)) : V{};
    return dy * (x < constant<V>(3) ? slope : constant<V>(1));
  }
};

// x tanh(softplus(x)).  With e = exp(-|x|), tanh(log(1 + exp(x))) is
//   x >= 0: (1 + 2e) / (1 + 2e + 2e^2)        x < 0: e (e + 2) / (e (e + 2) + 2).
// 3.3 ulp in float, 3.4 in double.
template <class V>
struct Mish {
  static constexpr double work = 80;
  LAMINA_INLINE V forward(V x) const {
    x = max(constant<V>(-Format<V>::vanishing), x);
    const auto [e, q, n] = decay(x);
    const auto left = x < V{};
    const V right = 1 + 2 * e;
    const V above = left ? fma(x, q, x) * (e + 2) : x * right;
    const V below = left ? fma(e, e + 2, constant<V>(2)) : fma(2 * e, e, right);
    return scale_by_power(above / below, left ? n : V{});
  }
  // tanh(s) + x (1 - tanh(s)^2) sigmoid(x), s the softplus
  LAMINA_INLINE V backward(V dy, V x) const {
    x = within(-Format<V>::vanishing, Format<V>::vanishing, x);
    const V e = decay(x).value;
    const auto left = x < V{};
    const V right = 1 + 2 * e;
    const V above = left ? e * (e + 2) : right;
    const V below = 1 / (left ? above + 2 : right + 2 * e * e);
    const V slope = (left ? e : e * e) * (1 + e) * 4;
    return dy * (below * (above + x * slope * below));
  }
};

template <class V>
struct Exponential {
  static constexpr double work = 30;
  LAMINA_INLINE V forward(V x) const { return exp(x); }
  LAMINA_INLINE V backward(V dy, V y) const { return dy * y; }
};

// Creates a law with alpha, or one without.
template <class Law, class V>
LAMINA_INLINE auto law_of(V alpha, int) -> decltype(Law{alpha}) {
  return Law{alpha};
}
template <class Law, class V>
LAMINA_INLINE Law law_of(V, long) {
  return Law{};
}

// Calls use(law) with the law of `spec` on vectors V.
template <class V, class Use>
LAMINA_INLINE void with_law(ActivationSpec spec, Use&& use) {
  const V alpha_of_all = constant<V>(spec.alpha);
  switch (spec.kind) {
#define LAMINA_CASE(name, Law, from, alpha) \
  case Activation::name:                    \
    return use(law_of<Law<V>>(alpha_of_all, 0));
    LAMINA_ACTIVATIONS(LAMINA_CASE)
#undef LAMINA_CASE
  }
}

// Whether the derivative of a law needs the input; see derivative_from_output.
template <class Law>
constexpr bool from_input = false;
#define LAMINA_FROM_INPUT(name, Law, from, alpha) \
  template <class V>                              \
  constexpr bool from_input<Law<V>> = Side::from == Side::input;
LAMINA_ACTIVATIONS(LAMINA_FROM_INPUT)
#undef LAMINA_FROM_INPUT

// The work of one element in forward, for threads_for.
template <class T>
double activation_work(ActivationSpec spec) {
  double work = 0;
  with_law<Vec<T>>(spec, [&](auto law) { work = decltype(law)::work * double(sizeof(T) / 4); });
  return work;
}

}  // namespace LAMINA_ISA
}  // namespace lamina
