// The binders of lamina._core.kernels, one per file.  The functions take and return plain NumPy
// arrays under the policy of array.h.
#pragma once

#include <pybind11/pybind11.h>

#include "../kernel.h"

namespace lamina {

void bind_kernels_matmul(pybind11::module_& module);
void bind_kernels_noise(pybind11::module_& module);
void bind_kernels_random(pybind11::module_& module);
void bind_kernels_metrics(pybind11::module_& module);
void bind_kernels_optimizers(pybind11::module_& module);
void bind_kernels_elementwise(pybind11::module_& module);
void bind_kernels_recurrence(pybind11::module_& module);
void bind_kernels_embedding(pybind11::module_& module);
void bind_kernels_arrays(pybind11::module_& module);
void bind_kernels_merge(pybind11::module_& module);
void bind_kernels_expression(pybind11::module_& module);
void bind_kernels_operation(pybind11::module_& module);
void bind_kernels_hashing(pybind11::module_& module);
void bind_kernels_settings(pybind11::module_& module);

inline void bind_kernels(pybind11::module_& module) {
  bind_kernels_matmul(module);
  bind_kernels_noise(module);
  bind_kernels_random(module);
  bind_kernels_metrics(module);
  bind_kernels_optimizers(module);
  bind_kernels_elementwise(module);
  bind_kernels_recurrence(module);
  bind_kernels_embedding(module);
  bind_kernels_arrays(module);
  bind_kernels_merge(module);
  bind_kernels_expression(module);
  bind_kernels_operation(module);
  bind_kernels_hashing(module);
  bind_kernels_settings(module);
}

namespace python {

// The activation and its alpha (None: Keras's default), from a function's arguments.
ActivationSpec activation_spec(const char* function, const pybind11::object& name,
                               const pybind11::object& alpha);

}  // namespace python
}  // namespace lamina
