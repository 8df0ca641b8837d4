// Rules between the epochs of a fit: the callbacks that do not need Python.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "record.h"

namespace lamina {

// The interface through which a rule observes and changes a fit.
class FitAtHand {
 public:
  virtual ~FitAtHand() = default;
  virtual void stop() = 0;  // at the end of the epoch
  virtual double rate() const = 0;
  virtual void set_rate(double rate) = 0;
  virtual void keep_weights() = 0;               // replacing those kept before
  virtual void put_weights_back(int epoch) = 0;  // restores those kept, which are of that epoch
};

// A quantity of an epoch; nullopt for an epoch without it.
using Quantity = std::function<std::optional<double>(const EpochRecord&)>;

class EpochRule {
 public:
  virtual ~EpochRule() = default;
  virtual void epoch_begin(FitAtHand&, int /*epoch*/) {}
  virtual void epoch_end(FitAtHand&, EpochRecord&) {}
  virtual void train_end(FitAtHand&) {}
  // The epoch whose weights it would keep; -1 for none.
  virtual int best_epoch() const { return -1; }
};

// Creates a rule for one fit.
using EpochRuleMaker = std::function<std::unique_ptr<EpochRule>()>;

struct Watched {
  Quantity quantity;
  double sign = -1.0;  // 1 if larger values are better
  double min_delta = 0.0;

  bool better(double value, double reference) const {
    return sign * (value - reference) > min_delta;
  }
};

struct StoppingEarly {
  Watched watched;
  std::int64_t patience = 0, start_from_epoch = 0;
  std::optional<double> baseline;
  bool restores = true;
};
EpochRuleMaker early_stopping(StoppingEarly settings);

struct Plateau {
  Watched watched;
  double factor = 0.1, lowest = 0.0;
  std::int64_t patience = 10, cooldown = 0;
};
EpochRuleMaker reduce_on_plateau(Plateau settings);

// The learning rate of an epoch, from its number and the previous rate.
EpochRuleMaker rate_by_epoch(std::function<double(int epoch, double rate)> rate);

// The rules of scikit-learn's networks: after more than `patience` successive epochs that were not
// better by `tolerance`, the fit ends, or its rate is divided until it is at most `smallest`.
struct WhileBetter {
  Quantity quantity;
  bool larger = false;  // values are better; the best weights are then restored
  double tolerance = 0.0, patience = 0.0;
  double divisor = 0.0, smallest = 0.0;  // divisor 0: the fit ends
};
EpochRuleMaker while_better(WhileBetter settings);

// The rate after each epoch: first / (1 + rows for each completed epoch)^power.
struct InverseScaling {
  double first = 0.0, power = 0.5;
  std::int64_t rows = 0;
};
EpochRuleMaker inverse_scaling(InverseScaling settings);

}  // namespace lamina
