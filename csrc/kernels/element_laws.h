// The definition of every element-wise operation, one struct each: V operator()(V a[, V b[, V c]]).
//
// NaN in gives NaN out (also for maximum and minimum, as in NumPy), except for truth values.
#pragma once

#include "activations.h"
#include "vmath_error.h"
#include "vmath_power.h"

namespace lamina {
namespace LAMINA_ISA {

// 1 where the comparison is true, else 0.
template <class V, class Mask>
LAMINA_INLINE V truth(Mask mask) {
  return mask ? constant<V>(1) : V{};
}
template <class V>
LAMINA_INLINE auto is_true(V x) {
  return x != V{};
}

template <ElementOp op>
struct Law;

#define LAMINA_LAW1(name, result)           \
  template <>                               \
  struct Law<ElementOp::name> {             \
    template <class V>                      \
    LAMINA_INLINE V operator()(V x) const { \
      return result;                        \
    }                                       \
  };
#define LAMINA_LAW2(name, result)                \
  template <>                                    \
  struct Law<ElementOp::name> {                  \
    template <class V>                           \
    LAMINA_INLINE V operator()(V x, V y) const { \
      return result;                             \
    }                                            \
  };
#define LAMINA_LAW3(name, result)                     \
  template <>                                         \
  struct Law<ElementOp::name> {                       \
    template <class V>                                \
    LAMINA_INLINE V operator()(V x, V y, V z) const { \
      return result;                                  \
    }                                                 \
  };

LAMINA_LAW1(copy, x)
LAMINA_LAW1(negative, -x)
LAMINA_LAW1(abs, absolute(x))
LAMINA_LAW1(sign, x > V{} ? constant<V>(1) : (x < V{} ? constant<V>(-1) : x + V{}))  // -0: 0
LAMINA_LAW1(floor, LAMINA_ISA::floor(x))
LAMINA_LAW1(ceil, LAMINA_ISA::ceil(x))
LAMINA_LAW1(round, round_even(x))  // half to even
LAMINA_LAW1(trunc, LAMINA_ISA::trunc(x))
LAMINA_LAW1(reciprocal, 1 / x)
LAMINA_LAW1(square, x* x)
LAMINA_LAW1(sqrt, LAMINA_ISA::sqrt(x))
LAMINA_LAW1(rsqrt, 1 / LAMINA_ISA::sqrt(x))  // 1 ulp
LAMINA_LAW1(exp, LAMINA_ISA::exp(x))
LAMINA_LAW1(expm1, LAMINA_ISA::expm1(x))
LAMINA_LAW1(log, LAMINA_ISA::log(x))
LAMINA_LAW1(log1p, x == V{} ? x : LAMINA_ISA::log1p(x))  // keeps -0
LAMINA_LAW1(log2, LAMINA_ISA::log2(x))
LAMINA_LAW1(log10, LAMINA_ISA::log10(x))
LAMINA_LAW1(sin, LAMINA_ISA::sin(x))
LAMINA_LAW1(cos, LAMINA_ISA::cos(x))
LAMINA_LAW1(tan, LAMINA_ISA::tan(x))
LAMINA_LAW1(sinh, LAMINA_ISA::sinh(x))
LAMINA_LAW1(cosh, LAMINA_ISA::cosh(x))
LAMINA_LAW1(tanh, LAMINA_ISA::tanh(x))
LAMINA_LAW1(arcsin, LAMINA_ISA::arcsin(x))
LAMINA_LAW1(arccos, LAMINA_ISA::arccos(x))
LAMINA_LAW1(arctan, LAMINA_ISA::arctan(x))
LAMINA_LAW1(arcsinh, LAMINA_ISA::arcsinh(x))
LAMINA_LAW1(arccosh, LAMINA_ISA::arccosh(x))
LAMINA_LAW1(arctanh, LAMINA_ISA::arctanh(x))
LAMINA_LAW1(erf, LAMINA_ISA::erf(x))
LAMINA_LAW1(erfinv, LAMINA_ISA::erfinv(x))
LAMINA_LAW1(sigmoid, LAMINA_ISA::sigmoid(x))
LAMINA_LAW1(softplus, LAMINA_ISA::softplus(x))
LAMINA_LAW1(relu, Relu<V>{}.forward(x))
LAMINA_LAW1(selu, Selu<V>{}.forward(x))
LAMINA_LAW1(gelu, Gelu<V>{}.forward(x))
LAMINA_LAW1(silu, LAMINA_ISA::silu(x))
LAMINA_LAW1(softsign, Softsign<V>{}.forward(x))
LAMINA_LAW1(hard_sigmoid, HardSigmoid<V>{}.forward(x))
LAMINA_LAW1(mish, Mish<V>{}.forward(x))
LAMINA_LAW1(logical_not, truth<V>(x == V{}))
LAMINA_LAW1(isnan, truth<V>(x != x))
LAMINA_LAW1(isinf, truth<V>(absolute(x) == constant<V>(__builtin_inf())))
LAMINA_LAW1(isfinite, truth<V>(absolute(x) < constant<V>(__builtin_inf())))
LAMINA_LAW2(add, x + y)
LAMINA_LAW2(subtract, x - y)
LAMINA_LAW2(multiply, x* y)
LAMINA_LAW2(divide, x / y)
LAMINA_LAW2(maximum, x != x ? x : max(x, y))  // max and min return y if either is NaN
LAMINA_LAW2(minimum, x != x ? x : min(x, y))
LAMINA_LAW2(power, LAMINA_ISA::power(x, y))
LAMINA_LAW2(mod, LAMINA_ISA::mod(x, y))
LAMINA_LAW2(floor_divide, LAMINA_ISA::floor_divide(x, y))
LAMINA_LAW2(arctan2, LAMINA_ISA::arctan2(x, y))
LAMINA_LAW2(equal, truth<V>(x == y))
LAMINA_LAW2(not_equal, truth<V>(x != y))
LAMINA_LAW2(less, truth<V>(x < y))
LAMINA_LAW2(less_equal, truth<V>(x <= y))
LAMINA_LAW2(greater, truth<V>(x > y))
LAMINA_LAW2(greater_equal, truth<V>(x >= y))
LAMINA_LAW2(logical_and, truth<V>(is_true(x) & is_true(y)))
LAMINA_LAW2(logical_or, truth<V>(is_true(x) | is_true(y)))
LAMINA_LAW2(logical_xor, truth<V>(is_true(x) ^ is_true(y)))
LAMINA_LAW2(leaky_relu, LeakyRelu<V>{y}.forward(x))  // y: the slope on the left
LAMINA_LAW2(elu, Elu<V>{y}.forward(x))               // y: the scale on the left
LAMINA_LAW3(where, is_true(x) ? y : z)
LAMINA_LAW2(relu_gradient, Relu<V>{}.backward(x, y))
LAMINA_LAW2(selu_gradient, Selu<V>{}.backward(x, y))
LAMINA_LAW2(gelu_gradient, Gelu<V>{}.backward(x, y))
LAMINA_LAW2(silu_gradient, Silu<V>{}.backward(x, y))
LAMINA_LAW2(softsign_gradient, Softsign<V>{}.backward(x, y))
LAMINA_LAW2(hard_sigmoid_gradient, HardSigmoid<V>{}.backward(x, y))
LAMINA_LAW2(mish_gradient, Mish<V>{}.backward(x, y))
LAMINA_LAW3(leaky_relu_gradient, LeakyRelu<V>{z}.backward(x, y))
LAMINA_LAW3(elu_gradient, Elu<V>{z}.backward(x, y))
LAMINA_LAW2(subtract_from, y - x)
LAMINA_LAW2(divide_into, y / x)
LAMINA_LAW3(select_first, is_true(y) ? x : z)  // x: the accumulator
LAMINA_LAW3(select_second, is_true(y) ? z : x)

}  // namespace LAMINA_ISA
}  // namespace lamina
