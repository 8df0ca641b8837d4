#include "program.h"

#include <algorithm>
#include <cstring>

namespace lamina {

FitWeights::FitWeights(const FitModel& model, const std::vector<const std::byte*>& first) {
  std::size_t bytes = 0;
  for (const Index size : model.sizes) bytes += padded_bytes(size, model.dtype);
  const auto flat = std::make_shared<const Buffer>(bytes);
  std::byte* place = flat->data();
  for (std::size_t i = 0; i < model.sizes.size(); ++i) {
    std::memcpy(place, first[i], std::size_t(model.sizes[i]) * bytes_of(model.dtype));
    places_.push_back(place);
    place += padded_bytes(model.sizes[i], model.dtype);
  }
  flat_ = flat;
}

Variables FitWeights::variables(const Program& program) const {
  std::vector<std::byte*> by_slot;
  for (const std::size_t place : program.weights) by_slot.push_back(places_[place]);
  return {std::move(by_slot), {}, flat_};
}

std::vector<std::byte> FitWeights::copy() const {
  return {flat_->data(), flat_->data() + flat_->size()};
}

void FitWeights::restore(const std::vector<std::byte>& copied) {
  std::copy(copied.begin(), copied.end(), flat_->data());
}

namespace {

const GradientSlice& slice_in(const std::vector<GradientSlice>& slices, int slot) {
  return *std::find_if(slices.begin(), slices.end(),
                       [=](const GradientSlice& slice) { return slice.slot == slot; });
}

bool has_member(const UpdateSettings& update, int slot) {
  return std::any_of(update.rules.begin(), update.rules.end(), [&](const UpdateRule& rule) {
    return std::any_of(rule.members.begin(), rule.members.end(),
                       [&](const UpdateMember& member) { return member.slot == slot; });
  });
}

// Calls visit(slice, its place in bytes) for the weights of an update, in the layout of arrays over
// all of them; returns the size in bytes.
template <class Visit>
std::size_t over_members(const UpdateSettings& update, const Execution& execution,
                         const Visit& visit) {
  std::size_t place = 0;
  for (const GradientSlice& slice : execution.slices()) {
    if (!has_member(update, slice.slot)) continue;
    visit(slice, place);
    place += padded_bytes(slice.size, execution.graph().dtype);
  }
  return place;
}

// The initial values of a slot of a rule, over all its members.
Buffer first_slot(const UpdateRule& used, std::size_t place, const Execution& execution) {
  const RuleSlot& slot = rules()[used.rule]->slots[place];
  const DType dtype = execution.graph().dtype;
  const bool of_weights = slot.start != nullptr && std::string(slot.start) == "weight";
  std::size_t bytes = 0;
  const auto size_of_slot = [&](const GradientSlice& slice) {
    return slot_size(slot.extent, slice.shape.data(), int(slice.shape.size()));
  };
  for (const UpdateMember& member : used.members)
    bytes += padded_bytes(size_of_slot(slice_in(execution.slices(), member.slot)), dtype);
  Buffer first(bytes);
  if (!of_weights) {
    std::memcpy(first.data(), used.slots[place], bytes);
    return first;
  }
  std::byte* to = first.data();
  for (const UpdateMember& member : used.members) {
    const GradientSlice& slice = slice_in(execution.slices(), member.slot);
    std::memcpy(to, slice.weights, std::size_t(size_of_slot(slice)) * bytes_of(dtype));
    to += padded_bytes(size_of_slot(slice), dtype);
  }
  return first;
}

}  // namespace

FitState::FitState(const FitModel& model, const Execution& execution) : updates_(model.updates) {
  const DType dtype = execution.graph().dtype;
  for (UpdateSettings& update : updates_) {
    for (UpdateRule& rule : update.rules)
      for (std::size_t place = 0; place < rule.slots.size(); ++place)
        if (rule.slots[place] != nullptr)
          rule.slots[place] = kept_.emplace_back(first_slot(rule, place, execution)).data();
    const auto nothing = [](const GradientSlice&, std::size_t) {};
    const std::size_t bytes = over_members(update, execution, nothing);
    if (update.accumulator != nullptr)
      update.accumulator = kept_.emplace_back(Buffer(bytes)).data();
    if (update.average == nullptr) continue;
    update.average = kept_.emplace_back(Buffer(bytes)).data();
    over_members(update, execution, [&](const GradientSlice& slice, std::size_t place) {
      std::memcpy(update.average + place, slice.weights, std::size_t(slice.size) * bytes_of(dtype));
    });
  }
}

void FitState::put_averages(const Execution& execution) const {
  for (const UpdateSettings& update : updates_)
    if (update.average != nullptr)
      over_members(update, execution, [&](const GradientSlice& slice, std::size_t place) {
        std::memcpy(slice.weights, update.average + place,
                    std::size_t(slice.size) * bytes_of(execution.graph().dtype));
      });
}

}  // namespace lamina
