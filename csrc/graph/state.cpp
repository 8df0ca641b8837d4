#include "state.h"

#include <cstring>
#include <stdexcept>
#include <thread>

#include "graph.h"
#include "runtime/threads.h"

namespace lamina {

State::State(Shape shape_, DType dtype_) : shape(std::move(shape_)), dtype(dtype_) {
  if (!is_floating(dtype))
    throw std::invalid_argument(std::string("State: dtype must be float32 or float64; got ") +
                                name_of(dtype));
  for (const Index axis : shape)
    if (axis < 1)
      throw std::invalid_argument("State: every axis needs at least 1 element; got shape " +
                                  to_string(shape));
  size_of(shape);  // throws on overflow
}

bool State::hold(Kind kind) const {
  const Holder mine{process_generation(), kind};
  for (;;) {
    Holder found = holder_.load(std::memory_order_relaxed);
    if (found.kind == Kind::nobody || found.process != mine.process) {
      if (holder_.compare_exchange_weak(found, mine, std::memory_order_acquire)) return true;
    } else if (found.kind == Kind::execution) {
      return false;
    } else {
      std::this_thread::yield();
    }
  }
}

class State::Glance {
 public:
  Glance(const State& state, const char* who) : state_(state) {
    if (!state_.hold(Kind::glance))
      throw std::runtime_error(std::string(who) + ": another thread is using the state");
  }
  ~Glance() { state_.let_go(); }
  Glance(const Glance&) = delete;
  Glance& operator=(const Glance&) = delete;

 private:
  const State& state_;
};

std::size_t State::bytes(Index rows) const {
  return std::size_t(checked_product(rows, size_of(shape))) * bytes_of(dtype);
}

void State::reset(Index rows) {
  if (rows < 0)
    throw std::invalid_argument("State: rows must be at least 0; got " + std::to_string(rows));
  const Glance glance(*this, "reset_state");
  data_ = Buffer();
  rows_ = rows;
}

std::vector<std::byte> State::copy() const {
  const Glance glance(*this, "states");
  if (data_.data() == nullptr) return {};
  return {data_.data(), data_.data() + bytes(rows_)};
}

void State::set(const std::byte* from, Index rows) {
  const Glance glance(*this, "states");
  write(from, rows);
}

void State::check_rows(Index rows, const std::string& who) const {
  if (rows_ == 0 || rows == 0 || rows == rows_) return;
  const auto with_rows = [&](Index n) {
    Shape full = shape;
    full.insert(full.begin(), n);
    return to_string(full);
  };
  throw std::invalid_argument(
      who + ": is stateful and holds a state of shape " + with_rows(rows_) + "; got a batch of " +
      std::to_string(rows) + " rows, which needs " + with_rows(rows) +
      " (every batch needs the same number of rows, until reset_state() is called)");
}

void State::read(std::byte* to, Index rows) const {
  if (rows == 0) return;
  if (data_.size() < bytes(rows))  // no batch has left a state yet
    std::memset(to, 0, bytes(rows));
  else
    std::memcpy(to, data_.data(), bytes(rows));
}

void State::reserve(Index rows) {
  if (data_.size() < bytes(rows)) data_ = Buffer(bytes(rows));
}

void State::write(const std::byte* from, Index rows) {
  if (rows == 0) return;
  reserve(rows);
  std::memcpy(data_.data(), from, bytes(rows));
  rows_ = rows;
}

StateClaims::StateClaims(const States& states, const std::vector<StateTerm>& terms)
    : states_(states) {
  for (std::size_t i = 0; i < states_.size(); ++i)
    if (!states_[i]->hold(State::Kind::execution)) {
      release(i);
      throw std::runtime_error(terms[i].name + ": another thread is using the layer's state");
    }
}

StateClaims::~StateClaims() { release(states_.size()); }

void StateClaims::release(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) states_[i]->let_go();
}

}  // namespace lamina
