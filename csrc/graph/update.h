// The optimizer's update: a rule and its settings over the flat runs of trainable parameters.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rules.h"
#include "shape.h"

namespace lamina {

struct UpdateSettings {
  int rule = -1;                 // its place in rules(); -1: nothing moves
  std::vector<double> settings;  // the rule's, by place
  // What all rules share.
  double weight_decay = 0.0;  // decoupled: p -= learning_rate * weight_decay * p
  double clipvalue = 0.0, clipnorm = 0.0, global_clipnorm = 0.0;  // 0: off
  std::vector<std::byte*> slots;  // by place, laid out like the gradient; null for one not used
  std::vector<int> no_decay;      // slots of the graph's parameters
};

// One trainable parameter in the flat gradient.
struct GradientSlice {
  std::string path;
  int slot;            // among the graph's parameters
  std::byte* weights;  // where its values lie
  Index offset, size;  // elements
};

// What of a step is, or would be, not finite: "gradient", "moments" or "weight", and whose; "" if
// nothing is.
struct NotFinite {
  std::string kind, weight;
};

template <class T>
NotFinite nonfinite_gradient(const std::vector<GradientSlice>& slices, const T* gradient);

// A run of parameters that lie one behind the other, in their storage as in the gradient.
template <class T>
struct Run {
  T* parameters;
  Index offset, size;
  bool decays;
};

// Moves the parameters, one step at a time.
template <class T>
class Updater {
 public:
  void set(UpdateSettings settings, const std::vector<GradientSlice>& slices);
  std::size_t slots() const { return settings_.slots.size(); }

  // Clips the gradient in place, then moves the parameters; `step` counts from 1.  Where the
  // gradient, or what the step would leave in parameters and slots, is not finite, it moves nothing
  // and says what is not.
  NotFinite apply(const std::vector<GradientSlice>& slices, T* gradient, Index size,
                  double learning_rate, std::int64_t step);

 private:
  bool clips() const;
  bool may_overflow(T largest, double learning_rate) const;
  void move(const Run<T>& run, const T* gradient, double learning_rate, std::int64_t step) const;
  NotFinite move_or_restore(const std::vector<GradientSlice>& slices, const T* gradient,
                            double learning_rate, std::int64_t step);
  T* slot(std::size_t place, const Run<T>& run) const;
  // visit(array, run) for all that a step writes.
  template <class Visit>
  void written(Visit&& visit) const;

  UpdateSettings settings_;
  std::vector<Run<T>> runs_;
  double divisor_ = 0.0;  // what keeps the rule from dividing by 0
  bool wary_ = false;     // the last step left numbers so large that the next may overflow
};

extern template class Updater<float>;
extern template class Updater<double>;

}  // namespace lamina
