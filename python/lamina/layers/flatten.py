"""Flatten."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from lamina import _core
from lamina._check import Shape
from lamina.layers._axes import channels_first, moved_last
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class Flatten(Layer):
    """Turn each row into one axis: (rows, 28, 28) into (rows, 784), in C order.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        With channels_first the first axis of a row is moved behind the others before.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Flatten()([[[1.0, 2.0], [3.0, 4.0]]])
    array([[1., 2., 3., 4.]], dtype=float32)
    """

    input_dtype = None

    def __init__(self, data_format: str | None = None, **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        self.data_format = data_format
        self._first = channels_first("Flatten", data_format)

    def input_dtypes(self, count: int) -> list[str | None]:
        """Return that channels which are to be moved must be floats; else anything goes."""
        return ["float" if self._first else None] * count

    drops = "gives one row of numbers; put it behind the layers that need the axes"

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return one axis with all elements."""
        return (math.prod(input_shape),)

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record another view of the same values; channels that come first are moved."""
        if self._first and len(x.shape) > 1:
            x = graph.permute(x, moved_last([0], len(x.shape))[0])
        return graph.reshape(x, self.compute_output_shape(tuple(x.shape)), name=self.name)
