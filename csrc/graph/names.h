// The names by which Python speaks of activations, losses, metrics, cells, noises and merges, one
// table each.
#pragma once

#include <string>

#include "../kernel.h"

namespace lamina {

// Unknown names throw std::invalid_argument with the known ones.
Activation activation_from_name(const std::string& name);
Loss loss_from_name(const std::string& name);
Metric metric_from_name(const std::string& name);
Cell cell_from_name(const std::string& name);
Noise noise_from_name(const std::string& name);

const char* name_of(Activation);
const char* name_of(Loss);
const char* name_of(Metric);
const char* name_of(Noise);
const char* name_of(Combine);

// Keras's: leaky_relu 0.2, elu 1.0; 0 where there is nothing to set.
double default_alpha(Activation);

}  // namespace lamina
