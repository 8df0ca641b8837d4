// Quasi-Newton methods on C++ functions.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "minimize/minimizer.h"
#include "minimize/variable_metric.h"

using namespace lamina;

namespace {

// (1 - x)^2 + 100 (y - x^2)^2
class Rosenbrock final : public Function {
 public:
  Index size() const override { return 2; }
  void point(double* theta) const override { theta[0] = x, theta[1] = y; }
  double value(const double* theta) override {
    x = theta[0], y = theta[1];
    return (1 - x) * (1 - x) + 100 * (y - x * x) * (y - x * x);
  }
  void gradient(double* gradient) override {
    const double across = y - x * x;
    gradient[0] = -2 * (1 - x) - 400 * x * across;
    gradient[1] = 200 * across;
  }
  double value_and_gradient(const double* theta, double* into) override {
    const double there = value(theta);
    gradient(into);
    return there;
  }
  double x = -1.2, y = 1.0;
};

int iterations(Minimizer& minimizer, Progress* last) {
  int count = 0;
  do {
    *last = minimizer.iterate(1.0);
    ++count;
  } while (*last == Progress::moved && count < 200);
  return count;
}

}  // namespace

TEST_CASE("both methods find the minimum of a curved valley") {
  for (const int pairs : {0, 5}) {
    Rosenbrock function;
    Minimizer minimizer(function, pairs == 0 ? dense_memory(2) : limited_memory(2, pairs),
                        {1e-9, 0.0, -1.0, -1.0}, {});
    Progress last;
    CHECK(iterations(minimizer, &last) < 60);
    CHECK(last == Progress::converged);
    CHECK(std::abs(function.x - 1.0) < 1e-8);
    CHECK(std::abs(function.y - 1.0) < 1e-8);
  }
}

TEST_CASE("a small relative change of the value ends the search if requested") {
  Rosenbrock function;
  Minimizer minimizer(function, dense_memory(2), {-1.0, -1.0, -1.0, 1e-3}, {});
  Progress last;
  iterations(minimizer, &last);
  CHECK(last == Progress::stalled);
}

TEST_CASE("R's search takes R's number of evaluations") {
  Rosenbrock function;
  SearchSettings settings;
  settings.relative = 1.4901161193847656e-8;
  settings.moving = {0, 1};
  const SearchResult found = search_variable_metric(function, {-1.2, 1.0}, settings);
  CHECK(found.end == SearchEnd::converged);
  CHECK(found.evaluations == 110);
  CHECK(found.gradients == 43);
  CHECK(found.value == doctest::Approx(9.594956e-18).epsilon(1e-4));
}
