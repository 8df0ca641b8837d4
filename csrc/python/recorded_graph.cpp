#include "recorded_graph.h"

#include <algorithm>
#include <stdexcept>

namespace lamina {
namespace python {

std::string RecordedGraph::path_of(const Parameter& parameter) const {
  std::string path;
  for (const std::string& name : within_) path += name + "/";
  // A parameter's path consists of the current layer and its own name.
  const std::size_t own = within_.empty() ? 0 : parameter.name.rfind('/') + 1;
  path += parameter.name.substr(own);
  const auto taken = [&](const std::string& candidate) {
    return std::any_of(parameters().begin(), parameters().end(),
                       [&](const ParameterSlot& slot) { return slot.path == candidate; });
  };
  std::string free = path;
  for (int k = 1; taken(free); ++k) free = path + "_" + std::to_string(k);
  return free;
}

Tensor RecordedGraph::parameter_of(std::shared_ptr<Parameter> p, bool own) {
  check_open("parameter");
  if (p->dtype != dtype)
    throw std::invalid_argument("parameter '" + p->name + "': is " + name_of(p->dtype) +
                                "; the graph is " + name_of(dtype));
  if (!own)
    for (const auto& [parameter, tensor] : stand_ins_)
      if (parameter == p) return tensor;
  const auto found = std::find(given_.begin(), given_.end(), p);
  if (found != given_.end()) {
    const ParameterSlot& slot = parameters()[std::size_t(found - given_.begin())];
    return {slot.value, slot.shape, id};
  }
  const bool learns = !learning_ || std::binary_search(learning_->begin(), learning_->end(), p);
  const Tensor tensor = parameter(path_of(*p), p->shape, p->trainable && learns);
  given_.push_back(std::move(p));
  return tensor;
}

void RecordedGraph::train_only(Parameters parameters) {
  check_open("train_only");
  for (const auto& p : parameters)
    if (p == nullptr) throw std::invalid_argument("train_only: parameters must not contain None");
  std::sort(parameters.begin(), parameters.end());
  learning_ = std::move(parameters);
}

void RecordedGraph::stand_in(const std::shared_ptr<Parameter>& parameter,
                             const std::optional<Tensor>& tensor) {
  check_open("stand_in");
  stand_ins_.erase(std::remove_if(stand_ins_.begin(), stand_ins_.end(),
                                  [&](const auto& entry) { return entry.first == parameter; }),
                   stand_ins_.end());
  if (!tensor) return;
  check_whole(*tensor, "stand_in");
  if (tensor->shape != parameter->shape)
    throw std::invalid_argument("stand_in: parameter '" + parameter->name + "' has shape " +
                                to_string(parameter->shape) + "; got a tensor of shape " +
                                to_string(tensor->shape));
  stand_ins_.emplace_back(parameter, *tensor);
}

int RecordedGraph::slot_of(const std::shared_ptr<State>& state, std::string name) {
  if (state->dtype != dtype)
    throw std::invalid_argument(name + ": its state is " + name_of(state->dtype) +
                                "; the graph is " + name_of(dtype));
  const auto found = std::find(states_given_.begin(), states_given_.end(), state);
  if (found != states_given_.end()) return int(found - states_given_.begin());
  const int slot = state_slot(state->shape, std::move(name));
  states_given_.push_back(state);
  return slot;
}

Tensor RecordedGraph::state_of(std::shared_ptr<State> state, std::string name) {
  check_open("state");
  return Graph::state(slot_of(state, std::move(name)));
}

void RecordedGraph::carry_of(const std::shared_ptr<State>& state, const Tensor& value,
                             std::string name) {
  check_open("carry");
  check_float_rows(value, "carry");
  carry(slot_of(state, std::move(name)), value);
}

void RecordedGraph::leave() {
  if (within_.empty()) throw std::runtime_error("leave: there is no layer to leave");
  within_.pop_back();
}

Variables RecordedGraph::variables() const {
  std::vector<std::byte*> places;
  for (const auto& p : given_) places.push_back(p->data());
  return {std::move(places), states_given_, std::make_shared<const Parameters>(given_)};
}

}  // namespace python
}  // namespace lamina
