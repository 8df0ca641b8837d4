// lamina._core: only calls to the binders.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "fits.h"
#include "graph.h"
#include "kernels.h"
#include "minimizer.h"
#include "rules.h"
#include "runtime/isa.h"
#include "runtime/threads.h"
#include "updates.h"

namespace py = pybind11;

PYBIND11_MODULE(_core, module) {
  // First of all, so that a CPU without the baseline causes an error message instead of a signal.
  if (const std::string missing = lamina::missing_cpu_features(); !missing.empty())
    throw py::import_error("lamina needs a CPU with x86-64-v2; this one lacks" + missing);
  lamina::choose_isa();
  lamina::watch_forks();
  // Here, because it reads files, which takes memory: where a kernel asks first, an exception would
  // end the process.
  lamina::get_num_threads();
  // NumPy's table of functions is fetched here, because its first use would release the GIL in a
  // way that a thread could not survive while the interpreter ends.
  py::detail::npy_api::get();
  module.doc() = "The compiled core of lamina: graphs, executions, kernels and the runtime.";
  module.attr("__version__") = LAMINA_VERSION;

  auto runtime = module.def_submodule("runtime", "Instruction set and threads.");
  lamina::bind_runtime(runtime);
  auto kernels = module.def_submodule("kernels", "The kernels on plain NumPy arrays.");
  lamina::bind_kernels(kernels);
  lamina::bind_graph(module);
  lamina::bind_rules(module);
  lamina::bind_updates(module);
  lamina::bind_minimizer(module);
  lamina::bind_execution(module);
  lamina::bind_predictor(module);
  lamina::bind_objective(module);
  lamina::bind_searches(module);
  lamina::bind_fits(module);
}
