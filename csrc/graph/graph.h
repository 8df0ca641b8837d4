// A graph: operations recorded once, frozen by build(), replayed by any number of executions.
//
// It describes a computation, not its data: weights and states are slots, and each execution is
// given variables for them (variables.h), just as it is given data.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "buffer.h"
#include "operation.h"

namespace lamina {

// A handle on a value, viewed with this shape (reshape creates another handle, not another value).
// The shape is that of one row; a folded value has `fold` such rows for each row of the batch.
struct Tensor {
  ValueId value = -1;
  Shape shape;
  std::uint64_t graph = 0;  // Graph::id
};

enum class ValueKind { input, parameter, constant, result, state };

struct Value {
  ValueKind kind;
  DType dtype;
  Index width;           // elements per row of the batch, or in total if `whole`
  std::string name;      // of a parameter: its path
  int slot = -1;         // of a parameter, a constant, a state
  int producer = -1;     // the operation that computes it
  Index fold = 1;        // its number of rows for each row of the batch
  ValueId view_of = -1;  // the value with the same elements and another fold
  // Without an axis of rows: parameters, constants, values computed from them or from all rows.
  bool whole = false;
  // For a whole value viewed as rows: their number, which does not depend on the batch; `fold` is
  // then the total.
  Index own_rows = 0;
};

// A slot for a parameter, whose values each execution is given.
struct ParameterSlot {
  std::string path;  // unique in the graph
  Shape shape;
  Index size;
  bool trainable;
  ValueId value;
};

// How the values of a loss are reduced to one number: the sum of weight times value divided by the
// number of positions; that sum itself; or that sum divided by the sum of the weights.
enum class LossReduction { mean, sum, weighted_mean };

// total += scale * the reduced loss of the positions that the mask keeps.  A loss without rows has
// neither weight nor mask, and is its own mean.
struct LossTerm {
  ValueId loss;    // one number per position
  ValueId weight;  // one number per row or per position, or -1
  ValueId mask;    // one truth value per position, or -1
  double scale;
  LossReduction reduction = LossReduction::mean;
};
struct Penalty {
  ValueId parameter;
  double l1, l2;
  bool proximal;  // whether l1 yields exact zeros: see proximal.h
};
struct MetricTerm {
  MetricSpec spec;
  ValueId prediction, target, weight;  // -1: none, for weight, and for the target of sums
  Index cols;
  Index state;  // the number of doubles of state
};

// A slot for a state: the value with which a batch begins and the value that it leaves to the next,
// each -1 if there is none.
struct StateTerm {
  Shape shape;
  ValueId before, after;
  std::string name;  // the name of the layer, for messages
};

class Graph {
 public:
  explicit Graph(DType dtype);

  // `dtype`: the graph's own, int32 (labels, tokens) or boolean (a mask).
  Tensor input(Shape shape, std::string name, DType dtype);
  // Creates a slot; std::invalid_argument if the path is already used.
  Tensor parameter(std::string path, Shape shape, bool trainable);
  // The same elements viewed as `fold` rows of `shape` for each row of the batch; no operation is
  // recorded.  Operations recorded on it run on that many rows; all inputs of an operation need the
  // same fold.
  Tensor folded(const Tensor& x, Shape shape, Index fold);
  // Views the first axis of a value without rows as rows of its own, and back; no operation is
  // recorded.
  Tensor as_own_rows(const Tensor& x);
  Tensor of_own_rows(const Tensor& x);
  // Values that are known while recording: `bytes` of the given type, copied.
  Tensor constant(Shape shape, const std::byte* bytes, DType type);
  // Creates a slot for a state and returns its number.
  int state_slot(Shape shape, std::string name);
  // The value with which the batch begins: the state that the last batch left, zeros at first; or
  // the value given to `carry` for it.
  Tensor state(int slot);
  // Leaves `value` to the next batch.
  void carry(int slot, const Tensor& value);
  // Appends an operation and creates its output value; `shape` is that of a row.  Only values
  // without rows may have axes of length 0.
  Tensor record(std::unique_ptr<Operation> operation, Shape shape, std::string name);
  // The same with an output of another type (a mask), and with several outputs.
  Tensor record(std::unique_ptr<Operation> operation, Shape shape, std::string name, DType dtype);
  std::vector<Tensor> record(std::unique_ptr<Operation> operation, std::vector<Shape> shapes,
                             std::string name);
  std::vector<Tensor> record(std::unique_ptr<Operation> operation, std::vector<Shape> shapes,
                             std::string name, const std::vector<DType>& types);

  // The type of the products of operations recorded from here on; std::invalid_argument if the
  // graph is not float32.  `build` throws if this machine does not support such products.
  void set_products(Products products);
  Products products() const { return products_; }

  // From here on the graph accepts batches of exactly `rows` rows; std::invalid_argument if it
  // already requires another number.
  void require_rows(Index rows, const char* who);

  int add_loss(const Tensor& loss, const Tensor* weight, const Tensor* mask, double scale,
               LossReduction reduction = LossReduction::mean);
  void add_penalty(const Tensor& parameter, double l1, double l2, bool proximal = false);
  int add_metric(MetricSpec spec, const Tensor& prediction, const Tensor& target,
                 const Tensor* weight);
  // Adds each amount, times the weight of its row or position, to one of `count` sums: the one at
  // its place or, without places, that of its column.
  int add_sums(const Tensor& amounts, const Tensor* places, const Tensor* weight, Index count);
  int add_output(const Tensor& tensor);
  // `inference`: the graph is for predictions only.  It then has no executions that train, and
  // operations may absorb others that they could not differentiate.
  void build(bool inference = false);

  // Throw std::invalid_argument unless the tensor belongs to this graph and is of the required
  // kind: with rows (and floating-point), or a parameter.
  const Value& check(const Tensor& tensor, const char* who) const;
  const Value& check_rows(const Tensor& tensor, const char* who) const;
  void check_float_rows(const Tensor& tensor, const char* who) const;
  void check_float(const Tensor& tensor, const char* who) const;  // with rows or without
  // Numbers without rows: a parameter, a constant, or a value computed from them or from all rows.
  void check_whole(const Tensor& tensor, const char* who) const;
  void check_parameter(const Tensor& tensor, const char* who) const;
  // All tensors have rows, or none has.
  void check_alike(const std::vector<Tensor>& tensors, const char* who) const;
  void check_tokens(const Tensor& tensor, const char* who) const;  // int32
  void check_given(const Tensor& tensor, const char* who) const;   // an input
  // A mask over the leading axes `positions` of a row.
  void check_mask(const Tensor& mask, const Shape& positions, const char* who) const;
  void check_open(const char* who) const;

  // The operation that computes the tensor, or null.
  const Operation* producer(const Tensor& tensor) const;
  // The origin of the tensor's values in inference: Operation::origin, or "" if no operation
  // computes it.
  std::string origin(const Tensor& tensor) const;
  Index fold(const Tensor& tensor) const { return values_[std::size_t(tensor.value)].fold; }
  bool whole(const Tensor& tensor) const {
    const Value& value = values_[std::size_t(tensor.value)];
    return value.whole && value.own_rows == 0;
  }
  // The number of elements of a value in a batch of `rows`; std::invalid_argument on overflow.
  Index elements(ValueId value, Index rows) const;

  // The number of rows that every batch must have; 0 if it may have any.
  Index rows() const { return rows_; }
  // Throws std::invalid_argument unless a batch may have this many rows.
  void check_batch(Index rows) const;

  // By graph input: the exclusive upper bound of its labels; 0 if nothing reads it as labels.
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
  void join_permutations();
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
  bool inference_ = false;                          // built for inference only
  std::atomic<bool> closed_{false}, built_{false};  // set when build() begins, and when it ends
};

}  // namespace lamina
