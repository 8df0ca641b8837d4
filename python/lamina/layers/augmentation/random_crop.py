"""Random crops of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, ops
from lamina.layers.augmentation.base import Augmentation, as_masks
from lamina.layers.augmentation.boxes import cropped_to

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["RandomCrop"]


class RandomCrop(Augmentation):
    """In training, crop images to ``height`` x ``width`` at a random position, one per batch.

    Parameters
    ----------
    height, width : int
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Notes
    -----
    Outside of training, and if images are smaller, the largest central part with the requested
    proportions is resized linearly.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.RandomCrop(3, 2)(np.ones((1, 6, 6, 3)), training=True).shape
    (1, 3, 2, 3)
    """

    _always = _moves = True

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        self.height = _check.integer("RandomCrop", "height", height)
        self.width = _check.integer("RandomCrop", "width", width)

    def _fits(self, x: Any) -> bool:
        return x.shape[1] >= self.height and x.shape[2] >= self.width  # type: ignore[no-any-return]

    def _draw(self, x: Any) -> list[Any] | None:
        """Return the first row and the first column that are kept."""
        if not self._fits(x):
            return None
        rooms = (x.shape[1] - self.height, x.shape[2] - self.width)
        return [ops.floor(self._drawn((1,), 0.0, room + 1.0)) for room in rooms]

    def _changed(self, x: Any, drawn: Any) -> Any:
        if drawn is None:
            return ops.image.resize(x, (self.height, self.width), crop_to_aspect_ratio=True)
        return self._cut(x, drawn)

    def _cut(self, x: Any, drawn: Any) -> Any:
        for axis, start, size in zip((1, 2), drawn, (self.height, self.width), strict=True):
            x = ops.take(x, ops.cast(start, "int32") + np.arange(size), axis)
        return x

    def _masks(self, masks: Any, drawn: Any) -> Any:
        if drawn is not None:
            return self._cut(masks, drawn)
        size = (self.height, self.width)
        return as_masks(
            masks, lambda x: ops.image.resize(x, size, "nearest", crop_to_aspect_ratio=True)
        )

    def _corners(self, boxes: Any, labels: Any, drawn: Any, x: Any) -> tuple[Any, Any]:
        if drawn is None:
            return cropped_to(boxes, x.shape[1:3], (self.height, self.width)), labels
        top, left = drawn
        return boxes - ops.concatenate([left, top, left, top], 0), labels

    def _size(self, x: Any, drawn: Any) -> tuple[Any, Any]:  # noqa: ARG002
        return self.height, self.width
