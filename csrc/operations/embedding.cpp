// Rows of a table, selected by token.
#include "embedding.h"

#include <stdexcept>

#include "registry.h"

namespace lamina {
namespace {

class Embedding final : public OperationOf<Embedding> {
 public:
  Embedding(std::vector<ValueId> inputs_, Index positions, Index vocabulary, Index cols)
      : OperationOf("embedding", std::move(inputs_)),
        positions_(positions),
        vocabulary_(vocabulary),
        cols_(cols) {}

  template <class T>
  void forward_as(const Call<T>& c) const {
    c.kernels.embedding_forward(c.out(), c.in(1), c.labels(0), dims(c.rows));
  }
  template <class T>
  void backward_as(const Call<T>& c) const {
    c.kernels.embedding_backward(c.din(1), c.dout(), c.labels(0), dims(c.rows), vocabulary_,
                                 c.accumulate);
  }

  bool differentiable(int i) const override { return i == 1; }
  Index label_bound(int i) const override { return i == 0 ? vocabulary_ : 0; }
  const char* label_name() const override { return "token ids"; }
  bool accumulates(int i) const override { return i == 1; }
  bool row_by_row() const override { return true; }
  bool taken_by_each() const override { return true; }
  Index vocabulary() const { return vocabulary_; }
  bool backward_reads_input(int i) const override { return i == 0; }
  bool backward_reads_output() const override { return false; }
  Cost cost(Pass, Index rows, bool) const override {
    const double size = double(dims(rows).rows * cols_);
    return {size, 2.0 * size};
  }
  std::string sizes(Index rows) const override {
    return std::to_string(dims(rows).rows) + " of " + std::to_string(vocabulary_) + "x" +
           std::to_string(cols_);
  }

 private:
  RowsCols dims(Index rows) const { return {rows * positions_, cols_}; }

  const Index positions_, vocabulary_, cols_;
};

Tensor embedding(Graph& graph, const Tensor& ids, const Tensor& table, const std::string& name) {
  graph.check_tokens(ids, "embedding");
  graph.check_whole(table, "embedding");
  if (table.shape.size() != 2)
    throw std::invalid_argument("embedding: the table has shape " + to_string(table.shape) +
                                ", needs (vocabulary, columns)");
  Shape shape = ids.shape;
  shape.push_back(table.shape[1]);
  return graph.record(
      std::make_unique<Embedding>(std::vector<ValueId>{ids.value, table.value}, size_of(ids.shape),
                                  table.shape[0], table.shape[1]),
      shape, name);
}

const Registration embedding_registered{
    "embedding",
    "Rows of a table, selected by token.",
    embedding,
    {{"ids", "int32 tokens of any shape."}, {"table", "(vocabulary, columns), a parameter."}}};

}  // namespace

Index embedded_words(const Operation& operation) {
  const auto* embedding = dynamic_cast<const Embedding*>(&operation);
  return embedding == nullptr ? 0 : embedding->vocabulary();
}

}  // namespace lamina
