#include "rules.h"

#include <pybind11/stl.h>

#include "graph.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {

bool GivenSettings::take(const char* who, const std::string& name, const py::object& value) {
  const int place = find_setting(*rule_, name.c_str());
  if (place < 0) return false;
  const RuleSetting& s = rule_->settings[place];
  values[std::size_t(place)] = s.flag ? double(flag(who, s.name, value))
                                      : number_in(who, s.name, value, s.low, s.high, s.open_above);
  return true;
}

bool GivenSettings::need(const RuleSlot& slot) const {
  return slot.when == nullptr || values[std::size_t(find_setting(*rule_, slot.when))] != 0.0;
}

std::string GivenSettings::reason(const RuleSlot& slot) const {
  const bool flag = rule_->settings[find_setting(*rule_, slot.when)].flag;
  return std::string(slot.when) + (flag ? " is True" : " is not 0");
}

Shape slot_shape(Extent extent, const Shape& weight) {
  const bool matrix = weight.size() >= 2;
  if (extent == Extent::elements || (extent == Extent::vectors && !matrix)) return weight;
  if (extent == Extent::vectors || !matrix) return {0};
  Shape shape = weight;
  shape.erase(shape.end() - (extent == Extent::rows ? 1 : 2));
  return shape;
}

}  // namespace python

void bind_rules(py::module_& module) {
  using Name = std::optional<std::string>;
  const auto name_or_none = [](const char* name) { return name == nullptr ? Name() : Name(name); };
  py::class_<RuleSetting>(module, "RuleSetting",
                          "A number or a flag that an optimizer's rule takes.")
      .def_property_readonly("name", [](const RuleSetting& s) { return std::string(s.name); })
      .def_readonly("initial", &RuleSetting::initial)
      .def_readonly("low", &RuleSetting::low)
      .def_readonly("high", &RuleSetting::high)
      .def_readonly("open_above", &RuleSetting::open_above, "Whether `high` itself is excluded.")
      .def_readonly("flag", &RuleSetting::flag);
  py::class_<RuleSlot>(module, "RuleSlot", "An array that a rule keeps from step to step.")
      .def_property_readonly("name", [](const RuleSlot& s) { return std::string(s.name); })
      .def_property_readonly(
          "when", [=](const RuleSlot& s) { return name_or_none(s.when); },
          "The setting that requires it unless 0; None: always required.")
      .def_property_readonly(
          "start", [=](const RuleSlot& s) { return name_or_none(s.start); },
          "The setting with which it is filled before the first step, or \"weight\" for the "
          "weight's own values; None: zeros.")
      .def(
          "shape",
          [](const RuleSlot& s, const Shape& weight) {
            return python::shape_tuple(python::slot_shape(s.extent, weight));
          },
          "weight"_a, "The slot's shape for a weight of that shape; (0,): nothing is kept.");
  py::class_<Rule>(module, "Rule", "The description of an optimizer's compiled rule.")
      .def_property_readonly("name", [](const Rule& rule) { return std::string(rule.name); })
      .def_property_readonly("settings",
                             [](const Rule& r) {
                               return std::vector<RuleSetting>(r.settings,
                                                               r.settings + setting_count(r));
                             })
      .def_property_readonly(
          "slots",
          [](const Rule& r) { return std::vector<RuleSlot>(r.slots, r.slots + slot_count(r)); })
      .def_property_readonly(
          "whole", [](const Rule& rule) { return rule.workspace != nullptr; },
          "Whether a step depends on the shape of a weight.");
  module.def(
      "rules",
      [] {
        std::vector<Rule> all;
        for (const Rule* const* rule = rules(); *rule != nullptr; ++rule) all.push_back(**rule);
        return all;
      },
      "The optimizers' rules, by name.");
}

}  // namespace lamina
