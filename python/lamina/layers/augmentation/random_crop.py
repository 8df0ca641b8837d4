"""Parts of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, ops
from lamina.layers.augmentation.base import Augmentation

if TYPE_CHECKING:
    from lamina._typing import DimArguments, Unpack

__all__ = ["RandomCrop"]


class RandomCrop(Augmentation):
    """In training, take ``height`` x ``width`` of images, at one place for all of a batch.

    Parameters
    ----------
    height, width : int
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``.

    Notes
    -----
    Outside training, and where images are smaller, the largest part in their middle that has the
    proportions asked for is resized linearly.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.RandomCrop(3, 2)(np.ones((1, 6, 6, 3)), training=True).shape
    (1, 3, 2, 3)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[DimArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        self.height = _check.integer("RandomCrop", "height", height)
        self.width = _check.integer("RandomCrop", "width", width)

    def _changed(self, x: Any) -> Any:
        rooms = [x.shape[1] - self.height, x.shape[2] - self.width]
        if min(rooms) < 0:
            return self._kept(x)
        for axis, room, size in zip((1, 2), rooms, (self.height, self.width), strict=True):
            start = ops.floor(self._drawn((1,), 0.0, room + 1.0))
            x = ops.take(x, ops.cast(start, "int32") + np.arange(size), axis)
        return x

    def _kept(self, x: Any) -> Any:
        return ops.image.resize(x, (self.height, self.width), crop_to_aspect_ratio=True)
