"""Crop volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina._tensors.given import given
from lamina.layers.base.axes import channels_first, cropped, margins, needs_image
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Margins, Unpack

__all__ = ["Cropping3D"]


class Cropping3D(Layer):
    """Drop the outer cells of a volume.

    Parameters
    ----------
    cropping : int, three int or three (int, int), default ((1, 1), (1, 1), (1, 1))
        Cells dropped before and after along each axis; a number is used on both sides, or on all
        axes.
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given: x (rows, depth, height, width, channels).
    **base
        See ``Layer``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.Cropping3D((0, 1, (1, 2)))(np.ones((1, 4, 4, 4, 2))).shape
    (1, 4, 2, 1, 2)
    """

    def __init__(
        self,
        cropping: Margins = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.cropping = margins("Cropping3D", "cropping", cropping, 3)
        self.data_format = data_format
        self._first = channels_first("Cropping3D", data_format)

    def call(self, x: Any) -> Any:
        """Return the middle of the volume."""
        x = given(x)
        needs_image(self.name, x.row_shape, "depth, height, width", self._first)
        return cropped(self.name, x, self.cropping, self._first)
