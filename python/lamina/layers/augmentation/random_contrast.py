"""Random changes of the contrast of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import ops
from lamina.layers.augmentation._arguments import checked, pixels
from lamina.layers.augmentation.base import Augmentation

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["RandomContrast"]


class RandomContrast(Augmentation):
    """In training, change the contrast of images: ``(x - mean) * factor + mean``.

    The mean is taken over a channel of an image.

    Parameters
    ----------
    factor : float or (float, float)
        ``(low, high)`` within [0, 1]: the factor is drawn from ``[1 - low, 1 + high)``; one number
        is used for both.
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
    >>> images = np.ones((2, 8, 8, 3))
    >>> lamina.layers.RandomContrast(0.2)(images, training=True).mean().round(3)
    np.float32(1.0)
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
        self.factor = checked("RandomContrast", "factor", factor, 0.0, 1.0)
        self.value_range = pixels("RandomContrast", value_range)

    def _draw(self, x: Any) -> Any:
        factor: Any = self.factor
        low, high = sorted(factor) if isinstance(factor, (tuple, list)) else (factor, factor)
        return self._uniform(x, 1.0 - low, 1.0 + high)

    def _changed(self, x: Any, drawn: Any) -> Any:
        mean = ops.mean(x, (1, 2), keepdims=True)
        return ops.clip((x - mean) * drawn + mean, *self.value_range)
