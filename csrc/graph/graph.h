// A graph: operations recorded once, frozen by build(), replayed by any number of executions.
//
// It says what is computed, not of which numbers: weights and states are slots, which each
// execution is given variables for (variables.h), as it is given data.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "buffer.h"
#include "operation.h"

namespace lamina {

// A handle on a value, seen with this shape (reshape makes another handle, not another value).
// The shape is that of a row; a folded value has `fold` of them for each row of the batch.
struct Tensor {
  ValueId value = -1;
  Shape shape;
  std::uint64_t graph = 0;  // Graph::id
};

enum class ValueKind { input, parameter, constant, result, state };

struct Value {
  ValueKind kind;
  DType dtype;
  Index width;           // elements: of a row of the batch, or all of them if it is `whole`
  std::string name;      // of a parameter: its path
  int slot = -1;         // of a parameter, a constant, a state
  int producer = -1;     // operation of a result
  Index fold = 1;        // rows of it for each row of the batch
  ValueId view_of = -1;  // the value whose elements these are, folded otherwise
  // Without an axis of rows: parameters, constants, what is made of them or of all rows.
  bool whole = false;
  // Of a whole one that is seen as rows: how many, whatever the batch; `fold` counts for all.
  Index own_rows = 0;
};

// A place for a parameter: executions are given its values.
struct ParameterSlot {
  std::string path;  // unique in the graph
  Shape shape;
  Index size;
  bool trainable;
  ValueId value;
};

// How the values of a loss become one number: the sum of weight times value over the number of
// positions, that sum, or that over the sum of the weights.
enum class LossReduction { mean, sum, weighted_mean };

// total += scale * the reduced loss of the positions that the mask keeps; a loss without rows has
// neither weight nor mask, and is its own mean
struct LossTerm {
  ValueId loss;    // one number a position
  ValueId weight;  // one number a row or a position, or -1
  ValueId mask;    // one truth value a position, or -1
  double scale;
  LossReduction reduction = LossReduction::mean;
};
struct Penalty {
  ValueId parameter;
  double l1, l2;
  bool proximal;  // whether l1 leaves true zeros: see proximal.h
};
struct MetricTerm {
  MetricSpec spec;
  ValueId prediction, target, weight;  // weight, and the target of sums: -1 for none
  Index cols;
  Index state;  // how many doubles
};

// A place for a state: what a batch begins with and what it leaves to the next; -1 where it does
// not.
struct StateTerm {
  Shape shape;
  ValueId before, after;
  std::string name;  // the layer's, for messages
};

class Graph {
 public:
  explicit Graph(DType dtype);

  // `dtype`: the graph's own, int32 (labels, tokens) or boolean (a mask).
  Tensor input(Shape shape, std::string name, DType dtype);
  // Makes a slot; std::invalid_argument where the path is taken.
  Tensor parameter(std::string path, Shape shape, bool trainable);
  // The same elements with `fold` rows of `shape` for each row of the batch: no operation.  What is
  // recorded on it runs on as many rows; all inputs of an operation need the same fold.
  Tensor folded(const Tensor& x, Shape shape, Index fold);
  // A value without rows with its first axis as rows of its own, and back: no operations.
  Tensor as_own_rows(const Tensor& x);
  Tensor of_own_rows(const Tensor& x);
  // Values that are known when the graph is recorded: `bytes` of the type, copied.
  Tensor constant(Shape shape, const std::byte* bytes, DType type);
  // Makes a slot for a state, by number.
  int state_slot(Shape shape, std::string name);
  // What the batch begins with: the state that the last batch left, zeros at first; or what
  // `carry` was given for it.
  Tensor state(int slot);
  // Leaves `value` to the next batch.
  void carry(int slot, const Tensor& value);
  // Appends an operation and makes its output value, `shape` a row.  Axes of no elements are for
  // values without rows.
  Tensor record(std::unique_ptr<Operation> operation, Shape shape, std::string name);
  // The same with an output of another type (a mask), and with several outputs.
  Tensor record(std::unique_ptr<Operation> operation, Shape shape, std::string name, DType dtype);
  std::vector<Tensor> record(std::unique_ptr<Operation> operation, std::vector<Shape> shapes,
                             std::string name);
  std::vector<Tensor> record(std::unique_ptr<Operation> operation, std::vector<Shape> shapes,
                             std::string name, const std::vector<DType>& types);

  // In what type the products of what is recorded from here on are taken; std::invalid_argument
  // where the graph is not float32.  `build` refuses what this machine has no products for.
  void set_products(Products products);
  Products products() const { return products_; }

  // From here on the graph serves batches of exactly so many rows; std::invalid_argument where it
  // serves another number.
  void require_rows(Index rows, const char* who);

  int add_loss(const Tensor& loss, const Tensor* weight, const Tensor* mask, double scale,
               LossReduction reduction = LossReduction::mean);
  void add_penalty(const Tensor& parameter, double l1, double l2, bool proximal = false);
  int add_metric(MetricSpec spec, const Tensor& prediction, const Tensor& target,
                 const Tensor* weight);
  // Each amount times the weight of its row, or position, is added to the sum at its place, of
  // `count`; without places, to that of its column.
  int add_sums(const Tensor& amounts, const Tensor* places, const Tensor* weight, Index count);
  int add_output(const Tensor& tensor);
  // `inference`: for predictions alone.  Executions that train are refused, and operations may take
  // over what they could not differentiate.
  void build(bool inference = false);

  // Throw std::invalid_argument unless the tensor belongs here and is what is wanted: values row by
  // row (and floating-point), or a parameter.
  const Value& check(const Tensor& tensor, const char* who) const;
  const Value& check_rows(const Tensor& tensor, const char* who) const;
  void check_float_rows(const Tensor& tensor, const char* who) const;
  void check_float(const Tensor& tensor, const char* who) const;  // with rows or without
  // Numbers without rows: a parameter, a constant, or what is made of them or of all rows.
  void check_whole(const Tensor& tensor, const char* who) const;
  void check_parameter(const Tensor& tensor, const char* who) const;
  // All have rows, or none has.
  void check_alike(const std::vector<Tensor>& tensors, const char* who) const;
  void check_tokens(const Tensor& tensor, const char* who) const;  // int32
  void check_given(const Tensor& tensor, const char* who) const;   // an input
  // A mask over the leading axes `positions` of a row.
  void check_mask(const Tensor& mask, const Shape& positions, const char* who) const;
  void check_open(const char* who) const;

  // The operation whose output the tensor is, or null.
  const Operation* producer(const Tensor& tensor) const;
  // What the values of the tensor are, seen in inference: Operation::origin, "" for what no
  // operation made.
  std::string origin(const Tensor& tensor) const;
  Index fold(const Tensor& tensor) const { return values_[std::size_t(tensor.value)].fold; }
  bool whole(const Tensor& tensor) const {
    const Value& value = values_[std::size_t(tensor.value)];
    return value.whole && value.own_rows == 0;
  }
  // Elements of a value in a batch of `rows`; std::invalid_argument where they overflow.
  Index elements(ValueId value, Index rows) const;

  // The number of rows that every batch needs; 0 where any will do.
  Index rows() const { return rows_; }
  // Throws std::invalid_argument unless a batch may have so many.
  void check_batch(Index rows) const;

  // By graph input: what its labels must stay below; 0 where nobody reads it as labels.
  std::vector<Index> label_bounds() const;

  const std::uint64_t id;
  const DType dtype;
  bool built() const { return built_; }
  bool for_inference() const { return inference_; }
  const std::vector<Value>& values() const { return values_; }
  const std::vector<std::unique_ptr<Operation>>& operations() const { return operations_; }
  const std::vector<Tensor>& inputs() const { return inputs_; }
  const std::vector<Tensor>& outputs() const { return outputs_; }
  const std::vector<ParameterSlot>& parameters() const { return parameters_; }
  const Buffer& constant(int slot) const { return constants_[std::size_t(slot)]; }
  const std::vector<LossTerm>& losses() const { return losses_; }
  const std::vector<Penalty>& penalties() const { return penalties_; }
  const std::vector<MetricTerm>& metrics() const { return metrics_; }
  const std::vector<StateTerm>& states() const { return states_; }

 private:
  void begin(Operation& operation, std::string name);
  Tensor append(Shape shape, DType dtype, const Operation& operation);
  ValueId unfolded(const Tensor& tensor, const char* who) const;
  std::vector<ValueId> each_itself() const;
  void replace_values(const std::vector<ValueId>& same);
  void share_constants(std::vector<ValueId>& same) const;
  void share_equal();
  template <class T>
  void calculate(const Operation& operation);
  void calculate_known();
  void drop_unused_constants();
  void check_products() const;
  void fuse_followers(bool in_inference);
  void fuse_producers();
  void settle_producers();
  void drop_unused();
  std::vector<bool> read_directly() const;

  std::vector<Value> values_;
  std::vector<std::unique_ptr<Operation>> operations_;
  std::vector<Tensor> inputs_, outputs_;
  std::vector<ParameterSlot> parameters_;
  std::vector<Buffer> constants_;
  std::vector<LossTerm> losses_;
  std::vector<Penalty> penalties_;
  std::vector<MetricTerm> metrics_;
  std::vector<StateTerm> states_;
  Products products_ = Products::of_graph;
  Index rows_ = 0;
  bool inference_ = false;                          // built for that alone
  std::atomic<bool> closed_{false}, built_{false};  // since build() began, and since it ended
};

}  // namespace lamina
