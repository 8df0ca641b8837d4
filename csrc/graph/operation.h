// An operation: a forward and a backward kernel between values of a graph.
//
// Operations are recorded once and replayed by executions; they hold settings, never buffers.  A
// new one derives from OperationOf<Self>, gives forward_as / backward_as for any float type, says
// what its backward reads and what it costs.  Shapes are checked where it is recorded.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../kernel.h"
#include "buffer.h"
#include "shape.h"

namespace lamina {

using ValueId = int;

// What a kernel call of one operation sees during a replay: pointers for `rows` rows.
template <class T>
struct Call {
  const Kernels<T>& kernels;
  Index rows;
  bool training;
  RandomKey random;             // the operation sets `stream`
  std::byte* const* values;     // by value id
  std::byte* const* gradients;  // by value id; null where no gradient flows
  const std::vector<ValueId>& inputs;
  const std::vector<ValueId>& outputs;
  const std::vector<T*>& input_gradients;  // by input: where this operation writes, or null
  // Whether the gradients of its parameters have begun; where but some had, the others are zeroed.
  Accumulate accumulate;
  std::byte* saved_buffer;
  std::byte* workspace_buffer;
  const Buffer* prepared_buffer = nullptr;

  const T* in(int i) const { return reinterpret_cast<const T*>(at(i)); }
  const std::int32_t* labels(int i) const { return reinterpret_cast<const std::int32_t*>(at(i)); }
  const std::uint8_t* mask(int i) const { return reinterpret_cast<const std::uint8_t*>(at(i)); }
  // A parameter that the operation itself moves, in `settle` alone.
  T* parameter(int i) const { return reinterpret_cast<T*>(values[inputs[std::size_t(i)]]); }
  // Null where the operation was recorded without that output, or nobody reads it.
  T* out(int i = 0) const { return reinterpret_cast<T*>(at_output(values, i)); }
  // The gradient at an output, null where none flows; its last reader may overwrite it.
  T* dout(int i = 0) const { return reinterpret_cast<T*>(at_output(gradients, i)); }
  T* din(int i) const { return input_gradients[std::size_t(i)]; }
  T* kept() const { return reinterpret_cast<T*>(saved_buffer); }  // saved, as numbers
  std::byte* saved() const { return saved_buffer; }               // null in inference
  std::byte* workspace() const { return workspace_buffer; }       // holds nothing between calls
  const Buffer* prepared() const { return prepared_buffer; }      // null in training, and without

 private:
  const std::byte* at(int i) const {
    const ValueId id = inputs[std::size_t(i)];
    return id < 0 ? nullptr : values[id];
  }
  std::byte* at_output(std::byte* const* by_value, int i) const {
    return std::size_t(i) < outputs.size() ? by_value[outputs[std::size_t(i)]] : nullptr;
  }
};

struct Cost {
  double flop = 0.0;
  double elements = 0.0;  // read or written
};

enum class Pass { forward, backward };

// In what type the products of matrices are taken.  bfloat16: both operands are rounded to it,
// forward and backward, and the sums are float32.
enum class Products { of_graph, bfloat16 };

class Operation {
 public:
  Operation(std::string kind_, std::vector<ValueId> inputs_)
      : kind(std::move(kind_)), inputs(std::move(inputs_)) {}
  virtual ~Operation() = default;

  std::string kind;             // "dense", as recorded
  std::string name;             // the layer's, for messages
  std::vector<ValueId> inputs;  // -1 for one that was left out (a dense layer without bias)
  std::vector<ValueId> outputs;
  // Rows of the operation for each row of the batch: Call::rows, and all `rows` below, count them.
  // Only an operation whose rows have to do with each other looks at it.
  Index fold = 1;
  // Without rows of the batch: it runs once, on a single row, or on `fold` rows that are its own.
  bool whole = false;
  Index own_rows = 0;
  Index steps() const { return own_rows == 0 ? fold : fold / own_rows; }  // of a row
  Index rows_in(Index batch) const { return whole ? fold : batch * fold; }
  ValueId output() const { return outputs[0]; }

  virtual void forward(const Call<float>&) const = 0;
  virtual void forward(const Call<double>&) const = 0;
  virtual void backward(const Call<float>&) const = 0;
  virtual void backward(const Call<double>&) const = 0;

  // Whether a training step leaves something behind that outlives the batch (moving statistics).
  // It does so in `settle`, from what forward saved: after the backward pass, in the order of
  // recording, and only if the step's loss is finite.
  virtual bool settles() const { return false; }
  virtual void settle(const Call<float>&) const {}
  virtual void settle(const Call<double>&) const {}
  // Whether what it would leave is finite; if not, the batch has no loss and changes nothing.
  virtual bool can_settle(const Call<float>&) const { return true; }
  virtual bool can_settle(const Call<double>&) const { return true; }

  // What backward reads besides the output's gradient.
  virtual bool backward_reads_input(int i) const = 0;
  virtual bool backward_reads_output() const = 0;
  // False for inputs no gradient flows to (labels, statistics).
  virtual bool differentiable(int) const { return true; }
  // Whether the outputs have no rows although inputs have: they are made of all rows.
  virtual bool joins_rows() const { return false; }
  // Whether the outputs have rows although no input has.
  virtual bool gives_rows() const { return false; }
  virtual Products products() const { return Products::of_graph; }
  // Whether another gives the same for the same inputs, to the bit, in every batch, in training or
  // not.  One that draws numbers or leaves something behind is not even the same as itself.
  virtual bool same_as(const Operation&) const { return false; }
  // Whether backward adds to the gradient of an input without rows as Call::accumulate says, as it
  // does for weights; else it writes it.
  virtual bool accumulates(int) const { return false; }
  // Whether what it makes of a row, forward and backward, is that row's alone, so that runs of rows
  // may be calculated apart, but for which random numbers it draws.
  virtual bool row_by_row() const { return false; }
  // Whether it makes something of inputs that have no elements, as a sum does; others refuse them.
  // It does not run where its outputs have none.
  virtual bool takes_empty() const { return false; }
  // Whether what it gives depends on how rows are cut into batches, in inference too: code of the
  // user's sees how many there are, noise is drawn batch by batch.
  virtual bool sees_batches() const { return false; }
  // The input whose gradient backward may write over that of the output, its only one; -1 for none.
  virtual int overwrites() const { return -1; }
  // Up to so many rows it runs on one thread, for so long that another thread is better off with an
  // operation beside it: 0 for one that is over soon, or shares its work.
  virtual Index rows_alone() const { return 0; }
  // What the labels of an int32 input must stay below; 0 for other inputs.
  virtual Index label_bound(int) const { return 0; }
  virtual const char* label_name() const { return "labels"; }  // for messages
  // Buffers that the plan lends: `saved` from forward to backward and `settle`, `workspace` for one
  // forward or backward.
  virtual std::size_t saved_bytes(Index, DType) const { return 0; }
  virtual std::size_t workspace_bytes(Pass, Index, DType) const { return 0; }
  // What executions for inference alone lend beside it for as long as they live, zeros at first:
  // room for what the operation makes of its weights.
  virtual std::size_t prepared_bytes(DType) const { return 0; }
  // Whether the output is but another name of the first input, in training or outside it: the
  // operation does not run.
  virtual bool passes_on(bool /*training*/) const { return false; }
  // What the values of the first output are the results of: an activation's name, or `kind`.
  virtual std::string origin() const { return kind; }
  // Fusion, asked once by Graph::build: takes over a follower that alone reads the output (dense
  // its activation, a convolution the max pooling behind); returns whether it did.
  virtual bool absorb(const Operation&) { return false; }
  // The same in graphs for inference alone, whose backward never runs (a convolution the batch
  // normalisation behind); asked once all have been asked to `absorb`, who may do so again then.
  virtual bool absorb_in_inference(const Operation&) { return false; }
  // The same the other way: takes over the operation that makes one of its inputs and whose one
  // output nobody else reads, changing its own inputs; returns whether it did.
  virtual bool absorb_producer(const Operation&) { return false; }
  // Whether one reader of several may take it over: for the others it stays, and it goes with the
  // last.
  virtual bool taken_by_each() const { return false; }
  // Told once, after fusion, who produces the first input, and whether nobody else reads it.
  virtual void meet_producer(Operation&, bool /*alone*/) {}
  // Leaves the derivative of its ReLU to the only reader of its output; returns whether it does.
  virtual bool leave_relu() { return false; }
  // Whether the output came out of a ReLU, so that y > 0 tells where its gradient flows.
  virtual bool rectified() const { return false; }
  // `to_input`: whether backward also makes the first input's gradient.
  virtual Cost cost(Pass, Index rows, bool to_input) const = 0;
  virtual std::string sizes(Index rows) const = 0;  // "32x19 @ 19x64"
};

template <class Self>
class OperationOf : public Operation {
 public:
  using Operation::Operation;
  void forward(const Call<float>& call) const final { self().forward_as(call); }
  void forward(const Call<double>& call) const final { self().forward_as(call); }
  void backward(const Call<float>& call) const final { self().backward_as(call); }
  void backward(const Call<double>& call) const final { self().backward_as(call); }

 private:
  const Self& self() const { return static_cast<const Self&>(*this); }
};

}  // namespace lamina
