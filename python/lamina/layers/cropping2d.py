"""Crop images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina import _check, _core
from lamina._check import Shape
from lamina.layers._axes import channels_first, margins_2d, needs_rank
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Margins, Unpack


class Cropping2D(Layer):
    """Drop the edges of an image.

    Parameters
    ----------
    cropping : int, (int, int) or ((int, int), (int, int)), default ((0, 0), (0, 0))
        ((top, bottom), (left, right)); a pair: rows and columns, the same on both sides; a number:
        the same everywhere.
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given: x (rows, height, width, channels).
    **base
        See ``Layer``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.Cropping2D(1)(np.ones((1, 4, 3, 3))).shape
    (1, 2, 1, 3)
    """

    def __init__(
        self,
        cropping: Margins = ((0, 0), (0, 0)),
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.cropping = margins_2d("Cropping2D", "cropping", cropping)
        self.data_format = data_format
        self._first = channels_first("Cropping2D", data_format)

    def _margins(self) -> list[tuple[int, int]]:
        both = list(self.cropping)
        return [(0, 0), *both] if self._first else [*both, (0, 0)]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the smaller image."""
        axes = "channels, height, width" if self._first else "height, width, channels"
        needs_rank(self.name, input_shape, 3, axes)
        margins = self._margins()
        shape = tuple(n - sum(m) for n, m in zip(input_shape, margins, strict=True))
        if min(shape) < 1:
            raise ValueError(
                f"{self.name}: cropping {self.cropping} leaves nothing of input "
                f"{_check.show_shape(input_shape)}"
            )
        return shape

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the copy."""
        return graph.crop(x, self._margins(), name=self.name)
