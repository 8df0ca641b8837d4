#include "expression.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <stdexcept>

#include "activation.h"
#include "combine.h"
#include "element_program.h"
#include "graph/names.h"
#include "sizes.h"

namespace lamina {
namespace {

constexpr int most_fused_inputs = 32, most_fused_nodes = 96, most_fused_registers = 24;

// Backward for some of the inputs: a program for those that are written, one for each way to sum.
struct ExpressionBackward {
  struct Part {
    CompiledProgram program;
    std::vector<int> inputs;  // of the expression, whose gradients are its outputs
    bool accumulates;         // parameters
  };
  std::vector<bool> wanted;
  std::vector<Part> parts;
  const ExpressionBackward* next = nullptr;
};

class Expression final : public OperationOf<Expression> {
 public:
  Expression(Formula formula, int result, std::vector<ValueId> values,
             std::vector<ElementShape> shapes, Shape whole, bool rows, DType dtype)
      : OperationOf("expression", std::move(values)),
        formula_(std::move(formula)),
        result_(result),
        shapes_(std::move(shapes)),
        whole_(std::move(whole)),
        rows_(rows),
        dtype_(dtype) {
    compile();
  }
  ~Expression() override { forget_backward(); }

  template <class T>
  void forward_as(const Call<T>& c) const {
    const void* values[ElementProgram::most_inputs];
    for (std::size_t i = 0; i < inputs.size(); ++i) values[i] = c.in(int(i));
    void* const output = c.out();
    if (!forward_[0].run(c.kernels, &output, values, c.rows, Accumulate::no))
      throw std::bad_alloc();
  }

  template <class T>
  void backward_as(const Call<T>& c) const {
    const void* values[ElementProgram::most_inputs];
    for (std::size_t i = 0; i < inputs.size(); ++i) values[i] = c.in(int(i));
    values[inputs.size()] = c.dout();
    values[inputs.size() + 1] = c.out();
    for (const ExpressionBackward::Part& part : backward_for(c).parts) {
      void* outputs[ElementProgram::most_outputs];
      for (std::size_t k = 0; k < part.inputs.size(); ++k) outputs[k] = c.din(part.inputs[k]);
      if (!part.program.run(c.kernels, outputs, values, c.rows,
                            part.accumulates ? c.accumulate : Accumulate::no))
        throw std::bad_alloc();
    }
  }

  // What is not broadcast has a gradient that is no sum, and is written.
  bool accumulates(int i) const override {
    const ElementShape& shape = shapes_[std::size_t(i)];
    return !shape.rows && is_broadcast(shape, whole_, rows_);
  }
  bool row_by_row() const override { return true; }
  bool backward_reads_input(int i) const override { return backward_reads_[std::size_t(i)]; }
  bool backward_reads_output() const override { return backward_reads_[inputs.size() + 1]; }
  bool differentiable(int i) const override { return gradient_[std::size_t(i)] >= 0; }

  bool same_as(const Operation& operation) const override {
    const auto& other = static_cast<const Expression&>(operation);
    const auto alike = [](const ElementShape& a, const ElementShape& b) {
      return a.shape == b.shape && a.rows == b.rows && a.type == b.type;
    };
    return result_ == other.result_ && whole_ == other.whole_ && rows_ == other.rows_ &&
           dtype_ == other.dtype_ && formula_ == other.formula_ &&
           std::equal(shapes_.begin(), shapes_.end(), other.shapes_.begin(), other.shapes_.end(),
                      alike);
  }

  // Takes over the expression that makes one of its inputs, if nothing is calculated twice by it.
  bool absorb_producer(const Operation& operation) override {
    const auto* producer = dynamic_cast<const Expression*>(&operation);
    if (producer == nullptr || producer->dtype_ == DType::int32 || producer->fold != fold ||
        producer->rows_ != rows_ || size_of(producer->whole_) != size_of(whole_))
      return false;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i] == producer->output() && shapes_[i].shape != producer->whole_) return false;
    Merged merged = merge(*producer);
    if (merged.inputs.size() > std::size_t(most_fused_inputs) ||
        merged.formula.nodes().size() > std::size_t(most_fused_nodes) ||
        lower(merged.formula, {merged.result}).registers > most_fused_registers)
      return false;
    formula_ = std::move(merged.formula);
    result_ = merged.result;
    inputs = std::move(merged.inputs);
    shapes_ = std::move(merged.shapes);
    compile();
    return true;
  }

  // As an activation, where that is what comes last.
  std::string origin() const override {
    const Formula::Node& last = formula_.node(result_);
    return last.kind == Formula::Kind::operation ? name_of(last.op) : kind;
  }
  bool rectified() const override {
    const Formula::Node& last = formula_.node(result_);
    return last.kind == Formula::Kind::operation && last.op == ElementOp::relu;
  }

  std::optional<ActivationSpec> activation() const {
    const Formula::Node& last = formula_.node(result_);
    if (last.kind != Formula::Kind::operation || inputs.size() != 1 || !is_floating(dtype_) ||
        shapes_[0].type != ElementType::number || shapes_[0].shape != whole_)
      return std::nullopt;
    const int count = operands_of(last.op);
    if (formula_.node(last.operand[0]).kind != Formula::Kind::input) return std::nullopt;
    double alpha = 0.0;
    if (count == 2) {
      const Formula::Node& second = formula_.node(last.operand[1]);
      if (second.kind != Formula::Kind::constant || !(second.constant >= 0.0)) return std::nullopt;
      alpha = second.constant;
    }
    // Of two operands, these alone are activations with their alpha.
    if (count > 2 ||
        (count == 2) != (last.op == ElementOp::leaky_relu || last.op == ElementOp::elu))
      return std::nullopt;
    const std::string name = last.op == ElementOp::exp ? "exponential" : name_of(last.op);
    for (const Activation kind : {
#define LAMINA_KIND(name, ...) Activation::name,
             LAMINA_ACTIVATIONS(LAMINA_KIND)
#undef LAMINA_KIND
         })
      if (name == lamina::name_of(kind)) return ActivationSpec{kind, alpha};
    return std::nullopt;
  }

  // What it adds to `x`, values of its own shape: vectors of `units` without rows, or values alike.
  ValueId added_vector(ValueId x, Index units) const {
    const auto other = added_to(x);
    if (!other) return -1;
    const ElementShape& vector = shapes_[*other];
    const bool fits = vector.shape == Shape{units} && !vector.rows && whole_.back() == units;
    return fits && (rows_ || whole_.size() > 1) ? inputs[*other] : -1;
  }
  ValueId added_values(ValueId x) const {
    const auto other = added_to(x);
    if (!other) return -1;
    return shapes_[*other].shape == whole_ && shapes_[*other].rows == rows_ ? inputs[*other] : -1;
  }

  Cost cost(Pass pass, Index rows, bool) const override {
    const double size = double(size_of(whole_)) * double(rows);
    const double arrays = double(inputs.size()) + 1.0, steps = double(forward_[0].steps());
    return {steps * size * (pass == Pass::forward ? 1.0 : 2.0),
            arrays * size * (pass == Pass::forward ? 1.0 : 2.0)};
  }
  std::string sizes(Index rows) const override { return rows_by_cols(rows, size_of(whole_)); }

 private:
  // The other input of what is nothing but a sum with `x`, numbers of the sum's own shape.
  std::optional<std::size_t> added_to(ValueId x) const {
    const Formula::Node& last = formula_.node(result_);
    if (last.kind != Formula::Kind::operation || last.op != ElementOp::add || inputs.size() != 2 ||
        !is_floating(dtype_))
      return std::nullopt;
    const int a = formula_.node(last.operand[0]).input, b = formula_.node(last.operand[1]).input;
    if (a < 0 || b < 0 || a == b) return std::nullopt;
    const auto own = std::size_t(inputs[std::size_t(a)] == x ? a : b);
    const auto other = std::size_t(int(own) == a ? b : a);
    const bool fits = inputs[own] == x && shapes_[own].shape == whole_ &&
                      shapes_[own].rows == rows_ && shapes_[own].type == ElementType::number &&
                      shapes_[other].type == ElementType::number;
    return fits ? std::optional(other) : std::nullopt;
  }

  struct Merged {
    Formula formula;
    int result = -1;
    std::vector<ValueId> inputs;
    std::vector<ElementShape> shapes;
  };

  Merged merge(const Expression& producer) const {
    Merged merged;
    // An input of the merged formula; the same value seen with one shape is one input.
    const auto input = [&](ValueId value, const ElementShape& shape) {
      std::size_t k = 0;
      while (k < merged.inputs.size() &&
             (merged.inputs[k] != value || merged.shapes[k].shape != shape.shape))
        ++k;
      if (k == merged.inputs.size()) {
        merged.inputs.push_back(value);
        merged.shapes.push_back(shape);
      }
      return merged.formula.input(int(k));
    };
    std::vector<int> before, own;
    for (std::size_t i = 0; i < producer.inputs.size(); ++i)
      before.push_back(input(producer.inputs[i], producer.shapes_[i]));
    int made = merged.formula.copy_of(producer.formula_, producer.result_, before);
    const Formula::Node& node = merged.formula.node(made);
    if (producer.dtype_ == DType::boolean &&
        !(node.kind == Formula::Kind::operation && gives_truth(node.op)))
      made = merged.formula.apply(ElementOp::not_equal, made, merged.formula.constant(0.0));
    for (std::size_t i = 0; i < inputs.size(); ++i)
      own.push_back(inputs[i] == producer.output() ? made : input(inputs[i], shapes_[i]));
    merged.result = merged.formula.copy_of(formula_, result_, own);
    return merged;
  }

  void compile() {
    forget_backward();
    forward_.clear();
    forward_.emplace_back(formula_, shapes_, whole_, rows_,
                          std::vector<CompiledProgram::Output>{{result_, element_type(dtype_)}});
    derive();
    backward_reads_.assign(inputs.size() + 2, false);
    const std::vector<bool> reached = derivative_.reached(gradient_);
    for (std::size_t i = 0; i < reached.size(); ++i)
      if (const Formula::Node& n = derivative_.node(int(i));
          reached[i] && n.kind == Formula::Kind::input)
        backward_reads_[std::size_t(n.input)] = true;
  }

  // The derivatives by all inputs that have one: of the inputs, the output's gradient (the input
  // behind them) and the output (the next one), where calculating it again costs more.
  void derive() {
    const int count = int(inputs.size());
    std::vector<int> wanted;
    gradient_.assign(inputs.size(), -1);
    for (int i = 0; i < count; ++i)
      if (shapes_[std::size_t(i)].type == ElementType::number) wanted.push_back(i);
    Formula whole = formula_;
    const int seed = whole.input(count);
    std::vector<int> found(wanted.size(), -1);
    if (is_floating(dtype_)) found = differentiate(whole, result_, seed, wanted);
    const Formula::Node& last = whole.node(result_);
    const bool keeps = last.kind == Formula::Kind::operation && is_costly(last.op);
    derivative_ = Formula();
    std::vector<int> same(whole.nodes().size(), -1);
    for (std::size_t i = 0; i < same.size(); ++i) {
      const Formula::Node& n = whole.node(int(i));
      const auto at = [&](int operand) { return operand < 0 ? -1 : same[std::size_t(operand)]; };
      same[i] = keeps && int(i) == result_       ? derivative_.input(count + 1)
                : n.kind == Formula::Kind::input ? derivative_.input(n.input)
                : n.kind == Formula::Kind::constant
                    ? derivative_.constant(n.constant)
                    : derivative_.apply(n.op, at(n.operand[0]), at(n.operand[1]), at(n.operand[2]));
    }
    for (std::size_t k = 0; k < wanted.size(); ++k)
      gradient_[std::size_t(wanted[k])] = found[k] < 0 ? -1 : same[std::size_t(found[k])];
  }

  // Found once for each set of inputs that want a gradient; kept in a list that only grows.
  template <class T>
  const ExpressionBackward& backward_for(const Call<T>& c) const {
    const auto fits = [&](const ExpressionBackward& backward) {
      for (std::size_t i = 0; i < inputs.size(); ++i)
        if (backward.wanted[i] != (c.din(int(i)) != nullptr)) return false;
      return true;
    };
    const ExpressionBackward* first = backward_.load(std::memory_order_acquire);
    for (const ExpressionBackward* b = first; b != nullptr; b = b->next)
      if (fits(*b)) return *b;
    std::vector<bool> wanted;
    for (std::size_t i = 0; i < inputs.size(); ++i) wanted.push_back(c.din(int(i)) != nullptr);
    auto made = make_backward(wanted);
    made->next = first;
    while (!backward_.compare_exchange_weak(made->next, made.get(), std::memory_order_acq_rel)) {
    }
    return *made.release();
  }

  std::unique_ptr<ExpressionBackward> make_backward(const std::vector<bool>& wanted) const {
    auto backward = std::make_unique<ExpressionBackward>();
    backward->wanted = wanted;
    std::vector<ElementShape> shapes = shapes_;
    shapes.push_back({whole_, rows_});  // the output's gradient, and the output
    shapes.push_back({whole_, rows_});
    std::vector<std::vector<Index>> patterns;
    std::vector<std::vector<int>> groups;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!wanted[i]) continue;
      const std::vector<Index> pattern = element_strides(shapes_[i], whole_, rows_);
      const auto at = std::find(patterns.begin(), patterns.end(), pattern) - patterns.begin();
      if (at == Index(patterns.size())) {
        patterns.push_back(pattern);
        groups.emplace_back();
      }
      groups[std::size_t(at)].push_back(int(i));
    }
    join_dense(groups);
    for (const std::vector<int>& group : groups) {
      std::vector<CompiledProgram::Output> outputs;
      bool accumulates = false;
      for (const int i : group) {
        outputs.push_back({gradient_[std::size_t(i)], ElementType::number, i});
        accumulates = accumulates || this->accumulates(i);
      }
      backward->parts.push_back(
          {CompiledProgram(derivative_, shapes, whole_, rows_, outputs), group, accumulates});
    }
    return backward;
  }

  // Gradients that are not sums go with those of the first group that are.
  void join_dense(std::vector<std::vector<int>>& groups) const {
    const auto dense = [&](const std::vector<int>& group) {
      return !is_broadcast(shapes_[std::size_t(group[0])], whole_, rows_);
    };
    const auto first = std::find_if(groups.begin(), groups.end(), dense);
    if (first == groups.end() || groups.size() < 2) return;
    const std::vector<int> own = *first;
    groups.erase(first);
    groups[0].insert(groups[0].end(), own.begin(), own.end());
  }

  void forget_backward() {
    const ExpressionBackward* backward = backward_.exchange(nullptr);
    while (backward != nullptr) {
      const ExpressionBackward* next = backward->next;
      delete backward;
      backward = next;
    }
  }

  Formula formula_, derivative_;
  int result_;
  std::vector<int> gradient_;  // nodes of derivative_, by input; -1 where none flows
  std::vector<ElementShape> shapes_;
  Shape whole_;
  bool rows_;  // whether any input has
  DType dtype_;
  std::vector<CompiledProgram> forward_;  // one
  std::vector<bool> backward_reads_;      // by input; then the output's gradient, the output
  mutable std::atomic<const ExpressionBackward*> backward_{nullptr};
};

}  // namespace

std::optional<ActivationSpec> activation_of(const Operation& operation) {
  if (const auto* own = dynamic_cast<const ActivationOperation*>(&operation)) return own->spec();
  const auto* written = dynamic_cast<const Expression*>(&operation);
  return written == nullptr ? std::nullopt : written->activation();
}

ValueId added_vector(const Operation& operation, ValueId x, Index units) {
  const auto* written = dynamic_cast<const Expression*>(&operation);
  return written == nullptr ? -1 : written->added_vector(x, units);
}

ValueId added_values(const Operation& operation, ValueId x) {
  if (is_sum(operation)) return operation.inputs[operation.inputs[0] == x ? 1 : 0];
  const auto* written = dynamic_cast<const Expression*>(&operation);
  return written == nullptr ? -1 : written->added_values(x);
}

Tensor expression(Graph& graph, const Formula& formula, int result,
                  const std::vector<Tensor>& inputs, DType dtype, const std::string& name) {
  const std::string who = name.empty() ? "expression" : name;
  if (inputs.size() > std::size_t(most_fused_inputs))
    throw std::invalid_argument(who + ": takes at most " + std::to_string(most_fused_inputs) +
                                " inputs; got " + std::to_string(inputs.size()));
  if (is_floating(dtype) && dtype != graph.dtype)
    throw std::invalid_argument(who + ": the graph is " + name_of(graph.dtype) +
                                ", an output cannot be " + name_of(dtype));
  std::vector<ValueId> values;
  std::vector<ElementShape> shapes;
  std::vector<Shape> sizes;
  std::vector<int> place;  // a tensor given twice is one input
  Formula own;
  bool any_rows = false;
  for (const Tensor& tensor : inputs) {
    const Value& value = graph.check(tensor, who.c_str());
    const bool rows = !graph.whole(tensor);
    any_rows = any_rows || rows;
    std::size_t k = 0;
    while (k < values.size() && (values[k] != tensor.value || sizes[k] != tensor.shape)) ++k;
    if (k == values.size()) {
      values.push_back(tensor.value);
      shapes.push_back({tensor.shape, rows, element_type(value.dtype)});
      sizes.push_back(tensor.shape);
    }
    place.push_back(own.input(int(k)));
  }
  if (inputs.empty()) throw std::invalid_argument(who + ": needs at least 1 input; got none");
  const Shape whole = broadcast_shape(sizes, who.c_str());
  const int root = own.copy_of(formula, result, place);
  return graph.record(std::make_unique<Expression>(std::move(own), root, std::move(values),
                                                   std::move(shapes), whole, any_rows, dtype),
                      whole, name, dtype);
}

}  // namespace lamina
