// The optimizer's update: rules over the trainable parameters, and what goes on around them.
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

// A parameter under a rule.
struct UpdateMember {
  int slot;                   // among the graph's parameters
  double weight_decay = 0.0;  // decoupled: p -= learning_rate * weight_decay * p
  double rate = 1.0;          // times the learning rate
};

// A rule over some of the parameters.
struct UpdateRule {
  int rule;                      // its place in rules()
  std::vector<double> settings;  // by place
  // By place, null for one not used: each member's numbers begin on a cache line, one behind the
  // other.
  std::vector<std::byte*> slots;
  std::vector<UpdateMember> members;  // in the order of the gradient
};

// One optimizer, over the members of its rules.  Arrays over all of them are laid out as slots are.
struct UpdateSettings {
  std::vector<UpdateRule> rules;
  double clipvalue = 0.0, clipnorm = 0.0, global_clipnorm = 0.0;  // 0: off
  // Every so many steps the parameters move by the mean of the gradients since the last time.
  std::int64_t accumulation = 1;
  std::byte* accumulator = nullptr;  // needed above 1: the sum of gradients since
  Averaging averaging;
  std::byte* average = nullptr;  // needed where there is averaging
};

// What of a step is, or would be, not finite: "gradient", "moments" or "weight", and whose; "" if
// nothing is.
struct NotFinite {
  std::string kind, weight;
};

template <class T>
NotFinite nonfinite_gradient(const std::vector<GradientSlice>& slices, const T* gradient);

// Moves the parameters, one step at a time.
template <class T>
class Updater {
 public:
  // Several optimizers are of different parameters.
  void set(std::vector<UpdateSettings> parts, double loss_scale,
           const std::vector<GradientSlice>& slices);
  // The learning rates of the optimizers, in place of the one that a step is given; none: that one.
  void set_rates(std::vector<double> rates) { rates_ = std::move(rates); }

  // The gradient is that of the loss times this.
  double loss_scale() const { return loss_scale_; }
  // Arrays that a step reads and writes beside parameters and gradient.
  std::size_t slots() const;

  // Clips the gradient in place, then moves the parameters; `step` counts from 1.  Where the
  // gradient, or what the step would leave in parameters and slots, is not finite, it moves nothing
  // and says what is not.
  NotFinite apply(const std::vector<GradientSlice>& slices, T* gradient, Index size,
                  double learning_rate, std::int64_t step);

 private:
  // Parameters that lie one behind the other, in their storage as in the gradient, and share all
  // that a rule asks of them; or one alone.
  struct Run {
    T* parameters;
    Index offset, size;
    UpdateMember member;  // the first
    Index slots[Rule::most_slots], slot_sizes[Rule::most_slots];
    const GradientSlice* weight;  // of a rule that sees one at a time; else null
  };
  struct Group {
    const UpdateRule* rule;
    std::vector<Run> runs;
    double divisor;  // what keeps the rule from dividing by 0
    Buffer workspace;
  };
  // The same of an optimizer's parameters, for what is done around the rules.
  struct Span {
    T* parameters;
    Index offset, place, size;
  };
  struct Part {
    UpdateSettings settings;
    std::vector<Group> groups;
    std::vector<Span> spans;
    std::vector<GradientSlice> slices;
    double fastest = 1.0, decay = 0.0;  // the largest rate, and weight decay, of a member

    double rate = 0.0;  // of the step at hand

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
  // visit(array, size, run) for all that a step's rules write.
  template <class Visit>
  void written(std::int64_t step, Visit&& visit) const;

  std::vector<Part> parts_;
  std::vector<double> rates_;
  double loss_scale_ = 1.0;
  Index shared_ = -1;  // times_shared() after the last step
  bool wary_ = false;  // the last step left numbers so large that the next may overflow
};

extern template class Updater<float>;
extern template class Updater<double>;

}  // namespace lamina
