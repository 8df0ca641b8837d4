"""Random changes of the brightness of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import ops
from lamina.layers.augmentation._arguments import checked, pixels, span
from lamina.layers.augmentation.base import Augmentation

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["RandomBrightness"]


class RandomBrightness(Augmentation):
    """In training, add a number to all pixels of an image.

    Parameters
    ----------
    factor : float or (float, float)
        Range of the number, within [-1, 1], as a share of ``value_range``; one number f stands for
        ``(-f, f)``.
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value; results are clipped to it.
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
    >>> y = lamina.layers.RandomBrightness(0.2)(images, training=True)
    >>> bool((np.abs(y - 100.0) <= 51.0).all())
    True
    """

    def __init__(
        self,
        factor: float | tuple[float, float],
        value_range: tuple[float, float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        self.factor = checked("RandomBrightness", "factor", factor, -1.0, 1.0)
        self.value_range = pixels("RandomBrightness", value_range)

    def _draw(self, x: Any) -> Any:
        return self._uniform(x, *span("RandomBrightness", "factor", self.factor, -1.0, 1.0))

    def _changed(self, x: Any, drawn: Any) -> Any:
        low, high = self.value_range
        return ops.clip(x + drawn * (high - low), low, high)
