// An operation: a forward and a backward kernel between values of a graph.
//
// Operations are recorded once and replayed by executions; they hold settings, never buffers.  A
// new operation derives from OperationOf<Self>, implements forward_as / backward_as for any float
// type, and declares what its backward reads and what it costs.  Shapes are checked when it is
// recorded.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "../kernel.h"
#include "buffer.h"
#include "permutation.h"

namespace lamina {

using ValueId = int;

template <class T>
struct Reports;

// The arguments of one kernel call during a replay: pointers for `rows` rows.
template <class T>
struct Call {
  const Kernels<T>& kernels;
  Index rows;
  bool training;
  RandomKey random;             // the operation sets `stream`
  std::byte* const* values;     // by value id
  std::byte* const* gradients;  // by value id; null if the value gets no gradient
  const std::vector<ValueId>& inputs;
  const std::vector<ValueId>& outputs;
  const std::vector<T*>& input_gradients;  // by input: where to write its gradient, or null
  // Whether the gradients of its parameters have begun; if only some have, the others are zeroed.
  Accumulate accumulate;
  std::byte* saved_buffer;
  std::byte* workspace_buffer;
  const Buffer* prepared_buffer = nullptr;
  const Reports<T>* reports = nullptr;  // to the operation's observer, if there is one

  const T* in(int i) const { return reinterpret_cast<const T*>(at(i)); }
  const std::int32_t* labels(int i) const { return reinterpret_cast<const std::int32_t*>(at(i)); }
  const std::uint8_t* mask(int i) const { return reinterpret_cast<const std::uint8_t*>(at(i)); }
  // A parameter that the operation itself updates, in `settle` only.
  T* parameter(int i) const { return reinterpret_cast<T*>(values[inputs[std::size_t(i)]]); }
  // Null if the operation was recorded without that output, or if nothing reads it.
  T* out(int i = 0) const { return reinterpret_cast<T*>(at_output(values, i)); }
  // The gradient of an output, null if it has none; its last reader may overwrite it.
  T* dout(int i = 0) const { return reinterpret_cast<T*>(at_output(gradients, i)); }
  T* din(int i) const { return input_gradients[std::size_t(i)]; }
  T* kept() const { return reinterpret_cast<T*>(saved_buffer); }  // the saved buffer as numbers
  std::byte* saved() const { return saved_buffer; }               // null in inference
  std::byte* workspace() const { return workspace_buffer; }       // holds nothing between calls
  const Buffer* prepared() const { return prepared_buffer; }      // null in training, or if unused

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

// The type of matrix products.  With bfloat16 both operands are rounded to it, forward and
// backward, and the sums are float32.
enum class Products { of_graph, bfloat16 };

class Operation {
 public:
  Operation(std::string kind_, std::vector<ValueId> inputs_)
      : kind(std::move(kind_)), inputs(std::move(inputs_)) {}
  virtual ~Operation() = default;

  std::string kind;             // "dense", as recorded
  std::string name;             // the name of the layer, for messages
  std::vector<ValueId> inputs;  // -1 for an omitted one (a dense layer without bias)
  std::vector<ValueId> outputs;
  // Rows of the operation for each row of the batch; Call::rows and all `rows` below include this
  // factor.  Only an operation that combines several rows needs it.
  Index fold = 1;
  // Without rows of the batch: runs once, on a single row, or on `fold` rows of its own.
  bool whole = false;
  Index own_rows = 0;
  Index steps() const { return own_rows == 0 ? fold : fold / own_rows; }  // per row
  Index rows_in(Index batch) const { return whole ? fold : batch * fold; }
  ValueId output() const { return outputs[0]; }
  // By pass: the neighbour to which this operation reports rows, and the one that reports to it
  // (reports.h).
  std::array<const Operation*, 2> observer{}, reporter{};

  virtual void forward(const Call<float>&) const = 0;
  virtual void forward(const Call<double>&) const = 0;
  virtual void backward(const Call<float>&) const = 0;
  virtual void backward(const Call<double>&) const = 0;

  // Whether a training step leaves something behind that outlives the batch (moving statistics).
  // The operation does so in `settle`, from what forward saved: after the backward pass, in
  // recording order, and only if the loss of the step is finite.
  virtual bool settles() const { return false; }
  virtual void settle(const Call<float>&) const {}
  virtual void settle(const Call<double>&) const {}
  // Whether what it would leave behind is finite; if not, the batch has no loss and changes
  // nothing.
  virtual bool can_settle(const Call<float>&) const { return true; }
  virtual bool can_settle(const Call<double>&) const { return true; }

  // What backward reads in addition to the output's gradient.
  virtual bool backward_reads_input(int i) const = 0;
  virtual bool backward_reads_output() const = 0;
  // False for inputs that get no gradient (labels, statistics).
  virtual bool differentiable(int) const { return true; }
  // Whether the outputs have no rows although the inputs do, because they combine all rows.
  virtual bool joins_rows() const { return false; }
  // Whether the outputs have rows although no input has.
  virtual bool gives_rows() const { return false; }
  virtual Products products() const { return Products::of_graph; }
  // Whether another operation has the same results for the same inputs, to the bit, in every batch,
  // in training or not.  An operation that draws random numbers or leaves something behind is not
  // even the same as itself.
  virtual bool same_as(const Operation&) const { return false; }
  // Whether backward adds to the gradient of an input without rows as Call::accumulate says, as it
  // does for weights; otherwise it overwrites the gradient.
  virtual bool accumulates(int) const { return false; }
  // Whether the results for a row, forward and backward, depend on that row only, so that runs of
  // rows may be calculated separately (random numbers excepted).
  virtual bool row_by_row() const { return false; }
  // Whether inputs may have no elements, as for a sum; other operations reject them.  An operation
  // whose outputs have no elements is not run.
  virtual bool takes_empty() const { return false; }
  // Whether the results depend on how rows are divided into batches, in inference too: the user's
  // own code sees the number of rows, and noise is drawn batch by batch.
  virtual bool sees_batches() const { return false; }
  // Whether an element of the only output depends on nothing but the elements at its place in a row
  // of those inputs that have its size, and on inputs of one element: the operation then gives the
  // same elements for rows whose axes are in another order (random numbers excepted).
  virtual bool element_by_element() const { return false; }
  // Such an operation now runs on rows of this shape.
  virtual void reorder(const Shape&) {}
  // Of a permutation of a row's axes, the axes; null for other operations.  And the operation that
  // permutes x, of the given type, in another way; it has no name and no output yet.
  virtual const Permutation* permutation() const { return nullptr; }
  virtual std::unique_ptr<Operation> permuting(ValueId, Permutation, DType) const {
    return nullptr;
  }
  // The input whose gradient backward may write over that of the only output; -1 for none.
  virtual int overwrites() const { return -1; }
  // The largest number of rows for which it runs on one thread, and long enough that another thread
  // should run the next operation in parallel; 0 if it is short or uses several threads.
  virtual Index rows_alone() const { return 0; }
  // The exclusive upper bound of the labels in an int32 input; 0 for other inputs.
  virtual Index label_bound(int) const { return 0; }
  virtual const char* label_name() const { return "labels"; }  // for messages
  // Sizes of buffers lent by the plan: `saved` is kept from forward to backward and `settle`,
  // `workspace` for one call of forward or backward.
  virtual std::size_t saved_bytes(Index, DType) const { return 0; }
  virtual std::size_t workspace_bytes(Pass, Index, DType) const { return 0; }
  // Size of a buffer that executions for inference lend for their whole lifetime, zeroed at first:
  // for data computed from the weights.
  virtual std::size_t prepared_bytes(DType) const { return 0; }
  // Whether the output is an alias of the first input, in training or outside it: the operation is
  // then not run.
  virtual bool passes_on(bool /*training*/) const { return false; }
  // The name of the layer that made an output not finite, if the operation has taken over others;
  // may overwrite the output.
  virtual std::string name_of_nonfinite(const Call<float>&) const { return name; }
  virtual std::string name_of_nonfinite(const Call<double>&) const { return name; }
  // The origin of the values of the first output: an activation's name, or `kind`.
  virtual std::string origin() const { return kind; }
  // Fusion, asked once by Graph::build: absorbs a follower that is the only reader of the output (a
  // dense layer its activation, a convolution the max pooling after it); returns whether it did.
  virtual bool absorb(const Operation&) { return false; }
  // The same in graphs for inference only, whose backward never runs (a convolution the batch
  // normalisation after it); asked once after all `absorb`, which may be asked again afterwards.
  virtual bool absorb_in_inference(const Operation&) { return false; }
  // The opposite direction: absorbs the operation that computes one of its inputs, if nothing else
  // reads that operation's single output, and replaces its own inputs; returns whether it did.
  virtual bool absorb_producer(const Operation&) { return false; }
  // The same in graphs for inference only, whose backward never runs.
  virtual bool absorb_producer_in_inference(const Operation&) { return false; }
  // Whether one of several readers may absorb it: the operation remains for the other readers and
  // is removed with the last.
  virtual bool taken_by_each() const { return false; }
  // Called once, after fusion, with the producer of the first input; `alone`: nothing else reads
  // it.
  virtual void meet_producer(Operation&, bool /*alone*/) {}
  // Reports of finished rows in training (reports.h): the columns of the rows of its output
  // (forward) or of its first input's gradient (backward) that the operation can report, 0 if it
  // cannot; in how many parts it does so, as determined by the sizes alone, 0 for not at all;
  // whether it can observe rows of so many columns of its first input (forward) or of its output's
  // gradient (backward); and what it does then, on any thread.
  virtual Index reports(Pass) const { return 0; }
  virtual Index report_parts(Pass, const Kernels<float>&, Index /*rows*/) const { return 0; }
  virtual Index report_parts(Pass, const Kernels<double>&, Index /*rows*/) const { return 0; }
  virtual bool observes(Pass, Index /*cols*/) const { return false; }
  virtual void observe(Pass, const Call<float>&, Index /*part*/, Index /*row*/,
                       Index /*rows*/) const {}
  virtual void observe(Pass, const Call<double>&, Index /*part*/, Index /*row*/,
                       Index /*rows*/) const {}
  // Leaves the derivative of its ReLU to the only reader of its output; returns whether it does so.
  virtual bool leave_relu() { return false; }
  // Whether the output is that of a ReLU, so that its gradient is nonzero only where y > 0.
  virtual bool rectified() const { return false; }
  // `to_input`: whether backward also calculates the gradient of the first input.
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
