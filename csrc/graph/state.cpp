#include "state.h"

#include <cstring>
#include <stdexcept>

#include "graph.h"

namespace lamina {

State::State(Shape shape_, DType dtype_) : shape(std::move(shape_)), dtype(dtype_) {
  if (!is_floating(dtype))
    throw std::invalid_argument(std::string("State: dtype must be float32 or float64; got ") +
                                name_of(dtype));
}

std::size_t State::bytes(Index rows) const {
  return std::size_t(checked_product(rows, size_of(shape))) * bytes_of(dtype);
}

void State::reset(Index rows) {
  if (rows < 0)
    throw std::invalid_argument("State: rows must be at least 0; got " + std::to_string(rows));
  if (claimed_.test_and_set(std::memory_order_acquire))
    throw std::runtime_error("reset_state: another thread is using the state");
  data_ = Buffer();
  rows_ = rows;
  claimed_.clear(std::memory_order_release);
}

void State::check_rows(Index rows, const std::string& who) const {
  if (rows_ == 0 || rows == 0 || rows == rows_) return;
  const auto with_rows = [&](Index n) {
    Shape full = shape;
    full.insert(full.begin(), n);
    return to_string(full);
  };
  throw std::invalid_argument(who + ": is stateful and holds a state of shape " + with_rows(rows_) +
                              "; got a batch of " + std::to_string(rows) + " rows, which needs " +
                              with_rows(rows) +
                              " (every batch has as many rows, until reset_state())");
}

void State::read(std::byte* to, Index rows) const {
  if (rows == 0) return;
  if (data_.data() == nullptr)
    std::memset(to, 0, bytes(rows));
  else
    std::memcpy(to, data_.data(), bytes(rows));
}

void State::write(const std::byte* from, Index rows) {
  if (rows == 0) return;
  if (data_.data() == nullptr) data_ = Buffer(bytes(rows));
  std::memcpy(data_.data(), from, bytes(rows));
  rows_ = rows;
}

StateClaims::StateClaims(const std::vector<StateTerm>& terms) : terms_(terms) {
  for (std::size_t i = 0; i < terms_.size(); ++i)
    if (terms_[i].state->claimed_.test_and_set(std::memory_order_acquire)) {
      release(i);
      throw std::runtime_error(terms_[i].name + ": another thread is using the layer's state");
    }
}

StateClaims::~StateClaims() { release(terms_.size()); }

void StateClaims::release(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    terms_[i].state->claimed_.clear(std::memory_order_release);
}

}  // namespace lamina
