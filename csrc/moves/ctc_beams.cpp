#include "ctc_beams.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>
#include <vector>

#include "parallel.h"

namespace lamina {
namespace {

constexpr std::size_t least_nodes = 4096;  // pruning fewer is not worth the time
constexpr double none = -std::numeric_limits<double>::infinity();

double either(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == none ? a : a + std::log1p(std::exp(b - a));
}

// A prefix, with the log-probabilities of the paths for it that end in a blank and of the other
// paths.
struct Beam {
  Index node;
  double blank, label;
  double total() const { return either(blank, label); }
};

// A candidate for the next step: a beam unchanged, or with a class appended.
struct Candidate {
  double total;
  Index beam, symbol;  // symbol: -1 for the beam itself
};

// A beam that is another one, its parent, with a class appended.
struct Child {
  Index parent, symbol, place;
};

template <class T>
class BeamSearch {
 public:
  BeamSearch(const T* x_tc, CtcDims d, Index width) : x_(x_tc), d_(d), width_(width) {
    nodes_.push_back({-1, -1});
    beams_.push_back({0, 0.0, none});
  }

  void step(Index t) {
    take_log_probabilities(x_ + t * d_.classes);
    find_children();
    const Index count = Index(beams_.size());
    std::vector<Beam> kept(beams_.size());
    for (Index b = 0; b < count; ++b) {
      const Beam& beam = beams_[std::size_t(b)];
      kept[std::size_t(b)] = {beam.node, beam.total() + log_p_[std::size_t(d_.blank)],
                              beam.node == 0 ? none : beam.label + log_p_[symbol_of(beam)]};
    }
    best_.clear();
    auto child = children_.begin();
    for (Index b = 0; b < count; ++b) {
      const Beam& beam = beams_[std::size_t(b)];
      const Index last = beam.node == 0 ? -1 : Index(symbol_of(beam));
      const double total = beam.total();
      for (Index k = 0; k < d_.classes; ++k) {
        if (k == d_.blank) continue;
        // After its own label, the same label can only follow a blank.
        const double score = (k == last ? beam.blank : total) + log_p_[std::size_t(k)];
        if (child != children_.end() && child->parent == b && child->symbol == k) {
          double& label = kept[std::size_t(child->place)].label;
          label = either(label, score);
          ++child;
        } else if (score > none) {
          consider({score, b, k});
        }
      }
    }
    for (Index b = 0; b < count; ++b) consider({kept[std::size_t(b)].total(), b, -1});
    keep_best(kept);
    if (nodes_.size() > most_nodes_) forget_nodes();
  }

  void results(std::int32_t* label_pt, T* score_p, Index paths) const {
    for (Index p = 0; p < paths; ++p) {
      std::int32_t* const line = label_pt + p * d_.steps;
      std::fill_n(line, d_.steps, -1);
      score_p[p] = T(none);
      if (p >= Index(beams_.size())) continue;
      const Beam& beam = beams_[std::size_t(p)];
      score_p[p] = T(beam.total());
      Index length = 0;
      for (Index n = beam.node; n > 0; n = nodes_[std::size_t(n)].parent) ++length;
      for (Index n = beam.node; n > 0; n = nodes_[std::size_t(n)].parent)
        line[--length] = std::int32_t(nodes_[std::size_t(n)].symbol);
    }
  }

 private:
  struct Node {
    Index parent, symbol;
  };

  std::size_t symbol_of(const Beam& beam) const {
    return std::size_t(nodes_[std::size_t(beam.node)].symbol);
  }

  void take_log_probabilities(const T* x_c) {
    const double most = double(*std::max_element(x_c, x_c + d_.classes));
    double sum = 0.0;
    for (Index k = 0; k < d_.classes; ++k) sum += std::exp(double(x_c[k]) - most);
    log_p_.resize(std::size_t(d_.classes));
    for (Index k = 0; k < d_.classes; ++k)
      log_p_[std::size_t(k)] = double(x_c[k]) - most - std::log(sum);
  }

  // Finds the beams that are others with a class appended, in the order of those and of the
  // classes.
  void find_children() {
    children_.clear();
    std::unordered_map<Index, Index> place;
    for (std::size_t b = 0; b < beams_.size(); ++b) place[beams_[b].node] = Index(b);
    for (std::size_t b = 0; b < beams_.size(); ++b) {
      const Node& node = nodes_[std::size_t(beams_[b].node)];
      const auto parent = place.find(node.parent);
      if (parent != place.end()) children_.push_back({parent->second, node.symbol, Index(b)});
    }
    std::sort(children_.begin(), children_.end(), [](const Child& one, const Child& other) {
      return one.parent != other.parent ? one.parent < other.parent : one.symbol < other.symbol;
    });
  }

  Index node_behind(Index parent, Index symbol) {
    const auto [found, made] =
        known_.try_emplace(parent * d_.classes + symbol, Index(nodes_.size()));
    if (made) nodes_.push_back({parent, symbol});
    return found->second;
  }

  static bool better(const Candidate& a, const Candidate& b) {
    if (a.total != b.total) return a.total > b.total;
    return a.beam != b.beam ? a.beam < b.beam : a.symbol < b.symbol;
  }

  // Keeps a candidate if it is among the best `width`, in a heap with the worst of them in front.
  void consider(const Candidate& one) {
    if (best_.size() == std::size_t(width_)) {
      if (!better(one, best_.front())) return;
      std::pop_heap(best_.begin(), best_.end(), better);
      best_.back() = one;
    } else {
      best_.push_back(one);
    }
    std::push_heap(best_.begin(), best_.end(), better);
  }

  void keep_best(const std::vector<Beam>& kept) {
    std::sort_heap(best_.begin(), best_.end(), better);
    std::vector<Beam> next;
    for (const Candidate& one : best_) {
      const Beam& from = kept[std::size_t(one.beam)];
      next.push_back(one.symbol < 0 ? from
                                    : Beam{node_behind(from.node, one.symbol), none, one.total});
    }
    beams_ = std::move(next);
  }

  // Drops the nodes that belong to no beam any more.
  void forget_nodes() {
    std::vector<Index> moved(nodes_.size(), -1);
    moved[0] = 0;
    for (const Beam& beam : beams_)
      for (Index n = beam.node; moved[std::size_t(n)] < 0; n = nodes_[std::size_t(n)].parent)
        moved[std::size_t(n)] = 0;
    std::vector<Node> left;
    known_.clear();
    for (std::size_t n = 0; n < nodes_.size(); ++n) {  // parents come before their children
      if (moved[n] < 0) continue;
      Node node = nodes_[n];
      if (n > 0) {
        node.parent = moved[std::size_t(node.parent)];
        known_.emplace(node.parent * d_.classes + node.symbol, Index(left.size()));
      }
      moved[n] = Index(left.size());
      left.push_back(node);
    }
    nodes_ = std::move(left);
    for (Beam& beam : beams_) beam.node = moved[std::size_t(beam.node)];
    most_nodes_ = std::max(least_nodes, 2 * nodes_.size());
  }

  const T* const x_;
  const CtcDims d_;
  const Index width_;
  std::vector<Node> nodes_;
  std::unordered_map<Index, Index> known_;
  std::vector<Beam> beams_;
  std::vector<double> log_p_;
  std::vector<Child> children_;
  std::vector<Candidate> best_;
  std::size_t most_nodes_ = least_nodes;
};

}  // namespace

template <class T>
void ctc_beams(std::int32_t* label, T* score, const T* x, const std::int32_t* step_count, CtcDims d,
               Index width, Index paths) {
  const double work = 40.0 * double(d.steps * d.classes) * double(width);
  parallel_units(d.rows, work, [&](Index begin, Index end) {
    for (Index r = begin; r < end; ++r) {
      BeamSearch<T> search(x + r * d.steps * d.classes, d, width);
      const Index steps = std::clamp<Index>(step_count[r], 0, d.steps);
      for (Index t = 0; t < steps; ++t) search.step(t);
      search.results(label + r * paths * d.steps, score + r * paths, paths);
    }
  });
}

template void ctc_beams(std::int32_t*, float*, const float*, const std::int32_t*, CtcDims, Index,
                        Index);
template void ctc_beams(std::int32_t*, double*, const double*, const std::int32_t*, CtcDims, Index,
                        Index);

}  // namespace lamina
