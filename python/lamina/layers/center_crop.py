"""The middle of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, ops
from lamina._tensors.given import given
from lamina.layers.layer import Layer
from lamina.layers.recordable import show_shapes
from lamina.layers.resizing import data_format_of

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["CenterCrop"]


class CenterCrop(Layer):
    """Take the middle ``height`` x ``width`` of images.

    Parameters
    ----------
    height, width : int
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``.

    Notes
    -----
    Images are of shape (rows, height, width, channels).  One that is smaller, along one axis or
    both, is cropped to the proportions asked for and resized linearly, as in Keras.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> lamina.layers.CenterCrop(2, 2)(x)[0, :, :, 0]
    array([[ 5.,  6.],
           [ 9., 10.]], dtype=float32)
    """

    def __init__(
        self,
        height: int,
        width: int,
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(**base)
        self.height = _check.integer("CenterCrop", "height", height)
        self.width = _check.integer("CenterCrop", "width", width)
        self.data_format = data_format_of("CenterCrop", data_format)

    def call(self, inputs: Any) -> Any:
        """Return the middle of the images."""
        x = ops.cast(given(inputs), "float32")
        if x.ndim not in (3, 4):
            raise ValueError(
                f"{self.name}: input has shape {show_shapes(x.shape[1:])}; needs images, (rows, "
                f"height, width, channels)"
            )
        first = x.ndim - (2 if self.data_format == "channels_first" else 3)
        height, width = x.shape[first : first + 2]
        if height < self.height or width < self.width:
            return ops.image.resize(
                x, (self.height, self.width), crop_to_aspect_ratio=True,
                data_format=self.data_format,
            )  # fmt: skip
        top, left = (height - self.height) // 2, (width - self.width) // 2
        middle = (slice(top, top + self.height), slice(left, left + self.width))
        return x[(slice(None),) * first + middle]
