// Instruction set and threads for Python.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>

#include "graph.h"
#include "runtime/cpu_features.h"
#include "runtime/isa.h"
#include "runtime/put_in_place.h"
#include "runtime/round_trip.h"
#include "runtime/team.h"
#include "runtime/threads.h"

namespace lamina {

namespace py = pybind11;
using namespace py::literals;

void bind_runtime(py::module_& module) {
  module.def("isa", &isa, "The current instruction set.");
  module.def("use_isa", &use_isa, "name"_a);
  module.def("available_isas", &available_isas,
             "The instruction sets that were built and that this CPU supports, the best last.");
  module.def("required_features", &required_features, "isa"_a,
             "The features of CPU and operating system that an instruction set needs.");
  module.def("missing_features", &missing_features, "isa"_a,
             "The features of these that this machine lacks.");
  module.def("bfloat16_lacks", &bfloat16_lacks,
             "Why products cannot be in bfloat16 here; '' if they can.");
  module.def("get_num_threads", &get_num_threads);
  module.def("set_num_threads", &set_num_threads, "threads"_a);
  module.def("thread_info", [] {
    const ThreadInfo info = thread_info();
    return py::dict(
        "limit"_a = info.limit, "source"_a = info.source, "affinity"_a = info.affinity,
        "quota"_a = info.quota == 0.0 ? py::object(py::none()) : py::object(py::float_(info.quota)),
        "openmp"_a = info.openmp);
  });
  module.def("share_evenly", &share_evenly, "evenly"_a,
             "For tests: make threads wait for each other, so that each does its share.");
  module.def("round_trip_ns", &round_trip_ns,
             "Nanoseconds for a cache line to go to another thread and back; 0: unknown.");
  module.def("assume_round_trip", &assume_round_trip, "ns"_a,
             "For tests: the value of round_trip_ns from now on; 0: the measured value.");
  module.def("units_helped", &units_helped,
             "The number of units of work that threads have taken for a caller.");
  module.def("can_put_in_place", &can_put_in_place);
  module.def(
      "put_in_place",
      [](int folder, int descriptor, const std::string& temporary, const std::string& name) {
        const py::gil_scoped_release release;
        return put_in_place(folder, descriptor, temporary.c_str(), name.c_str());
      },
      "folder"_a, "descriptor"_a, "temporary"_a, "name"_a,
      "Give an unnamed open file the name of another, replacing it; returns 0 or an errno.");
}

}  // namespace lamina
