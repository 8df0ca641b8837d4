"""Reshape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamina import _check, _core
from lamina._check import Shape
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class Reshape(Layer):
    """Give each row another shape with as many elements, in C order.

    Parameters
    ----------
    target_shape : tuple of int
        Without the axis of rows; one size may be -1 and follows from the others.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Reshape((2, -1))([[1.0, 2.0, 3.0, 4.0]])
    array([[[1., 2.],
            [3., 4.]]], dtype=float32)
    """

    input_dtype = None

    def __init__(self, target_shape: int | Sequence[int], **base: Unpack[DimArguments]) -> None:
        super().__init__(**base)
        target = _check.shape("Reshape", "target_shape", target_shape, -1)
        if target.count(-1) > 1 or 0 in target:
            raise ValueError(
                f"Reshape: target_shape must hold positive sizes and at most one -1; got {target}"
            )
        self.target_shape = target

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the target shape with -1 filled in."""
        size = math.prod(input_shape)
        known = math.prod(s for s in self.target_shape if s != -1)
        if -1 in self.target_shape and size % known == 0:
            return tuple(size // known if s == -1 else s for s in self.target_shape)
        if -1 in self.target_shape or size != known:
            raise ValueError(
                f"{self.name}: a row of shape {input_shape} has {size} elements; "
                f"target_shape {self.target_shape} does not hold as many"
            )
        return self.target_shape

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record another view of the same values."""
        return graph.reshape(x, self.compute_output_shape(tuple(x.shape)), name=self.name)
