#include "update.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "clipping.h"
#include "runtime/threads.h"

namespace lamina {
namespace {

constexpr double sane_rate = 1e6;

// If a whole step ran on one thread, its gradients and parameters are in the cache of that core. An
// update smaller than this is finished before another core has fetched its share, and the next step
// would have to fetch it back.  Layers of 64 units, 32 rows, Adam, Zen 4; us for a step on one
// thread, with the update on two, and with the update on one: 42,000 parameters 106, 116, 107;
// 125,000 305, 331, 306; 208,000 504, 480, 511.
constexpr double cached_gradient = 150e3 * sizeof(float);  // bytes

template <class T>
Index padded(Index size) {
  return Index(padded_bytes(size, dtype_of<T>) / sizeof(T));
}

Clipping clipping_of(const UpdateSettings& settings) {
  return {settings.clipvalue, settings.clipnorm, settings.global_clipnorm};
}

const GradientSlice& slice_of(const std::vector<GradientSlice>& slices, int slot) {
  return *std::find_if(slices.begin(), slices.end(),
                       [=](const GradientSlice& slice) { return slice.slot == slot; });
}

// Slots of a rule that no setting requires have no array, and those of other extents may have no
// elements.
template <class T>
T* slot_of(const UpdateRule& rule, std::size_t place, Index offset) {
  T* base = place < rule.slots.size() ? reinterpret_cast<T*>(rule.slots[place]) : nullptr;
  return base == nullptr ? nullptr : base + offset;
}

}  // namespace

template <class T>
NotFinite nonfinite_gradient(const std::vector<GradientSlice>& slices, const T* gradient) {
  for (const GradientSlice& s : slices)
    if (kernels<T>().find_nonfinite(gradient + s.offset, s.size) >= 0) return {"gradient", s.path};
  return {};
}

template <class T>
void Updater<T>::set(std::vector<UpdateSettings> parts, double loss_scale,
                     const std::vector<GradientSlice>& slices) {
  parts_.clear();
  rates_.clear();
  loss_scale_ = loss_scale;
  parts_.resize(parts.size());  // before groups refer to the settings of a part
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Part& part = parts_[i];
    part.settings = std::move(parts[i]);
    for (const UpdateRule& rule : part.settings.rules) group(part, rule, slices);
    span(part, slices);
  }
}

template <class T>
void Updater<T>::group(Part& part, const UpdateRule& used,
                       const std::vector<GradientSlice>& slices) const {
  const Rule& rule = *rules()[used.rule];
  Group group{&used, {}, std::numeric_limits<double>::infinity(), {}};
  if (rule.divisor != nullptr)
    group.divisor = used.settings[std::size_t(find_setting(rule, rule.divisor))];
  Index ends[Rule::most_slots] = {}, workspace = 0;
  for (const UpdateMember& member : used.members) {
    const GradientSlice& slice = slice_of(slices, member.slot);
    part.fastest = std::max(part.fastest, member.rate);
    part.decay = std::max(part.decay, member.weight_decay);
    const int axes = int(slice.shape.size());
    T* data = reinterpret_cast<T*>(slice.weights);
    Run* last = group.runs.empty() ? nullptr : &group.runs.back();
    const bool follows =
        rule.workspace == nullptr && last != nullptr && last->parameters + last->size == data &&
        last->offset + last->size == slice.offset &&
        last->member.weight_decay == member.weight_decay && last->member.rate == member.rate;
    if (!follows)
      last = &group.runs.emplace_back(Run{data, slice.offset, 0, member, {}, {}, nullptr});
    for (int place = 0; place < slot_count(rule); ++place) {
      const Index size = slot_size(rule.slots[place].extent, slice.shape.data(), axes);
      if (!follows) last->slots[place] = ends[place];
      ends[place] += padded<T>(size);
      last->slot_sizes[place] = ends[place] - last->slots[place];
    }
    if (rule.workspace != nullptr) {
      last->weight = &slice;
      last->size = slice.size;
      workspace = std::max(workspace, rule.workspace(slice.shape.data(), axes));
    } else {
      // The padding between arrays holds zeros and keeps them, because its gradient is zero.
      last->size += padded<T>(slice.size);
    }
  }
  if (workspace > 0) group.workspace = Buffer(std::size_t(workspace) * sizeof(T));
  part.groups.push_back(std::move(group));
}

template <class T>
void Updater<T>::span(Part& part, const std::vector<GradientSlice>& slices) const {
  for (const GradientSlice& slice : slices) {
    const bool mine = std::any_of(
        part.settings.rules.begin(), part.settings.rules.end(), [&](const UpdateRule& rule) {
          return std::any_of(rule.members.begin(), rule.members.end(),
                             [&](const UpdateMember& m) { return m.slot == slice.slot; });
        });
    if (!mine) continue;
    part.slices.push_back(slice);
    T* data = reinterpret_cast<T*>(slice.weights);
    std::vector<Span>& spans = part.spans;
    const Index end = spans.empty() ? 0 : spans.back().place + spans.back().size;
    const bool follows = !spans.empty() && spans.back().parameters + spans.back().size == data &&
                         spans.back().offset + spans.back().size == slice.offset;
    if (!follows) spans.push_back({data, slice.offset, end, 0});
    spans.back().size += padded<T>(slice.size);
  }
}

template <class T>
std::size_t Updater<T>::slots() const {
  std::size_t most = 0;
  for (const Part& part : parts_)
    for (const Group& group : part.groups) most = std::max(most, group.rule->slots.size());
  return most;
}

template <class T>
template <class Visit>
void Updater<T>::written(std::int64_t step, Visit&& visit) const {
  for (const Part& part : parts_) {
    if (!part.moves(step)) continue;
    for (const Group& group : part.groups)
      for (const Run& run : group.runs) {
        visit(run.parameters, run.size, run);
        for (std::size_t place = 0; place < group.rule->slots.size(); ++place)
          if (T* array = slot_of<T>(*group.rule, place, run.slots[place]))
            visit(array, run.slot_sizes[place], run);
      }
  }
}

template <class T>
bool Updater<T>::may_overflow(const Part& part, T largest) const {
  const double fastest = part.rate * part.fastest;
  if (wary_ || !(largest <= calm<T>) || !(fastest <= sane_rate) || !(fastest * part.decay <= 1.0))
    return true;
  return std::any_of(part.groups.begin(), part.groups.end(), [](const Group& group) {
    return group.divisor < double(std::numeric_limits<T>::min());
  });
}

template <class T>
void Updater<T>::move(const Group& group, const Run& run, const T* gradient, double rate,
                      std::int64_t step) const {
  T* arrays[Rule::most_slots] = {};
  for (std::size_t place = 0; place < group.rule->slots.size(); ++place)
    arrays[place] = slot_of<T>(*group.rule, place, run.slots[place]);
  RuleStep<T> one{run.parameters,
                  arrays,
                  gradient + run.offset,
                  run.size,
                  group.rule->settings.data(),
                  rate * run.member.rate,
                  run.member.weight_decay,
                  step};
  if (run.weight != nullptr)
    one.weight = {run.weight->shape.data(), int(run.weight->shape.size()),
                  reinterpret_cast<T*>(group.workspace.data()), &kernels<T>()};
  apply_rule<T>(*rules()[group.rule->rule], one);
}

template <class T>
void Updater<T>::move(const Part& part, const T* gradient, std::int64_t step) const {
  if (!part.moves(step)) return;
  for (const Group& group : part.groups)
    for (const Run& run : group.runs)
      move(group, run, gradient, part.rate, step / part.settings.accumulation);
}

// For the rare step that may overflow: saves what it overwrites until the result is known to be
// finite.
template <class T>
NotFinite Updater<T>::move_or_restore(const std::vector<GradientSlice>& slices, const T* gradient,
                                      std::int64_t step) {
  const Kernels<T>& k = kernels<T>();
  std::vector<T> before;
  written(step, [&](const T* array, Index size, const Run&) {
    before.insert(before.end(), array, array + size);
  });
  for (const Part& part : parts_) move(part, gradient, step);
  T most = 0;
  NotFinite found;
  written(step, [&](const T* array, Index size, const Run& run) {
    const T largest = k.largest(array, size);
    most = std::max(most, largest);
    if (std::isfinite(largest) || !found.kind.empty()) return;
    // For a run of several weights, all slots have the layout of the gradient.
    const Index within = run.weight != nullptr ? 0 : k.find_nonfinite(array, size);
    const auto owner = std::find_if(slices.begin(), slices.end(), [&](const GradientSlice& s) {
      return run.offset + within >= s.offset && run.offset + within < s.offset + s.size;
    });
    found = {array == run.parameters ? "weight" : "moments", owner->path};
  });
  if (found.kind.empty()) {
    wary_ = most > calm<T> * calm<T>;
    return found;
  }
  const T* kept = before.data();
  written(step, [&](T* array, Index size, const Run&) {
    std::copy_n(kept, size, array);
    kept += size;
  });
  return found;
}

template <class T>
T Updater<T>::largest(const Part& part, const T* gradient) const {
  T most = 0;
  for (const Span& span : part.spans) {
    const T largest = kernels<T>().largest(gradient + span.offset, span.size);
    if (!(largest <= most)) most = largest;
    if (std::isnan(most)) break;
  }
  return most;
}

// Called when it is known that the step will be completed.
template <class T>
void Updater<T>::accumulate(const Part& part, const T* gradient, std::int64_t step) const {
  T* sum = reinterpret_cast<T*>(part.settings.accumulator);
  for (const Span& span : part.spans)
    if (part.moves(step))
      std::fill_n(sum + span.place, span.size, T(0));
    else
      std::copy_n(gradient + span.offset, span.size, sum + span.place);
}

// Prepares the part's gradient for its rules: accumulation and clipping.
template <class T>
NotFinite Updater<T>::ready(const Part& part, T* gradient, std::int64_t step, T* most) const {
  const Kernels<T>& k = kernels<T>();
  const UpdateSettings& settings = part.settings;
  if (settings.accumulation > 1) {
    const T* sum = reinterpret_cast<const T*>(settings.accumulator);
    for (const Span& span : part.spans) {
      T* g = gradient + span.offset;
      k.add_into(g, sum + span.place, span.size);
      if (part.moves(step)) k.scale(g, g, 1.0 / double(settings.accumulation), span.size);
    }
  }
  if (settings.accumulation > 1 || parts_.size() > 1 || loss_scale_ != 1.0)
    *most = largest(part, gradient);
  if (!std::isfinite(*most)) return nonfinite_gradient(part.slices, gradient);
  if (const Clipping clipping = clipping_of(settings); part.moves(step) && clipping.any()) {
    clip(clipping, part.slices, gradient, double(*most));
    *most = largest(part, gradient);
  }
  return {};
}

template <class T>
void Updater<T>::average(const Part& part, std::int64_t step) const {
  const Averaging& averaging = part.settings.averaging;
  const bool counts = averaging.kind == Averaging::Kind::exponential || part.moves(step);
  if (averaging.kind == Averaging::Kind::none || !counts) return;
  T* average = reinterpret_cast<T*>(part.settings.average);
  const std::int64_t done = (step - 1) / part.settings.accumulation;
  for (const Span& span : part.spans)
    follow_average(averaging, average + span.place, span.parameters, span.size, done);
}

template <class T>
NotFinite Updater<T>::apply(const std::vector<GradientSlice>& slices, T* gradient, Index size,
                            double learning_rate, std::int64_t step) {
  if (parts_.empty()) return {};
  const bool small = double(size) * sizeof(T) < cached_gradient;
  const SerialScope alone(small && times_shared() == shared_);
  NotFinite found = apply_all(slices, gradient, size, learning_rate, step);
  shared_ = times_shared();
  return found;
}

template <class T>
NotFinite Updater<T>::apply_all(const std::vector<GradientSlice>& slices, T* gradient, Index size,
                                double learning_rate, std::int64_t step) {
  const T whole = kernels<T>().largest(gradient, size);
  if (!std::isfinite(whole)) return nonfinite_gradient(slices, gradient);
  if (loss_scale_ != 1.0) kernels<T>().scale(gradient, gradient, 1.0 / loss_scale_, size);
  bool wary = false;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    part.rate = rates_.empty() ? learning_rate : rates_[i];
    T most = whole;
    if (NotFinite found = ready(part, gradient, step, &most); !found.kind.empty()) return found;
    wary = wary || (part.moves(step) && may_overflow(part, most));
  }
  if (wary) {
    if (NotFinite found = move_or_restore(slices, gradient, step); !found.kind.empty())
      return found;
  } else {
    for (const Part& part : parts_) move(part, gradient, step);
  }
  for (const Part& part : parts_) {
    if (part.settings.accumulation > 1) accumulate(part, gradient, step);
    average(part, step);
  }
  return {};
}

template NotFinite nonfinite_gradient<float>(const std::vector<GradientSlice>&, const float*);
template NotFinite nonfinite_gradient<double>(const std::vector<GradientSlice>&, const double*);
template class Updater<float>;
template class Updater<double>;

}  // namespace lamina
