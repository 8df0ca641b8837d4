// Optimizers' rules for Python: their descriptions, and settings read according to them.
#pragma once

#include <optional>

#include "array.h"
#include "graph/update.h"
#include "parameter.h"

namespace lamina {

void bind_rules(pybind11::module_& module);

namespace python {

// A rule's settings by place; ValueError or TypeError whose message begins with `who`.
class GivenSettings {
 public:
  explicit GivenSettings(const Rule& rule) : values(initial_settings(rule)), rule_(&rule) {}

  // False if the rule has no setting of this name.
  bool take(const char* who, const std::string& name, const py::object& value);
  // Whether the settings require a slot.
  bool need(const RuleSlot& slot) const;
  // "momentum is not 0", for a slot that is required only then.
  std::string reason(const RuleSlot& slot) const;

  std::vector<double> values;

 private:
  const Rule* rule_;
};

// The shape of a rule's slot for a weight of that shape; (0,) if nothing is kept for it.
Shape slot_shape(Extent extent, const Shape& weight);

}  // namespace python
}  // namespace lamina
