// A graph recorded from Python: a program, with the parameters and states that fill its slots.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "graph/variables.h"
#include "parameter.h"

namespace lamina {
namespace python {

class RecordedGraph : public Graph {
 public:
  using Graph::Graph;

  // The slot of a parameter, created at its first use.  Its path is the current layer and the
  // parameter's own name.  `own`: the slot itself, even if something stands in for it.
  Tensor parameter_of(std::shared_ptr<Parameter> parameter, bool own);
  // Makes parameters that are first used from here on trainable only if they are among these.
  void train_only(Parameters parameters);
  // Makes a tensor replace a parameter in recording from now on; nullopt: the parameter again.
  void stand_in(const std::shared_ptr<Parameter>& parameter, const std::optional<Tensor>& tensor);
  Tensor state_of(std::shared_ptr<State> state, std::string name);
  void carry_of(const std::shared_ptr<State>& state, const Tensor& value, std::string name);

  // The layer, inside the outer ones, in which the recording takes place.
  void enter(std::string name) { within_.push_back(std::move(name)); }
  void leave();

  // The variables for an execution; std::runtime_error if a parameter has no values yet.
  Variables variables() const;
  // By slot.
  const Parameters& parameters_given() const { return given_; }

 private:
  std::string path_of(const Parameter& parameter) const;
  int slot_of(const std::shared_ptr<State>& state, std::string name);

  std::vector<std::string> within_;
  Parameters given_;
  std::optional<Parameters> learning_;  // all trainable ones if nullopt
  std::vector<std::pair<std::shared_ptr<Parameter>, Tensor>> stand_ins_;
  States states_given_;
};

}  // namespace python
}  // namespace lamina
