// The methods with which layers record on a graph: one for each operation of operations/registry.h,
// with signature and documentation generated from its description.
#include <pybind11/stl.h>

#include <stdexcept>

#include "array.h"
#include "graph.h"
#include "operation_values.h"
#include "operations/registry.h"

namespace lamina {
namespace python {

namespace py = pybind11;
using namespace py::literals;

namespace {

// --- conversion from Python

[[noreturn]] void refuse(const char* who, const char* name, const std::string& what,
                         const py::object& got) {
  throw py::type_error(text(who, ": ", name, " must be ", what, "; got ", text_of(got)));
}

Tensor tensor_of(const char* who, const char* name, const char* what, const py::object& value) {
  py::detail::make_caster<Tensor> caster;
  if (value.is_none() || !caster.load(value, false)) refuse(who, name, what, value);
  return py::detail::cast_op<const Tensor&>(caster);
}

// The results of read(item) for each item of a sequence; text does not count as a sequence.
template <class Read>
auto each_of(const char* who, const char* name, const char* what, const py::object& value,
             Read read) {
  std::vector<decltype(read(value))> all;
  const bool textual = PyUnicode_Check(value.ptr()) || PyBytes_Check(value.ptr());
  if (textual || PySequence_Check(value.ptr()) == 0) refuse(who, name, what, value);
  const auto items = in_python(
      [&] { return py::reinterpret_steal<py::object>(PySequence_Fast(value.ptr(), what)); });
  if (!items) {
    PyErr_Clear();
    refuse(who, name, what, value);
  }
  const Py_ssize_t size = PySequence_Fast_GET_SIZE(items.ptr());
  for (Py_ssize_t i = 0; i < size; ++i)
    all.push_back(
        read(py::reinterpret_borrow<py::object>(PySequence_Fast_GET_ITEM(items.ptr(), i))));
  return all;
}

Shape integers_of(const char* who, const char* name, const char* what, const py::object& value) {
  return each_of(who, name, what, value,
                 [&](const py::object& item) { return integer(who, name, item); });
}

}  // namespace

// None stands for an omitted argument; the operation decides whether it may be omitted.
ArgumentValue value_of(const char* who, const ArgumentDescription& argument,
                       const py::object& value) {
  const char* const name = argument.name.c_str();
  if (value.is_none() && argument.type.optional) return left_out;
  switch (argument.type.kind) {
    case ArgumentKind::tensor:
      return tensor_of(who, name, argument.type.optional ? "a Tensor or None" : "a Tensor", value);
    case ArgumentKind::tensors: {
      const char* const what =
          argument.type.gaps ? "a sequence of Tensors and None" : "a sequence of Tensors";
      return each_of(who, name, what, value, [&](const py::object& item) -> std::optional<Tensor> {
        if (item.is_none() && argument.type.gaps) return std::nullopt;
        return tensor_of(who, name, what, item);
      });
    }
    case ArgumentKind::flag:
      return flag(who, name, value);
    case ArgumentKind::integer:
      return integer(who, name, value);
    case ArgumentKind::number:
      return number(who, name, value);
    case ArgumentKind::word:
      return word(who, name, value);
    case ArgumentKind::integers:
      return integers_of(who, name, "a sequence of integers", value);
    case ArgumentKind::integer_lists: {
      const char* const what = "a sequence of sequences of integers";
      return each_of(who, name, what, value,
                     [&](const py::object& item) { return integers_of(who, name, what, item); });
    }
  }
  return left_out;
}

namespace {

std::string known_arguments(const OperationDescription& operation) {
  std::string all;
  for (const ArgumentDescription& argument : operation.arguments) all += argument.name + ", ";
  return all + "name";
}

// The position of a keyword's value: the arguments in order, then the name.
std::size_t place_of(const OperationDescription& operation, const py::handle& keyword) {
  std::size_t place = 0;
  for (const ArgumentDescription& argument : operation.arguments) {
    if (PyUnicode_CompareWithASCIIString(keyword.ptr(), argument.name.c_str()) == 0) return place;
    ++place;
  }
  if (PyUnicode_CompareWithASCIIString(keyword.ptr(), "name") == 0) return place;
  throw py::type_error(text(operation.name, ": unknown argument ",
                            text_of(py::reinterpret_borrow<py::object>(keyword)),
                            "; known: ", known_arguments(operation)));
}

// The values in a call for each argument and for the name; null for those not given.
std::vector<py::object> arguments_of(const OperationDescription& operation, const py::args& args,
                                     const py::kwargs& kwargs) {
  std::vector<py::object> given(operation.arguments.size() + 1);
  if (args.size() > given.size())
    throw py::type_error(text(operation.name, ": takes ", given.size(), " arguments (",
                              known_arguments(operation), "); got ", args.size()));
  for (std::size_t i = 0; i < args.size(); ++i) given[i] = args[i];
  for (const auto& [keyword, value] : kwargs) {
    py::object& place = given[place_of(operation, keyword)];
    if (place)
      throw py::type_error(text(operation.name, ": two values for ", std::string(py::str(keyword)),
                                "; got ", text_of(place), " and ",
                                text_of(py::reinterpret_borrow<py::object>(value))));
    place = py::reinterpret_borrow<py::object>(value);
  }
  return given;
}

py::object record(const OperationDescription& operation, const py::handle& self,
                  const py::args& args, const py::kwargs& kwargs) {
  const char* const who = operation.name.c_str();
  Graph& graph = graph_of(who, self);
  const std::vector<py::object> given = arguments_of(operation, args, kwargs);
  OperationDescription::Values values;
  values.reserve(operation.arguments.size());
  for (std::size_t i = 0; i < operation.arguments.size(); ++i) {
    const ArgumentDescription& argument = operation.arguments[i];
    if (!given[i] && argument.required)
      throw py::type_error(text(who, ": ", argument.name, " is needed; got no value for it"));
    values.push_back(given[i] ? value_of(who, argument, given[i]) : argument.value);
  }
  const std::string name = given.back() ? word(who, "name", given.back()) : "";
  std::vector<Tensor> outputs = operation.record(graph, values, name);
  return operation.several ? py::cast(std::move(outputs)) : py::cast(std::move(outputs[0]));
}

// --- documentation

struct ToPython {
  py::object operator()(std::monostate) const { return py::none(); }
  template <class T>
  py::object operator()(const T& value) const {
    return py::cast(value);
  }
};

std::string annotation(const ArgumentType& type) {
  const std::string tensor = "lamina._core.Tensor", whole = "typing.SupportsIndex";
  const auto sequence = [](const std::string& of) {
    return "collections.abc.Sequence[" + of + "]";
  };
  const auto alone = [&]() -> std::string {
    switch (type.kind) {
      case ArgumentKind::tensor:
        return tensor;
      case ArgumentKind::tensors:
        return sequence(type.gaps ? tensor + " | None" : tensor);
      case ArgumentKind::flag:
        return "bool";
      case ArgumentKind::integer:
        return whole;
      case ArgumentKind::number:
        return "typing.SupportsFloat | typing.SupportsIndex";
      case ArgumentKind::word:
        return "str";
      case ArgumentKind::integers:
        return type.count == 0 ? sequence(whole)
                               : text("typing.Annotated[", sequence(whole), ", \"FixedSize(",
                                      type.count, ")\"]");
      case ArgumentKind::integer_lists: {
        std::string items = whole;
        for (Index i = 1; i < type.count; ++i) items += ", " + whole;
        return sequence(type.count == 0 ? sequence(whole) : "tuple[" + items + "]");
      }
    }
    return "";
  };
  return alone() + (type.optional ? " | None" : "");
}

// In numpydoc's form: "float, default 0.0".
std::string type_text(const ArgumentDescription& argument, const std::string& default_text) {
  constexpr const char* names[] = {
      "Tensor",          "sequence of Tensor",          "bool", "int", "float", "str",
      "sequence of int", "sequence of sequences of int"};
  const ArgumentType& type = argument.type;
  std::string words;
  for (const std::string& known : type.words) words += (words.empty() ? "'" : ", '") + known + "'";
  const std::string kind = words.empty() ? names[std::size_t(type.kind)] : "{" + words + "}";
  if (argument.required) return kind + (type.optional ? " or None" : "");
  return kind + (type.optional ? ", optional" : ", default " + default_text);
}

// The signature, which tools/make_stubs.py reads, then a numpydoc docstring.
std::string documentation_of(const OperationDescription& operation) {
  std::string signature = operation.name + "(self: lamina._core.Graph";
  std::string parameters;
  for (const ArgumentDescription& argument : operation.arguments) {
    const std::string value = py::repr(std::visit(ToPython(), argument.value));
    signature += ", " + argument.name + ": " + annotation(argument.type);
    if (!argument.required) signature += " = " + value;
    parameters += "\n" + argument.name + " : " + type_text(argument, value) + "\n    " +
                  argument.documentation;
  }
  signature += ", name: str = '') -> ";
  return signature + (operation.several ? "list[lamina._core.Tensor]" : "lamina._core.Tensor") +
         "\n\n" + operation.documentation + "\n\nParameters\n----------" + parameters +
         "\nname : str, default ''\n    The name of the layer, for messages and profiles.\n";
}

// Descriptions of all operations as Python objects.
py::dict described_operations() {
  constexpr const char* kinds[] = {"tensor", "tensors", "flag",     "integer",
                                   "number", "word",    "integers", "integer_lists"};
  py::dict all;
  for (const OperationDescription* operation : operations()) {
    py::dict arguments;
    for (const ArgumentDescription& argument : operation->arguments) {
      py::dict entry("documentation"_a = argument.documentation,
                     "kind"_a = kinds[std::size_t(argument.type.kind)],
                     "optional"_a = argument.type.optional, "words"_a = argument.type.words);
      if (!argument.required) entry["default"] = std::visit(ToPython(), argument.value);
      arguments[argument.name.c_str()] = entry;
    }
    all[operation->name.c_str()] =
        py::dict("documentation"_a = operation->documentation, "arguments"_a = arguments);
  }
  return all;
}

}  // namespace

void bind_graph_operations(py::module_& module, GraphClass& graph) {
  graph.def("python", &record_python, "inputs"_a, "shape"_a, "forward"_a, "backward"_a,
            "name"_a = "");
  module.def("operations", &described_operations,
             "The operations that a graph can record: documentation and arguments by name.");
  py::options options;
  options.disable_function_signatures();
  const auto add = [&](const char* name, auto method, const std::string& documentation) {
    graph.attr(name) = py::cpp_function(std::move(method), py::name(name), py::is_method(graph),
                                        documentation.c_str());
  };
  for (const OperationDescription* operation : operations())
    add(
        operation->name.c_str(),
        [operation](const py::object& self, const py::args& args, const py::kwargs& kwargs) {
          return record(*operation, self, args, kwargs);
        },
        documentation_of(*operation));
  add(
      "record",
      [](const py::object& self, const std::string& operation, const py::args& args,
         const py::kwargs& kwargs) {
        return record(find_operation(operation), self, args, kwargs);
      },
      "record(self: lamina._core.Graph, operation: str, *args: typing.Any, **kwargs: typing.Any) "
      "-> typing.Any\n\nThe operation of this name, with the arguments of its method.\n");
}

}  // namespace python
}  // namespace lamina
