// One whole fit without Python: the same as Model.fit, to the bit.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "epoch_rules.h"
#include "orders.h"
#include "pool.h"
#include "program.h"
#include "record.h"
#include "score.h"

namespace lamina {

// Rows of data, shared by several fits.
struct RowsOf {
  const Program* program = nullptr;    // null: there are no rows
  std::vector<DataView> data;          // for each input of the program's graph
  const std::int64_t* rows = nullptr;  // null: all, in order
  Index size = 0;                      // the number of rows
  Index batch = 1;                     // rows per batch
};

struct FitRequest {
  const FitModel* model = nullptr;
  std::vector<const std::byte*> first;  // the initial values of each weight
  std::uint64_t seed = 0;               // for noise
  RowsOf training, validation, held_out, predicted;
  RowsOf held_out_predicted;
  // Rows whose outputs are scored after each epoch.
  RowsOf scored;
  std::shared_ptr<const OutputScore> score;

  int first_epoch = 0, epochs = 1;
  Index steps = 1;  // per epoch, at most
  bool shuffles = true;
  std::uint64_t shuffle_seed = 0;
  // Used instead of such shuffles: permutes the order of the previous epoch, beginning with that of
  // the rows.
  std::optional<Twister> twister;
  std::vector<bool> validates;  // by epoch; empty: validate in all

  double rate = 0.0;
  // The rate by the number of steps done, instead of `rate`; one more than there are steps.
  std::shared_ptr<const std::vector<double>> rates;
  std::vector<EpochRuleMaker> rules;
  bool lets_divergence_pass = false;  // the fit then ends after the epoch, without an error
  bool keeps_weights = true;
  bool keeps_epochs = true;  // completely; otherwise only their losses
};

// What determines the orders of the training rows; nothing if they are not shuffled.
std::optional<OrderSource> order_source(const FitRequest& request);

// `orders`: those of the request, if it may share them with others.
FitRecord run_fit(const FitRequest& request, const Cancelled& cancelled,
                  SharedOrders* orders = nullptr);

}  // namespace lamina
