"""Upsampling of volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina._tensors.given import given
from lamina.layers.base import windows
from lamina.layers.base.axes import channels_first, needs_image, repeated, with_channels
from lamina.layers.layer import Layer

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["UpSampling3D"]


class UpSampling3D(Layer):
    """Enlarge a volume by whole factors: each cell is repeated.

    Parameters
    ----------
    size : int or (int, int, int), default (2, 2, 2)
        Factors of depth, height and width.
    data_format : {"channels_last", "channels_first"}, optional
        channels_last if not given: x (rows, depth, height, width, channels).
    **base
        See ``Layer``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.UpSampling3D((1, 2, 3))(np.ones((1, 2, 2, 2, 5))).shape
    (1, 2, 4, 6, 5)
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2, 2),
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.size = windows.sizes("UpSampling3D", "size", size, 3)
        self.data_format = data_format
        self._first = channels_first("UpSampling3D", data_format)

    def call(self, x: Any) -> Any:
        """Return the larger volume."""
        x = given(x)
        needs_image(self.name, x.row_shape, "depth, height, width", self._first)
        return repeated(self.name, x, with_channels(self.size, 1, self._first))
