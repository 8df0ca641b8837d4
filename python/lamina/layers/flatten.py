"""Flatten."""

from __future__ import annotations

import math

from lamina import _core
from lamina._check import Shape
from lamina.layers.layer import Layer


class Flatten(Layer):
    """Turn each row into one axis: (rows, 28, 28) into (rows, 784), in C order.

    Parameters
    ----------
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Flatten()([[[1.0, 2.0], [3.0, 4.0]]])
    array([[1., 2., 3., 4.]], dtype=float32)
    """

    input_dtype = None

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return one axis with all elements."""
        return (math.prod(input_shape),)

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record another view of the same values."""
        return graph.reshape(x, self.compute_output_shape(tuple(x.shape)), name=self.name)
