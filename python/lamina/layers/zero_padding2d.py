"""Zeros around images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lamina import _check, _core
from lamina._check import Shape
from lamina.layers._axes import channels_first, margins_2d, needs_rank
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Margins, Unpack


class ZeroPadding2D(Layer):
    """Add zeros around an image.

    Parameters
    ----------
    padding : int, (int, int) or ((int, int), (int, int)), default (1, 1)
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
    >>> lamina.layers.ZeroPadding2D(1)(np.ones((1, 2, 2, 3))).shape
    (1, 4, 4, 3)
    """

    def __init__(
        self,
        padding: Margins = (1, 1),
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.padding = margins_2d("ZeroPadding2D", "padding", padding)
        self.data_format = data_format
        self._first = channels_first("ZeroPadding2D", data_format)

    def _margins(self) -> list[tuple[int, int]]:
        both = list(self.padding)
        return [(0, 0), *both] if self._first else [*both, (0, 0)]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the larger image."""
        axes = "channels, height, width" if self._first else "height, width, channels"
        needs_rank(self.name, input_shape, 3, axes)
        margins = self._margins()
        shape = tuple(n + sum(m) for n, m in zip(input_shape, margins, strict=True))
        _check.elements(self.name, "output of shape", shape)
        return shape

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the copy."""
        return graph.pad(x, self._margins(), name=self.name)
