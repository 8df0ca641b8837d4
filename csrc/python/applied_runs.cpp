// The passes of an operation over arrays, which applied.cpp has matched with its arguments.
#include <algorithm>
#include <cstring>
#include <numeric>

#include "../runtime/isa.h"
#include "applied.h"
#include "kernels.h"

namespace lamina {
namespace python {
namespace {

Index product(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), Index(1), std::multiplies<>());
}

}  // namespace

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

// The outputs, then the values that backward needs, if any.
template <class T>
py::list Applied::forward_as() {
  py::list results;
  if (empty_) results.append(output<T>(who(), said_output()->shape));
  if (graph_->operations().size() > 1) {  // one absorbs the other
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

// Fills the saved buffer of forward from the arrays that describe it, one after another.
void Applied::fill_saved(py::array saved) const {
  auto* to = static_cast<std::byte*>(saved.mutable_data());
  for (const Given& given : given_) {
    if (given.role != Role::saved) continue;
    const Index count = given.values.size();
    if (saved.size() == count && given.values.itemsize() > 1) {  // the smallest: a byte each
      const auto* from = static_cast<const std::int32_t*>(given.values.data());
      for (Index i = 0; i < count; ++i) to[i] = std::byte(from[i]);
    } else {
      std::memcpy(to, given.values.data(), std::size_t(given.values.nbytes()));
    }
    to += given.values.nbytes();
  }
}

// Arrays for the gradients of the named arrays; gradients to be added to are the caller's arrays.
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
  // A copy, because the last reader of a gradient may overwrite it.
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

}  // namespace python
}  // namespace lamina
