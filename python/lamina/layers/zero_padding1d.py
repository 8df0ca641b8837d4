"""Zeros around sequences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamina import _check, _core
from lamina._check import Shape
from lamina.layers._axes import channels_first, needs_rank, pair
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class ZeroPadding1D(Layer):
    """Add zero steps before and behind a sequence.

    Parameters
    ----------
    padding : int or (int, int), default 1
        Steps before and behind; one number for both.
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given: x (rows, steps, channels).
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

    def __init__(
        self,
        padding: int | Sequence[int] = 1,
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.padding = pair("ZeroPadding1D", "padding", padding)
        self.data_format = data_format
        self._first = channels_first("ZeroPadding1D", data_format)

    def _margins(self) -> list[tuple[int, int]]:
        return [(0, 0), self.padding] if self._first else [self.padding, (0, 0)]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape with more steps."""
        axes = "channels, steps" if self._first else "steps, channels"
        needs_rank(self.name, input_shape, 2, axes)
        margins = self._margins()
        shape = tuple(n + sum(m) for n, m in zip(input_shape, margins, strict=True))
        _check.elements(self.name, "output of shape", shape)
        return shape

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record the copy."""
        return graph.pad(x, self._margins(), name=self.name)
