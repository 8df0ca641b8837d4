// Adafactor: the squares of a matrix's gradient are kept by row and by column (Shazeer and Stern
// 2018).
#include "step.h"

namespace lamina {
namespace LAMINA_ISA {
namespace {

enum { beta_2_decay, epsilon_1, epsilon_2, clip_threshold, relative_step };

struct Matrices {
  Index count, rows, columns;
};

Matrices matrices_of(const Index* shape, int axes) {
  const Index rows = shape[axes - 2], columns = shape[axes - 1];
  return {elements(shape, axes - 2), rows, columns};
}

Index workspace(const Index* shape, int axes) {
  const Index size = elements(shape, axes);
  return axes < 2 ? size
                  : size + slot_size(Extent::rows, shape, axes) +
                        slot_size(Extent::columns, shape, axes);
}

// mean = keep mean + (1 - keep) x
template <class T>
void follow(T* mean, const T* x, double keep_, Index size) {
  const Vec<T> keep = broadcast(T(keep_)), rest = broadcast(T(1 - keep_));
  each_vector<T>(size, 30, [=](Index i, Index count) {
    store_count(mean + i, keep * load_count(mean + i, count) + rest * load_count(x + i, count),
                count);
  });
}

// g / root; 0 where the root is 0, as all of these gradients were.
template <class T>
LAMINA_INLINE Vec<T> over(Vec<T> g, Vec<T> root) {
  return root > Vec<T>{} ? g / root : Vec<T>{};
}

// u = g / sqrt(v), where v_ij is r_i c_j over the mean of r: `r` and `c` are the means of the
// squares.  The roots are taken one by one, because r_i c_j may be too small for the type.
template <class T>
void divide(T* u_rc, const T* grad_rc, const T* r, const T* c, Index rows, Index columns) {
  double mean = 0;
  for (Index i = 0; i < rows; ++i) mean += double(r[i]);
  mean /= double(rows);
  for (Index i = 0; i < rows; ++i) {
    const Vec<T> row = broadcast(r[i] > T(0) ? T(::sqrt(mean / double(r[i]))) : T(0));
    const T* grad = grad_rc + i * columns;
    T* u = u_rc + i * columns;
    for_vectors<T>(0, columns, [=](Index j, Index count) {
      store_count(u + j, over<T>(row * load_count(grad + j, count), sqrt(load_count(c + j, count))),
                  count);
    });
  }
}

// The step before scaling, u = g / sqrt(v), in the workspace.
template <class T>
void direction(const RuleStep<T>& s, double keep) {
  T* u_ = s.weight.workspace;
  const T* grad = s.grad;
  const Vec<T> least = broadcast(T(s.settings[epsilon_1]));
  each_vector<T>(s.size, 20, [=](Index i, Index count) {
    const Vec<T> g = load_count(grad + i, count);
    store_count(u_ + i, fma(g, g, least), count);
  });
  if (s.weight.axes < 2) {
    T* v_ = s.slots[0];
    follow(v_, u_, keep, s.size);
    each_vector<T>(s.size, 40, [=](Index i, Index count) {
      store_count(u_ + i, over<T>(load_count(grad + i, count), sqrt(load_count(v_ + i, count))),
                  count);
    });
    return;
  }
  const Matrices m = matrices_of(s.weight.shape, s.weight.axes);
  T *r = s.slots[1], *c = s.slots[2], *r_now = u_ + s.size, *c_now = r_now + m.count * m.rows;
  const auto reduce = s.weight.kernels->reduce_forward;
  reduce(r_now, u_, {m.count * m.rows, m.columns, 1}, Reduction::mean);
  reduce(c_now, u_, {m.count, m.rows, m.columns}, Reduction::mean);
  follow(r, r_now, keep, m.count * m.rows);
  follow(c, c_now, keep, m.count * m.columns);
  parallel_chunks(threads_for(40 * double(s.size), m.count), m.count, [=](Index k) {
    const Index at = k * m.rows * m.columns;
    divide(u_ + at, grad + at, r + k * m.rows, c + k * m.columns, m.rows, m.columns);
  });
}

//   p -= max(epsilon_2, rms(p)) min(rate, 1 / sqrt(t)) u / max(1, rms(u) / clip_threshold)
// As in Keras, the rate is at most 1 / sqrt(t) regardless of relative_step.
template <class T>
void step(const RuleStep<T>& s) {
  if (s.size == 0) return;
  const double t = double(s.step), size = double(s.size), slowest = 1 / ::sqrt(t);
  direction(s, 1 - ::pow(t, s.settings[beta_2_decay]));
  const auto rms = [&](const T* x) { return ::sqrt(s.weight.kernels->dot(x, x, s.size) / size); };
  const double weight = rms(s.param), far = rms(s.weight.workspace) / s.settings[clip_threshold];
  const double rate = s.learning_rate < slowest ? s.learning_rate : slowest;
  const double floor = s.settings[epsilon_2];
  subtract_scaled(s.param, s.weight.workspace,
                  rate * (weight > floor ? weight : floor) / (far > 1 ? far : 1), s.size);
}

}  // namespace

LAMINA_RULE(adafactor) = {"adafactor",
                          {{"beta_2_decay", -0.8, -__builtin_inf(), 0.0, false, false},
                           amount("epsilon_1", 1e-30),
                           amount("epsilon_2", 1e-3),
                           amount("clip_threshold", 1.0),
                           {"relative_step", 1.0, 0.0, 1.0, false, true}},
                          {{"v", nullptr, nullptr, Extent::vectors},
                           {"r", nullptr, nullptr, Extent::rows},
                           {"c", nullptr, nullptr, Extent::columns}},
                          "epsilon_1",
                          false,
                          step<float>,
                          step<double>,
                          workspace};

}  // namespace LAMINA_ISA
}  // namespace lamina
