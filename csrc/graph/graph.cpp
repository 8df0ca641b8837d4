#include "graph.h"

#include <algorithm>
#include <atomic>
#include <stdexcept>

namespace lamina {
namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

Graph::Graph(DType dtype_) : id(next_id()), dtype(dtype_) {
  if (!is_floating(dtype))
    throw std::invalid_argument(std::string("Graph: dtype must be float32 or float64; got ") +
                                name_of(dtype));
}

void Graph::set_products(Products products) {
  if (products == Products::bfloat16 && dtype != DType::float32)
    throw std::invalid_argument(std::string("products in bfloat16 need a float32 graph; got ") +
                                name_of(dtype));
  products_ = products;
}

Index Graph::elements(ValueId value, Index rows) const {
  const Value& v = values_[std::size_t(value)];
  return v.whole ? v.width : checked_product(rows, v.width);
}

void Graph::require_rows(Index rows, const char* who) {
  check_open(who);
  if (rows < 1)
    throw std::invalid_argument(std::string(who) + ": rows must be at least 1; got " +
                                std::to_string(rows));
  if (rows_ != 0 && rows_ != rows)
    throw std::invalid_argument(std::string(who) + ": the graph is recorded for batches of " +
                                std::to_string(rows_) + " rows; got " + std::to_string(rows));
  rows_ = rows;
}

std::vector<Index> Graph::label_bounds() const {
  std::vector<Index> by_value(values_.size(), 0);
  const auto lower = [&](ValueId id_, Index bound) {
    Index& mine = by_value[std::size_t(id_)];
    if (bound > 0) mine = mine == 0 ? bound : std::min(mine, bound);
  };
  for (const auto& operation : operations_)
    for (std::size_t i = 0; i < operation->inputs.size(); ++i)
      if (operation->inputs[i] >= 0) lower(operation->inputs[i], operation->label_bound(int(i)));
  for (const MetricTerm& term : metrics_)
    if (takes_labels(term.spec.kind)) lower(term.target, term.cols);
  std::vector<Index> bounds;
  for (const Tensor& input : inputs_) bounds.push_back(by_value[std::size_t(input.value)]);
  return bounds;
}

const Operation* Graph::producer(const Tensor& tensor) const {
  const ValueId source = values_[std::size_t(tensor.value)].view_of;
  const int producer = values_[std::size_t(source < 0 ? tensor.value : source)].producer;
  return producer < 0 ? nullptr : operations_[std::size_t(producer)].get();
}

std::string Graph::origin(const Tensor& tensor) const {
  const Operation* made = producer(tensor);
  while (made != nullptr && made->passes_on(false))
    made = producer(Tensor{made->inputs[0], tensor.shape, id});
  return made == nullptr ? "" : made->origin();
}

Tensor Graph::input(Shape shape, std::string name, DType type) {
  check_open("input");
  for (const Index axis : shape)
    if (axis < 1)
      throw std::invalid_argument(
          "Input '" + name + "': every axis needs at least 1 element; got " + to_string(shape));
  const Index width = size_of(shape);
  values_.push_back({ValueKind::input, type, width, std::move(name)});
  inputs_.push_back({ValueId(values_.size()) - 1, std::move(shape), id});
  return inputs_.back();
}

Tensor Graph::parameter(std::string path, Shape shape, bool trainable) {
  check_open("parameter");
  for (const Index axis : shape)
    if (axis < 1)
      throw std::invalid_argument("parameter '" + path +
                                  "': every axis needs at least 1 element; got shape " +
                                  to_string(shape));
  for (const ParameterSlot& slot : parameters_)
    if (slot.path == path)
      throw std::invalid_argument("parameter '" + path + "': the path is taken");
  const Index size = size_of(shape);
  checked_product(size, 16);  // room for bytes and padding
  const Tensor tensor{ValueId(values_.size()), shape, id};
  values_.push_back({ValueKind::parameter, dtype, size, path, int(parameters_.size())});
  values_.back().whole = true;
  parameters_.push_back({std::move(path), std::move(shape), size, trainable, tensor.value});
  return tensor;
}

Tensor Graph::append(Shape shape, DType type, const Operation& operation) {
  const bool whole = operation.whole || operation.joins_rows();
  for (const Index axis : shape)
    if (axis < (whole && operation.own_rows == 0 ? 0 : 1))
      throw std::invalid_argument(operation.name +
                                  ": every axis needs at least 1 element; got an output of shape " +
                                  to_string(shape));
  const Index width = checked_product(size_of(shape), operation.fold);
  if (width > 0 && !operation.takes_empty())
    for (const ValueId input : operation.inputs)
      if (input >= 0 && values_[std::size_t(input)].width == 0)
        throw std::invalid_argument(operation.name +
                                    ": needs inputs of at least 1 element; got one without any");
  values_.push_back({ValueKind::result, type, width, operation.name, -1, int(operations_.size()),
                     operation.fold});
  values_.back().whole = whole;
  values_.back().own_rows = operation.own_rows;
  return {ValueId(values_.size()) - 1, std::move(shape), id};
}

Tensor Graph::folded(const Tensor& x, Shape shape, Index fold) {
  check_open("fold");
  const Value& value = check_rows(x, "fold");
  if (fold < 1 || (value.own_rows != 0 && fold % value.own_rows != 0) ||
      checked_product(size_of(shape), fold) != value.width)
    throw std::invalid_argument("fold: a row of the batch has " + std::to_string(value.width) +
                                " elements, not " + std::to_string(fold) + " x " +
                                to_string(shape));
  const ValueId source = value.view_of < 0 ? x.value : value.view_of;
  const Value& seen = values_[std::size_t(source)];
  if (seen.fold == fold && seen.own_rows == value.own_rows) return {source, std::move(shape), id};
  Value view = value;
  view.fold = fold;
  view.view_of = source;
  values_.push_back(std::move(view));
  return {ValueId(values_.size()) - 1, std::move(shape), id};
}

Tensor Graph::as_own_rows(const Tensor& x) {
  check_open("own_rows");
  check(x, "own_rows");
  if (!whole(x) || x.shape.empty() || size_of(x.shape) < 1)
    throw std::invalid_argument(
        "own_rows: needs a tensor without rows, of at least 1 axis and 1 element; got " +
        to_string(x.shape));
  Value view = values_[std::size_t(x.value)];
  view.kind = ValueKind::result;
  if (view.view_of < 0) view.view_of = x.value;
  view.fold = x.shape[0];
  view.own_rows = view.fold;
  values_.push_back(std::move(view));
  return {ValueId(values_.size()) - 1, Shape(x.shape.begin() + 1, x.shape.end()), id};
}

Tensor Graph::of_own_rows(const Tensor& x) {
  check_open("of_own_rows");
  const Value& value = check(x, "of_own_rows");
  if (value.own_rows == 0 || value.own_rows != value.fold)
    throw std::invalid_argument("of_own_rows: needs a tensor with rows of its own; got " +
                                to_string(x.shape));
  Shape shape = x.shape;
  shape.insert(shape.begin(), value.fold);
  Value view = value;
  view.view_of = value.view_of < 0 ? x.value : value.view_of;
  view.fold = 1;
  view.own_rows = 0;
  values_.push_back(std::move(view));
  return {ValueId(values_.size()) - 1, std::move(shape), id};
}

// The value of a tensor that has one row for each row of the batch.
ValueId Graph::unfolded(const Tensor& tensor, const char* who) const {
  const Value& value = check(tensor, who);
  if (value.fold != 1 || value.own_rows != 0)
    throw std::invalid_argument(std::string(who) + ": needs a tensor that is not folded; got " +
                                std::to_string(value.fold) + " rows for each row of the batch");
  return value.view_of < 0 ? tensor.value : value.view_of;
}

Tensor Graph::constant(Shape shape, const std::byte* bytes, DType type) {
  check_open("constant");
  const Index size = size_of(shape);
  Buffer copy(padded_bytes(size, type));
  std::copy_n(bytes, std::size_t(size) * bytes_of(type), copy.data());
  values_.push_back({ValueKind::constant, type, size, "constant", int(constants_.size())});
  values_.back().whole = true;
  constants_.push_back(std::move(copy));
  return {ValueId(values_.size()) - 1, std::move(shape), id};
}

int Graph::state_slot(Shape shape, std::string name) {
  check_open("state");
  states_.push_back({std::move(shape), -1, -1, std::move(name)});
  return int(states_.size()) - 1;
}

Tensor Graph::state(int slot) {
  check_open("state");
  StateTerm& term = states_.at(std::size_t(slot));
  if (term.after >= 0) return {term.after, term.shape, id};  // a layer's second use goes on
  if (term.before < 0) {
    values_.push_back({ValueKind::state, dtype, size_of(term.shape), term.name, slot});
    term.before = ValueId(values_.size()) - 1;
  }
  return {term.before, term.shape, id};
}

void Graph::carry(int slot, const Tensor& value) {
  check_open("carry");
  check_float_rows(value, "carry");
  StateTerm& term = states_.at(std::size_t(slot));
  if (value.shape != term.shape)
    throw std::invalid_argument("carry: the state has shape " + to_string(term.shape) + "; got " +
                                to_string(value.shape));
  term.after = unfolded(value, "carry");
}

// Names the operation, and replaces inputs that are views by the values that they view.
void Graph::begin(Operation& operation, std::string name) {
  check_open(operation.kind.c_str());
  operation.name = name.empty() ? operation.kind : std::move(name);
  Index fold = 0;
  for (ValueId& input : operation.inputs) {
    if (input < 0) continue;
    const Value& value = values_[std::size_t(input)];
    if (value.whole && value.own_rows == 0) {
      if (value.view_of >= 0) input = value.view_of;
      continue;
    }
    if (fold == 0) {
      fold = value.fold;
      operation.own_rows = value.own_rows;
    }
    if ((operation.own_rows == 0) != (value.own_rows == 0))
      throw std::invalid_argument(operation.name +
                                  ": all inputs need the rows of the batch, or rows of their own; "
                                  "got both");
    if (fold != value.fold || operation.own_rows != value.own_rows)
      throw std::invalid_argument(operation.name + ": all inputs need as many rows; got " +
                                  std::to_string(fold) + " and " + std::to_string(value.fold) +
                                  " for each row of the batch");
    if (value.view_of >= 0) input = value.view_of;
  }
  if (operation.own_rows != 0 && operation.joins_rows())
    throw std::invalid_argument(operation.name +
                                ": needs rows of the batch; got a tensor with rows of its own");
  operation.whole = operation.own_rows != 0 || (fold == 0 && !operation.gives_rows());
  operation.fold = fold == 0 ? 1 : fold;
}

Tensor Graph::record(std::unique_ptr<Operation> operation, Shape shape, std::string name) {
  return record(std::move(operation), std::move(shape), std::move(name), dtype);
}

Tensor Graph::record(std::unique_ptr<Operation> operation, Shape shape, std::string name,
                     DType type) {
  begin(*operation, std::move(name));
  const Tensor output = append(std::move(shape), type, *operation);
  operation->outputs = {output.value};
  operations_.push_back(std::move(operation));
  return output;
}

std::vector<Tensor> Graph::record(std::unique_ptr<Operation> operation, std::vector<Shape> shapes,
                                  std::string name) {
  const std::vector<DType> types(shapes.size(), dtype);
  return record(std::move(operation), std::move(shapes), std::move(name), types);
}

std::vector<Tensor> Graph::record(std::unique_ptr<Operation> operation, std::vector<Shape> shapes,
                                  std::string name, const std::vector<DType>& types) {
  begin(*operation, std::move(name));
  for (const Shape& shape : shapes)  // check all before creating any
    checked_product(size_of(shape), operation->fold);
  std::vector<Tensor> outputs;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    outputs.push_back(append(std::move(shapes[i]), types[i], *operation));
    operation->outputs.push_back(outputs.back().value);
  }
  operations_.push_back(std::move(operation));
  return outputs;
}

namespace {

void check_weight(const Graph& graph, const Tensor* weight, Index positions, const char* who) {
  if (weight == nullptr) return;
  graph.check_float_rows(*weight, who);
  const Index width = size_of(weight->shape);
  if (width != 1 && width != positions)
    throw std::invalid_argument(
        std::string(who) + ": weights are one number per row or one for each of its " +
        std::to_string(positions) + " positions; got shape " + to_string(weight->shape));
}

}  // namespace

int Graph::add_loss(const Tensor& loss, const Tensor* weight, const Tensor* mask, double scale,
                    LossReduction reduction) {
  const char* const who = "add_loss";
  check_open(who);
  check_float(loss, who);
  if (whole(loss) && (weight != nullptr || mask != nullptr))
    throw std::invalid_argument(std::string(who) +
                                ": a loss without rows takes no weights and "
                                "no mask; got " +
                                (weight != nullptr ? "weights" : "a mask"));
  check_weight(*this, weight, size_of(loss.shape), who);
  if (mask != nullptr) check_mask(*mask, loss.shape, who);
  const auto optional = [&](const Tensor* t) { return t == nullptr ? -1 : unfolded(*t, who); };
  if (whole(loss)) reduction = LossReduction::mean;
  losses_.push_back({unfolded(loss, who), optional(weight), optional(mask), scale, reduction});
  return int(losses_.size()) - 1;
}

void Graph::add_penalty(const Tensor& parameter, double l1, double l2, bool proximal) {
  check_open("add_penalty");
  check_parameter(parameter, "add_penalty");
  penalties_.push_back({parameter.value, l1, l2, proximal && l1 != 0.0});
}

int Graph::add_metric(MetricSpec spec, const Tensor& prediction, const Tensor& target,
                      const Tensor* weight) {
  check_open("add_metric");
  check_float_rows(prediction, "add_metric");
  const Shape& shape = prediction.shape;
  const Index cols = shape.empty() ? 1 : shape.back();
  check_weight(*this, weight, size_of(shape) / cols, "add_metric");
  if (spec.kind == Metric::sums)
    throw std::invalid_argument("add_metric: sums are recorded by add_sums");
  const bool sparse = takes_labels(spec.kind);
  const Value& value = check_rows(target, "add_metric");
  const Index wanted = size_of(shape) / (sparse ? cols : 1);
  if (value.dtype != (sparse ? DType::int32 : dtype) || value.width != wanted)
    throw std::invalid_argument("add_metric: predictions of shape " + to_string(shape) + " need " +
                                (sparse ? "int32 labels" : "targets") + " of " +
                                std::to_string(wanted) + " elements per row; got " +
                                name_of(value.dtype) + " " + to_string(target.shape));
  const char* const who = "add_metric";
  if (sparse) check_given(target, who);
  metrics_.push_back({spec, unfolded(prediction, who), unfolded(target, who),
                      weight == nullptr ? -1 : unfolded(*weight, who), cols,
                      metric_state_size(spec.kind, cols)});
  return int(metrics_.size()) - 1;
}

int Graph::add_sums(const Tensor& amounts, const Tensor* places, const Tensor* weight,
                    Index count) {
  const char* const who = "add_sums";
  check_open(who);
  check_float_rows(amounts, who);
  const Index cols = amounts.shape.empty() ? 1 : amounts.shape.back();
  if (cols == 0)
    throw std::invalid_argument("add_sums: needs amounts; got shape " + to_string(amounts.shape));
  check_weight(*this, weight, size_of(amounts.shape) / cols, who);
  if (count < 1 || (places == nullptr && count != cols))
    throw std::invalid_argument("add_sums: amounts of shape " + to_string(amounts.shape) +
                                " need places, or as many sums as columns; got " +
                                std::to_string(count));
  if (places != nullptr) {
    const Value& value = check_rows(*places, who);
    if (value.dtype != DType::int32 || places->shape != amounts.shape)
      throw std::invalid_argument("add_sums: amounts of shape " + to_string(amounts.shape) +
                                  " need as many int32 places; got " + name_of(value.dtype) + " " +
                                  to_string(places->shape));
  }
  const auto optional = [&](const Tensor* t) { return t == nullptr ? -1 : unfolded(*t, who); };
  metrics_.push_back({{Metric::sums, double(count)},
                      unfolded(amounts, who),
                      optional(places),
                      optional(weight),
                      cols,
                      count});
  return int(metrics_.size()) - 1;
}

int Graph::add_output(const Tensor& tensor) {
  check_open("add_output");
  outputs_.push_back({unfolded(tensor, "add_output"), tensor.shape, id});
  return int(outputs_.size()) - 1;
}

}  // namespace lamina
