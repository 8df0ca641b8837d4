#include "objective.h"

#include <algorithm>
#include <stdexcept>

namespace lamina {
namespace {

Index rows_of(const std::vector<DataView>& data) { return data.empty() ? 0 : data.front().rows; }

// Calls `visit` with the weights of a slice as numbers of the graph's type.
template <class Visit>
void as_numbers(DType dtype, std::byte* weights, const Visit& visit) {
  if (dtype == DType::float64)
    visit(reinterpret_cast<double*>(weights));
  else
    visit(reinterpret_cast<float*>(weights));
}

}  // namespace

Objective::Objective(std::shared_ptr<const Graph> graph, Variables variables,
                     std::vector<DataView> data, std::uint64_t seed)
    : own_(Execution::create(std::move(graph), std::move(variables),
                             {rows_of(data), true, false, seed})),
      execution_(*own_),
      all_{nullptr, 0, rows_of(data), 0},
      sums_(false) {
  execution_.graph().check_batch(all_.rows());
  execution_.bind(std::move(data));
  measure();
}

Objective::Objective(Execution& execution, const Batch& all)
    : execution_(execution), all_(all), sums_(true) {
  measure();
}

void Objective::measure() {
  for (const GradientSlice& slice : slices()) size_ += slice.size;
  if (size_ == 0)
    throw std::invalid_argument("Objective: the loss depends on no trainable parameter");
}

void Objective::point(double* theta) const {
  for (const GradientSlice& slice : slices()) {
    as_numbers(execution_.graph().dtype, slice.weights,
               [&](const auto* from) { std::copy_n(from, slice.size, theta); });
    theta += slice.size;
  }
}

void Objective::set(const double* theta) {
  for (const GradientSlice& slice : slices()) {
    as_numbers(execution_.graph().dtype, slice.weights, [&](auto* to) {
      using T = std::remove_reference_t<decltype(*to)>;
      std::transform(theta, theta + slice.size, to, [](double x) { return T(x); });
    });
    theta += slice.size;
  }
}

double Objective::value(const double* theta) {
  set(theta);
  if (sums_) execution_.reset();
  return execution_.loss(all_);
}

void Objective::gradient(double* gradient) {
  execution_.backward(all_);
  copy_gradient(gradient);
}

double Objective::value_and_gradient(const double* theta, double* gradient) {
  set(theta);
  if (sums_) execution_.reset();
  const double value = execution_.gradients(all_, false);
  copy_gradient(gradient);
  return value;
}

void Objective::copy_gradient(double* into) const {
  const std::size_t element = bytes_of(execution_.graph().dtype);
  for (const GradientSlice& slice : slices()) {
    as_numbers(execution_.graph().dtype,
               execution_.gradient() + std::size_t(slice.offset) * element,
               [&](const auto* from) { std::copy_n(from, slice.size, into); });
    into += slice.size;
  }
}

void Objective::of_rows(const double* theta, double* values, double* gradients) {
  set(theta);
  for (Index i = 0; i < all_.rows(); ++i) {
    const Batch row{all_.order, all_.start + i, all_.start + i + 1, all_.random_step, all_.seed};
    values[i] = execution_.gradients(row, false);
    copy_gradient(gradients + i * size_);
  }
}

void Objective::leave(bool here) {
  if (here && !execution_.leaves()) return;
  if (sums_) execution_.reset();
  execution_.gradients(all_, true);
}

}  // namespace lamina
