// What the engine asks of rules: by name, and one step.
#pragma once

#include <string>
#include <vector>

#include "runtime/isa.h"

namespace lamina {

// The place in rules() of the rule that has this name.  Throws std::invalid_argument, in the name
// of `who`, for an unknown one.
int find_rule(const char* who, const std::string& name);
// The place of a setting in its rule; -1 for a name that the rule does not have.
int find_setting(const Rule& rule, const char* name);
// The rule's settings before anybody has set one.
std::vector<double> initial_settings(const Rule& rule);

// One step of a rule over one run, weight decay included.
template <class T>
void apply_rule(const Rule& rule, const RuleStep<T>& step);

}  // namespace lamina
