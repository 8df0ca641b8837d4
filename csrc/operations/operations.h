// Everything that can be recorded on a graph.  Each function checks shapes, records the operation
// of its file and returns the output; errors are std::invalid_argument: rule, value got, who.
#pragma once

#include <string>

#include "graph/graph.h"

namespace lamina {

// x w + b over the last axis of x, then an element-wise activation; bias may be null.
Tensor dense(Graph& graph, const Tensor& x, const Tensor& kernel, const Tensor* bias,
             ActivationSpec activation, const std::string& name);
Tensor activation(Graph& graph, const Tensor& x, ActivationSpec spec, const std::string& name);
// Over the last axis.
Tensor softmax(Graph& graph, const Tensor& x, const std::string& name);
Tensor log_softmax(Graph& graph, const Tensor& x, const std::string& name);
// Identity outside training and at rate 0.
Tensor dropout(Graph& graph, const Tensor& x, double rate, std::uint32_t stream,
               const std::string& name);
// The same value seen with another shape: no operation.
Tensor reshape(const Graph& graph, const Tensor& x, Shape shape);
// (x - mean) / std over the last axis.
Tensor normalize(Graph& graph, const Tensor& x, const Tensor& mean, const Tensor& std,
                 const std::string& name);
// One loss a position: the shape of the prediction without its last axis.  A prediction that came
// out of a softmax or a sigmoid is taken back to its logits and fused, which is exact where
// probabilities have rounded to 0 or 1.  `kind`: a name of names.h or
// "sparse_categorical_crossentropy".
Tensor loss(Graph& graph, const std::string& kind, const Tensor& prediction, const Tensor& target,
            double parameter, bool from_logits, const std::string& name);

}  // namespace lamina
