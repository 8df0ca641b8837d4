// One update over a flat run of parameters, for every rule.
#include "bench.h"
#include "graph/rules.h"

namespace bench {

using lamina::Index;
using lamina::Rule;

// A rule with some settings other than the defaults, and the slots that these need.
struct Case {
  std::string name, rule;
  std::vector<std::pair<const char*, double>> settings;
  double weight_decay = 0.0;
};

static void update(benchmark::State& state, Index n, const Case& c) {
  const Rule& rule = *lamina::rules()[lamina::find_rule("bench", c.rule)];
  std::vector<double> settings = lamina::initial_settings(rule);
  for (const auto& [name, value] : c.settings)
    settings[std::size_t(lamina::find_setting(rule, name))] = value;
  Buffer p(n), g(n);
  std::vector<Buffer> kept;
  kept.reserve(Rule::most_slots);
  float* slots[Rule::most_slots] = {};
  for (int place = 0; place < slot_count(rule); ++place) {
    const char* when = rule.slots[place].when;
    if (when == nullptr || settings[std::size_t(lamina::find_setting(rule, when))] != 0.0)
      slots[place] = kept.emplace_back(n, 0.0, 1.0).data();
  }
  const Index shape[] = {n % 64 == 0 ? n / 64 : 1, n % 64 == 0 ? 64 : n};  // one weight array
  Buffer workspace(rule.workspace == nullptr ? 0 : rule.workspace(shape, 2));
  lamina::RuleStep<float> one{p.data(),
                              slots,
                              g.data(),
                              n,
                              settings.data(),
                              1e-9,
                              c.weight_decay,
                              0,
                              {shape, 2, workspace.data(), &lamina::kernels<float>()}};
  for (auto _ : state) {
    ++one.step;
    lamina::apply_rule<float>(rule, one);
    benchmark::ClobberMemory();
  }
  count(state, 0.0, 4.0 * double(3 + 2 * kept.size()) * double(n));
}

void register_benchmarks() {
  std::vector<Case> cases;
  for (const Rule* const* rule = lamina::rules(); *rule != nullptr; ++rule)
    cases.push_back({(*rule)->name, (*rule)->name, {}});
  cases.push_back({"sgd_nesterov", "sgd", {{"momentum", 0.9}, {"nesterov", 1.0}}});
  cases.push_back({"adamw", "adam", {}, 0.004});
  for (const auto& shape : read_shapes("optimizers.txt"))
    for (const Case& c : cases)
      benchmark::RegisterBenchmark(label(c.name, shape).c_str(), [=](benchmark::State& state) {
        update(state, size(shape[0]), c);
      })->UseRealTime();
}

}  // namespace bench
