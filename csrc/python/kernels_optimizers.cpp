// One step of an optimizer's rule, in place on the caller's arrays.
#include <pybind11/stl.h>

#include <limits>

#include "../runtime/denormals.h"
#include "array.h"
#include "graph/buffer.h"
#include "kernels.h"
#include "rules.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;

// A slot has the shape that its rule keeps for such a weight, and no array that is written shares
// memory with another.
void check_run(const Rule& rule, const Argument& param, const std::vector<Argument>& slots,
               const Argument& grad) {
  param.needs_rank_at_least(0, "");
  grad.needs_shape(param.shape(), "of param");
  param.apart_from(grad);
  for (std::size_t k = 0; k < slots.size(); ++k) {
    if (!slots[k].given()) continue;
    const Extent extent = rule.slots[k].extent;
    slots[k].needs_shape(slot_shape(extent, param.shape()),
                         extent == Extent::elements ? "of param" : "that the rule keeps");
    slots[k].apart_from(grad);
    slots[k].apart_from(param);
    for (std::size_t before = 0; before < k; ++before) slots[k].apart_from(slots[before]);
  }
}

double positive(const char* function, const char* name, const Object& value) {
  return number_in(function, name, value, 0.0, kInfinity);
}

std::int64_t step_number(const char* function, const Object& value) {
  const auto largest = std::uint64_t(std::numeric_limits<std::int64_t>::max());
  const auto step = std::int64_t(whole_number(function, "step", value, largest));
  if (step == 0) throw py::value_error(text(function, ": step must be at least 1; got 0"));
  return step;
}

// Errors begin with the name of the rule's own function: "adam_update: ...".
void rule_update(const std::string& name, Object param_, const std::vector<Object>& slots_,
                 Object grad_, Object learning_rate, Object step, Object weight_decay,
                 const py::kwargs& settings) {
  const Rule& rule = *rules()[find_rule("rule_update", name)];
  const std::string function = name + "_update";
  const char* who = function.c_str();
  const int count = slot_count(rule);
  if (int(slots_.size()) != count)
    throw py::value_error(text(who, ": needs ", count, " slots; got ", slots_.size()));
  const Argument param(who, "param", param_);
  std::vector<Argument> slots;
  for (int k = 0; k < count; ++k) {
    const RuleSlot& slot = rule.slots[k];
    if (slot.when == nullptr)
      slots.emplace_back(who, slot.name, slots_[std::size_t(k)]);
    else
      slots.push_back(OptionalArgument(who, slot.name, slots_[std::size_t(k)]));
  }
  const Argument grad(who, "grad", grad_);
  const double rate = positive(who, "learning_rate", learning_rate);
  const double decay = positive(who, "weight_decay", weight_decay);
  const std::int64_t number = step_number(who, step);
  GivenSettings given(rule);
  for (const auto& [key, value] : settings)
    if (!given.take(who, py::cast<std::string>(key), py::reinterpret_borrow<Object>(value)))
      throw py::type_error(text(who, ": unknown setting '", py::cast<std::string>(key), "'"));
  check_run(rule, param, slots, grad);
  for (int k = 0; k < count; ++k)
    if (!slots[std::size_t(k)].given() && given.need(rule.slots[k]))
      slots[std::size_t(k)].refuse("must be given if " + given.reason(rule.slots[k]) +
                                   "; got None");
  std::vector<const Argument*> arrays{&param};
  for (const Argument& slot : slots) arrays.push_back(&slot);
  arrays.push_back(&grad);
  const Shape shape = param.shape();
  with_dtype(arrays, [&](auto zero) {
    using T = decltype(zero);
    const auto gradient = grad.values<T>();
    T* places[Rule::most_slots] = {};
    for (std::size_t k = 0; k < slots.size(); ++k)
      places[k] = slots[k].given() ? slots[k].template in_place<T>() : nullptr;
    RuleStep<T> run{param.in_place<T>(), places, gradient.data(), gradient.size(),
                    given.values.data(), rate,   decay,           number};
    Buffer workspace;
    if (rule.workspace != nullptr) {
      const int axes = int(shape.size());
      workspace = Buffer(std::size_t(rule.workspace(shape.data(), axes)) * sizeof(T));
      run.weight = {shape.data(), axes, reinterpret_cast<T*>(workspace.data()), &kernels<T>()};
    }
    without_gil([&] {
      const FlushDenormals flush;  // as in an execution, for the same bits
      apply_rule(rule, run);
    });
  });
}

}  // namespace
}  // namespace python

void bind_kernels_optimizers(pybind11::module_& module) {
  using pybind11::arg;
  module.def("rule_update", &python::rule_update, arg("rule"), arg("param"), arg("slots"),
             arg("grad"), arg("learning_rate"), arg("step") = 1, arg("weight_decay") = 0.0,
             "One step of an optimizer's rule, in place; `slots` by place, None for unused ones; "
             "`step` is 1 for the first.");
}

}  // namespace lamina
