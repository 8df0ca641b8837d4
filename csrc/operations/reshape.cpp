#include <stdexcept>

#include "registry.h"

namespace lamina {
namespace {

// The same value viewed with another shape: no operation, and no name.
Tensor reshape(Graph& graph, const Tensor& x, const Shape& shape, const std::string&) {
  graph.check(x, "reshape");
  for (const Index axis : shape)
    if (axis < (graph.whole(x) ? 0 : 1))
      throw std::invalid_argument("reshape: every axis needs at least 1 element; got " +
                                  to_string(shape));
  if (size_of(shape) != size_of(x.shape))
    throw std::invalid_argument("reshape: a row of shape " + to_string(x.shape) + " has " +
                                std::to_string(size_of(x.shape)) + " elements, " +
                                to_string(shape) + " has " + std::to_string(size_of(shape)));
  return {x.value, shape, x.graph};
}

// The steps of a row, its first axis, as rows, and back; these are views, not operations.  The
// operations recorded in between run on every step.
Tensor fold(Graph& graph, const Tensor& x, const std::string&) {
  const Index before = graph.check_rows(x, "fold").fold;
  if (x.shape.empty() || x.shape[0] < 1)
    throw std::invalid_argument("fold: needs a row of at least 1 step; got shape " +
                                to_string(x.shape));
  return graph.folded(x, Shape(x.shape.begin() + 1, x.shape.end()),
                      checked_product(before, x.shape[0]));
}

Tensor unfold(Graph& graph, const Tensor& x, Index steps, const std::string&) {
  const Index before = graph.check_rows(x, "unfold").fold;
  if (steps < 1 || before % steps != 0)
    throw std::invalid_argument("unfold: needs a divisor of the " + std::to_string(before) +
                                " rows for each row of the batch; got " + std::to_string(steps));
  Shape shape = x.shape;
  shape.insert(shape.begin(), steps);
  return graph.folded(x, std::move(shape), before / steps);
}

// The first axis of a value without rows as rows of its own, and back; these are views as well.
Tensor own_rows(Graph& graph, const Tensor& x, const std::string&) { return graph.as_own_rows(x); }

Tensor of_own_rows(Graph& graph, const Tensor& x, const std::string&) {
  return graph.of_own_rows(x);
}

const Registration views_registered[] = {
    {"reshape",
     "The same values, with each row viewed in another shape.",
     reshape,
     {{"x", "Any shape; a mask or labels too."}, {"shape", "A shape with as many elements."}}},
    {"fold", "The steps of a row, its first axis, viewed as rows.", fold, {{"x", "(steps, ...)."}}},
    {"unfold",
     "The rows made by `fold`, viewed as the steps of a row again.",
     unfold,
     {{"x", "Any shape, folded."}, {"steps", "Number of steps in a row."}}},
    {"own_rows",
     "A tensor without rows, its first axis viewed as rows, independent of the batch.",
     own_rows,
     {{"x", "(rows, ...), without rows."}}},
    {"of_own_rows",
     "The rows made by `own_rows`, viewed as the first axis of a tensor without rows again.",
     of_own_rows,
     {{"x", "Any shape, with rows of its own."}}},
};

}  // namespace
}  // namespace lamina
