// The names in Python of the enumerations that specs.h lists.
#pragma once

#include <string>
#include <vector>

#include "../kernel.h"

namespace lamina {

// An unknown name throws std::invalid_argument, which lists the known ones.
template <class E>
E from_name(const std::string& name);
template <class E>
const char* name_of(E value);
template <class E>
std::vector<std::string> known_names();

// The form of the loss from logits; throws std::invalid_argument if there is none.
Loss logits_form(Loss loss);

}  // namespace lamina
