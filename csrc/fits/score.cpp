#include "score.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace lamina {
namespace {

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();

template <class T>
bool all_finite(const T* y, Index size) {
  return std::all_of(y, y + size, [](T value) { return std::isfinite(value); });
}

// A score for outputs of either type; `Own` implements score<T>(outputs).
template <class Own>
class TypedScore : public OutputScore {
 public:
  explicit TypedScore(ScoredRows rows) : rows_(std::move(rows)) {}

  double of(const std::byte* outputs) const override {
    return rows_.dtype == DType::float64 ? checked(reinterpret_cast<const double*>(outputs))
                                         : checked(reinterpret_cast<const float*>(outputs));
  }

 protected:
  double weight(Index row) const {
    return rows_.weights.empty() ? 1.0 : rows_.weights[std::size_t(row)];
  }
  // The weighted fraction of rows for which holds(row) is true.
  template <class Holds>
  double share(const Holds& holds) const {
    double right = 0.0, all = 0.0;
    for (Index row = 0; row < rows_.rows; ++row) {
      if (holds(row)) right += weight(row);
      all += weight(row);
    }
    return right / all;
  }

  const ScoredRows rows_;

 private:
  template <class T>
  double checked(const T* outputs) const {
    if (!all_finite(outputs, rows_.rows * rows_.width)) return undefined;
    return static_cast<const Own*>(this)->score(outputs);
  }
};

class Determination final : public TypedScore<Determination> {
 public:
  Determination(ScoredRows rows, std::vector<double> targets)
      : TypedScore(std::move(rows)), targets_(std::move(targets)) {
    for (Index k = 0; k < rows_.width; ++k) spreads_.push_back(spread(k));
  }

  template <class T>
  double score(const T* outputs) const {
    if (rows_.rows < 2) return undefined;
    double total = 0.0;
    for (Index k = 0; k < rows_.width; ++k) {
      double residual = 0.0;
      for (Index row = 0; row < rows_.rows; ++row) {
        const double off = target(row, k) - double(outputs[row * rows_.width + k]);
        residual += weight(row) * off * off;
      }
      const double spread = spreads_[std::size_t(k)];
      if (residual == 0.0)
        total += 1.0;
      else if (spread != 0.0)
        total += 1.0 - residual / spread;
    }
    return total / double(rows_.width);
  }

 private:
  double target(Index row, Index k) const { return targets_[std::size_t(row * rows_.width + k)]; }

  double spread(Index k) const {
    double sum = 0.0, all = 0.0, squares = 0.0;
    for (Index row = 0; row < rows_.rows; ++row) {
      sum += weight(row) * target(row, k);
      all += weight(row);
    }
    const double mean = sum / all;
    for (Index row = 0; row < rows_.rows; ++row) {
      const double off = target(row, k) - mean;
      squares += weight(row) * off * off;
    }
    return squares;
  }

  const std::vector<double> targets_;
  std::vector<double> spreads_;
};

class Accuracy final : public TypedScore<Accuracy> {
 public:
  Accuracy(ScoredRows rows, std::vector<std::int32_t> classes)
      : TypedScore(std::move(rows)), classes_(std::move(classes)) {}

  template <class T>
  double score(const T* outputs) const {
    return share([&](Index row) {
      const T* y = outputs + row * rows_.width;
      return std::max_element(y, y + rows_.width) - y == classes_[std::size_t(row)];
    });
  }

 private:
  const std::vector<std::int32_t> classes_;
};

class AccuracyOfLabels final : public TypedScore<AccuracyOfLabels> {
 public:
  AccuracyOfLabels(ScoredRows rows, std::vector<bool> labels)
      : TypedScore(std::move(rows)), labels_(std::move(labels)) {}

  template <class T>
  double score(const T* outputs) const {
    return share([&](Index row) {
      const Index first = row * rows_.width;
      for (Index i = first; i < first + rows_.width; ++i)
        if ((outputs[i] > T(0.5)) != labels_[std::size_t(i)]) return false;
      return true;
    });
  }

 private:
  const std::vector<bool> labels_;
};

}  // namespace

std::unique_ptr<OutputScore> determination(ScoredRows rows, std::vector<double> targets) {
  return std::make_unique<Determination>(std::move(rows), std::move(targets));
}

std::unique_ptr<OutputScore> accuracy(ScoredRows rows, std::vector<std::int32_t> classes) {
  return std::make_unique<Accuracy>(std::move(rows), std::move(classes));
}

std::unique_ptr<OutputScore> accuracy_of_labels(ScoredRows rows, std::vector<bool> labels) {
  return std::make_unique<AccuracyOfLabels>(std::move(rows), std::move(labels));
}

}  // namespace lamina
