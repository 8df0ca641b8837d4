// The optimizer's update: a rule and its settings over the flat runs of trainable parameters.
#pragma once

#include <memory>
#include <vector>

#include "parameter.h"

namespace lamina {

enum class Rule { none, sgd, rmsprop, adam };

struct UpdateSettings {
  Rule rule = Rule::none;
  double momentum = 0.0;  // sgd, rmsprop
  bool nesterov = false;
  double rho = 0.0;  // rmsprop
  bool centered = false;
  double beta_1 = 0.0, beta_2 = 0.0;  // adam
  double epsilon = 0.0;
  double weight_decay = 0.0;  // decoupled: p -= learning_rate * weight_decay * p
  double clipvalue = 0.0, clipnorm = 0.0, global_clipnorm = 0.0;  // 0: off
  std::vector<std::byte*> slots;  // flat, laid out like the gradient; null for one not used
  std::vector<const Parameter*> no_decay;
};

// One trainable parameter in the flat gradient.
struct GradientSlice {
  std::shared_ptr<Parameter> parameter;
  Index offset;  // elements
};

// Clips the gradient in place, then moves the parameters.  `step` counts from 1.
template <class T>
void apply_update(const UpdateSettings& settings, const std::vector<GradientSlice>& slices,
                  T* gradient, double learning_rate, std::int64_t step);

}  // namespace lamina
