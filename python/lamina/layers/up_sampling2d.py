"""Larger images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lamina import _check, _core
from lamina._check import Shape
from lamina.layers._axes import channels_first, needs_rank, pair
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack


class UpSampling2D(Layer):
    """Enlarge an image by whole factors.

    Parameters
    ----------
    size : int or (int, int), default (2, 2)
        Factors of height and width.
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given: x (rows, height, width, channels).
    interpolation : {"nearest", "bilinear"}, default "nearest"
        nearest repeats pixels; bilinear blends the two nearest along each axis, pixels taken as
        squares whose centres lie at i + 1/2, and edges continued.
    **base
        See ``Layer``.

    Examples
    --------
    >>> import lamina
    >>> lamina.layers.UpSampling2D((1, 2))([[[[1.0], [2.0]]]]).ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.size = pair("UpSampling2D", "size", size, 1)
        self.data_format = data_format
        self._first = channels_first("UpSampling2D", data_format)
        if interpolation not in ("nearest", "bilinear"):
            raise ValueError(
                f"UpSampling2D: interpolation must be 'nearest' or 'bilinear'; "
                f"got {interpolation!r}"
            )
        self.interpolation = interpolation

    def _times(self) -> list[int]:
        return [1, *self.size] if self._first else [*self.size, 1]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the larger image."""
        axes = "channels, height, width" if self._first else "height, width, channels"
        needs_rank(self.name, input_shape, 3, axes)
        shape = tuple(n * t for n, t in zip(input_shape, self._times(), strict=True))
        _check.elements(self.name, "output of shape", shape)
        return shape

    def record(self, graph: _core.Graph, x: _core.Tensor) -> _core.Tensor:
        """Record one copy, or one blend for each axis."""
        if self.interpolation == "nearest":
            return graph.repeat(x, self._times(), name=self.name)
        for axis, size in enumerate(self.compute_output_shape(tuple(x.shape))):
            x = graph.resize(x, axis, size, name=self.name)
        return x
