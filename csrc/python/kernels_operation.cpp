// Operations of the graph on NumPy arrays: recorded for the shapes that the arrays have, then run
// once, forward or backward, on the arrays where they lie.
#include <pybind11/stl.h>
#include <pybind11/typing.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <numeric>
#include <stdexcept>

#include "../runtime/isa.h"
#include "arguments.h"
#include "axes.h"
#include "given.h"
#include "kernels.h"
#include "operation_values.h"
#include "operations/registry.h"

namespace lamina {
namespace python {
namespace {

using Object = py::object;

// Errors of operations in the function's name; the arrays of a row that they speak of have rows.
template <class F>
auto in_name_of(const std::string& function, const std::deque<Given>& given, F&& f) {
  try {
    return f();
  } catch (const std::invalid_argument& error) {
    std::string said = error.what();
    if (const auto at = said.find(": "); at != std::string::npos && at < said.find(" must"))
      said.erase(0, at + 2);
    for (const Given& each : given) {
      if (each.row_axes == 0) continue;
      const Shape row(each.shape.begin() + Index(each.row_axes), each.shape.end());
      const std::string spoken = "inputs " + text_of(row);
      if (const auto at = said.find(spoken); at != std::string::npos)
        said.replace(at, spoken.size(), "inputs " + text_of(each.shape));
    }
    throw py::value_error(function + ": " + said);
  }
}

Index product(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), Index(1), std::multiplies<>());
}

class Applied {
 public:
  Applied(const std::string& function, const std::string& operation, const py::list& arrays,
          const py::dict& settings);

  py::list forward();
  py::list backward(const std::vector<std::string>& wanted);

 private:
  void match(Given& given);
  void check_elements(const Given& given);
  void record(const OperationDescription& operation, const py::dict& settings);
  void check_output();
  void check_sums() const;
  void fetch();
  template <class T>
  void fetch_as();
  template <class T>
  py::list forward_as();
  template <class T>
  py::list gradient_arrays(const std::vector<std::string>& wanted, std::vector<T*>& data);
  template <class T>
  py::list backward_as(const std::vector<std::string>& wanted);
  template <class T>
  void run(Pass pass, const Operation& operation, std::byte* saved,
           const std::vector<T*>& into = {}, Accumulate accumulate = Accumulate::no);
  template <class T>
  py::array output_array(const Tensor& tensor);
  py::array saved_array(const Operation& operation);
  void fill_saved(py::array saved) const;
  const Given* find(Role role) const;
  const Given& named(const std::string& name) const;
  Shape whole_shape(const Tensor& tensor) const;
  // As the function says it, or null.
  const Given* said_output() const;
  const char* who() const { return function_.c_str(); }

  const std::string function_;
  std::deque<Given> given_;
  Sizes sizes_;
  std::unique_ptr<Graph> graph_;
  std::vector<Tensor> outputs_;
  Shape leading_;       // axes of the rows
  bool empty_ = false;  // an axis that graphs do not have: nothing is calculated
  std::vector<std::byte*> places_, gradients_;  // by value id
};

Applied::Applied(const std::string& function, const std::string& operation, const py::list& arrays,
                 const py::dict& settings)
    : function_(function) {
  for (const auto array : arrays) given_.emplace_back(who(), array.cast<py::tuple>());
  for (Given& given : given_) match(given);
  std::vector<const Argument*> numbers;
  for (const Given& given : given_)
    if (given.is_number()) numbers.push_back(&*given.array);
  const bool single = common_dtype(numbers) == Dtype::float32;
  graph_ = std::make_unique<Graph>(single ? DType::float32 : DType::float64);
  if (!empty_) in_name_of(function_, given_, [&] { record(find_operation(operation), settings); });
  check_output();
  check_sums();
  fetch();
}

void Applied::match(Given& given) {
  if (given.role == Role::gradient || given.role == Role::into || !given.is_there()) return;
  if (given.axes == "of the output") return;
  if (given.axes.rfind("of ", 0) == 0) given.axes = named(given.axes.substr(3)).axes;
  if (given.array) {
    sizes_.match(*given.array, given.axes, given.words);
    given.shape = given.array->shape();
  } else {
    if (given.value.ptr() != Py_Ellipsis) {
      const auto shape = given.value.cast<Shape>();
      if (shape.size() < Axes(given.axes).least())
        throw py::value_error(text(function_, ": ", given.of, " must have axes ", given.axes,
                                   "; got shape ", text_of(shape)));
      sizes_.learn(given.axes, shape);
    }
    given.shape = sizes_.shape_of(given.axes);
  }
  given.row_axes = sizes_.row_axes(given.axes);
  check_elements(given);
  if (given.row_axes > 0 && leading_.empty())
    leading_.assign(given.shape.begin(), given.shape.begin() + Index(given.row_axes));
}

// Graphs have no axes of no elements; a function that says its output's axes is defined for them.
void Applied::check_elements(const Given& given) {
  const auto begin = given.shape.begin() + Index(given.row_axes);
  if (given.role == Role::output && !given.array) return;
  if (std::find(begin, given.shape.end(), 0) == given.shape.end()) return;
  empty_ = said_output() != nullptr;
  if (empty_ || !given.array) return;
  if (!Axes(given.axes).rows())
    given.array->refuse("must have at least one element; got shape " + text_of(given.shape));
  if (given.row_axes + 1 == given.shape.size()) return given.array->needs_columns();
  given.array->refuse("must have at least one element along every axis but the first; got shape " +
                      text_of(given.shape));
}

const Given* Applied::said_output() const {
  for (const Given& given : given_)
    if (given.role == Role::output && !given.array) return &given;
  return nullptr;
}

void Applied::record(const OperationDescription& operation, const py::dict& settings) {
  OperationDescription::Values values;
  for (const ArgumentDescription& argument : operation.arguments) {
    OptionalTensors tensors;
    for (Given& given : given_) {
      if (given.role != Role::input || given.of != argument.name) continue;
      if (!given.is_there()) continue;
      const Shape shape(given.shape.begin() + Index(given.row_axes), given.shape.end());
      const DType type = given.content == Content::numbers  ? graph_->dtype
                         : given.content == Content::labels ? DType::int32
                                                            : DType::boolean;
      const std::string name = given.name.empty() ? given.of : given.name;
      // A value of rows, even if it has no axes but theirs.
      given.tensor = Axes(given.axes).rows() ? graph_->input(shape, name, type)
                                             : graph_->parameter(name, shape, true);
      tensors.emplace_back(given.tensor);
    }
    const char* const setting = argument.name.c_str();
    if (argument.type.kind == ArgumentKind::tensors)
      values.emplace_back(std::move(tensors));
    else if (!tensors.empty())
      values.emplace_back(*tensors.front());
    else if (settings.contains(setting))
      values.push_back(value_of(who(), argument, settings[setting]));
    else
      values.push_back(argument.value);
  }
  outputs_ = operation.record(*graph_, values, function_);
}

Shape Applied::whole_shape(const Tensor& tensor) const {
  Shape shape = tensor.shape;
  if (!graph_->whole(tensor)) shape.insert(shape.begin(), leading_.begin(), leading_.end());
  return shape;
}

void Applied::check_output() {
  const Shape shape = empty_ ? said_output()->shape : whole_shape(outputs_.front());
  checked_size(who(), shape, bytes_of(graph_->dtype));
  for (Given& given : given_)
    if (given.array && (given.role == Role::gradient || given.axes == "of the output"))
      given.array->needs_shape(given.shape = shape, given.words.c_str());
}

void Applied::check_sums() const {
  std::vector<const Given*> sums;
  for (const Given& given : given_)
    if (given.role == Role::into) sums.push_back(&given);
  for (const Given* sum : sums) {
    if (bool(sum->array) != bool(sums.front()->array)) {
      const OptionalArgument first(who(), sums.front()->name.c_str(), py::none());
      first.refuse("and " + sum->name + " must be given together, to be added to, or neither");
    }
    if (!sum->array) continue;
    for (const Given& other : given_) {
      if (other.role == Role::input && other.of == sum->of)
        sum->array->needs_shape(other.shape, sum->axes.c_str());
      if (&other != sum && other.array) sum->array->apart_from(*other.array);
    }
  }
}

void Applied::fetch() {
  graph_->dtype == DType::float32 ? fetch_as<float>() : fetch_as<double>();
  places_.assign(graph_->values().size(), nullptr);
  gradients_ = places_;
  for (const Given& given : given_)
    if (given.role == Role::input && given.array && !empty_)
      places_[std::size_t(given.tensor.value)] =
          static_cast<std::byte*>(const_cast<void*>(given.values.data()));
}

template <class T>
void Applied::fetch_as() {
  for (Given& given : given_) {
    if (!given.array || given.role == Role::into) continue;
    if (given.content == Content::mask) {
      given.values = mask_bytes(*given.array, given.shape, given.words.c_str());
    } else if (given.content == Content::numbers) {
      given.values = given.array->template values<T>();
    } else {
      const Index bound = py::isinstance<py::str>(given.bound)
                              ? sizes_.shape_of("(" + given.bound.cast<std::string>() + ")").front()
                              : given.bound.cast<Index>();
      const auto bytes = given.role == Role::saved ? given.array->bytes(bound) : std::nullopt;
      given.values = bytes ? py::array(*bytes) : given.array->labels(bound, given.what.c_str());
    }
  }
}

// --- running

template <class T>
void Applied::run(Pass pass, const Operation& operation, std::byte* saved,
                  const std::vector<T*>& into, Accumulate accumulate) {
  const Index rows = operation.whole ? 1 : product(leading_);
  const Buffer workspace(operation.workspace_bytes(pass, rows, graph_->dtype));
  const Call<T> call{kernels<T>(),
                     rows,
                     true,
                     RandomKey{},
                     places_.data(),
                     gradients_.data(),
                     operation.inputs,
                     operation.outputs,
                     into,
                     accumulate,
                     saved,
                     workspace.data()};
  without_gil([&] { pass == Pass::forward ? operation.forward(call) : operation.backward(call); });
}

template <class T>
py::array Applied::output_array(const Tensor& tensor) {
  auto array = output<T>(who(), whole_shape(tensor));
  places_[std::size_t(tensor.value)] = reinterpret_cast<std::byte*>(array.mutable_data());
  return array;
}

py::array Applied::saved_array(const Operation& operation) {
  const Index rows = operation.whole ? 1 : product(leading_);
  return py::array_t<std::uint8_t>(Index(operation.saved_bytes(rows, graph_->dtype)));
}

// The outputs, then what backward will read again, where that is anything.
template <class T>
py::list Applied::forward_as() {
  py::list results;
  if (empty_) results.append(output<T>(who(), said_output()->shape));
  if (graph_->operations().size() > 1) {  // one takes over the other
    graph_->add_output(outputs_.front());
    graph_->build();
    outputs_ = {graph_->outputs().front()};
  }
  std::vector<Buffer> between;
  for (const Tensor& tensor : outputs_) {
    std::byte* const from = places_[std::size_t(tensor.value)];
    py::array y = output_array<T>(tensor);
    if (from != nullptr) std::copy_n(from, y.nbytes(), static_cast<std::byte*>(y.mutable_data()));
    results.append(y);
  }
  for (const auto& operation : graph_->operations()) {
    for (const ValueId id : operation->outputs)
      if (places_[std::size_t(id)] == nullptr) {
        between.emplace_back(padded_bytes(graph_->elements(id, product(leading_)), graph_->dtype));
        places_[std::size_t(id)] = between.back().data();
      }
    py::array saved = saved_array(*operation);
    run<T>(Pass::forward, *operation, static_cast<std::byte*>(saved.mutable_data()));
    if (operation->saved_bytes(1, graph_->dtype) > 0) results.append(saved);
  }
  return results;
}

// What forward saved, from the arrays that say it, one behind the other.
void Applied::fill_saved(py::array saved) const {
  auto* to = static_cast<std::byte*>(saved.mutable_data());
  for (const Given& given : given_) {
    if (given.role != Role::saved) continue;
    const Index count = given.values.size();
    if (saved.size() == count && given.values.itemsize() > 1) {  // of the smallest, a byte each
      const auto* from = static_cast<const std::int32_t*>(given.values.data());
      for (Index i = 0; i < count; ++i) to[i] = std::byte(from[i]);
    } else {
      std::memcpy(to, given.values.data(), std::size_t(given.values.nbytes()));
    }
    to += given.values.nbytes();
  }
}

const Given* Applied::find(Role role) const {
  for (const Given& given : given_)
    if (given.role == role && given.array) return &given;
  return nullptr;
}

const Given& Applied::named(const std::string& name) const {
  for (const Given& given : given_)
    if ((given.name.empty() ? given.of : given.name) == name) return given;
  throw std::logic_error(function_ + ": no array is called " + name);
}

// Arrays for the gradients of the arrays named; those that are added to are the caller's.
template <class T>
py::list Applied::gradient_arrays(const std::vector<std::string>& wanted, std::vector<T*>& data) {
  py::list results;
  for (const std::string& name : wanted) {
    const Given& given = named(name);
    const auto sum = std::find_if(given_.begin(), given_.end(), [&](const Given& other) {
      return other.role == Role::into && other.of == given.of && other.array;
    });
    if (sum != given_.end()) {
      data.push_back(sum->array->template in_place<T>());
      results.append(sum->value);
      continue;
    }
    auto fresh = output<T>(who(), given.shape);
    data.push_back(fresh.mutable_data());
    if (empty_) std::fill_n(data.back(), fresh.size(), T(0));
    results.append(fresh);
  }
  return results;
}

template <class T>
py::list Applied::backward_as(const std::vector<std::string>& wanted) {
  std::vector<T*> data;
  py::list results = gradient_arrays<T>(wanted, data);
  if (empty_) return results;
  // A copy: the last reader of a gradient may overwrite it.
  py::array_t<T> dy(whole_shape(outputs_.front()));
  if (const Given* slope = find(Role::gradient))
    std::copy_n(static_cast<const T*>(slope->values.data()), dy.size(), dy.mutable_data());
  else
    std::fill_n(dy.mutable_data(), dy.size(), T(1));
  if (graph_->operations().empty()) {  // the output is the input
    std::copy_n(dy.data(), dy.size(), data.front());
    return results;
  }
  const Operation& operation = *graph_->operations().front();
  py::array saved = saved_array(operation), y;
  auto* const kept = static_cast<std::byte*>(saved.mutable_data());
  if (find(Role::saved) != nullptr) fill_saved(saved);
  if (const Given* given = find(Role::output)) {
    places_[std::size_t(operation.output())] =
        static_cast<std::byte*>(const_cast<void*>(given->values.data()));
  } else if (operation.backward_reads_output() ||
             (saved.size() > 0 && find(Role::saved) == nullptr)) {
    y = output_array<T>(outputs_.front());
    run<T>(Pass::forward, operation, kept);
  }
  std::vector<T*> into(operation.inputs.size(), nullptr);
  for (std::size_t k = 0; k < wanted.size(); ++k)
    for (std::size_t i = 0; i < into.size(); ++i)
      if (operation.inputs[i] == named(wanted[k]).tensor.value) into[i] = data[k];
  gradients_[std::size_t(operation.output())] = reinterpret_cast<std::byte*>(dy.mutable_data());
  run<T>(Pass::backward, operation, kept, into, Accumulate(find(Role::into) != nullptr));
  return results;
}

py::list Applied::forward() {
  return in_name_of(function_, given_, [&] {
    return graph_->dtype == DType::float32 ? forward_as<float>() : forward_as<double>();
  });
}

py::list Applied::backward(const std::vector<std::string>& wanted) {
  return in_name_of(function_, given_, [&] {
    return graph_->dtype == DType::float32 ? backward_as<float>(wanted)
                                           : backward_as<double>(wanted);
  });
}

using Arrays = py::typing::List<Object>;
using Settings = py::typing::Dict<py::str, Object>;
using Results = py::typing::List<py::array>;

Results operation_forward(const std::string& function, const std::string& operation,
                          const Arrays& arrays, const Settings& settings) {
  return Results(Applied(function, operation, arrays, settings).forward());
}

Results operation_backward(const std::string& function, const std::string& operation,
                           const Arrays& arrays, const Settings& settings,
                           const std::vector<std::string>& wanted) {
  return Results(Applied(function, operation, arrays, settings).backward(wanted));
}

}  // namespace
}  // namespace python

void bind_kernels_operation(pybind11::module_& module) {
  using namespace python;
  using pybind11::arg;
  module.def("operation_forward", &operation_forward, arg("function"), arg("operation"),
             arg("arrays"), arg("settings"),
             "An operation's outputs, then what it saved for backward.");
  module.def("operation_backward", &operation_backward, arg("function"), arg("operation"),
             arg("arrays"), arg("settings"), arg("wanted"), "The gradients of the arrays named.");
}

}  // namespace lamina
