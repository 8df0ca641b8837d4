// Derivatives of formulas in reverse mode: one rule per operation.
#include "formula.h"

namespace lamina {
namespace {

using Op = ElementOp;

class Differentiation {
 public:
  Differentiation(Formula& formula, int result, const std::vector<int>& wanted)
      : f_(formula), count_(formula.nodes().size()), adjoint_(count_, -1), active_(count_, false) {
    for (std::size_t i = 0; i < count_; ++i) {
      const Formula::Node& n = f_.node(int(i));
      if (n.kind == Formula::Kind::input)
        for (const int input : wanted) active_[i] = active_[i] || input == n.input;
      for (const int operand : n.operand)
        if (operand >= 0 && active_[std::size_t(operand)]) active_[i] = true;
    }
    result_ = result;
  }

  std::vector<int> run(int seed, const std::vector<int>& wanted) {
    give(result_, seed);
    for (std::size_t i = count_; i-- > 0;) {
      if (adjoint_[i] < 0 || f_.node(int(i)).kind != Formula::Kind::operation) continue;
      const Formula::Node n = f_.node(int(i));  // a copy, because nodes are appended
      if (operands_of(n.op) == 1)
        unary(n.op, n.operand[0], int(i), adjoint_[i]);
      else
        several(n, int(i), adjoint_[i]);
    }
    std::vector<int> gradients;
    for (const int input : wanted) {
      int found = -1;
      for (std::size_t i = 0; i < count_; ++i)
        if (f_.node(int(i)).kind == Formula::Kind::input && f_.node(int(i)).input == input)
          found = adjoint_[i];
      gradients.push_back(found);
    }
    return gradients;
  }

 private:
  int number(double c) { return f_.constant(c); }
  int of(Op op, int a) { return f_.apply(op, a); }
  int of(Op op, int a, int b) { return f_.apply(op, a, b); }
  int times(int a, int b) { return f_.apply(Op::multiply, a, b); }
  int over(int a, int b) { return f_.apply(Op::divide, a, b); }
  int plus(int a, int b) { return f_.apply(Op::add, a, b); }
  int minus(int a, int b) { return f_.apply(Op::subtract, a, b); }
  int where(int condition, int a, int b) { return f_.apply(Op::where, condition, a, b); }
  int scaled(int a, double factor) { return times(a, number(factor)); }

  void give(int node, int gradient) {
    if (node < 0 || !active_[std::size_t(node)]) return;
    int& sum = adjoint_[std::size_t(node)];
    sum = sum < 0 ? gradient : plus(sum, gradient);
  }
  bool wants(int node) const { return active_[std::size_t(node)]; }

  // y = op(x)
  void unary(Op op, int x, int y, int dy) {
    if (wants(x)) {
      const int dx = unary_gradient(op, x, y, dy);
      if (dx >= 0) give(x, dx);
    }
  }
  int unary_gradient(Op op, int x, int y, int dy) {
    const int one = number(1.0);
    switch (op) {
      case Op::negative:
        return of(Op::negative, dy);
      case Op::abs:
        return times(dy, of(Op::sign, x));
      case Op::reciprocal:
        return of(Op::negative, times(dy, of(Op::square, y)));
      case Op::square:
        return times(dy, scaled(x, 2.0));
      case Op::sqrt:
        return over(scaled(dy, 0.5), y);
      case Op::rsqrt:
        return times(dy, over(scaled(y, -0.5), x));
      case Op::exp:
        return times(dy, y);
      case Op::expm1:
        return times(dy, plus(y, one));
      case Op::log:
        return over(dy, x);
      case Op::log1p:
        return over(dy, plus(x, one));
      case Op::log2:
        return over(scaled(dy, 1.4426950408889634074), x);
      case Op::log10:
        return over(scaled(dy, 0.43429448190325182765), x);
      case Op::erf:
        return times(
            dy, scaled(of(Op::exp, of(Op::negative, of(Op::square, x))), 1.1283791670955125739));
      case Op::erfinv:
        return times(dy, scaled(of(Op::exp, of(Op::square, y)), 0.88622692545275801365));
      default:
        return op < Op::sigmoid ? circular(op, x, y, dy) : activation(op, x, y, dy);
    }
  }

  int circular(Op op, int x, int y, int dy) {
    const int one = number(1.0);
    const auto one_minus_square = [&](int v) { return times(minus(one, v), plus(v, one)); };
    switch (op) {
      case Op::sin:
        return times(dy, of(Op::cos, x));
      case Op::cos:
        return of(Op::negative, times(dy, of(Op::sin, x)));
      case Op::tan:
        return times(dy, plus(of(Op::square, y), one));
      case Op::sinh:
        return times(dy, of(Op::cosh, x));
      case Op::cosh:
        return times(dy, of(Op::sinh, x));
      case Op::tanh:
        return times(dy, one_minus_square(y));
      case Op::arcsin:
        return over(dy, of(Op::sqrt, one_minus_square(x)));
      case Op::arccos:
        return of(Op::negative, over(dy, of(Op::sqrt, one_minus_square(x))));
      case Op::arctan:
        return over(dy, plus(of(Op::square, x), one));
      case Op::arcsinh:
        return over(dy, of(Op::sqrt, plus(of(Op::square, x), one)));
      case Op::arccosh:
        return over(dy, of(Op::sqrt, times(minus(x, one), plus(x, one))));
      case Op::arctanh:
        return over(dy, one_minus_square(x));
      default:  // sign, floor, ceil, round, trunc
        return -1;
    }
  }

  int activation(Op op, int x, int y, int dy) {
    switch (op) {
      case Op::sigmoid:
        return times(dy, times(y, minus(number(1.0), y)));
      case Op::softplus:
        return times(dy, of(Op::sigmoid, x));
      case Op::relu:
        return of(Op::relu_gradient, dy, y);
      case Op::selu:
        return of(Op::selu_gradient, dy, y);
      case Op::gelu:
        return of(Op::gelu_gradient, dy, x);
      case Op::silu:
        return of(Op::silu_gradient, dy, x);
      case Op::softsign:
        return of(Op::softsign_gradient, dy, y);
      case Op::hard_sigmoid:
        return of(Op::hard_sigmoid_gradient, dy, y);
      case Op::mish:
        return of(Op::mish_gradient, dy, x);
      default:  // truth values
        return -1;
    }
  }

  // y = op(a, b[, c])
  void several(const Formula::Node& n, int y, int dy) {
    const int a = n.operand[0], b = n.operand[1], c = n.operand[2];
    switch (n.op) {
      case Op::add:
        give(a, dy);
        return give(b, dy);
      case Op::subtract:
        give(a, dy);
        if (wants(b)) give(b, of(Op::negative, dy));
        return;
      case Op::multiply:
        if (wants(a)) give(a, times(dy, b));
        if (wants(b)) give(b, times(dy, a));
        return;
      case Op::divide:
        if (wants(a)) give(a, over(dy, b));
        if (wants(b)) give(b, of(Op::negative, times(dy, over(y, b))));
        return;
      case Op::maximum:
        return extreme(Op::greater, a, b, dy);
      case Op::minimum:
        return extreme(Op::less, a, b, dy);
      case Op::power:
        return power(a, b, y, dy);
      case Op::mod:
        give(a, dy);
        if (wants(b)) give(b, of(Op::negative, times(dy, of(Op::floor_divide, a, b))));
        return;
      case Op::arctan2: {  // of the point (b, a)
        const int square = plus(of(Op::square, b), of(Op::square, a));
        if (wants(a)) give(a, times(dy, over(b, square)));
        if (wants(b)) give(b, of(Op::negative, times(dy, over(a, square))));
        return;
      }
      case Op::leaky_relu:
        if (wants(a)) give(a, f_.apply(Op::leaky_relu_gradient, dy, y, b));
        return;
      case Op::elu:
        if (wants(a)) give(a, f_.apply(Op::elu_gradient, dy, y, b));
        return;
      case Op::where:
        if (wants(b)) give(b, where(a, dy, number(0.0)));
        if (wants(c)) give(c, where(a, number(0.0), dy));
        return;
      default:  // comparisons, floor_divide
        return;
    }
  }

  void extreme(Op wins, int a, int b, int dy) {
    const int none = number(0.0);
    const int tied = where(of(Op::equal, a, b), scaled(dy, 0.5), none);
    if (wants(a)) give(a, where(of(wins, a, b), dy, tied));
    if (wants(b)) give(b, where(of(wins, b, a), dy, tied));
  }

  // Avoids 0 times infinity: x gets no gradient where y is 0, and y none where x is 0.
  void power(int x, int y, int result, int dy) {
    const int none = number(0.0);
    if (wants(x)) {
      const Formula::Node exponent = f_.node(y);
      const bool fixed = exponent.kind == Formula::Kind::constant;
      if (fixed && exponent.constant == 0.0) return;
      const int less = fixed ? number(exponent.constant - 1.0) : minus(y, number(1.0));
      const int slope = times(of(Op::power, x, less), y);
      give(x, times(dy, fixed ? slope : where(of(Op::equal, y, none), none, slope)));
    }
    if (wants(y)) {
      const int slope = where(of(Op::equal, x, none), none, times(result, of(Op::log, x)));
      give(y, times(dy, slope));
    }
  }

  Formula& f_;
  const std::size_t count_;
  std::vector<int> adjoint_;
  std::vector<bool> active_;
  int result_;
};

}  // namespace

std::vector<int> differentiate(Formula& formula, int result, int seed,
                               const std::vector<int>& wanted) {
  return Differentiation(formula, result, wanted).run(seed, wanted);
}

}  // namespace lamina
