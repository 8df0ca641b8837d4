"""Crop images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.layers.base.axes import channels_first, cropped, margins_2d, needs_image
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Margins, Unpack

__all__ = ["Cropping2D"]


class Cropping2D(RowWise):
    """Drop the edges of an image.

    Parameters
    ----------
    cropping : int, (int, int) or ((int, int), (int, int)), default ((0, 0), (0, 0))
        ((top, bottom), (left, right)); a pair gives rows and columns, the same on both sides; a
        single number is used on all sides.
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

    input_dtype = None

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

    def call_rows(self, x: Any) -> Any:
        """Return the middle of the image."""
        needs_image(self.name, x.row_shape, "height, width", self._first)
        return cropped(self.name, x, self.cropping, self._first)
