// Optimizers' rules for Python: what they say of themselves, and settings read by it.
#pragma once

#include <optional>

#include "array.h"
#include "graph/update.h"
#include "parameter.h"

namespace lamina {

void bind_rules(pybind11::module_& module);

namespace python {

// A rule's settings by place; ValueError or TypeError in the name of `who`.
class GivenSettings {
 public:
  explicit GivenSettings(const Rule& rule) : values(initial_settings(rule)), rule_(&rule) {}

  // False if the rule has no setting of this name.
  bool take(const char* who, const std::string& name, const py::object& value);
  // Whether the settings call for a slot.
  bool need(const RuleSlot& slot) const;
  // "momentum is not 0", for a slot that is needed only then.
  std::string reason(const RuleSlot& slot) const;

  std::vector<double> values;

 private:
  const Rule* rule_;
};

// The shape of a rule's slot for a weight of that shape; (0,) where it keeps nothing for such.
Shape slot_shape(Extent extent, const Shape& weight);

}  // namespace python
}  // namespace lamina
