#include "line_search.h"

#include <algorithm>
#include <cmath>

namespace lamina {
namespace {

bool usable(const LinePoint& p) { return std::isfinite(p.value) && std::isfinite(p.slope); }

// The minimum of the cubic through two points with their slopes, within [low, high]; the midpoint
// of that interval if the cubic has no minimum.
double cubic_minimum(const LinePoint& a, const LinePoint& b, double low, double high) {
  const LinePoint &left = a.step <= b.step ? a : b, &right = a.step <= b.step ? b : a;
  const double width = right.step - left.step;
  const double d1 =
      left.slope + right.slope - 3 * (left.value - right.value) / (left.step - right.step);
  const double square = d1 * d1 - left.slope * right.slope;
  if (!(square >= 0.0) || !std::isfinite(square)) return (low + high) / 2;
  const double d2 = std::sqrt(square);
  const double step =
      right.step - width * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  return std::isfinite(step) ? std::min(std::max(step, low), high) : (low + high) / 2;
}

class Search {
 public:
  Search(const std::function<LinePoint(double)>& at, const LinePoint& begin, double reach,
         const WolfeSettings& settings)
      : at_(at), begin_(begin), reach_(reach), settings_(settings) {}

  LinePoint run(double first) {
    if (!grow(first)) return low_;
    while (count_ < settings_.most_evaluations &&
           std::abs(high_.step - low_.step) * reach_ >= settings_.shortest)
      if (shrink()) return low_;
    return low_;
  }

 private:
  LinePoint evaluate(double step) {
    ++count_;
    LinePoint p = at_(step);
    p.step = step;
    return p;
  }
  bool too_high(const LinePoint& p) const {
    return !usable(p) || p.value > begin_.value + settings_.decrease * p.step * begin_.slope;
  }
  bool flat(const LinePoint& p) const {
    return std::abs(p.slope) <= -settings_.curvature * begin_.slope;
  }

  // Tries longer steps until one is acceptable, which is then the low point, or an acceptable one
  // is known to lie between two of them; returns whether there is such a bracket.
  bool grow(double first) {
    LinePoint before = begin_, now = evaluate(first);
    for (int grown = 0;; ++grown) {
      const bool rises = grown > 1 && now.value >= before.value;
      if (too_high(now) || rises) return bracket(before, now);
      if (flat(now)) {
        low_ = std::move(now);
        return false;
      }
      if (now.slope >= 0) return bracket(before, now);
      if (count_ >= settings_.most_evaluations) {
        low_ = std::move(now);
        return false;
      }
      const double step =
          cubic_minimum(before, now, now.step + 0.01 * (now.step - before.step), now.step * 10);
      before = std::move(now);
      now = evaluate(step);
    }
  }
  bool bracket(const LinePoint& a, const LinePoint& b) {
    const bool lower = !usable(b) || a.value <= b.value;
    low_ = lower ? a : b;
    high_ = lower ? b : a;
    return true;
  }

  // Tries a point within the bracket; returns whether it is acceptable.
  bool shrink() {
    const double left = std::min(low_.step, high_.step), right = std::max(low_.step, high_.step);
    const double margin = 0.1 * (right - left);
    double step = usable(high_) ? cubic_minimum(low_, high_, left, right) : (left + right) / 2;
    const bool near_end = std::min(right - step, step - left) < margin;
    if (near_end && (was_near_ || step >= right || step <= left)) {
      step = std::abs(step - right) < std::abs(step - left) ? right - margin : left + margin;
      was_near_ = false;
    } else {
      was_near_ = near_end;
    }
    LinePoint now = evaluate(step);
    if (too_high(now) || now.value >= low_.value) {
      high_ = std::move(now);
      return false;
    }
    const bool done = flat(now);
    if (!done && now.slope * (high_.step - low_.step) >= 0) high_ = std::move(low_);
    low_ = std::move(now);
    return done;
  }

  const std::function<LinePoint(double)>& at_;
  const LinePoint& begin_;
  const double reach_;
  const WolfeSettings settings_;
  LinePoint low_, high_;
  int count_ = 0;
  bool was_near_ = false;  // the last trial was accepted close to an end
};

}  // namespace

LinePoint search_line(const std::function<LinePoint(double)>& at, const LinePoint& begin,
                      double first, double reach, const WolfeSettings& settings) {
  return Search(at, begin, reach, settings).run(first);
}

}  // namespace lamina
