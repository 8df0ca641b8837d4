// Checks while recording: the graph must still be open, and tensors must belong to it and be of a
// kind that the operation supports.
#include <stdexcept>

#include "graph.h"

namespace lamina {

void Graph::check_open(const char* who) const {
  if (closed_)
    throw std::runtime_error(std::string(who) +
                             ": the graph is built and cannot change; record before build()");
}

const Value& Graph::check(const Tensor& tensor, const char* who) const {
  if (tensor.graph != id)
    throw std::invalid_argument(std::string(who) + ": the tensor belongs to another graph");
  return values_[std::size_t(tensor.value)];
}

const Value& Graph::check_rows(const Tensor& tensor, const char* who) const {
  const Value& value = check(tensor, who);
  if (value.kind == ValueKind::parameter)
    throw std::invalid_argument(std::string(who) + ": needs values row by row; got parameter '" +
                                value.name + "'");
  if (whole(tensor))
    throw std::invalid_argument(std::string(who) +
                                ": needs values row by row; got a tensor without rows, of shape " +
                                to_string(tensor.shape));
  return value;
}

void Graph::check_float_rows(const Tensor& tensor, const char* who) const {
  const DType got = check_rows(tensor, who).dtype;
  if (!is_floating(got))
    throw std::invalid_argument(std::string(who) + ": needs a floating-point tensor; got " +
                                name_of(got));
}

void Graph::check_float(const Tensor& tensor, const char* who) const {
  const DType got = check(tensor, who).dtype;
  if (!is_floating(got))
    throw std::invalid_argument(std::string(who) + ": needs a floating-point tensor; got " +
                                name_of(got));
}

void Graph::check_whole(const Tensor& tensor, const char* who) const {
  check(tensor, who);
  if (!whole(tensor))
    throw std::invalid_argument(std::string(who) + ": needs a parameter; got values row by row");
  check_float(tensor, who);
}

void Graph::check_alike(const std::vector<Tensor>& tensors, const char* who) const {
  for (const Tensor& tensor : tensors)
    if (whole(tensor) != whole(tensors[0]))
      throw std::invalid_argument(std::string(who) +
                                  ": all inputs need an axis of rows, or none; got tensors of both "
                                  "kinds");
}

void Graph::check_parameter(const Tensor& tensor, const char* who) const {
  const Value& value = check(tensor, who);
  if (value.kind != ValueKind::parameter)
    throw std::invalid_argument(
        std::string(who) + ": needs a parameter; got " +
        (value.whole ? "a tensor without rows that is not a parameter" : "values row by row"));
}

void Graph::check_tokens(const Tensor& tensor, const char* who) const {
  if (const DType got = check_rows(tensor, who).dtype; got != DType::int32)
    throw std::invalid_argument(std::string(who) + ": needs int32 tokens; got " + name_of(got));
  check_given(tensor, who);
}

// Kernels index by these values, and only inputs are checked batch by batch.
void Graph::check_given(const Tensor& tensor, const char* who) const {
  if (check(tensor, who).kind != ValueKind::input)
    throw std::invalid_argument(std::string(who) +
                                ": needs labels or tokens that are given as an input; got "
                                "calculated ones");
}

void Graph::check_mask(const Tensor& mask, const Shape& positions, const char* who) const {
  if (check_rows(mask, who).dtype != DType::boolean || mask.shape != positions)
    throw std::invalid_argument(std::string(who) + ": needs a mask (bool) of shape " +
                                to_string(positions) + "; got " +
                                name_of(check_rows(mask, who).dtype) + " " + to_string(mask.shape));
}

void Graph::check_batch(Index rows) const {
  if (rows_ != 0 && rows != rows_)
    throw std::invalid_argument("batch: the graph was recorded for batches of " +
                                std::to_string(rows_) + " rows; got " + std::to_string(rows));
}

}  // namespace lamina
