#include "variable_metric.h"

#include <cmath>
#include <utility>

#include "runtime/isa.h"

namespace lamina {
namespace {

constexpr double shortening = 0.2;        // factor on a rejected step
constexpr double tolerance = 1e-4;        // required share of the decrease that the slope predicts
constexpr double no_change = 10.0;        // changes that vanish when added to it are none
constexpr int most_steps_an_element = 2;  // until H is reset

double slope_along(const std::vector<double>& a, const std::vector<double>& b) {
  return kernels<double>().dot(a.data(), b.data(), Index(a.size()));
}

class VariableMetric {
 public:
  VariableMetric(Function& function, std::vector<double> start, const SearchSettings& settings,
                 const SearchWatch& watch)
      : function_(function),
        settings_(settings),
        watch_(watch),
        size_(settings.moving.size()),
        h_(Index(size_)),
        all_(std::size_t(function.size())),
        before_(size_),
        gradient_(size_),
        step_(size_),
        change_(size_),
        h_change_(size_) {
    result_.point = std::move(start);
  }

  SearchResult run() {
    result_.initial = result_.value = last_ = evaluate();
    if (!std::isfinite(last_)) return ended(SearchEnd::not_finite);
    if (!goes_on()) return ended(SearchEnd::interrupted);
    if (settings_.most_iterations <= 0) return ended(SearchEnd::converged);
    take_gradient();
    for (;;) {
      const bool anew = steps_ == 0;
      if (anew) h_.set_diagonal(1.0);
      const bool won = pass();
      if (!goes_on()) return ended(SearchEnd::interrupted);
      if (result_.iterations >= settings_.most_iterations) return ended(SearchEnd::stopped);
      if (!won && anew) return ended(SearchEnd::converged);
      if (!won || steps_ > most_steps_an_element * std::int64_t(size_)) steps_ = 0;
    }
  }

 private:
  // A step along -H g; returns whether it made progress.
  bool pass() {
    h_.multiply(gradient_, step_);
    for (double& x : step_) x = -x;
    const double slope = slope_along(gradient_, step_);
    if (!(slope < 0.0)) return false;
    const bool lower = search_line(slope);
    const double change = std::abs(last_ - result_.value);
    const bool enough =
        last_ > settings_.absolute &&
        change > settings_.relative * (std::abs(result_.value) + settings_.relative);
    if (lower || (!enough && std::isfinite(last_))) result_.value = last_;
    if (!lower || !enough) return false;
    change_ = gradient_;
    take_gradient();
    for (std::size_t i = 0; i < size_; ++i) change_[i] = gradient_[i] - change_[i];
    learn();
    return true;
  }

  // Shortens the step until the value decreases enough or the point does not change; returns
  // whether it decreases.
  bool search_line(double slope) {
    for (std::size_t i = 0; i < size_; ++i) before_[i] = at(i);
    for (double length = 1.0;; length *= shortening) {
      bool moved = false;
      for (std::size_t i = 0; i < size_; ++i) {
        at(i) = before_[i] + length * step_[i];
        moved |= no_change + at(i) != no_change + before_[i];
      }
      if (!moved) return false;
      last_ = evaluate();
      if (std::isfinite(last_) && last_ <= result_.value + slope * length * tolerance) {
        for (double& x : step_) x *= length;
        return true;
      }
    }
  }

  // Updates H so that it maps the change of the gradient to the step.  If the slope has not
  // increased along the step, there is no such H with positive curvature.
  void learn() {
    const double curvature = slope_along(step_, change_);
    ++steps_;
    if (!(curvature > 0.0)) {
      steps_ = 0;
      return;
    }
    h_.multiply(change_, h_change_);
    const double share = 1.0 + slope_along(change_, h_change_) / curvature;
    h_.update(step_, h_change_, share / curvature, -1.0 / curvature);
  }

  double& at(std::size_t i) { return result_.point[std::size_t(settings_.moving[i])]; }
  double evaluate() {
    ++result_.evaluations;
    return function_.value(result_.point.data());
  }
  void take_gradient() {
    ++result_.gradients;
    ++result_.iterations;
    function_.gradient(all_.data());
    for (std::size_t i = 0; i < size_; ++i) gradient_[i] = all_[std::size_t(settings_.moving[i])];
  }
  bool goes_on() const { return !watch_ || watch_(result_.iterations, last_); }
  SearchResult ended(SearchEnd end) {
    result_.end = end;
    return std::move(result_);
  }

  Function& function_;
  const SearchSettings& settings_;
  const SearchWatch& watch_;
  const std::size_t size_;
  SymmetricMatrix h_;
  std::vector<double> all_;  // the gradient for all elements
  std::vector<double> before_, gradient_, step_, change_, h_change_;
  SearchResult result_;
  double last_ = 0.0;       // the last value that was evaluated
  std::int64_t steps_ = 0;  // steps that H has used since it was reset; 0: reset it
};

}  // namespace

SearchResult search_variable_metric(Function& function, std::vector<double> start,
                                    const SearchSettings& settings, const SearchWatch& watch) {
  return VariableMetric(function, std::move(start), settings, watch).run();
}

}  // namespace lamina
