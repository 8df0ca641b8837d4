// Searches for the minimum of one program's loss from many starting points.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "graph/objective.h"
#include "minimize/variable_metric.h"

namespace lamina {

// The state of a search after a pass.
struct SearchNote {
  Index start;
  std::int64_t iterations;
  double value;
};

struct SearchesData {
  std::vector<DataView> views;  // shared by all searches
  // For each search, the positions along the last axis of every input to use, as many as that axis
  // has: resamples of the cases along it.  They are copied while the search runs.  Empty: all,
  // unchanged.
  std::vector<std::vector<Index>> columns = {};
};

struct SearchesSettings {
  SearchSettings each;
  int threads = 1;         // if there are several starts
  std::int64_t notes = 0;  // a note is taken when iterations are a multiple of it; 0: never
  std::uint64_t seed = 0;  // for noise
};

// Called on the calling thread, several times a second and at the end, with the notes since the
// last call; returns whether to continue.
using SearchesWatch = std::function<bool(const std::vector<SearchNote>& notes)>;

// Runs a search from each start over its own weights, which are initialised from `variables`.  A
// single start may use all threads; several are each searched serially, so that the bits do not
// depend on the number of threads.  Searches that did not begin have no point.
std::vector<SearchResult> run_searches(const std::shared_ptr<const Graph>& graph,
                                       const Variables& variables, const SearchesData& data,
                                       const std::vector<std::vector<double>>& starts,
                                       const SearchesSettings& settings,
                                       const SearchesWatch& watch);

}  // namespace lamina
