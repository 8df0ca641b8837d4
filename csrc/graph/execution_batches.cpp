// Getting the rows of a batch from the bound data, and writing outputs and states.
#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "execution_of.h"

namespace lamina {

template <class T>
void ExecutionOf<T>::bind(std::vector<DataView> inputs) {
  const Busy busy(*this);
  if (!inputs.empty() && inputs.size() != graph_->inputs().size())
    throw std::invalid_argument("bind: the graph has " + std::to_string(graph_->inputs().size()) +
                                " inputs; got " + std::to_string(inputs.size()) + " arrays");
  for (const DataView& view : inputs)
    if (view.rows != inputs.front().rows)
      throw std::invalid_argument("bind: all arrays need as many rows as the first, " +
                                  std::to_string(inputs.front().rows) + "; got " +
                                  std::to_string(view.rows));
  for (std::size_t i = 0; i < inputs.size(); ++i)  // all inputs at once, before the first batch
    check_labels(i, reinterpret_cast<const std::int32_t*>(inputs[i].data), inputs[i].rows, nullptr,
                 0);
  data_ = std::move(inputs);
  for (const auto& sharer : sharers_) sharer->data_ = data_;
  last_rows_ = 0;  // outputs that alias inputs referred to the old data
}

template <class T>
bool ExecutionOf<T>::place_output(std::size_t index, std::byte* where) {
  const Busy busy(*this);
  const ValueId root = plan_.stands_for[std::size_t(graph_->outputs()[index].value)];
  std::byte* const planned = place(plan_.value_offset[std::size_t(root)]);
  if (planned == nullptr || graph_->values()[std::size_t(root)].kind != ValueKind::result)
    return false;
  if (where != nullptr && values_[std::size_t(root)] != planned) return false;  // an alias
  for (std::size_t id = std::size_t(root); id < values_.size(); ++id)
    if (plan_.stands_for[id] == root) values_[id] = where == nullptr ? planned : where;
  return true;
}

// The kernels gather by row number without further checks.
template <class T>
void ExecutionOf<T>::take_order(const Batch& batch) {
  if (data_.size() != graph_->inputs().size())
    throw std::runtime_error("no data is bound to this execution");
  const Index rows = batch.rows(), all = data_.empty() ? 0 : data_.front().rows;
  if (rows < 0 || rows > settings.rows || batch.start < 0 ||
      (batch.order == nullptr && !data_.empty() && batch.stop > all))
    throw std::invalid_argument("batch: rows " + std::to_string(batch.start) + " to " +
                                std::to_string(batch.stop) + " are out of range");
  graph_->check_batch(rows);
  if (batch.order != nullptr) {
    order_.assign(batch.order + batch.start, batch.order + batch.stop);
    const auto outside = [=](std::int64_t row) { return std::uint64_t(row) >= std::uint64_t(all); };
    bool any = false;
    for (const std::int64_t row : order_) any |= outside(row);
    if (any)
      throw std::invalid_argument(
          "order: row " + std::to_string(*std::find_if(order_.begin(), order_.end(), outside)) +
          " of " + std::to_string(all));
  }
  for (std::size_t s = 0; s < graph_->states().size(); ++s)
    state(s).check_rows(rows, graph_->states()[s].name);
}

// Copies the batch's rows of one input into the plan's buffer.
template <class T>
void ExecutionOf<T>::copy_rows(std::size_t input, const Batch& batch) {
  const auto id = std::size_t(graph_->inputs()[input].value);
  const Value& value = graph_->values()[id];
  const Index rows = batch.rows(), width = value.width;
  const std::byte* data = data_[input].data;
  std::byte* to = values_[id] = arena_.data() + plan_.value_offset[id];
  const std::size_t row_bytes = std::size_t(width) * bytes_of(value.dtype);
  if (batch.order == nullptr)
    std::memcpy(to, data + std::size_t(batch.start) * row_bytes, std::size_t(rows) * row_bytes);
  else if (value.dtype == DType::boolean)
    for (Index r = 0; r < rows; ++r)
      std::memcpy(to + r * width, data + order_[std::size_t(r)] * width, std::size_t(width));
  else if (value.dtype == DType::int32)  // moved as float: same width, bits unchanged
    kernels<float>().gather_rows(reinterpret_cast<float*>(to), reinterpret_cast<const float*>(data),
                                 order_.data(), {rows, width});
  else
    kernels<T>().gather_rows(reinterpret_cast<T*>(to), reinterpret_cast<const T*>(data),
                             order_.data(), {rows, width});
}

// Gets the batch's rows: copied or, for consecutive rows of numbers, read in place.  Labels and
// masks are always copied and then checked, because the caller's array may change at any time.
template <class T>
void ExecutionOf<T>::fetch(const Batch& batch) {
  take_order(batch);
  const std::int64_t* order = batch.order == nullptr ? nullptr : order_.data();
  for (std::size_t i = 0; i < data_.size(); ++i) {
    const auto id = std::size_t(graph_->inputs()[i].value);
    const Value& input = graph_->values()[id];
    if (order == nullptr && is_floating(input.dtype)) {
      values_[id] = const_cast<std::byte*>(data_[i].data) +
                    std::size_t(batch.start * input.width) * bytes_of(input.dtype);
      continue;
    }
    copy_rows(i, batch);
    check_labels(i, reinterpret_cast<const std::int32_t*>(values_[id]), batch.rows(), order,
                 batch.start);
  }
  last_rows_ = batch.rows();
  for (const StandIn& stand_in : stand_ins_) values_[stand_in.id] = values_[stand_in.input];
  for (std::size_t s = 0; s < graph_->states().size(); ++s)
    if (const ValueId before = graph_->states()[s].before; before >= 0)
      state(s).read(values_[std::size_t(before)], last_rows_);
}

// Reserves memory for all states or for none, so that `leave_states` cannot fail afterwards.
template <class T>
void ExecutionOf<T>::reserve_states(const Batch& batch) {
  for (std::size_t s = 0; s < graph_->states().size(); ++s)
    if (graph_->states()[s].after >= 0) state(s).reserve(batch.rows());
}

// Called when everything that the batch leaves behind is known to be finite.
template <class T>
void ExecutionOf<T>::leave_states(const Batch& batch) {
  for (std::size_t s = 0; s < graph_->states().size(); ++s)
    if (const ValueId after = graph_->states()[s].after; after >= 0)
      state(s).write(values_[std::size_t(after)], batch.rows());
}

#define LAMINA_INSTANTIATE(T)                                          \
  template void ExecutionOf<T>::bind(std::vector<DataView>);           \
  template bool ExecutionOf<T>::place_output(std::size_t, std::byte*); \
  template void ExecutionOf<T>::take_order(const Batch&);              \
  template void ExecutionOf<T>::copy_rows(std::size_t, const Batch&);  \
  template void ExecutionOf<T>::fetch(const Batch&);                   \
  template void ExecutionOf<T>::reserve_states(const Batch&);          \
  template void ExecutionOf<T>::leave_states(const Batch&);
LAMINA_INSTANTIATE(float)
LAMINA_INSTANTIATE(double)
#undef LAMINA_INSTANTIATE

}  // namespace lamina
