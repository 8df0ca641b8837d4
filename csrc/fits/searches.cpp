#include "searches.h"

#include <chrono>
#include <cstring>
#include <mutex>

#include "pool.h"

namespace lamina {
namespace {

constexpr auto between_looks = std::chrono::milliseconds(50);  // between two calls of the watch

Variables own_copy(const Graph& graph, const Variables& from) {
  Variables own(graph);
  for (std::size_t slot = 0; slot < own.parameters(); ++slot)
    std::memcpy(own.parameter(slot), from.parameter(slot),
                std::size_t(graph.parameters()[slot].size) * bytes_of(graph.dtype));
  return own;
}

class Searches {
 public:
  Searches(const std::shared_ptr<const Graph>& graph, const Variables& variables,
           const std::vector<DataView>& data, const std::vector<std::vector<double>>& starts,
           const SearchesSettings& settings, const SearchesWatch& watch)
      : graph_(graph),
        variables_(variables),
        data_(data),
        starts_(starts),
        settings_(settings),
        watch_(watch),
        results_(starts.size()) {
    for (SearchResult& result : results_) result.end = SearchEnd::interrupted;
  }

  std::vector<SearchResult> run() {
    if (starts_.size() == 1)
      run_here();
    else
      run_jobs(
          Index(starts_.size()), settings_.threads,
          [this](Index start, const Cancelled& cancelled) {
            search(start, [&cancelled] { return !cancelled; });
          },
          [this](Index) { return look(); });
    return std::move(results_);
  }

 private:
  void run_here() {
    auto looked = std::chrono::steady_clock::now();
    search(0, [&] {
      const auto now = std::chrono::steady_clock::now();
      if (now - looked < between_looks) return true;
      looked = now;
      return look();
    });
    look();
  }

  template <class GoesOn>
  void search(Index start, const GoesOn& goes_on) {
    Objective objective(graph_, own_copy(*graph_, variables_), data_, settings_.seed);
    const auto note = [&](std::int64_t iterations, double value) {
      if (settings_.notes > 0 && iterations % settings_.notes == 0) {
        const std::lock_guard lock(mutex_);
        notes_.push_back({start, iterations, value});
      }
      return goes_on();
    };
    const auto at = std::size_t(start);
    results_[at] = search_variable_metric(objective, starts_[at], settings_.each, note);
  }

  bool look() {
    std::vector<SearchNote> notes;
    {
      const std::lock_guard lock(mutex_);
      notes.swap(notes_);
    }
    return watch_(notes);
  }

  const std::shared_ptr<const Graph>& graph_;
  const Variables& variables_;
  const std::vector<DataView>& data_;
  const std::vector<std::vector<double>>& starts_;
  const SearchesSettings& settings_;
  const SearchesWatch& watch_;
  std::vector<SearchResult> results_;
  std::mutex mutex_;
  std::vector<SearchNote> notes_;
};

}  // namespace

std::vector<SearchResult> run_searches(const std::shared_ptr<const Graph>& graph,
                                       const Variables& variables,
                                       const std::vector<DataView>& data,
                                       const std::vector<std::vector<double>>& starts,
                                       const SearchesSettings& settings,
                                       const SearchesWatch& watch) {
  return Searches(graph, variables, data, starts, settings, watch).run();
}

}  // namespace lamina
