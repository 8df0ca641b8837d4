#include "minimizer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lamina {
namespace {

double largest(const std::vector<double>& x) {
  double most = 0.0;
  for (const double value : x) most = std::max(most, std::abs(value));
  return most;
}

}  // namespace

Minimizer::Minimizer(Function& function, std::unique_ptr<InverseHessian> curvature,
                     Stopping stopping, WolfeSettings wolfe)
    : function_(function),
      curvature_(std::move(curvature)),
      stopping_(stopping),
      wolfe_(wolfe),
      theta_(std::size_t(function.size())),
      gradient_(theta_.size()),
      evaluated_(theta_.size()) {}

void Minimizer::go_on(const std::vector<double>& memory) {
  curvature_->set_memory(memory);
  function_.point(theta_.data());
  begun_ = true;
  known_ = false;
}

// Afterwards evaluated_ is the point as the function stores it.
double Minimizer::evaluate(const std::vector<double>& theta, std::vector<double>& gradient) {
  ++evaluations_;
  const double value = function_.value_and_gradient(theta.data(), gradient.data());
  function_.point(evaluated_.data());
  return value;
}

// Reads the function's current point; returns whether its value and gradient there are finite.
bool Minimizer::meet() {
  std::vector<double> now(theta_.size());
  function_.point(now.data());
  if (now != theta_) {
    curvature_->forget();
    begun_ = known_ = false;
    theta_ = std::move(now);
  }
  if (!known_) value_ = evaluate(theta_, gradient_);
  known_ = std::isfinite(value_) && std::isfinite(largest(gradient_));
  return known_;
}

Progress Minimizer::judge(double before, double largest_move) const {
  if (largest(gradient_) <= stopping_.gradient || value_ < stopping_.absolute)
    return Progress::converged;
  const double change = std::abs(before - value_);
  const bool little =
      stopping_.change >= 0.0 && (largest_move <= stopping_.change || change < stopping_.change);
  const double relative = stopping_.relative * (std::abs(before) + stopping_.relative);
  return little || (stopping_.relative >= 0.0 && change <= relative) ? Progress::stalled
                                                                     : Progress::moved;
}

Progress Minimizer::iterate(double rate) {
  if (!meet()) return Progress::not_finite;
  if (largest(gradient_) <= stopping_.gradient) return Progress::converged;
  std::vector<double> d;
  curvature_->direction(gradient_, d);
  double slope = std::inner_product(gradient_.begin(), gradient_.end(), d.begin(), 0.0);
  if (!(slope < 0.0)) {  // because of rounding errors in the curvature
    curvature_->forget();
    curvature_->direction(gradient_, d);
    slope = std::inner_product(gradient_.begin(), gradient_.end(), d.begin(), 0.0);
  }
  if (slope > -std::max(0.0, stopping_.change)) return Progress::stalled;
  double first = rate;
  if (!begun_) {
    double sum = 0.0;
    for (const double g : gradient_) sum += std::abs(g);
    first *= std::min(1.0, 1.0 / sum);
  }
  double tried = 0.0;  // the last step that was evaluated
  const auto at = [&](double step) {
    std::vector<double> theta(theta_);
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] += step * d[i];
    LinePoint p;
    p.gradient.resize(theta.size());
    p.value = evaluate(theta, p.gradient);
    p.slope = std::inner_product(p.gradient.begin(), p.gradient.end(), d.begin(), 0.0);
    tried = step;
    return p;
  };
  LinePoint end = search_line(at, {0.0, value_, slope, gradient_}, first, largest(d), wolfe_);
  if (tried != end.step) end = at(end.step);  // the function stays at the end of the search
  std::vector<double> there(evaluated_);
  std::vector<double> s(theta_.size()), y(theta_.size());
  for (std::size_t i = 0; i < s.size(); ++i) {
    s[i] = there[i] - theta_[i];
    y[i] = end.gradient[i] - gradient_[i];
  }
  curvature_->update(s, y);
  const double before = value_;
  theta_ = std::move(there);
  gradient_ = std::move(end.gradient);
  value_ = end.value;
  begun_ = true;
  return judge(before, largest(s));
}

}  // namespace lamina
