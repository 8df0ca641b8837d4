"""Zeros around sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina import _check, _core
from lamina._check import Shape
from lamina.layers._axes import needs_rank, pair
from lamina.layers.layer import Layer


class ZeroPadding1D(Layer):
    """Add zero steps before and behind a sequence.

    Parameters
    ----------
    padding : int or (int, int), default 1
        Steps before and behind; one number for both.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, steps, channels), y (rows, steps + before + behind, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.ZeroPadding1D(1)([[[1.0], [2.0]]]).ravel()
    array([0., 1., 2., 0.], dtype=float32)
    """

    def __init__(self, padding: int | Sequence[int] = 1, **base: Any) -> None:
        super().__init__(**base)
        self.padding = pair("ZeroPadding1D", "padding", padding)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape with more steps."""
        needs_rank(self.name, input_shape, 2, "steps, channels")
        steps = input_shape[0] + sum(self.padding)
        _check.elements(self.name, "output of shape", (steps, input_shape[1]))
        return (steps, input_shape[1])

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the copy."""
        return graph.pad(x, [self.padding, (0, 0)], name=self.name)
