"""Softmax as a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamina import _core
from lamina._check import Shape
from lamina.layers._axes import axis_of_row, integers, moved_last
from lamina.layers._masks import check_masks
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class Softmax(Layer):
    """``exp(x_k) / sum_j exp(x_j)`` along an axis, or over several together.

    Parameters
    ----------
    axis : int or sequence of int, default -1
        Counted with the axis of rows: 1 is the first of a row.
    **base
        See ``Layer``.

    Notes
    -----
    What a mask hides along such an axis has no part in the sum, and gets 0, whatever the other
    inputs are.  Where it hides all of a sum, all of them get 0 (as in Keras).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Softmax()([[0.0, 0.0]])
    array([[0.5, 0.5]], dtype=float32)
    """

    supports_masking = True

    def __init__(self, axis: int | Sequence[int] = -1, **base: Unpack[DimArguments]) -> None:
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

    def record(
        self, graph: _core.Graph, x: _core.Tensor, mask: _core.Tensor | None = None
    ) -> _core.Tensor:
        """Record the function, its axes moved behind the others and taken as one."""
        axes = self._axes(tuple(x.shape))
        if mask is None:
            return self._along(graph, x, axes)
        check_masks(self.name, [x], [mask])
        if len(mask.shape) <= axes[0]:  # all or nothing of a sum is hidden
            return self._along(graph, x, axes)
        y = self._along(graph, graph.where(mask, x, fill=-math.inf), axes)
        # All hidden: the softmax is NaN, and nothing of it is seen, forward or backward.
        return graph.where(mask, y, name=self.name)

    def _along(self, graph: _core.Graph, x: _core.Tensor, axes: list[int]) -> _core.Tensor:
        rank = len(x.shape)
        there, back = moved_last(axes, rank)
        moved = graph.permute(x, there)
        shape = tuple(moved.shape)
        cut = rank - len(axes)
        rows = graph.reshape(moved, (*shape[:cut], math.prod(shape[cut:])))
        y = graph.reshape(graph.softmax(rows, name=self.name), shape)
        return graph.permute(y, back)
