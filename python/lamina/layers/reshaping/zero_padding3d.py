"""Zero padding of volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina._tensors.given import given
from lamina.layers.base.axes import channels_first, margins, needs_image, padded
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Margins, Unpack

__all__ = ["ZeroPadding3D"]


class ZeroPadding3D(Layer):
    """Add zeros around a volume.

    Parameters
    ----------
    padding : int, three int or three (int, int), default ((1, 1), (1, 1), (1, 1))
        Zeros added before and after along each axis; a number is used on both sides, or on all
        axes.
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given: x (rows, depth, height, width, channels).
    **base
        See ``Layer``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.ZeroPadding3D((0, 1, (1, 2)))(np.ones((1, 4, 4, 4, 2))).shape
    (1, 4, 6, 7, 2)
    """

    def __init__(
        self,
        padding: Margins = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.padding = margins("ZeroPadding3D", "padding", padding, 3)
        self.data_format = data_format
        self._first = channels_first("ZeroPadding3D", data_format)

    def call(self, x: Any) -> Any:
        """Return the larger volume."""
        x = given(x)
        needs_image(self.name, x.row_shape, "depth, height, width", self._first)
        return padded(self.name, x, self.padding, self._first)
