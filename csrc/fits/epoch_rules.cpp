#include "epoch_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace lamina {
namespace {

constexpr double beyond_all = std::numeric_limits<double>::infinity();

// The same as lamina.callbacks.EarlyStopping, line by line.
class EarlyStopping final : public EpochRule {
 public:
  explicit EarlyStopping(const StoppingEarly& settings)
      : s_(settings), best_(-s_.watched.sign * beyond_all) {}

  void epoch_end(FitAtHand& fit, EpochRecord& record) override {
    last_epoch_ = record.epoch;
    const std::optional<double> value = s_.watched.quantity(record);
    if (record.epoch < s_.start_from_epoch || !value) return;
    const bool better = s_.watched.better(*value, best_);
    // The first epoch considered is the best so far, even if its value is NaN.
    if (better || best_epoch_ < 0) {
      best_epoch_ = record.epoch;
      if (s_.restores) fit.keep_weights();
    }
    ++wait_;
    if (better) {
      best_ = *value;
      if (!s_.baseline || s_.watched.better(*value, *s_.baseline)) wait_ = 0;
      return;
    }
    if (wait_ >= s_.patience) fit.stop();
  }

  void train_end(FitAtHand& fit) override {
    if (s_.restores && best_epoch_ >= 0 && best_epoch_ != last_epoch_)
      fit.put_weights_back(best_epoch_);
  }

  int best_epoch() const override { return s_.restores ? best_epoch_ : -1; }

 private:
  const StoppingEarly& s_;
  double best_;
  std::int64_t wait_ = 0;
  int best_epoch_ = -1, last_epoch_ = -1;
};

// The same as lamina.callbacks.ReduceLROnPlateau.
class ReduceOnPlateau final : public EpochRule {
 public:
  explicit ReduceOnPlateau(const Plateau& settings)
      : s_(settings), best_(-s_.watched.sign * beyond_all) {}

  void epoch_end(FitAtHand& fit, EpochRecord& record) override {
    record.rate = fit.rate();
    const std::optional<double> value = s_.watched.quantity(record);
    if (!value) return;
    if (cooldown_ > 0) {
      --cooldown_;
      wait_ = 0;
    }
    if (s_.watched.better(*value, best_)) {
      best_ = *value;
      wait_ = 0;
    } else if (cooldown_ == 0 && ++wait_ >= s_.patience && fit.rate() > s_.lowest) {
      fit.set_rate(std::max(fit.rate() * s_.factor, s_.lowest));
      cooldown_ = s_.cooldown;
      wait_ = 0;
    }
  }

 private:
  const Plateau& s_;
  double best_;
  std::int64_t wait_ = 0, cooldown_ = 0;
};

// The same as lamina.callbacks.LearningRateScheduler.
class RateByEpoch final : public EpochRule {
 public:
  explicit RateByEpoch(const std::function<double(int, double)>& rate) : rate_(rate) {}
  void epoch_begin(FitAtHand& fit, int epoch) override { fit.set_rate(rate_(epoch, fit.rate())); }
  void epoch_end(FitAtHand& fit, EpochRecord& record) override { record.rate = fit.rate(); }

 private:
  const std::function<double(int, double)>& rate_;
};

class StoppingWithoutGain final : public EpochRule {
 public:
  explicit StoppingWithoutGain(const WhileBetter& settings)
      : s_(settings), best_(s_.larger ? -beyond_all : beyond_all) {}

  // All comparisons with NaN are false: an epoch with NaN does not count as worse, and is never the
  // best.
  void epoch_end(FitAtHand& fit, EpochRecord& record) override {
    const double value = s_.quantity(record).value();
    const bool worse = s_.larger ? value < best_ + s_.tolerance : value > best_ - s_.tolerance;
    wait_ = worse ? wait_ + 1 : 0;
    if (s_.larger ? value > best_ : value < best_) {
      best_ = value;
      if (s_.larger) {
        best_epoch_ = record.epoch;
        fit.keep_weights();
      }
    }
    if (double(wait_) <= s_.patience) return;
    if (s_.divisor == 0.0 || fit.rate() <= s_.smallest) return fit.stop();
    fit.set_rate(fit.rate() / s_.divisor);
    wait_ = 0;
  }

  void train_end(FitAtHand& fit) override {
    if (best_epoch_ >= 0) fit.put_weights_back(best_epoch_);
  }

  int best_epoch() const override { return best_epoch_; }

 private:
  const WhileBetter& s_;
  double best_;
  std::int64_t wait_ = 0;
  int best_epoch_ = -1;
};

class ScalingInversely final : public EpochRule {
 public:
  explicit ScalingInversely(const InverseScaling& settings) : s_(settings) {}
  void epoch_end(FitAtHand& fit, EpochRecord&) override {
    rows_ += s_.rows;
    fit.set_rate(s_.first / std::pow(double(rows_ + 1), s_.power));
  }

 private:
  const InverseScaling& s_;
  std::int64_t rows_ = 0;
};

// The settings live as long as the maker, which outlives the fits.
template <class Rule, class Settings>
EpochRuleMaker maker(Settings settings) {
  return [shared = std::make_shared<const Settings>(std::move(settings))] {
    return std::make_unique<Rule>(*shared);
  };
}

}  // namespace

EpochRuleMaker early_stopping(StoppingEarly settings) {
  return maker<EarlyStopping>(std::move(settings));
}

EpochRuleMaker reduce_on_plateau(Plateau settings) {
  return maker<ReduceOnPlateau>(std::move(settings));
}

EpochRuleMaker while_better(WhileBetter settings) {
  return maker<StoppingWithoutGain>(std::move(settings));
}

EpochRuleMaker inverse_scaling(InverseScaling settings) {
  return maker<ScalingInversely>(settings);
}

EpochRuleMaker rate_by_epoch(std::function<double(int epoch, double rate)> rate) {
  return maker<RateByEpoch>(std::move(rate));
}

}  // namespace lamina
