"""Upsampling of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina._tensors.given import record
from lamina.layers._axes import channels_first, needs_image, pair, repeated, with_channels
from lamina.layers.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["UpSampling2D"]


class UpSampling2D(RowWise):
    """Enlarge an image by whole factors.

    Parameters
    ----------
    size : int or (int, int), default (2, 2)
        Factors of height and width.
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given: x (rows, height, width, channels).
    interpolation : {"nearest", "bilinear"}, default "nearest"
        nearest repeats pixels; bilinear blends the two nearest pixels along each axis, where pixels
        are squares with centres at i + 1/2, and the edges are continued.
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

    def call_rows(self, x: Any) -> Any:
        """Return one copy, or one blend for each axis."""
        needs_image(self.name, x.row_shape, "height, width", self._first)
        times = with_channels(self.size, 1, self._first)
        if self.interpolation == "nearest":
            return repeated(self.name, x, times)
        for axis, (n, factor) in enumerate(zip(x.row_shape, times, strict=True)):
            x = record("resize", x, axis, n * factor)
        return x
