#include <stdexcept>

#include "operations.h"

namespace lamina {

Tensor reshape(const Graph& graph, const Tensor& x, Shape shape) {
  graph.check_rows(x, "reshape");
  if (size_of(shape) != size_of(x.shape))
    throw std::invalid_argument("reshape: a row of shape " + to_string(x.shape) + " has " +
                                std::to_string(size_of(x.shape)) + " elements, " +
                                to_string(shape) + " has " + std::to_string(size_of(shape)));
  return {x.value, std::move(shape), x.graph};
}

}  // namespace lamina
