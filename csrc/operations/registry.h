// The operations that can be recorded on a graph: each file in this folder registers its operations
// at its end.
//
// An operation is a function f(graph, arguments..., name).  A static Registration gives it a name,
// a line of documentation, and the name, meaning and default of each argument.  The kind of an
// argument is determined by its C++ type:
//
//   Tensor, std::vector<Tensor>                     inputs, or settings of
//   const Tensor* or std::optional, null for None   any kind that may be omitted
//   bool, Index, std::uint32_t, double              numbers
//   std::string, an enumeration of names.h          words
//   Shape, std::array<Index, n>                     integers
//   std::vector<Shape>, Margins                     lists of them
//
// Python's methods of Graph, their signatures and their documentation are generated from it.
#pragma once

#include <array>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "graph/graph.h"
#include "graph/names.h"

namespace lamina {

using OptionalTensors = std::vector<std::optional<Tensor>>;
// The amounts to add or remove before and after each axis.
using Margins = std::vector<std::pair<Index, Index>>;

enum class ArgumentKind { tensor, tensors, flag, integer, number, word, integers, integer_lists };

// One alternative for each kind, in order, after that of an omitted argument.
using ArgumentValue = std::variant<std::monostate, Tensor, OptionalTensors, bool, Index, double,
                                   std::string, std::vector<Index>, std::vector<Shape>>;
inline constexpr std::monostate left_out{};

struct ArgumentType {
  ArgumentKind kind;
  bool optional = false;             // whether it may be omitted
  bool gaps = false;                 // whether tensors in a list may be
  Index count = 0;                   // integers in a list, or in each of the lists; 0: any
  std::vector<std::string> words{};  // allowed words; empty for any
  Index low = std::numeric_limits<Index>::min(), high = std::numeric_limits<Index>::max();
};

struct ArgumentDescription {
  std::string name, documentation;
  ArgumentType type;
  bool required;
  ArgumentValue value;  // the default
};

struct OperationDescription {
  using Values = std::vector<ArgumentValue>;
  using Function = void (*)();  // of a signature that its caller knows
  using Caller = std::vector<Tensor> (*)(Function, Graph&, const Values&, const std::string& name);

  std::string name, documentation;
  std::vector<ArgumentDescription> arguments;
  bool several;  // whether it returns a list of outputs
  Function function;
  Caller caller;

  // Records the operation with a value for each argument; a value that does not have the argument's
  // type throws std::invalid_argument.
  std::vector<Tensor> record(Graph& graph, const Values& values, const std::string& name) const;
};

// All operations, ordered by name.
const std::vector<const OperationDescription*>& operations();
// Throws std::invalid_argument for an unknown name.
const OperationDescription& find_operation(const std::string& name);

// Records an operation by name, for C++ code: trailing arguments that are not given have their
// defaults.
std::vector<Tensor> record(Graph& graph, const std::string& operation,
                           OperationDescription::Values values, const std::string& of_layer = "");

// --- argument types, derived from C++ types, and the conversion of values to them

template <class T, class = void>
struct ArgumentOf;

template <class T, ArgumentKind kind>
struct PlainArgument {
  static ArgumentType type() { return {kind}; }
  static const T& read(const ArgumentValue& value) { return std::get<T>(value); }
};
template <>
struct ArgumentOf<Tensor> : PlainArgument<Tensor, ArgumentKind::tensor> {};
template <>
struct ArgumentOf<bool> : PlainArgument<bool, ArgumentKind::flag> {};
template <>
struct ArgumentOf<Index> : PlainArgument<Index, ArgumentKind::integer> {};
template <>
struct ArgumentOf<double> : PlainArgument<double, ArgumentKind::number> {};
template <>
struct ArgumentOf<std::string> : PlainArgument<std::string, ArgumentKind::word> {};
template <>
struct ArgumentOf<Shape> : PlainArgument<Shape, ArgumentKind::integers> {};
template <>
struct ArgumentOf<std::vector<Shape>>
    : PlainArgument<std::vector<Shape>, ArgumentKind::integer_lists> {};

template <>
struct ArgumentOf<const Tensor*> {
  static ArgumentType type() { return {ArgumentKind::tensor, true}; }
  static const Tensor* read(const ArgumentValue& value) { return std::get_if<Tensor>(&value); }
};
template <class T>
struct ArgumentOf<std::optional<T>> {
  static ArgumentType type() {
    ArgumentType type = ArgumentOf<T>::type();
    type.optional = true;
    return type;
  }
  static std::optional<T> read(const ArgumentValue& value) {
    if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
    return ArgumentOf<T>::read(value);
  }
};
template <>
struct ArgumentOf<OptionalTensors> {
  static ArgumentType type() { return {ArgumentKind::tensors, false, true}; }
  static const OptionalTensors& read(const ArgumentValue& value) {
    return std::get<OptionalTensors>(value);
  }
};
template <>
struct ArgumentOf<std::vector<Tensor>> {
  static ArgumentType type() { return {ArgumentKind::tensors}; }
  static std::vector<Tensor> read(const ArgumentValue& value) {
    std::vector<Tensor> all;
    for (const auto& tensor : std::get<OptionalTensors>(value)) all.push_back(*tensor);
    return all;
  }
};
// A stream of random numbers.
template <>
struct ArgumentOf<std::uint32_t> {
  static ArgumentType type() {
    ArgumentType type{ArgumentKind::integer};
    type.low = 0, type.high = std::numeric_limits<std::uint32_t>::max();
    return type;
  }
  static std::uint32_t read(const ArgumentValue& value) {
    return std::uint32_t(std::get<Index>(value));
  }
};
template <class E>
struct ArgumentOf<E, std::enable_if_t<std::is_enum_v<E>>> {
  static ArgumentType type() {
    ArgumentType type{ArgumentKind::word};
    type.words = known_names<E>();
    return type;
  }
  static E read(const ArgumentValue& value) { return from_name<E>(std::get<std::string>(value)); }
};
template <std::size_t n>
struct ArgumentOf<std::array<Index, n>> {
  static ArgumentType type() { return {ArgumentKind::integers, false, false, Index(n)}; }
  static std::array<Index, n> read(const ArgumentValue& value) {
    std::array<Index, n> all;
    for (std::size_t i = 0; i < n; ++i) all[i] = std::get<Shape>(value)[i];
    return all;
  }
};
template <>
struct ArgumentOf<Margins> {
  static ArgumentType type() { return {ArgumentKind::integer_lists, false, false, 2}; }
  static Margins read(const ArgumentValue& value) {
    Margins all;
    for (const Shape& pair : std::get<std::vector<Shape>>(value))
      all.emplace_back(pair[0], pair[1]);
    return all;
  }
};

// --- registration

// One argument of a registration: {"alpha", "Slope below 0.", 0.2}.  Without a default it is
// required.
struct Argument {
  Argument(const char* name_, const char* documentation_)
      : name(name_), documentation(documentation_), required(true) {}
  template <class T>
  Argument(const char* name_, const char* documentation_, T value_)
      : name(name_), documentation(documentation_), required(false), value(value_of(value_)) {}

  const char *name, *documentation;
  bool required;
  ArgumentValue value;

 private:
  static ArgumentValue value_of(std::monostate) { return left_out; }
  static ArgumentValue value_of(bool value) { return value; }
  static ArgumentValue value_of(int value) { return Index(value); }
  static ArgumentValue value_of(double value) { return value; }
  static ArgumentValue value_of(const char* value) { return std::string(value); }
  static ArgumentValue value_of(OptionalTensors value) { return value; }
};

// Only code that depends on the signature is in templates, as there is an instance per signature.
class Registration {
 public:
  template <class R, class... P, std::size_t n>
  Registration(const char* name, const char* documentation, R (*function)(Graph&, P...),
               const Argument (&arguments)[n]) {
    static_assert(n + 1 == sizeof...(P), "an argument for each parameter between graph and name");
    using Called = Signature<R, std::tuple<P...>, std::make_index_sequence<n>>;
    add({name,
         documentation,
         {},
         !std::is_same_v<R, Tensor>,
         reinterpret_cast<OperationDescription::Function>(function),
         &Called::call},
        arguments, Called::types, n);
  }

 private:
  template <class P>
  using ArgumentAs = ArgumentOf<std::remove_cv_t<std::remove_reference_t<P>>>;
  using TypeOf = ArgumentType (*)();

  template <class R, class Parameters, class Indices>
  struct Signature;
  template <class R, class... P, std::size_t... i>
  struct Signature<R, std::tuple<P...>, std::index_sequence<i...>> {
    template <std::size_t k>
    using At = ArgumentAs<std::tuple_element_t<k, std::tuple<P...>>>;
    static constexpr TypeOf types[] = {&At<i>::type...};
    static std::vector<Tensor> call(OperationDescription::Function function, Graph& graph,
                                    const OperationDescription::Values& values,
                                    const std::string& of_layer) {
      const auto of_type = reinterpret_cast<R (*)(Graph&, P...)>(function);
      return listed(of_type(graph, At<i>::read(values[i])..., of_layer));
    }
  };
  static std::vector<Tensor> listed(Tensor output) { return {std::move(output)}; }
  static std::vector<Tensor> listed(std::vector<Tensor> outputs) { return outputs; }
  static void add(OperationDescription operation, const Argument* arguments, const TypeOf* types,
                  std::size_t count);
};

}  // namespace lamina
