#include "ctc.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "parallel.h"

namespace lamina {
namespace {

constexpr double impossible = -std::numeric_limits<double>::infinity();

double log_sum(double a, double b) {
  const double most = std::max(a, b);
  return most == impossible ? impossible : most + std::log1p(std::exp(std::min(a, b) - most));
}

// One logarithm for the sum of three, because logarithms take most of the time.
double log_sum(double a, double b, double c) {
  const double most = std::max(std::max(a, b), c);
  if (most == impossible) return impossible;
  return most + std::log(std::exp(a - most) + std::exp(b - most) + std::exp(c - most));
}

Index clamped(std::int32_t count, Index most) { return std::clamp<Index>(count, 0, most); }

// One row.  Its states are the labels with blanks before, between and after them: 2 labels + 1.
template <class T>
class CtcRow {
 public:
  CtcRow(const T* x_tc, const std::int32_t* label_l, Index labels, Index steps, double* workspace,
         CtcDims d)
      : x_(x_tc), label_(label_l), steps_(steps), states_(2 * labels + 1), dims_(d) {
    const Index most = 2 * d.labels + 1;
    alpha_ = workspace;
    emitted_ = alpha_ + d.steps * most;
    beta_ = emitted_ + d.steps * most;
    next_ = beta_ + most;
    total_ = next_ + most;
    share_ = total_ + d.steps;
  }

  // The log-probability of all paths; alpha holds that of the paths up to each step and state.
  double forward() {
    for (Index t = 0; t < steps_; ++t) {
      double* const now = alpha_ + t * states_;
      const double* const before = now - states_;
      total_[t] = log_total(x_ + t * dims_.classes);
      double* const emitted = emitted_ + t * states_;
      for (Index s = 0; s < states_; ++s) emitted[s] = log_probability(t, s);
      std::fill_n(now, states_, impossible);
      for (Index s = first(t); s < last(t); ++s) {
        double sum = impossible;
        if (t == 0)
          sum = 0.0;
        else if (skips_to(s))
          sum = log_sum(before[s], before[s - 1], before[s - 2]);
        else
          sum = s > 0 ? log_sum(before[s], before[s - 1]) : before[s];
        now[s] = sum + emitted[s];
      }
    }
    if (steps_ == 0) return states_ == 1 ? 0.0 : impossible;
    const double* const last = alpha_ + (steps_ - 1) * states_;
    return states_ == 1 ? last[0] : log_sum(last[states_ - 1], last[states_ - 2]);
  }

  // d loss / d x: the softmax minus each class's share of the paths.
  void backward(T* dx_tc, double all) {
    const Index classes = dims_.classes;
    std::fill_n(dx_tc, dims_.steps * classes, T(0));
    if (all == impossible) return;
    for (Index t = steps_; t-- > 0;) {
      // The weight of each state of the next step, including its own symbol.
      for (Index s = 0; s < states_; ++s)
        next_[s] = t + 1 < steps_ ? beta_[s] + emitted_[(t + 1) * states_ + s] : impossible;
      std::fill_n(beta_, states_, impossible);
      std::fill_n(share_, classes, 0.0);
      for (Index s = first(t); s < last(t); ++s) {
        beta_[s] = behind(t, s);
        const double path = alpha_[t * states_ + s] + beta_[s] - all;
        if (path > impossible) share_[symbol(s)] += std::exp(path);
      }
      for (Index k = 0; k < classes; ++k) {
        const double p = std::exp(double(x_[t * classes + k]) - total_[t]);
        dx_tc[t * classes + k] = T(p - share_[k]);
      }
    }
  }

 private:
  // The states that a path may be in at step t: it begins in the first two, ends in the last two,
  // and advances by at most two.
  Index first(Index t) const { return std::max<Index>(0, states_ - 2 * (steps_ - t)); }
  Index last(Index t) const { return std::min(states_, 2 * (t + 1)); }

  // The log-probability of everything that follows step t, starting from state s.
  double behind(Index t, Index s) const {
    if (t + 1 == steps_) return 0.0;
    if (s + 2 < states_ && skips_to(s + 2)) return log_sum(next_[s], next_[s + 1], next_[s + 2]);
    return s + 1 < states_ ? log_sum(next_[s], next_[s + 1]) : next_[s];
  }

  Index symbol(Index s) const { return s % 2 == 0 ? dims_.blank : label_[s / 2]; }
  // Whether the blank before a state may be skipped: not between equal labels.
  bool skips_to(Index s) const { return s % 2 == 1 && s > 1 && symbol(s) != symbol(s - 2); }

  double log_probability(Index t, Index s) const {
    const Index k = symbol(s);
    if (k < 0 || k >= dims_.classes) return impossible;  // a label that is not a class cannot occur
    return double(x_[t * dims_.classes + k]) - total_[t];
  }

  double log_total(const T* x_c) const {
    const double most = double(*std::max_element(x_c, x_c + dims_.classes));
    double sum = 0.0;
    for (Index k = 0; k < dims_.classes; ++k) sum += std::exp(double(x_c[k]) - most);
    return most + std::log(sum);
  }

  const T* const x_;
  const std::int32_t* const label_;
  const Index steps_, states_;
  const CtcDims dims_;
  double *alpha_, *emitted_, *beta_, *next_, *total_, *share_;
};

Index row_doubles(CtcDims d) {
  const Index states = 2 * d.labels + 1;
  return (2 * d.steps + 2) * states + d.steps + d.classes;
}

}  // namespace

std::size_t ctc_doubles(CtcDims d) { return std::size_t(d.rows * row_doubles(d)); }

template <class T>
void ctc(T* loss_n, T* dx, const T* x, const std::int32_t* label, const std::int32_t* label_count,
         const std::int32_t* step_count, double* workspace, CtcDims d) {
  const Index size = d.steps * d.classes;
  // A state of a step takes about three exponentials and as many logarithms, twice that with
  // gradients.
  const double work = 60.0 * double(d.steps * (2 * d.labels + 1)) + 10.0 * double(size);
  parallel_units(d.rows, work, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      CtcRow<T> row(x + r * size, label + r * d.labels, clamped(label_count[r], d.labels),
                    clamped(step_count[r], d.steps), workspace + r * row_doubles(d), d);
      const double all = row.forward();
      loss_n[r] = T(-all);
      if (dx != nullptr) row.backward(dx + r * size, all);
    }
  });
}

template void ctc(float*, float*, const float*, const std::int32_t*, const std::int32_t*,
                  const std::int32_t*, double*, CtcDims);
template void ctc(double*, double*, const double*, const std::int32_t*, const std::int32_t*,
                  const std::int32_t*, double*, CtcDims);

}  // namespace lamina
