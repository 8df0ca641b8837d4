// A line search for a step that decreases a function and flattens its slope sufficiently: the
// strong Wolfe conditions.
#pragma once

#include <functional>
#include <vector>

namespace lamina {

// A step along the direction, with the function's value and slope there.
struct LinePoint {
  double step = 0.0, value = 0.0, slope = 0.0;
  std::vector<double> gradient;
};

struct WolfeSettings {
  double decrease = 1e-4;  // value <= value(0) + decrease step slope(0)
  double curvature = 0.9;  // |slope| <= curvature |slope(0)|
  double shortest = 1e-9;  // smallest bracket, as the largest change of a coordinate
  int most_evaluations = 25;
};

// Nocedal and Wright, "Numerical optimization", algorithms 3.5 and 3.6, with the safeguards of
// Schmidt's minFunc: a bracket grows up to tenfold by cubic extrapolation, and shrinks by cubic
// interpolation that keeps a distance of a tenth of it from its ends.  `at` evaluates a step;
// `begin` is the step 0, with a slope below 0; `reach` is the largest coordinate of the direction.
// Returns the lowest point found, or `begin` itself if there is none.
LinePoint search_line(const std::function<LinePoint(double)>& at, const LinePoint& begin,
                      double first, double reach, const WolfeSettings& settings);

}  // namespace lamina
