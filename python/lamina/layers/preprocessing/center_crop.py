"""Cropping images to their centre."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, ops
from lamina.layers.augmentation.base import Augmentation
from lamina.layers.augmentation.boxes import cropped_to

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["CenterCrop"]


class CenterCrop(Augmentation):
    """Crop images to their central ``height`` x ``width``.

    Parameters
    ----------
    height, width : int
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Notes
    -----
    Images have shape (rows, height, width, channels).  An image that is too small along an axis is
    cropped to the requested proportions and resized linearly, as in Keras.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> x = np.arange(16.0).reshape(1, 4, 4, 1)
    >>> lamina.layers.CenterCrop(2, 2)(x)[0, :, :, 0]
    array([[ 5.,  6.],
           [ 9., 10.]], dtype=float32)
    """

    _always = _moves = True

    def __init__(
        self,
        height: int,
        width: int,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(None, data_format, **base)
        self.height = _check.integer("CenterCrop", "height", height)
        self.width = _check.integer("CenterCrop", "width", width)

    def _first(self, x: Any) -> tuple[int, int] | None:
        """Return the first row and column that are kept; None where x is smaller."""
        height, width = x.shape[1:3]
        if height < self.height or width < self.width:
            return None
        return (height - self.height) // 2, (width - self.width) // 2

    def _changed(self, x: Any, drawn: Any) -> Any:  # noqa: ARG002
        return self._cut(x, "bilinear")

    def _masks(self, masks: Any, drawn: Any) -> Any:  # noqa: ARG002
        return ops.cast(self._cut(masks, "nearest"), masks.dtype)

    def _cut(self, x: Any, interpolation: str) -> Any:
        first = self._first(x)
        if first is None:
            return ops.image.resize(
                x, (self.height, self.width), interpolation, crop_to_aspect_ratio=True
            )
        top, left = first
        return x[:, top : top + self.height, left : left + self.width]

    def _corners(self, boxes: Any, labels: Any, _: Any, x: Any) -> tuple[Any, Any]:
        first = self._first(x)
        if first is None:
            return cropped_to(boxes, x.shape[1:3], (self.height, self.width)), labels
        top, left = first
        return boxes - np.array([left, top, left, top], float), labels

    def _size(self, x: Any, drawn: Any) -> tuple[Any, Any]:  # noqa: ARG002
        return self.height, self.width
