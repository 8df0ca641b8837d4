#include "rules.h"

#include <cstring>
#include <stdexcept>

namespace lamina {

int find_rule(const char* who, const std::string& name) {
  std::string known;
  for (int place = 0; rules()[place] != nullptr; ++place) {
    if (name == rules()[place]->name) return place;
    known += std::string(known.empty() ? "" : ", ") + rules()[place]->name;
  }
  throw std::invalid_argument(std::string(who) + ": unknown rule '" + name + "'; known: " + known);
}

int find_setting(const Rule& rule, const char* name) {
  for (int place = 0; place < setting_count(rule); ++place)
    if (std::strcmp(rule.settings[place].name, name) == 0) return place;
  return -1;
}

std::vector<double> initial_settings(const Rule& rule) {
  std::vector<double> settings;
  for (int place = 0; place < setting_count(rule); ++place)
    settings.push_back(rule.settings[place].initial);
  return settings;
}

template <class T>
void apply_rule(const Rule& rule, const RuleStep<T>& step) {
  if (step.weight_decay != 0.0 && !rule.decays)
    kernels<T>().scale(step.param, step.param, 1.0 - step.learning_rate * step.weight_decay,
                       step.size);
  if constexpr (sizeof(T) == 4)
    rule.of_float(step);
  else
    rule.of_double(step);
}

template void apply_rule<float>(const Rule&, const RuleStep<float>&);
template void apply_rule<double>(const Rule&, const RuleStep<double>&);

}  // namespace lamina
