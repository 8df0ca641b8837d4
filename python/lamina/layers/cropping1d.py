"""Crop sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamina import _check, _core
from lamina._check import Shape
from lamina.layers._axes import needs_rank, pair
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class Cropping1D(Layer):
    """Drop steps at the beginning and the end of a sequence.

    Parameters
    ----------
    cropping : int or (int, int), default (1, 1)
        Steps before and behind; one number for both.
    **base
        See ``Layer``.

    Notes
    -----
    Shapes: x (rows, steps, channels), y (rows, steps - before - behind, channels).

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.Cropping1D(1)([[[1.0], [2.0], [3.0], [4.0]]]).ravel()
    array([2., 3.], dtype=float32)
    """

    def __init__(
        self, cropping: int | Sequence[int] = (1, 1), **base: Unpack[DimArguments]
    ) -> None:
        super().__init__(**base)
        self.cropping = pair("Cropping1D", "cropping", cropping)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape with fewer steps."""
        needs_rank(self.name, input_shape, 2, "steps, channels")
        steps = input_shape[0] - sum(self.cropping)
        if steps < 1:
            raise ValueError(
                f"{self.name}: cropping {self.cropping} leaves nothing of input "
                f"{_check.show_shape(input_shape)}"
            )
        return (steps, input_shape[1])

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the copy."""
        return graph.crop(x, [self.cropping, (0, 0)], name=self.name)
