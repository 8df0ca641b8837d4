#include "terms.h"

#include <cmath>

#include "proximal.h"
#include "runtime/isa.h"

namespace lamina {
namespace {

template <class T>
const T* values(const Buffers& buffers, ValueId id) {
  return id < 0 ? nullptr : reinterpret_cast<const T*>(buffers.values[std::size_t(id)]);
}

Index width(const Graph& graph, ValueId id) { return graph.values()[std::size_t(id)].width; }

// Whether a weight is one number per position rather than one per row.
bool weighs_positions(const Graph& graph, ValueId weight, Index positions) {
  return weight >= 0 && width(graph, weight) == positions;
}

bool same_but_for_scale(const LossTerm& a, const LossTerm& b) {
  return a.loss == b.loss && a.weight == b.weight && a.mask == b.mask && a.reduction == b.reduction;
}

// factor sum w^2, where the squares may overflow although the product does not.
template <class T>
double square_penalty(const T* w, Index size, double factor) {
  const double squares = kernels<T>().dot(w, w, size);
  if (std::isfinite(squares)) return factor * squares;
  const double root = std::sqrt(factor);
  double sum = 0.0;
  for (Index i = 0; i < size; ++i) sum += root * double(w[i]) * (root * double(w[i]));
  return sum;
}

}  // namespace

template <class T>
void sum_losses(const Graph& graph, const Buffers& buffers, Index rows, std::vector<Mean>& sums) {
  const Kernels<T>& k = kernels<T>();
  for (std::size_t t = 0; t < sums.size(); ++t) {
    const LossTerm& term = graph.losses()[t];
    if (t > 0 && same_but_for_scale(graph.losses()[t - 1], term)) {
      sums[t] = sums[t - 1];
      continue;
    }
    const Index positions = width(graph, term.loss), size = graph.elements(term.loss, rows);
    const T* loss = values<T>(buffers, term.loss);
    const T* weight = values<T>(buffers, term.weight);
    const bool each = weighs_positions(graph, term.weight, positions);
    const auto weight_of = [&](Index i) {
      return weight == nullptr ? 1.0 : double(weight[each ? i : i / positions]);
    };
    Mean sum{0.0, double(size)};
    if (term.mask >= 0) {
      const auto* mask = values<std::uint8_t>(buffers, term.mask);
      Index kept = 0;
      for (Index i = 0; i < size; ++i) {
        if (mask[i] == 0) continue;
        ++kept;
        sum.sum += weight_of(i) * loss[i];
      }
      sum.count = double(kept);
    } else if (weight == nullptr || each) {
      sum.sum = k.dot(loss, weight, size);
    } else {
      for (Index row = 0; row < rows; ++row)
        sum.sum += double(weight[row]) * k.dot(loss + row * positions, nullptr, positions);
    }
    if (term.reduction == LossReduction::weighted_mean && weight != nullptr) {
      sum.count = 0.0;
      const auto* mask = values<std::uint8_t>(buffers, term.mask);
      for (Index i = 0; i < size; ++i)
        if (mask == nullptr || mask[i] != 0) sum.count += weight_of(i);
    }
    // A loss of all rows counts once for each row in the mean over several batches.
    if (graph.values()[std::size_t(term.loss)].whole)
      sum = {sum.value() * double(rows), double(rows)};
    sums[t] = sum;
  }
}

template <class T>
double total_penalty(const Graph& graph, const Buffers& buffers) {
  const Kernels<T>& k = kernels<T>();
  double total = 0.0;
  for (const Penalty& penalty : graph.penalties()) {
    const T* w = values<T>(buffers, penalty.parameter);
    const Index size = width(graph, penalty.parameter);
    if (penalty.l1 != 0.0) total += penalty.l1 * k.absolute_sum(w, size);
    if (penalty.l2 != 0.0) total += square_penalty(w, size, penalty.l2);
  }
  return total;
}

double total_loss(const Graph& graph, const std::vector<Mean>& losses) {
  double total = 0.0;
  for (std::size_t t = 0; t < losses.size(); ++t)
    total += graph.losses()[t].scale * reduced(graph.losses()[t], losses[t]);
  return total;
}

template <class T>
void seed_gradients(const Graph& graph, const Plan& plan, const Buffers& buffers, Index rows,
                    Index batch_rows, const std::vector<Mean>& sums, double loss_scale) {
  const std::vector<LossTerm>& terms = graph.losses();
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const LossTerm& term = terms[t];
    if (!plan.flows[std::size_t(term.loss)]) continue;
    // The first term of a value writes, later ones add.
    bool first = true;
    for (std::size_t earlier = 0; earlier < t; ++earlier)
      first = first && terms[earlier].loss != term.loss;
    if (!first && term.scale == 0.0) continue;  // a term that is only reported
    const Index positions = width(graph, term.loss);
    T* gradient = reinterpret_cast<T*>(buffers.gradients[std::size_t(term.loss)]);
    const T* weight = values<T>(buffers, term.weight);
    const auto* mask = values<std::uint8_t>(buffers, term.mask);
    const Index size = graph.elements(term.loss, rows);
    const bool whole = graph.values()[std::size_t(term.loss)].whole;
    // In the batch's mean, a value computed from all rows of a piece counts once for each of them.
    double count = whole ? double(size) * double(batch_rows) / double(rows) : sums[t].count;
    if (term.reduction == LossReduction::sum) count = 1.0;
    const T share = T(count != 0.0 ? loss_scale * term.scale / count : 0.0);
    const Index each = weighs_positions(graph, term.weight, positions) ? 1 : positions;
    if (mask == nullptr && weight == nullptr && first) {
      std::fill_n(gradient, size, share);
      continue;
    }
    for (Index i = 0; i < size; ++i) {
      const bool counts = mask == nullptr || mask[i] != 0;
      const T seed = !counts ? T(0) : weight == nullptr ? share : share * weight[i / each];
      gradient[i] = first ? seed : gradient[i] + seed;
    }
  }
}

template <class T>
void add_penalty_gradients(const Graph& graph, const Buffers& buffers, double loss_scale) {
  const auto add = [&](const Penalty& penalty, bool proximal) {
    T* gradient = reinterpret_cast<T*>(buffers.gradients[std::size_t(penalty.parameter)]);
    if (gradient == nullptr) return;
    const T* w = values<T>(buffers, penalty.parameter);
    const Index size = width(graph, penalty.parameter);
    if (proximal)
      add_proximal_gradient(gradient, w, size, loss_scale * penalty.l1);
    else
      kernels<T>().penalty_backward(gradient, w, size,
                                    penalty.proximal ? 0.0 : loss_scale * penalty.l1,
                                    loss_scale * penalty.l2);
  };
  for (const Penalty& penalty : graph.penalties()) add(penalty, false);
  // Last, because they depend on the gradient of everything else.
  for (const Penalty& penalty : graph.penalties())
    if (penalty.proximal) add(penalty, true);
}

template <class T>
void update_metrics(const Graph& graph, const Buffers& buffers, Index rows,
                    std::vector<std::vector<double>>& states) {
  const Kernels<T>& k = kernels<T>();
  for (std::size_t i = 0; i < states.size(); ++i) {
    const MetricTerm& term = graph.metrics()[i];
    const Index positions = width(graph, term.prediction) / term.cols;
    const bool sums = term.spec.kind == Metric::sums;
    const bool labels = sums || takes_labels(term.spec.kind);
    const Index label_cols = sums ? term.cols : 1;
    const T* prediction = values<T>(buffers, term.prediction);
    const auto* label = labels ? values<std::int32_t>(buffers, term.target) : nullptr;
    const T* target = labels ? nullptr : values<T>(buffers, term.target);
    const T* weight = values<T>(buffers, term.weight);
    double* state = states[i].data();
    if (weight == nullptr || weighs_positions(graph, term.weight, positions)) {
      k.metric_update(state, prediction, target, label, weight, {rows * positions, term.cols},
                      term.spec);
      continue;
    }
    // One weight per row, several positions: each position uses its row's weight.
    for (Index row = 0; row < rows; ++row)
      for (Index at = row * positions; at < (row + 1) * positions; ++at)
        k.metric_update(state, prediction + at * term.cols,
                        labels ? nullptr : target + at * term.cols,
                        label == nullptr ? nullptr : label + at * label_cols, weight + row,
                        {1, term.cols}, term.spec);
  }
}

#define LAMINA_INSTANTIATE(T)                                                              \
  template void sum_losses<T>(const Graph&, const Buffers&, Index, std::vector<Mean>&);    \
  template double total_penalty<T>(const Graph&, const Buffers&);                          \
  template void seed_gradients<T>(const Graph&, const Plan&, const Buffers&, Index, Index, \
                                  const std::vector<Mean>&, double);                       \
  template void add_penalty_gradients<T>(const Graph&, const Buffers&, double);            \
  template void update_metrics<T>(const Graph&, const Buffers&, Index,                     \
                                  std::vector<std::vector<double>>&);
LAMINA_INSTANTIATE(float)
LAMINA_INSTANTIATE(double)
#undef LAMINA_INSTANTIATE

}  // namespace lamina
