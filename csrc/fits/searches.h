// Searches for the least loss of one program from many starts.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "graph/objective.h"
#include "minimize/variable_metric.h"

namespace lamina {

// Where a search stood after a pass.
struct SearchNote {
  Index start;
  std::int64_t iterations;
  double value;
};

struct SearchesData {
  std::vector<DataView> views;  // shared by all searches
  // Of each search the places along the last axis of every input that it is given, as many as there
  // are: resamples of cases that lie there.  They are copied while it runs.  Empty: all as they
  // are.
  std::vector<std::vector<Index>> columns = {};
};

struct SearchesSettings {
  SearchSettings each;
  int threads = 1;         // where there are several starts
  std::int64_t notes = 0;  // a note is taken at iterations that are multiples of it; 0: never
  std::uint64_t seed = 0;  // of noise
};

// Told on the calling thread, several times a second and at the end, what was noted since; returns
// whether to go on.
using SearchesWatch = std::function<bool(const std::vector<SearchNote>& notes)>;

// A search from each start, each over weights of its own, which begin as `variables` are.  One
// start alone may use all threads; of several each is searched serially, so that the bits do not
// depend on their number.  Those that did not begin have no point.
std::vector<SearchResult> run_searches(const std::shared_ptr<const Graph>& graph,
                                       const Variables& variables, const SearchesData& data,
                                       const std::vector<std::vector<double>>& starts,
                                       const SearchesSettings& settings,
                                       const SearchesWatch& watch);

}  // namespace lamina
