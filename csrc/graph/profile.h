// A profile: one line for each part of a replay, recorded on request only.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "operation.h"
#include "runtime/threads.h"

namespace lamina {

// One operation's pass, or another part of the step.
struct ProfileLine {
  std::string operation, name, pass, sizes;
  double flop, elements, seconds;
  int threads, limit;
  double planned_flop;
};

// Fills in the description and cost of an operation's pass over `rows` rows.
void describe(ProfileLine& line, const Operation& operation, Pass pass, Index rows, bool to_input);

class Profiler {
 public:
  // Makes `timed` write to `lines` during its lifetime.
  class Recording {
   public:
    Recording(Profiler& owner, std::vector<ProfileLine>& lines) : owner_(owner) {
      owner_.lines_ = &lines;
    }
    ~Recording() { owner_.lines_ = nullptr; }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

   private:
    Profiler& owner_;
  };

  bool records() const { return lines_ != nullptr; }

  // Runs `body`; when recording, adds a line for it that `detail(line)` may fill in.
  template <class Body, class Detail>
  void timed(const char* pass, const char* part, Body&& body, Detail&& detail) {
    if (lines_ == nullptr) return body();
    forget_thread_decision();
    const auto begin = Clock::now();
    body();
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    const ThreadDecision decision = last_thread_decision();
    ProfileLine line{
        part,         part, pass, "", 0.0, 0.0, seconds, decision.threads, get_num_threads(),
        decision.flop};
    detail(line);
    lines_->push_back(std::move(line));
  }
  template <class Body>
  void timed(const char* pass, const char* part, Body&& body) {
    timed(pass, part, body, [](ProfileLine&) {});
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::vector<ProfileLine>* lines_ = nullptr;
};

}  // namespace lamina
