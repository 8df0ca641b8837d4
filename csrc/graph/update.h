// The optimizer's update: rules for the trainable parameters, and the steps before and after them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "averaging.h"
#include "buffer.h"
#include "gradient_slice.h"
#include "rules.h"

namespace lamina {

// A parameter that a rule updates.
struct UpdateMember {
  int slot;                   // among the graph's parameters
  double weight_decay = 0.0;  // decoupled: p -= learning_rate * weight_decay * p
  double rate = 1.0;          // factor on the learning rate
};

// A rule for some of the parameters.
struct UpdateRule {
  int rule;                      // place in rules()
  std::vector<double> settings;  // by place
  // By place, null for unused ones: the arrays of all members one after another, each starting on a
  // cache line.
  std::vector<std::byte*> slots;
  std::vector<UpdateMember> members;  // in the order of the gradient
};

// One optimizer, for the members of its rules.  Arrays over all members have the layout of slots.
struct UpdateSettings {
  std::vector<UpdateRule> rules;
  double clipvalue = 0.0, clipnorm = 0.0, global_clipnorm = 0.0;  // 0: off
  // After this many steps the parameters move by the mean of the gradients since the last move.
  std::int64_t accumulation = 1;
  std::byte* accumulator = nullptr;  // needed above 1: the sum of those gradients
  Averaging averaging;
  std::byte* average = nullptr;  // needed with averaging
};

// What of a step is, or would be, not finite: "gradient", "moments" or "weight", and of which
// parameter; "" if all are finite.
struct NotFinite {
  std::string kind, weight;
};

template <class T>
NotFinite nonfinite_gradient(const std::vector<GradientSlice>& slices, const T* gradient);

// Moves the parameters, one step at a time.
template <class T>
class Updater {
 public:
  // Several optimizers must have disjoint sets of parameters.
  void set(std::vector<UpdateSettings> parts, double loss_scale,
           const std::vector<GradientSlice>& slices);
  // Learning rates of the optimizers, used instead of that of each step; empty: that of the step.
  void set_rates(std::vector<double> rates) { rates_ = std::move(rates); }

  // The factor that the gradient of the loss includes.
  double loss_scale() const { return loss_scale_; }
  // Arrays that a step reads and writes in addition to parameters and gradient.
  std::size_t slots() const;

  // Clips the gradient in place, then moves the parameters; `step` counts from 1.  If the gradient,
  // or what the step would store in parameters and slots, is not finite, nothing moves and the
  // result tells what is not finite.
  NotFinite apply(const std::vector<GradientSlice>& slices, T* gradient, Index size,
                  double learning_rate, std::int64_t step);

 private:
  // Parameters that are adjacent both in their storage and in the gradient and have the same member
  // settings; or a single one.
  struct Run {
    T* parameters;
    Index offset, size;
    UpdateMember member;  // of the first parameter
    Index slots[Rule::most_slots], slot_sizes[Rule::most_slots];
    const GradientSlice* weight;  // for a rule that takes one at a time; else null
  };
  struct Group {
    const UpdateRule* rule;
    std::vector<Run> runs;
    double divisor;  // the setting that keeps the rule from dividing by 0
    Buffer workspace;
  };
  // The same for the work on an optimizer's parameters before and after the rules.
  struct Span {
    T* parameters;
    Index offset, place, size;
  };
  struct Part {
    UpdateSettings settings;
    std::vector<Group> groups;
    std::vector<Span> spans;
    std::vector<GradientSlice> slices;
    double fastest = 1.0, decay = 0.0;  // the largest rate and weight decay of a member

    double rate = 0.0;  // in the current step

    bool moves(std::int64_t step) const { return step % settings.accumulation == 0; }
  };

  void group(Part& part, const UpdateRule& rule, const std::vector<GradientSlice>& slices) const;
  void span(Part& part, const std::vector<GradientSlice>& slices) const;
  bool may_overflow(const Part& part, T largest) const;
  T largest(const Part& part, const T* gradient) const;
  void move(const Part& part, const T* gradient, std::int64_t step) const;
  void move(const Group& group, const Run& run, const T* gradient, double rate,
            std::int64_t step) const;
  NotFinite move_or_restore(const std::vector<GradientSlice>& slices, const T* gradient,
                            std::int64_t step);
  NotFinite apply_all(const std::vector<GradientSlice>& slices, T* gradient, Index size,
                      double learning_rate, std::int64_t step);
  NotFinite ready(const Part& part, T* gradient, std::int64_t step, T* most) const;
  void average(const Part& part, std::int64_t step) const;
  void accumulate(const Part& part, const T* gradient, std::int64_t step) const;
  // Calls visit(array, size, run) for every array that a step's rules write.
  template <class Visit>
  void written(std::int64_t step, Visit&& visit) const;

  std::vector<Part> parts_;
  std::vector<double> rates_;
  double loss_scale_ = 1.0;
  Index shared_ = -1;  // times_shared() after the last step
  bool wary_ = false;  // the last step left such large numbers that the next may overflow
};

extern template class Updater<float>;
extern template class Updater<double>;

}  // namespace lamina
