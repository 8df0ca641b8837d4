// The names by which Python speaks of activations, losses, metrics, cells, noises and merges.
#pragma once

#include <string>
#include <vector>

#include "../kernel.h"

namespace lamina {

// For each of these enumerations E.  An unknown name throws std::invalid_argument with the known.
template <class E>
E from_name(const std::string& name);
template <class E>
std::vector<std::string> known_names();

const char* name_of(Activation);
const char* name_of(Loss);
const char* name_of(Metric);
const char* name_of(Noise);
const char* name_of(Combine);

// Keras's: leaky_relu 0.2, elu 1.0; 0 where there is nothing to set.
double default_alpha(Activation);

}  // namespace lamina
