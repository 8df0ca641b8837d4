// One whole fit without Python: what Model.fit does, to the bit.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "epoch_rules.h"
#include "pool.h"
#include "program.h"
#include "record.h"
#include "score.h"
#include "twister.h"

namespace lamina {

// Rows of data that several fits share.
struct RowsOf {
  const Program* program = nullptr;    // null: there are none
  std::vector<DataView> data;          // for each input of the program's graph
  const std::int64_t* rows = nullptr;  // null: all, as they stand
  Index size = 0;                      // how many rows
  Index batch = 1;                     // at a time
};

struct FitRequest {
  const FitModel* model = nullptr;
  std::vector<const std::byte*> first;  // the first values of each weight
  std::uint64_t seed = 0;               // of noise
  RowsOf training, validation, held_out, predicted;
  RowsOf held_out_predicted;
  // Rows whose outputs are scored after each epoch.
  RowsOf scored;
  std::shared_ptr<const OutputScore> score;

  int first_epoch = 0, epochs = 1;
  Index steps = 1;  // of an epoch, at most
  bool shuffles = true;
  std::uint64_t shuffle_seed = 0;
  // In the place of such shuffles: mixes the order of the epoch before, at first that of the rows.
  std::optional<Twister> twister;
  std::vector<bool> validates;  // by epoch; empty: all do

  double rate = 0.0;
  // The rate by the number of steps done, in the place of `rate`; one more than there are steps.
  std::shared_ptr<const std::vector<double>> rates;
  std::vector<EpochRuleMaker> rules;
  bool lets_divergence_pass = false;  // the fit then ends with the epoch
  bool keeps_weights = true;
  bool keeps_epochs = true;  // whole; else only their losses
};

FitRecord run_fit(const FitRequest& request, const Cancelled& cancelled);

}  // namespace lamina
