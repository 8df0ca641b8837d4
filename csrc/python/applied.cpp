#include "applied.h"

#include <pybind11/stl.h>

#include <algorithm>

#include "arguments.h"
#include "kernels.h"
#include "operation_values.h"

namespace lamina {
namespace python {

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

// Graphs have no axes of length 0; a function that declares the axes of its output supports them.
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
      // A value with rows, even if it has no other axes.
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

}  // namespace python
}  // namespace lamina
