// The engine's interface to rules: look-up by name, and one step.
#pragma once

#include <string>
#include <vector>

#include "runtime/isa.h"

namespace lamina {

// The place in rules() of the rule with this name.  Throws std::invalid_argument for an unknown
// name; the message begins with `who`.
int find_rule(const char* who, const std::string& name);
// The place of a setting in its rule; -1 if the rule has no setting of that name.
int find_setting(const Rule& rule, const char* name);
// The default values of the rule's settings.
std::vector<double> initial_settings(const Rule& rule);

// One step of a rule over one run, including weight decay.
template <class T>
void apply_rule(const Rule& rule, const RuleStep<T>& step);

}  // namespace lamina
