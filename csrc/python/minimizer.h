// Quasi-Newton methods for Python, over an execution and all rows of its data.
#pragma once

#include <memory>
#include <vector>

#include "array.h"
#include "graph/objective.h"
#include "minimize/minimizer.h"

namespace lamina {

void bind_minimizer(pybind11::module_& module);

namespace python {

class BoundMinimizer {
 public:
  // `order`: row numbers, which are kept; empty for rows 0 to `rows`.
  BoundMinimizer(Execution& execution, std::vector<std::int64_t> order, Index rows,
                 std::uint32_t random_step, int pairs, Stopping stopping, WolfeSettings wolfe);

  std::pair<std::string, double> iterate(double rate);
  double largest_gradient() const;
  std::int64_t evaluations() const { return minimizer_.evaluations(); }
  py::array_t<double> memory();
  void go_on(const py::array_t<double, py::array::c_style | py::array::forcecast>& memory);

 private:
  Execution& execution_;
  const std::vector<std::int64_t> order_;
  Objective objective_;
  Minimizer minimizer_;
};

}  // namespace python
}  // namespace lamina
