"""Zero padding of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina.layers.base.axes import channels_first, margins_2d, needs_image, padded
from lamina.layers.base.rowwise import RowWise

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Margins, Unpack

__all__ = ["ZeroPadding2D"]


class ZeroPadding2D(RowWise):
    """Add zeros around an image.

    Parameters
    ----------
    padding : int, (int, int) or ((int, int), (int, int)), default (1, 1)
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
    >>> lamina.layers.ZeroPadding2D(1)(np.ones((1, 2, 2, 3))).shape
    (1, 4, 4, 3)
    """

    input_dtype = None

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

    def call_rows(self, x: Any) -> Any:
        """Return the larger image."""
        needs_image(self.name, x.row_shape, "height, width", self._first)
        return padded(self.name, x, self.padding, self._first)
