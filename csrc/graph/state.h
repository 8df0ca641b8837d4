// A state that each batch leaves to the next, row by row: that of a stateful recurrent layer.
//
// A graph has slots for states; an execution is given them, and claims them for the length of a
// batch.
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

  // Of the batches; 0 where the first one will tell.
  Index rows() const { return rows_; }

  // std::runtime_error while an execution holds the state.
  // Zeros again, for batches of so many rows; 0 for any.
  void reset(Index rows);
  // What the next batch begins with, `rows` rows of it; empty before the first batch.
  std::vector<std::byte> copy() const;
  void set(const std::byte* from, Index rows);  // what the next batch begins with

  // For an execution that holds it.  check_rows throws std::invalid_argument; `who` is the layer.
  void check_rows(Index rows, const std::string& who) const;
  void read(std::byte* to, Index rows) const;
  void reserve(Index rows);  // write of as many rows cannot fail
  void write(const std::byte* from, Index rows);

 private:
  friend class StateClaims;
  // A glance waits for no batch, and a batch waits for glances: they are short.
  enum class Kind : unsigned { nobody, glance, execution };
  // A thread that a fork() left behind in the parent holds nothing in the child.
  struct Holder {
    unsigned process = 0;
    Kind kind = Kind::nobody;
  };
  class Glance;
  bool hold(Kind kind) const;  // false while an execution does
  void let_go() const { holder_.store(Holder(), std::memory_order_release); }
  std::size_t bytes(Index rows) const;

  mutable std::atomic<Holder> holder_{Holder()};
  std::atomic<Index> rows_{0};
  Buffer data_;
};

// Holds states for as long as it lives; std::runtime_error if another execution does.
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
