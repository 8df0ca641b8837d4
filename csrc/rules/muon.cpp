// Muon: a matrix moves by its momentum with all singular values brought close to 1 (Jordan et al.
// 2024; the scale of the step: Liu et al. 2025).
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { momentum, nesterov, ns_steps, muon_a, muon_b, muon_c, rms_rate };

// Two arrays of the matrix's size, and two of the square of its shorter side.
Index workspace(const Index* shape, int axes) {
  if (axes != 2) return 0;
  const Index shorter = shape[0] < shape[1] ? shape[0] : shape[1];
  return 2 * shape[0] * shape[1] + 2 * shorter * shorter;
}

// y = a x + b y
template <class T>
void combine(T* y, double b_, const T* x, double a_, Index size) {
  const Vec<T> a = broadcast(T(a_)), b = broadcast(T(b_));
  each_vector<T>(size, 30, [=](Index i, Index count) {
    store_count(y + i, a * load_count(x + i, count) + b * load_count(y + i, count), count);
  });
}

// One Newton-Schulz iteration on the shorter side of x: x = a x + (b A + c A A) x with A = x x' or,
// for a tall matrix, x (b A + c A A) with A = x' x.
template <class T>
void iterate(const RuleStep<T>& s, T* x, T* more) {
  const auto gemm = s.weight.kernels->gemm;
  const Index rows = s.weight.shape[0], columns = s.weight.shape[1];
  const bool tall = rows > columns;
  const Index side = tall ? columns : rows, length = tall ? rows : columns;
  T *square = more + s.size, *poly = square + side * side;
  gemm(square, x, x, side, side, length, side, columns, columns, tall, !tall, Accumulate::no);
  gemm(poly, square, square, side, side, side, side, side, side, false, false, Accumulate::no);
  combine(poly, s.settings[muon_c], square, s.settings[muon_b], side * side);
  if (tall)
    gemm(more, x, poly, rows, side, side, columns, columns, side, false, false, Accumulate::no);
  else
    gemm(more, poly, x, side, columns, side, columns, side, columns, false, false, Accumulate::no);
  combine(x, s.settings[muon_a], more, 1, s.size);
}

//   m = momentum m + g;  x = (momentum m + g with Nesterov's momentum, else m) / its norm
template <class T>
void step(const RuleStep<T>& s) {
  if (s.size == 0 || s.weight.axes != 2) return;
  using V = Vec<T>;
  T *m_ = s.slots[0], *x = s.weight.workspace;
  const T* grad = s.grad;
  const V keep = broadcast(T(s.settings[momentum]));
  const bool ahead = s.settings[nesterov] != 0;
  each_vector<T>(s.size, 40, [=](Index i, Index count) {
    const V g = load_count(grad + i, count), m = keep * load_count(m_ + i, count) + g;
    store_count(m_ + i, m, count);
    store_count(x + i, ahead ? keep * m + g : m, count);
  });
  const double norm = ::sqrt(s.weight.kernels->dot(x, x, s.size));
  s.weight.kernels->scale(x, x, 1 / (norm + 1e-7), s.size);
  for (int k = 0; k < int(s.settings[ns_steps]); ++k) iterate(s, x, x + s.size);
  const Index rows = s.weight.shape[0], columns = s.weight.shape[1];
  const double longest = double(rows > columns ? rows : columns);
  const double scale = s.settings[rms_rate] > 0 ? ::sqrt(longest) * s.settings[rms_rate] : 1;
  subtract_scaled(s.param, x, s.learning_rate * scale, s.size);
}

}  // namespace

LAMINA_RULE(muon) = {"muon",
                     {fraction("momentum", 0.95),
                      {"nesterov", 1.0, 0.0, 1.0, false, true},
                      amount("ns_steps", 5),
                      any_number("muon_a", 3.4445),
                      any_number("muon_b", -4.7750),
                      any_number("muon_c", 2.0315),
                      amount("rms_rate", 0.2)},
                     {{"momentum", nullptr, nullptr}},
                     nullptr,
                     false,
                     step<float>,
                     step<double>,
                     workspace};

}  // namespace LAMINA_ISA
}  // namespace lamina
