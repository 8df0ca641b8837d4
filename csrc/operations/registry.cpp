#include "registry.h"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace lamina {
namespace {

// A function, because static objects of other files fill it before main().
std::map<std::string, OperationDescription>& registered() {
  static std::map<std::string, OperationDescription> all;
  return all;
}

std::string listed_words(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

// The rule that a value breaks, to follow the argument's name in a message; "" if it breaks none.
std::string broken_rule(const ArgumentType& type, const ArgumentValue& value) {
  if (std::holds_alternative<std::monostate>(value)) return type.optional ? "" : "is needed";
  if (value.index() != std::size_t(type.kind) + 1) return "is of another kind";
  if (const auto* word = std::get_if<std::string>(&value)) {
    const auto& known = type.words;
    if (!known.empty() && std::find(known.begin(), known.end(), *word) == known.end())
      return "has the unknown name '" + *word + "'; known: " + listed_words(known);
  } else if (const auto* number = std::get_if<Index>(&value)) {
    if (*number < type.low || *number > type.high)
      return "must lie in [" + std::to_string(type.low) + ", " + std::to_string(type.high) +
             "]; got " + std::to_string(*number);
  } else if (const auto* list = std::get_if<Shape>(&value)) {
    if (type.count > 0 && Index(list->size()) != type.count)
      return "must be " + std::to_string(type.count) + " integers; got " + to_string(*list);
  } else if (const auto* lists = std::get_if<std::vector<Shape>>(&value)) {
    for (const Shape& each : *lists)
      if (type.count > 0 && Index(each.size()) != type.count)
        return "must be lists of " + std::to_string(type.count) + " integers; got " +
               to_string(each);
  } else if (const auto* tensors = std::get_if<OptionalTensors>(&value)) {
    for (const auto& tensor : *tensors)
      if (!type.gaps && !tensor) return "must be tensors, all of them";
  }
  return "";
}

}  // namespace

void Registration::add(OperationDescription operation, const Argument* arguments,
                       const TypeOf* types, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const Argument& given = arguments[i];
    operation.arguments.push_back(
        {given.name, given.documentation, types[i](), given.required, given.value});
    ArgumentDescription& argument = operation.arguments.back();
    if (argument.required) continue;
    if (const auto* whole = std::get_if<Index>(&argument.value);
        whole != nullptr && argument.type.kind == ArgumentKind::number)
      argument.value = double(*whole);
    if (const std::string rule = broken_rule(argument.type, argument.value); !rule.empty())
      throw std::logic_error(operation.name + ": the default of " + argument.name + " " + rule);
  }
  const std::string name = operation.name;
  if (!registered().emplace(name, std::move(operation)).second)
    throw std::logic_error(name + ": two operations have this name");
}

std::vector<Tensor> OperationDescription::record(Graph& graph, const Values& values,
                                                 const std::string& of_layer) const {
  if (values.size() != arguments.size())
    throw std::invalid_argument(name + ": needs " + std::to_string(arguments.size()) +
                                " arguments; got " + std::to_string(values.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    if (const std::string rule = broken_rule(arguments[i].type, values[i]); !rule.empty())
      throw std::invalid_argument(name + ": " + arguments[i].name + " " + rule);
  return caller(function, graph, values, of_layer);
}

std::vector<Tensor> record(Graph& graph, const std::string& operation,
                           OperationDescription::Values values, const std::string& of_layer) {
  const OperationDescription& found = find_operation(operation);
  while (values.size() < found.arguments.size() && !found.arguments[values.size()].required)
    values.push_back(found.arguments[values.size()].value);
  return found.record(graph, values, of_layer);
}

const std::vector<const OperationDescription*>& operations() {
  static const std::vector<const OperationDescription*> all = [] {
    std::vector<const OperationDescription*> each;
    for (const auto& [name, operation] : registered()) each.push_back(&operation);
    return each;
  }();
  return all;
}

const OperationDescription& find_operation(const std::string& name) {
  const auto found = registered().find(name);
  if (found != registered().end()) return found->second;
  std::vector<std::string> known;
  for (const OperationDescription* operation : operations()) known.push_back(operation->name);
  throw std::invalid_argument("unknown operation '" + name + "'; known: " + listed_words(known));
}

}  // namespace lamina
