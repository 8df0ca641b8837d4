"""Random perspective transformations of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, ops
from lamina.layers.augmentation._arguments import checked
from lamina.layers.augmentation.base import INTERPOLATIONS, Augmentation, as_masks
from lamina.layers.augmentation.boxes import around, corners_of
from lamina.ops._projections import projection

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["RandomPerspective"]


class RandomPerspective(Augmentation):
    """In training, apply a perspective transformation to some of the images.

    Parameters
    ----------
    factor : float or (float, float), default 1.0
        Range, within [0, 1], of the probability that an image is changed; one number f stands for
        ``(0, f)``.
    scale : float, default 1.0
        How far corners move, within [0, 1]: each of their coordinates, from the top left, is
        multiplied by a number from ``1 - scale / 2`` to ``1 + scale / 2``.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    fill_value : float, default 0.0
        The value outside the images.
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> images = np.full((2, 8, 8, 3), 100.0)
    >>> lamina.layers.RandomPerspective(scale=0.3)(images, training=True).shape
    (2, 8, 8, 3)
    """

    _moves = True

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        who = "RandomPerspective"
        self.factor = checked(who, "factor", factor, 0.0, 1.0)
        self.scale = _check.number(who, "scale", scale, 0.0, 1.0)
        self.interpolation = _check.choice(who, "interpolation", interpolation, INTERPOLATIONS)
        self.fill_value = _check.number(who, "fill_value", fill_value)

    def _draw(self, x: Any) -> list[Any]:
        chosen = self._chosen(x, self.factor)
        by = self._drawn((ops.shape(x)[0], 4, 2), -0.5 * self.scale, 0.5 * self.scale)
        bottom, right = (size - 1.0 for size in x.shape[1:3])
        corners = np.array([[0.0, 0.0], [right, 0.0], [0.0, bottom], [right, bottom]])
        start = ops.zeros_like(by) + corners
        return [chosen, start, start * (1.0 + by)]

    def _changed(self, x: Any, drawn: Any) -> Any:
        return self._read(x, drawn, self.interpolation)

    def _masks(self, masks: Any, drawn: Any) -> Any:
        return as_masks(masks, lambda x: self._read(x, drawn, "nearest"))

    def _read(self, x: Any, drawn: Any, interpolation: str) -> Any:
        chosen, start, end = drawn
        y = ops.image.perspective_transform(x, start, end, interpolation, self.fill_value)
        return ops.where(chosen, y, x)

    def _corners(self, boxes: Any, labels: Any, drawn: Any, x: Any) -> tuple[Any, Any]:
        chosen, start, end = drawn
        size = float(max(x.shape[1:3]))
        entries = [ops.expand_dims(each, (1, 2)) for each in projection(ops, end, start, size)]
        moved = []
        for across, down in corners_of(boxes / size):
            a, b, c = (
                each[0] * across + each[1] * down + each[2]
                for each in (entries[:3], entries[3:6], entries[6:])
            )
            moved.append((a / c * size, b / c * size))
        return ops.where(ops.squeeze(chosen, -1), around(moved), boxes), labels
