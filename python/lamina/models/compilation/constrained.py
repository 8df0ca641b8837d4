"""The constraints of a model's weights as one small graph, run after each step of training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lamina import _core
from lamina._check import Array
from lamina._tensors import Recording, Tensor, written
from lamina._tensors.given import given


class Constrained:
    """Replaces weights by the results of their constraints.

    Parameters
    ----------
    dtype : str
    constraints : sequence of tuple
        (weight, constraint); several constraints of one weight are applied one after the other.
    """

    def __init__(self, dtype: str, constraints: Sequence[tuple[_core.Parameter, Any]]) -> None:
        graph = _core.Graph(dtype)
        values: dict[_core.Parameter, Tensor] = {}
        with Recording(graph) as recording:
            for parameter, constraint in constraints:
                before = values.get(parameter)
                if before is None:
                    before = Tensor(recording, graph.parameter(parameter))
                with recording.within(parameter.name):
                    values[parameter] = _constrained(parameter, constraint, before)
        for value in values.values():
            graph.add_output(value.value)
        graph.build()
        self._execution = _core.Execution(graph, 1, False)
        self._execution.bind([])
        self._weights: list[Array] = [p.array for p in values]

    def apply(self) -> None:
        """Change the weights."""
        execution = self._execution
        execution.test(None, 0, 1)
        for place, weight in enumerate(self._weights):
            weight[...] = execution.output(place)


def _constrained(parameter: _core.Parameter, constraint: Any, weight: Tensor) -> Tensor:
    name, shape = f"constraint of {parameter.name}", tuple(parameter.shape)
    made = written.run(name, constraint, [weight], {})
    if not isinstance(made, (Tensor, np.ndarray, _core.Parameter)):
        raise TypeError(f"{name}: must return a tensor of shape {shape}; got {made!r:.100}")
    tensor = given(made, "float")
    if tuple(tensor.shape) != shape or not tensor.dtype.startswith("float"):
        raise ValueError(f"{name}: must return a tensor of shape {shape}; got {tensor!r}")
    return tensor
