// The contents of the slots of a graph in one execution: the values of its parameters, and the
// states that batches pass to each other.
//
// A graph holds neither.  Several executions of one graph may run in parallel over different
// variables.
#pragma once

#include <memory>
#include <vector>

#include "buffer.h"
#include "state.h"

namespace lamina {

class Graph;

class Variables {
 public:
  // Its own variables, all zeros.  The parameters are in one flat buffer, in the order of their
  // slots, each on its own cache lines.
  explicit Variables(const Graph& graph);
  // The variables of others, by slot; `owner` is kept alive as long as these variables.
  Variables(std::vector<std::byte*> parameters, States states, std::shared_ptr<const void> owner);

  // Its own variables, with a copy of the parameters of others; states start again.
  static Variables copy_of(const Graph& graph, const Variables& from);

  std::byte* parameter(std::size_t slot) const { return parameters_[slot]; }
  template <class T>
  T* parameter_as(std::size_t slot) const {
    return reinterpret_cast<T*>(parameters_[slot]);
  }
  std::size_t parameters() const { return parameters_.size(); }
  const States& states() const { return states_; }

 private:
  std::vector<std::byte*> parameters_;
  States states_;
  std::shared_ptr<const void> owner_;
};

}  // namespace lamina
