#include "updates.h"

#include <pybind11/stl.h>

#include <algorithm>

#include "graph.h"
#include "rules.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

namespace python {
namespace {

constexpr const char* who = "set_update";

std::byte* writable(const char* name, const py::array& array, DType dtype, Index size,
                    std::vector<py::array>& kept) {
  if (!array.dtype().equal(numpy_dtype(dtype)) || !(array.flags() & py::array::c_style) ||
      !array.writeable() || array.size() != size)
    throw py::value_error(text(who, ": ", name, " needs a writable C-contiguous ", name_of(dtype),
                               " array of ", size, " elements"));
  return static_cast<std::byte*>(const_cast<void*>(kept.emplace_back(array).data()));
}

// The places of a list of parameters among the slices, without those that are not trained.
std::vector<std::size_t> places_of(const char* name, const py::object& value,
                                   const Trained& trained) {
  if (!py::isinstance<py::list>(value) && !py::isinstance<py::tuple>(value))
    throw py::type_error(
        text(who, ": ", name, " must be a list of parameters; got ", text_of(value)));
  std::vector<std::size_t> places;
  for (const py::handle each : value) {
    if (!py::isinstance<Parameter>(each))
      throw py::type_error(text(who, ": ", name, " must contain parameters; got ",
                                text_of(py::reinterpret_borrow<py::object>(each))));
    const auto* parameter = py::cast<std::shared_ptr<Parameter>>(each).get();
    for (std::size_t i = 0; i < trained.slices.size(); ++i)
      if (trained.by_slot[std::size_t(trained.slices[i].slot)].get() == parameter)
        places.push_back(i);
  }
  return places;
}

// One number for each of `count` members.
std::vector<double> numbers(const char* name, const py::object& value, std::size_t count) {
  std::vector<double> read;
  for (const py::handle each : py::cast<py::list>(value))
    read.push_back(number_in(who, name, py::reinterpret_borrow<py::object>(each), 0.0, kInfinity));
  if (read.size() != count)
    throw py::value_error(text(who, ": ", name, " must be ", count, " numbers; got ", read.size()));
  return read;
}

// Settings of an optimizer that all its rules share and that set_update takes with those of a rule.
struct Shared {
  UpdateSettings& update;
  double weight_decay = 0.0;
  std::vector<std::size_t> spared;  // places of slices without decay

  bool take(const std::string& key, const py::object& value, const Trained& trained) {
    const std::pair<const char*, double*> all[] = {{"weight_decay", &weight_decay},
                                                   {"clipvalue", &update.clipvalue},
                                                   {"clipnorm", &update.clipnorm},
                                                   {"global_clipnorm", &update.global_clipnorm}};
    for (const auto& [name, into] : all)
      if (key == name) {
        *into = number_in(who, name, value, 0.0, kInfinity);
        return true;
      }
    if (key != "no_decay") return false;
    spared = places_of("no_decay", value, trained);
    return true;
  }
};

std::vector<UpdateMember> members_of(const Update::Added& added, const Shared& shared,
                                     const Trained& trained) {
  std::vector<UpdateMember> members;
  if (!added.parameters) {
    for (std::size_t i = 0; i < trained.slices.size(); ++i) {
      const auto& spared = shared.spared;
      const bool decays = std::find(spared.begin(), spared.end(), i) == spared.end();
      members.push_back({trained.slices[i].slot, decays ? shared.weight_decay : 0.0, 1.0});
    }
    return members;
  }
  const auto places = places_of("parameters", added.parameters, trained);
  const auto decays = numbers("weight_decays", added.weight_decays, places.size());
  const auto rates = numbers("rates", added.rates, places.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i > 0 && places[i] <= places[i - 1])
      throw py::value_error(text(who, ": parameters must be in the order of `trainable`"));
    members.push_back({trained.slices[places[i]].slot, decays[i], rates[i]});
  }
  return members;
}

// The number of elements of a slot over all members.
Index size_of_slot(const RuleSlot& slot, const std::vector<UpdateMember>& members,
                   const Trained& trained) {
  Index size = 0;
  for (const UpdateMember& member : members)
    for (const GradientSlice& slice : trained.slices)
      if (slice.slot == member.slot)
        size += Index(padded_bytes(size_of(slot_shape(slot.extent, slice.shape)), trained.dtype) /
                      bytes_of(trained.dtype));
  return size;
}

UpdateRule read_rule(const Update::Added& added, Shared& shared, const Trained& trained,
                     std::vector<py::array>& kept) {
  UpdateRule used;
  used.rule = find_rule(who, added.kind);
  const Rule& rule = *rules()[used.rule];
  GivenSettings own(rule);
  for (const auto& [key_, value_] : added.settings) {
    const auto key = py::cast<std::string>(key_);
    const auto value = py::reinterpret_borrow<py::object>(value_);
    if (!own.take(who, key, value) && (added.parameters || !shared.take(key, value, trained)))
      throw py::type_error(text(who, ": unknown setting '", key, "' for ", added.kind));
  }
  used.settings = own.values;
  used.members = members_of(added, shared, trained);
  const int count = slot_count(rule);
  if (int(added.slots.size()) > count)
    throw py::value_error(
        text(who, ": ", added.kind, " has ", count, " slots; got ", added.slots.size()));
  for (int place = 0; place < count; ++place) {
    const RuleSlot& slot = rule.slots[place];
    const auto given = std::size_t(place) < added.slots.size() ? added.slots[std::size_t(place)]
                                                               : std::optional<py::array>();
    if (!given && own.need(slot))
      throw py::value_error(text(who, ": ", added.kind, " needs slot ", place, ", ", slot.name));
    used.slots.push_back(given ? writable("a slot", *given, trained.dtype,
                                          size_of_slot(slot, used.members, trained), kept)
                               : nullptr);
  }
  while (!used.slots.empty() && used.slots.back() == nullptr) used.slots.pop_back();
  return used;
}

std::int64_t count_in(const char* name, const py::object& value, std::int64_t least) {
  const Index count = integer(who, name, value);
  if (count < least)
    throw py::value_error(text(who, ": ", name, " must be at least ", least, "; got ", count));
  return count;
}

// Settings apart from the rules: accumulation and averages.
void read_around(const py::dict& given, UpdateSettings& update, const Trained& trained,
                 std::vector<py::array>& kept) {
  Index size = 0;  // of an array over all members
  const RuleSlot element{"", nullptr, nullptr};
  for (const UpdateRule& rule : update.rules) size += size_of_slot(element, rule.members, trained);
  const auto value = [&](const char* name) { return given[name].cast<py::object>(); };
  const auto array = [&](const char* name) {
    if (!given.contains(name) || !py::isinstance<py::array>(given[name]))
      throw py::type_error(text(who, ": ", name, " must be an array"));
    return writable(name, given[name].cast<py::array>(), trained.dtype, size, kept);
  };
  if (given.contains("accumulation")) {
    update.accumulation = count_in("accumulation", value("accumulation"), 1);
    if (update.accumulation > 1) update.accumulator = array("accumulator");
  }
  Averaging& averaging = update.averaging;
  if (given.contains("momentum")) {
    averaging.kind = Averaging::Kind::exponential;
    averaging.momentum = number_in(who, "momentum", value("momentum"), 0.0, 1.0);
    averaging.overwrite = count_in("overwrite", value("overwrite"), 0);
  } else if (given.contains("start")) {
    averaging.kind = Averaging::Kind::equal;
    averaging.start = count_in("start", value("start"), 1);
    averaging.period = count_in("period", value("period"), 1);
  }
  if (averaging.kind != Averaging::Kind::none) update.average = array("average");
}

}  // namespace

UpdateSettings read_update(const Update& update, const Trained& trained,
                           std::vector<py::array>& kept) {
  UpdateSettings settings;
  Shared shared{settings, 0.0, {}};
  for (const auto& [key_, value_] : update.shared) {
    const auto key = py::cast<std::string>(key_);
    shared.take(key, py::reinterpret_borrow<py::object>(value_), trained);
  }
  for (const Update::Added& added : update.rules)
    settings.rules.push_back(read_rule(added, shared, trained, kept));
  read_around(update.shared, settings, trained, kept);
  return settings;
}

}  // namespace python

void bind_updates(py::module_& module) {
  using python::Update;
  py::class_<Update>(
      module, "Update",
      "One optimizer for `Execution.set_updates`: `add` its rules.  For all of them: "
      "clipvalue, clipnorm, global_clipnorm; accumulation (steps) and its accumulator; an average, "
      "exponential by momentum and overwrite, or equal by start and period.")
      .def(py::init([](const py::kwargs& shared) { return Update{shared, {}}; }))
      .def(
          "add",
          [](Update& self, std::string kind, std::vector<std::optional<py::array>> slots,
             py::object parameters, py::object weight_decays, py::object rates,
             const py::kwargs& settings) {
            self.rules.push_back({std::move(kind), std::move(slots), std::move(parameters),
                                  std::move(weight_decays), std::move(rates), settings});
          },
          "kind"_a, "slots"_a, "parameters"_a, "weight_decays"_a, "rates"_a,
          "Add a rule over parameters, in the order of `trainable`, with a weight decay and a "
          "factor on the learning rate for each.");
}

}  // namespace lamina
