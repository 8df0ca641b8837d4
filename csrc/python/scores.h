// Scores of outputs with respect to targets, for Python.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "fits/score.h"

namespace lamina {

void bind_scores(pybind11::module_& module);

namespace python {

struct BoundScore {
  std::shared_ptr<const OutputScore> score;
  DType dtype;
  Index rows, width;
};

}  // namespace python
}  // namespace lamina
