// Updates of an execution as described in Python; they are checked when an execution uses them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "array.h"
#include "graph/update.h"
#include "parameter.h"

namespace lamina {

void bind_updates(pybind11::module_& module);

namespace python {

// One optimizer: its rules, and the settings that they share, as given.
struct Update {
  struct Added {
    std::string kind;
    std::vector<std::optional<py::array>> slots;
    py::object parameters, weight_decays, rates;  // null: all, one for all, ones
    py::dict settings;
  };
  py::dict shared;
  std::vector<Added> rules;
};

// The data that an execution trains.
struct Trained {
  const std::vector<GradientSlice>& slices;
  const Parameters& by_slot;
  DType dtype;
};

// `kept` are the arrays that must live as long as the settings.
UpdateSettings read_update(const Update& update, const Trained& trained,
                           std::vector<py::array>& kept);

}  // namespace python
}  // namespace lamina
