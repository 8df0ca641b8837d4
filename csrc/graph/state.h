// A state that each batch passes to the next, row by row: that of a stateful recurrent layer.
//
// A graph has slots for states; an execution is given states for them and claims them for the
// duration of a batch.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "buffer.h"

namespace lamina {

class State;
struct StateTerm;
using States = std::vector<std::shared_ptr<State>>;

class State {
 public:
  State(Shape shape, DType dtype);

  const Shape shape;  // of a row
  const DType dtype;

  // The number of rows of each batch; 0 if the first batch is to determine it.
  Index rows() const { return rows_; }

  // The next three throw std::runtime_error while an execution holds the state.
  // Resets it to zeros, for batches of `rows` rows; 0 for any number.
  void reset(Index rows);
  // The state with which the next batch begins, `rows` rows; empty before the first batch.
  std::vector<std::byte> copy() const;
  void set(const std::byte* from, Index rows);  // the state with which the next batch begins

  // For the execution that holds the state.  check_rows throws std::invalid_argument; `who` is the
  // layer.
  void check_rows(Index rows, const std::string& who) const;
  void read(std::byte* to, Index rows) const;
  void reserve(Index rows);  // afterwards, `write` of this many rows cannot fail
  void write(const std::byte* from, Index rows);

 private:
  friend class StateClaims;
  // A glance fails while an execution holds the state; an execution waits for glances, which are
  // short.
  enum class Kind : unsigned { nobody, glance, execution };
  // A thread that exists only in the parent of a fork() holds nothing in the child.
  struct Holder {
    unsigned process = 0;
    Kind kind = Kind::nobody;
  };
  class Glance;
  bool hold(Kind kind) const;  // false while an execution holds it
  void let_go() const { holder_.store(Holder(), std::memory_order_release); }
  std::size_t bytes(Index rows) const;

  mutable std::atomic<Holder> holder_{Holder()};
  std::atomic<Index> rows_{0};
  Buffer data_;
};

// Holds states during its lifetime; std::runtime_error if another execution does.
class StateClaims {
 public:
  StateClaims(const States& states, const std::vector<StateTerm>& terms);
  ~StateClaims();
  StateClaims(const StateClaims&) = delete;
  StateClaims& operator=(const StateClaims&) = delete;

 private:
  void release(std::size_t count);
  const States& states_;
};

}  // namespace lamina
