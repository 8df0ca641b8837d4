"""Upsampling of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina._check import choice
from lamina.layers.base.axes import channels_first, needs_image, pair, repeated, with_channels
from lamina.layers.base.rowwise import RowWise
from lamina.ops._resampling import KERNELS
from lamina.ops.resizing import resized

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
    interpolation : {"nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"}, default "nearest"
        nearest repeats pixels; bilinear blends the two nearest pixels along each axis, where pixels
        are squares with centres at i + 1/2, and the edges are continued.  bicubic, lanczos3 and
        lanczos5 blend 4, 6 and 10 pixels, without those beyond an edge.
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
        self.interpolation = choice(
            "UpSampling2D", "interpolation", interpolation, ("nearest", *KERNELS)
        )

    def input_dtypes(self, count: int) -> list[str | None]:
        """Return None if cells are copied, else "float"."""
        return [None if self.interpolation == "nearest" else "float"] * count

    def call_rows(self, x: Any) -> Any:
        """Return one copy, or one blend for each axis."""
        needs_image(self.name, x.row_shape, "height, width", self._first)
        times = with_channels(self.size, 1, self._first)
        if self.interpolation == "nearest":
            return repeated(self.name, x, times)
        for axis, (n, factor) in enumerate(zip(x.row_shape, times, strict=True), 1):
            x = resized(x, axis, n * factor, self.interpolation)
        return x
