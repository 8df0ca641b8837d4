#include "fit.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "graph/objective.h"
#include "runtime/isa.h"

namespace lamina {
namespace {

Sums sums_of(const Execution& execution) {
  return {execution.mean_loss(), execution.mean_losses(), execution.metrics()};
}

// Iterates over rows batch by batch, calling visit(batch, the place of its first row).
template <class Visit>
void each_batch(const RowsOf& rows, const Visit& visit) {
  std::uint32_t index = 0;
  for (Index start = 0; start < rows.size; start += rows.batch)
    visit(Batch{rows.rows, start, std::min(start + rows.batch, rows.size), index++}, start);
}

class Fit final : public FitAtHand {
 public:
  Fit(const FitRequest& request, const Cancelled& cancelled, SharedOrders* orders)
      : r_(request),
        cancelled_(cancelled),
        weights_(*r_.model, r_.first),
        training_(execution(r_.training, true)),
        state_(*r_.model, *training_),
        shared_orders_(orders != nullptr && orders->shared() ? orders : nullptr),
        rate_(r_.rate) {
    for (const EpochRuleMaker& make : r_.rules) rules_.push_back(make());
    training_->bind(r_.training.data);
    if (r_.model->search)
      begin_search(*r_.model->search);
    else
      training_->set_updates(state_.updates(), r_.model->loss_scale);
  }

  FitRecord run() {
    record_.end = FitEnd::done;
    for (int epoch = r_.first_epoch; epoch < r_.epochs; ++epoch) {
      for (const auto& rule : rules_) rule->epoch_begin(*this, epoch);
      if (!train_epoch(epoch)) break;
      end_epoch(epoch);
      if (stopped_ || passed_) break;
    }
    record_.stopped = stopped_;
    if (record_.end == FitEnd::done) finish();
    keep_results();
    return std::move(record_);
  }

  // --- requests of rules

  void stop() override { stopped_ = true; }
  double rate() const override {
    if (r_.rates == nullptr) return rate_;
    return (*r_.rates)[std::min(std::size_t(iterations_), r_.rates->size() - 1)];
  }
  void set_rate(double rate) override { rate_ = rate; }
  void keep_weights() override { kept_ = weights_.copy(); }
  void put_weights_back(int) override { weights_.restore(kept_); }

 private:
  std::unique_ptr<Execution> execution(const RowsOf& rows, bool training) const {
    return Execution::create(rows.program->graph, weights_.variables(*rows.program),
                             {rows.batch, training, false, r_.seed});
  }

  void begin_search(const Search& search) {
    const Index rows = std::min(r_.training.size, r_.training.batch);
    objective_ = std::make_unique<Objective>(*training_, Batch{r_.training.rows, 0, rows, 0});
    const Index size = objective_->size();
    minimizer_ = std::make_unique<Minimizer>(
        *objective_, search.pairs == 0 ? dense_memory(size) : limited_memory(size, search.pairs),
        search.stopping, search.wolfe);
  }

  // The rows of an epoch: in the given order, or shuffled.
  const std::int64_t* order(int done) {
    if (!r_.twister && !r_.shuffles) return r_.training.rows;
    if (shared_orders_ != nullptr && !orders_) {
      const std::int64_t* const kept = shared_orders_->at(std::size_t(done));
      if (kept != nullptr) return kept;
      orders_ = shared_orders_->rest();
    }
    if (!orders_) orders_.emplace(*order_source(r_));
    return orders_->next();
  }

  // Returns false if the fit ends within the epoch.
  bool train_epoch(int epoch) {
    training_->reset();
    const std::int64_t* const rows = order(whole_epochs_);
    const Index batch = r_.training.batch, end = std::min(r_.training.size, r_.steps * batch);
    double loss = 0.0, rate = 0.0;
    std::int64_t step = 0;
    for (Index start = 0; start < end && !stopped_; start += batch) {
      if (cancelled_) {
        record_.end = FitEnd::cancelled;
        return false;
      }
      rate = this->rate();
      ++iterations_;
      const Batch now{rows, start, std::min(start + batch, end), ++draw_};
      loss = minimizer_ ? search_on(rate) : training_->train(now, rate, iterations_);
      ++step;
      if (std::isfinite(loss)) continue;
      --iterations_;
      note_divergence({loss, rate, epoch + 1, step, "", "", ""}, now);
      if (!r_.lets_divergence_pass) return false;
      passed_ = true;
      diverged_loss_ = loss;
      break;
    }
    if (!passed_) ++whole_epochs_;
    return weights_are_finite({loss, rate, epoch + 1, step, "", "", ""});
  }

  // One iteration of a quasi-Newton method, as in lamina.optimizers.QuasiNewton.
  double search_on(double rate) {
    const std::int64_t before = minimizer_->evaluations();
    const Progress progress = minimizer_->iterate(rate);
    if (progress != Progress::not_finite) objective_->leave(minimizer_->evaluations() > before);
    stopped_ = stopped_ || progress == Progress::converged || progress == Progress::stalled;
    return minimizer_->value();
  }

  void note_divergence(Divergence found, const Batch& batch) {
    const NotFinite& failed = training_->failed_step();
    if (!failed.kind.empty()) {
      found.kind = failed.kind;
      found.weight = failed.weight;
      found.loss = training_->step_loss();
    } else {
      found.where = training_->first_nonfinite(batch);
    }
    record_.divergence = std::move(found);
    record_.end = FitEnd::diverged;
  }

  bool weights_are_finite(Divergence found) {
    for (const GradientSlice& slice : training_->slices()) {
      if (finite(slice)) continue;
      found.weight = slice.path;
      record_.divergence = std::move(found);
      record_.end = FitEnd::diverged;
      return false;
    }
    return true;
  }

  bool finite(const GradientSlice& slice) const {
    if (r_.model->dtype == DType::float64)
      return kernels<double>().find_nonfinite(reinterpret_cast<const double*>(slice.weights),
                                              slice.size) < 0;
    return kernels<float>().find_nonfinite(reinterpret_cast<const float*>(slice.weights),
                                           slice.size) < 0;
  }

  void end_epoch(int epoch) {
    EpochRecord now;
    now.epoch = epoch;
    now.training = sums_of(*training_);
    if (passed_) now.training.loss = diverged_loss_;
    const bool validates = r_.validates.empty() || r_.validates[std::size_t(epoch)];
    if (r_.validation.program != nullptr && validates) now.validation = validate();
    if (r_.scored.program != nullptr) now.score = score();
    if (r_.rates != nullptr) now.rate = rate();
    for (const auto& rule : rules_) rule->epoch_end(*this, now);
    record_.end = FitEnd::done;
    if (!r_.keeps_epochs) {
      now.training = {now.training.loss, {}, {}};
      if (now.validation) now.validation = Sums{now.validation->loss, {}, {}};
    }
    record_.epochs.push_back(std::move(now));
  }

  Sums validate() {
    if (validation_ == nullptr) {
      validation_ = execution(r_.validation, false);
      validation_->bind(r_.validation.data);
    }
    return test(*validation_, r_.validation);
  }

  double score() {
    if (scorer_ == nullptr) {
      scorer_ = execution(r_.scored, false);
      scorer_->bind(r_.scored.data);
    }
    return r_.score->of(outputs(*scorer_, r_.scored).front().data());
  }

  static Sums test(Execution& execution, const RowsOf& rows) {
    execution.reset();
    each_batch(rows, [&](const Batch& batch, Index) { execution.test(batch); });
    return sums_of(execution);
  }

  void finish() {
    if (iterations_ > 0) state_.put_averages(*training_);
    for (const auto& rule : rules_) {
      rule->train_end(*this);
      if (const int best = rule->best_epoch(); best >= 0) record_.kept_epoch = best;
    }
    if (passed_) return;
    const double last = record_.epochs.empty() ? 0.0 : record_.epochs.back().training.loss;
    if (!std::isfinite(last)) return;
    if (r_.held_out.program != nullptr) {
      const auto judge = execution(r_.held_out, false);
      judge->bind(r_.held_out.data);
      record_.held_out = test(*judge, r_.held_out);
    }
    if (r_.held_out_predicted.program != nullptr)
      record_.held_out_outputs = outputs(r_.held_out_predicted);
    if (r_.predicted.program != nullptr) record_.predictions = outputs(r_.predicted);
  }

  std::vector<std::vector<std::byte>> outputs(const RowsOf& rows) const {
    const auto predictor = execution(rows, false);
    predictor->bind(rows.data);
    return outputs(*predictor, rows);
  }

  static std::vector<std::vector<std::byte>> outputs(Execution& predictor, const RowsOf& rows) {
    const Graph& graph = *rows.program->graph;
    std::vector<std::vector<std::byte>> made;
    std::vector<std::size_t> width;
    for (const Tensor& output : graph.outputs()) {
      const Value& value = graph.values()[std::size_t(output.value)];
      width.push_back(std::size_t(size_of(output.shape)) * bytes_of(value.dtype));
      made.emplace_back(width.back() * std::size_t(rows.size));
    }
    each_batch(rows, [&](const Batch& batch, Index start) {
      predictor.test(batch);
      for (std::size_t i = 0; i < made.size(); ++i)
        std::copy_n(predictor.output(i), width[i] * std::size_t(batch.rows()),
                    made[i].begin() + std::ptrdiff_t(width[i] * std::size_t(start)));
    });
    return made;
  }

  void keep_results() {
    if (!r_.keeps_weights) return;
    for (std::size_t i = 0; i < r_.model->sizes.size(); ++i) {
      const std::byte* from = weights_.weight(i);
      record_.weights.emplace_back(
          from, from + std::size_t(r_.model->sizes[i]) * bytes_of(r_.model->dtype));
    }
  }

  const FitRequest& r_;
  const Cancelled& cancelled_;
  FitWeights weights_;
  const std::unique_ptr<Execution> training_;
  const FitState state_;
  std::unique_ptr<Execution> validation_, scorer_;
  std::unique_ptr<Objective> objective_;
  std::unique_ptr<Minimizer> minimizer_;
  std::vector<std::unique_ptr<EpochRule>> rules_;
  SharedOrders* const shared_orders_;
  std::optional<Orders> orders_;  // own ones
  std::vector<std::byte> kept_;
  double rate_, diverged_loss_ = 0.0;
  std::int64_t iterations_ = 0;
  std::uint32_t draw_ = 0;
  int whole_epochs_ = 0;
  bool stopped_ = false, passed_ = false;
  FitRecord record_;
};

}  // namespace

std::optional<OrderSource> order_source(const FitRequest& request) {
  if (!request.twister && !request.shuffles) return std::nullopt;
  return OrderSource{request.training.rows, request.training.size, request.shuffle_seed,
                     request.twister};
}

FitRecord run_fit(const FitRequest& request, const Cancelled& cancelled, SharedOrders* orders) {
  const auto begin = std::chrono::steady_clock::now();
  FitRecord record;
  try {
    record = Fit(request, cancelled, orders).run();
  } catch (const std::exception& error) {
    record.failure = error.what();
  }
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return record;
}

}  // namespace lamina
