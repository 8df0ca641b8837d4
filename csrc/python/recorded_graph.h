// A graph as Python records it: a program, and whose parameters and states fill its slots.
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

  // The slot of a parameter, made when it is met first.  Its path is where the recording stands,
  // and the parameter's own name.
  // `own`: the slot itself, whatever stands in for it.
  Tensor parameter_of(std::shared_ptr<Parameter> parameter, bool own);
  // Parameters met from here on learn only if they are among these.
  void train_only(Parameters parameters);
  // Let a tensor be what is recorded for a parameter from now on; none: the parameter again.
  void stand_in(const std::shared_ptr<Parameter>& parameter, const std::optional<Tensor>& tensor);
  Tensor state_of(std::shared_ptr<State> state, std::string name);
  void carry_of(const std::shared_ptr<State>& state, const Tensor& value, std::string name);

  // Where the recording stands: within which layer of which.
  void enter(std::string name) { within_.push_back(std::move(name)); }
  void leave();

  // What an execution is given; std::runtime_error where a parameter has no values yet.
  Variables variables() const;
  // By slot.
  const Parameters& parameters_given() const { return given_; }

 private:
  std::string path_of(const Parameter& parameter) const;
  int slot_of(const std::shared_ptr<State>& state, std::string name);

  std::vector<std::string> within_;
  Parameters given_;
  std::optional<Parameters> learning_;  // all that are trainable, if nobody said
  std::vector<std::pair<std::shared_ptr<Parameter>, Tensor>> stand_ins_;
  States states_given_;
};

}  // namespace python
}  // namespace lamina
