#include "rules.h"

#include <pybind11/stl.h>

#include <algorithm>

#include "graph.h"

namespace lamina {

namespace py = pybind11;

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

namespace {

void read_no_decay(UpdateSettings& update, const py::object& value, const Parameters& parameters) {
  if (!py::isinstance<py::list>(value) && !py::isinstance<py::tuple>(value))
    throw py::type_error("set_update: no_decay must be a list of parameters; got " +
                         text_of(value));
  for (const py::handle parameter : value) {
    if (!py::isinstance<Parameter>(parameter))
      throw py::type_error("set_update: no_decay must hold parameters; got " +
                           text_of(py::reinterpret_borrow<py::object>(parameter)));
    const auto given = py::cast<std::shared_ptr<Parameter>>(parameter);
    const auto found = std::find(parameters.begin(), parameters.end(), given);
    if (found != parameters.end()) update.no_decay.push_back(int(found - parameters.begin()));
  }
}

// A setting that all rules share; false if there is none of this name.
bool read_shared(UpdateSettings& update, const std::string& key, const py::object& value,
                 const Parameters& parameters) {
  const std::pair<const char*, double UpdateSettings::*> numbers[] = {
      {"weight_decay", &UpdateSettings::weight_decay},
      {"clipvalue", &UpdateSettings::clipvalue},
      {"clipnorm", &UpdateSettings::clipnorm},
      {"global_clipnorm", &UpdateSettings::global_clipnorm}};
  for (const auto& [name, member] : numbers)
    if (key == name) {
      update.*member = number_in("set_update", name, value, 0.0, kInfinity);
      return true;
    }
  if (key != "no_decay") return false;
  read_no_decay(update, value, parameters);
  return true;
}

}  // namespace

UpdateSettings read_update(const std::string& kind,
                           const std::vector<std::optional<py::array>>& slots,
                           const py::kwargs& settings, DType dtype, Index size,
                           const Parameters& parameters, std::vector<py::array>& kept) {
  UpdateSettings update;
  update.rule = find_rule("set_update", kind);
  const Rule& rule = *rules()[update.rule];
  GivenSettings own(rule);
  for (const auto& [key_, value_] : settings) {
    const auto key = py::cast<std::string>(key_);
    const auto value = py::reinterpret_borrow<py::object>(value_);
    if (!own.take("set_update", key, value) && !read_shared(update, key, value, parameters))
      throw py::type_error("set_update: unknown setting '" + key + "' of " + kind);
  }
  update.settings = own.values;
  if (int(slots.size()) > slot_count(rule))
    throw py::value_error("set_update: " + kind + " has " + std::to_string(slot_count(rule)) +
                          " slots; got " + std::to_string(slots.size()));
  for (const std::optional<py::array>& place : slots) {
    if (!place) {
      update.slots.push_back(nullptr);
      continue;
    }
    const py::array& slot = kept.emplace_back(*place);
    if (!slot.dtype().equal(numpy_dtype(dtype)) || !(slot.flags() & py::array::c_style) ||
        !slot.writeable() || slot.size() != size)
      throw py::value_error("set_update: a slot needs a writable C-contiguous " +
                            std::string(name_of(dtype)) + " array of " + std::to_string(size) +
                            " elements");
    update.slots.push_back(static_cast<std::byte*>(const_cast<void*>(slot.data())));
  }
  for (int place = 0; place < slot_count(rule); ++place)
    if (own.need(rule.slots[place]) && (place >= int(slots.size()) || !slots[std::size_t(place)]))
      throw py::value_error("set_update: " + kind + " needs slot " + std::to_string(place) + ", " +
                            rule.slots[place].name);
  return update;
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
      .def_readonly("open_above", &RuleSetting::open_above, "Whether `high` itself is refused.")
      .def_readonly("flag", &RuleSetting::flag);
  py::class_<RuleSlot>(module, "RuleSlot", "An array that a rule keeps from step to step.")
      .def_property_readonly("name", [](const RuleSlot& s) { return std::string(s.name); })
      .def_property_readonly(
          "when", [=](const RuleSlot& s) { return name_or_none(s.when); },
          "The setting that calls for it where it is not 0; None: always needed.")
      .def_property_readonly(
          "start", [=](const RuleSlot& s) { return name_or_none(s.start); },
          "The setting that it is filled with before the first step; None: zeros.");
  py::class_<Rule>(module, "Rule", "What an optimizer's compiled rule says of itself.")
      .def_property_readonly("name", [](const Rule& rule) { return std::string(rule.name); })
      .def_property_readonly("settings",
                             [](const Rule& r) {
                               return std::vector<RuleSetting>(r.settings,
                                                               r.settings + setting_count(r));
                             })
      .def_property_readonly("slots", [](const Rule& r) {
        return std::vector<RuleSlot>(r.slots, r.slots + slot_count(r));
      });
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
