"""Softmax as a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from lamina import _core
from lamina._check import Shape
from lamina.layers._axes import axis_of_row, integers, moved_last
from lamina.layers.layer import Layer


class Softmax(Layer):
    """``exp(x_k) / sum_j exp(x_j)`` along an axis, or over several together.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        Counted with the axis of rows: 1 is the first of a row.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Softmax()([[0.0, 0.0]])
    array([[0.5, 0.5]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **base: Any) -> None:
        super().__init__(**base)
        checked = integers("Softmax", "axis", axis)
        self.axis = checked if isinstance(axis, (list, tuple)) else checked[0]

    def _axes(self, input_shape: Shape) -> list[int]:
        given = integers(self.name, "axis", self.axis)
        return sorted({axis_of_row(self.name, axis, input_shape) for axis in given})

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the input's shape."""
        self._axes(input_shape)
        return input_shape

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the function, its axes moved behind the others and taken as one."""
        rank = len(x.shape)
        axes = self._axes(tuple(x.shape))
        there, back = moved_last(axes, rank)
        moved = graph.permute(x, there)
        shape = tuple(moved.shape)
        cut = rank - len(axes)
        rows = graph.reshape(moved, (*shape[:cut], math.prod(shape[cut:])))
        y = graph.reshape(graph.softmax(rows, name=self.name), shape)
        return graph.permute(y, back)
