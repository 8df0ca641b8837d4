// What the slots of a graph stand for in one execution: the values of its parameters, and the
// states that batches leave to each other.
//
// A graph holds neither.  Executions of one graph may run side by side over different variables.
#pragma once

#include <memory>
#include <vector>

#include "buffer.h"
#include "state.h"

namespace lamina {

class Graph;

class Variables {
 public:
  // Of its own: zeros.  The parameters lie in one flat buffer, in the order of their slots, each
  // on cache lines of its own.
  explicit Variables(const Graph& graph);
  // Somebody else's, by slot; `owner` is kept for as long as these variables are.
  Variables(std::vector<std::byte*> parameters, States states, std::shared_ptr<const void> owner);

  // Of its own, with the parameters of others; states begin anew.
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
