#include "variables.h"

#include <cstring>
#include <stdexcept>

#include "graph.h"

namespace lamina {

Variables::Variables(const Graph& graph) {
  Index bytes = 0;
  for (const ParameterSlot& slot : graph.parameters())
    bytes = checked_sum(bytes, Index(padded_bytes(slot.size, graph.dtype)));
  const auto flat = std::make_shared<const Buffer>(std::size_t(bytes));
  std::byte* place = flat->data();
  for (const ParameterSlot& slot : graph.parameters()) {
    parameters_.push_back(place);
    place += padded_bytes(slot.size, graph.dtype);
  }
  for (const StateTerm& term : graph.states())
    states_.push_back(std::make_shared<State>(term.shape, graph.dtype));
  owner_ = flat;
}

Variables::Variables(std::vector<std::byte*> parameters, States states,
                     std::shared_ptr<const void> owner)
    : parameters_(std::move(parameters)), states_(std::move(states)), owner_(std::move(owner)) {}

Variables Variables::copy_of(const Graph& graph, const Variables& from) {
  Variables own(graph);
  for (std::size_t slot = 0; slot < own.parameters(); ++slot)
    std::memcpy(own.parameter(slot), from.parameter(slot),
                std::size_t(graph.parameters()[slot].size) * bytes_of(graph.dtype));
  return own;
}

}  // namespace lamina
