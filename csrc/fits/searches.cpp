#include "searches.h"

#include <chrono>
#include <cstring>
#include <mutex>

#include "pool.h"

namespace lamina {
namespace {

constexpr auto between_looks = std::chrono::milliseconds(50);  // between two calls of the watch

// The data for one search: all of it, or selected columns, which are copied.
class Share {
 public:
  Share(const Graph& graph, const std::vector<DataView>& data, const std::vector<Index>& columns)
      : views_(data) {
    if (columns.empty()) return;
    for (std::size_t i = 0; i < data.size(); ++i)
      views_[i].data = gather(graph, graph.inputs()[i], data[i], columns);
  }
  const std::vector<DataView>& views() const { return views_; }

 private:
  const std::byte* gather(const Graph& graph, const Tensor& input, const DataView& from,
                          const std::vector<Index>& columns) {
    const std::size_t element = bytes_of(graph.values()[std::size_t(input.value)].dtype);
    const std::size_t line = columns.size() * element;
    const Index lines = from.rows * runs_in(input.shape, Index(columns.size()));
    gathered_.emplace_back(std::size_t(lines) * line);
    std::byte* to = gathered_.back().data();
    for (Index i = 0; i < lines; ++i)
      for (const Index column : columns) {
        std::memcpy(to, from.data + std::size_t(i) * line + std::size_t(column) * element, element);
        to += element;
      }
    return gathered_.back().data();
  }

  std::vector<Buffer> gathered_;
  std::vector<DataView> views_;
};

class Searches {
 public:
  Searches(const std::shared_ptr<const Graph>& graph, const Variables& variables,
           const SearchesData& data, const std::vector<std::vector<double>>& starts,
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
    const auto at = std::size_t(start);
    const Share share(*graph_, data_.views,
                      data_.columns.empty() ? std::vector<Index>() : data_.columns[at]);
    Objective objective(graph_, Variables::copy_of(*graph_, variables_), share.views(),
                        settings_.seed);
    const auto note = [&](std::int64_t iterations, double value) {
      if (settings_.notes > 0 && iterations % settings_.notes == 0) {
        const std::lock_guard lock(mutex_);
        notes_.push_back({start, iterations, value});
      }
      return goes_on();
    };
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
  const SearchesData& data_;
  const std::vector<std::vector<double>>& starts_;
  const SearchesSettings& settings_;
  const SearchesWatch& watch_;
  std::vector<SearchResult> results_;
  std::mutex mutex_;
  std::vector<SearchNote> notes_;
};

}  // namespace

std::vector<SearchResult> run_searches(const std::shared_ptr<const Graph>& graph,
                                       const Variables& variables, const SearchesData& data,
                                       const std::vector<std::vector<double>>& starts,
                                       const SearchesSettings& settings,
                                       const SearchesWatch& watch) {
  return Searches(graph, variables, data, starts, settings, watch).run();
}

}  // namespace lamina
