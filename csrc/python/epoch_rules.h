// Rules between the epochs of whole fits, for Python.
#pragma once

#include <pybind11/pybind11.h>

#include "fits/epoch_rules.h"

namespace lamina {

void bind_epoch_rules(pybind11::module_& module);

namespace python {

struct BoundQuantity {
  Quantity quantity;
};

struct BoundRule {
  EpochRuleMaker maker;
};

}  // namespace python
}  // namespace lamina
