// The names by which Python speaks of the enumerations that specs.h lists.
#pragma once

#include <string>
#include <vector>

#include "../kernel.h"

namespace lamina {

// An unknown name throws std::invalid_argument with the known ones.
template <class E>
E from_name(const std::string& name);
template <class E>
const char* name_of(E value);
template <class E>
std::vector<std::string> known_names();

// The loss from what goes into its last step; throws std::invalid_argument where it has none.
Loss logits_form(Loss loss);

}  // namespace lamina
