"""A model's loss recorded for rows of one form, to be evaluated for any such rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _core
from lamina.models.compilation.objective import Objective

if TYPE_CHECKING:
    from lamina._check import Array
    from lamina.models.data.prepared import Data
    from lamina.models.derivatives.loss_function import LossFunction


class LossProgram:
    """The recording of a ``LossFunction``: ``function.program``.

    It holds no data, so that it can be kept.  Any number of functions, on any threads, may share a
    program; each has its own weights.

    Attributes
    ----------
    model : Model
        The model whose loss it is.
    size : int
        Number of elements of ``theta``: see ``LossFunction``.
    paths : list of str
    slices : dict of str to slice
    shapes : dict of str to tuple of int
    """

    def __init__(self, model: Any, data: Data) -> None:
        self.model = model
        self.objective = self.recorded(data)
        self._form = _form(data)
        found = self.function(self.objective.graph, data.arrays)
        self.paths: list[str] = found.paths()
        self.size: int = found.size
        self.weights: Array = found.weights()
        parameters = {model.path_of(p): p for p in model.parameters}
        self.shapes = {path: tuple(parameters[path].array.shape) for path in self.paths}
        ends = np.cumsum([parameters[path].array.size for path in self.paths]).tolist()
        starts = [0, *ends[:-1]]
        self.slices = {p: slice(a, b) for p, a, b in zip(self.paths, starts, ends, strict=True)}

    def recorded(self, data: Data, penalized: bool = True) -> Objective:
        """Return the recording of the loss for such data, with or without penalties."""
        return Objective(
            self.model, data.weighted, data.row_shapes, data.rows, True, data.forms, data.extra,
            data.masked, still=True, penalized=penalized,
        )  # fmt: skip

    @staticmethod
    def function(graph: _core.Graph, arrays: Any) -> _core.Objective:
        """Return the loss of a graph for arrays, with its own weights."""
        return _core.Objective(graph, arrays, own=True)

    def check(self, data: Data) -> None:
        """Reject data for which it was not recorded."""
        form = _form(data)
        if form != self._form:
            name, wanted, got = next(
                (n, self._form[n], form[n]) for n in form if form[n] != self._form[n]
            )
            raise ValueError(
                f"LossProgram: rows must have the form that the loss was recorded for, {name} "
                f"{wanted}; got {got}"
            )

    def over(self, x: Any, y: Any, sample_weight: Any = None) -> LossFunction:
        """Return the same loss for other rows, with the same number and shapes.

        Nothing is recorded again.  The arguments are those of ``model.loss_function``; rows of
        another form raise a ``ValueError``.
        """
        from lamina.models.derivatives.loss_function import LossFunction

        return LossFunction(self.model, x, y, sample_weight, copy=False, program=self)


def _form(data: Data) -> dict[str, Any]:
    """Return the properties on which a recording depends."""
    return {
        "rows": data.rows,
        "shapes": list(data.row_shapes),
        "targets": data.forms,
        "weights": list(data.weighted),
        "masks": data.masked,
        "targets and weights of a step": None if data.extra is None else data.extra.key,
    }
