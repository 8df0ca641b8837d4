// Reports between neighbours: in training, an operation tells its observer of the rows that it has
// just finished, while these are in the cache, so that the observer need not read them in a pass of
// its own.
//
// Forward, the producer of a value reports its rows to a reader (a convolution to the batch
// normalisation behind it, which sums the moments); backward, the only reader of a value reports
// rows of its gradient to the producer (a convolution to the normalisation before it).  The
// observer keeps what it makes of each part in its `saved` buffer until its own turn.
#pragma once

#include "operation.h"

namespace lamina {

// Links a producer with a reader of its output, which is its first input; `alone`: nothing else
// reads it.
inline void link_reports(Operation& producer, Operation& reader, bool alone) {
  if (producer.fold != reader.fold || producer.whole != reader.whole) return;
  const auto link = [](Pass pass, Operation& reporter, Operation& observer) {
    const auto way = std::size_t(pass);
    // A view between them may have other columns.
    const Index cols = reporter.reports(pass);
    if (cols == 0 || !observer.observes(pass, cols) || reporter.observer[way]) return;
    reporter.observer[way] = &observer;
    observer.reporter[way] = &reporter;
  };
  link(Pass::forward, producer, reader);
  if (alone) link(Pass::backward, reader, producer);
}

// The observer's side of one call of the reporting operation.
template <class T>
struct Reports {
  const Operation& observer;
  Pass pass;
  Call<T> call;  // of the observer, without workspace

  RowsHook hook() const { return {tell, const_cast<Reports*>(this)}; }

 private:
  static void tell(void* context, Index part, Index row, Index rows) {
    const auto& self = *static_cast<const Reports*>(context);
    self.observer.observe(self.pass, self.call, part, row, rows);
  }
};

}  // namespace lamina
