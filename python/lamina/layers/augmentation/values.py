"""Pixel-wise changes of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, ops
from lamina.layers.augmentation._arguments import checked, pixels, span
from lamina.layers.augmentation.base import Augmentation

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["RandomInvert", "RandomPosterization", "Solarization"]


class RandomInvert(Augmentation):
    """In training, invert some of the images: ``high - x``.

    Parameters
    ----------
    factor : float or (float, float), default 1.0
        Range, within [0, 1], of the probability that an image is inverted; one number f stands for
        ``(0, f)``.
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value.
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
    >>> lamina.layers.RandomInvert(0.5)(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        value_range: tuple[float, float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        self.factor = checked("RandomInvert", "factor", factor, 0.0, 1.0)
        self.value_range = pixels("RandomInvert", value_range)

    def _draw(self, x: Any) -> Any:
        return self._chosen(x, self.factor)

    def _changed(self, x: Any, drawn: Any) -> Any:
        return ops.where(drawn, self.value_range[1] - x, x)


class RandomPosterization(Augmentation):
    """In training, keep only the leading bits, out of 8, of each pixel.

    Parameters
    ----------
    factor : int or (int, int)
        The number of bits, from 1 to 8; with two numbers, from the first to one less than the
        second.
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value.
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
    >>> lamina.layers.RandomPosterization(3)(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: int | tuple[int, int],
        value_range: tuple[float, float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        self.factor = _bits(factor)
        self.value_range = pixels("RandomPosterization", value_range)

    def _draw(self, x: Any) -> Any:
        least, high = _ends(self.factor)
        return ops.floor(self._uniform(x, float(least), float(high))) if high > least else least

    def _changed(self, x: Any, drawn: Any) -> Any:
        low, top = self.value_range
        scale = 255.0 / (top - low)
        step = 2.0 ** (8.0 - drawn)
        return ops.floor((x - low) * scale / step) * step / scale + low


def _bits(factor: Any) -> Any:
    who, pair = "RandomPosterization", isinstance(factor, (tuple, list))
    if pair and len(factor) != 2:
        raise ValueError(f"{who}: factor must be an integer or two; got {factor!r}")
    ends = [_check.integer(who, "factor", end) for end in (factor if pair else (factor,))]
    if max(ends) > 8:
        raise ValueError(f"{who}: factor must be in [1, 8]; got {factor!r}")
    return tuple(ends) if pair else ends[0]


def _ends(factor: Any) -> tuple[int, int]:
    """Return the smallest number of bits, and the exclusive upper bound (or the smallest again)."""
    low, high = sorted(factor) if isinstance(factor, (tuple, list)) else (factor, factor)
    return low, high


class Solarization(Augmentation):
    """In training, invert pixels that are above a threshold: ``low + high - x``.

    Parameters
    ----------
    addition_factor : float or (float, float), default 0.0
        Range, within [0, 1], of the number that is added to an image first, as a share of
        ``value_range``; one number f stands for ``(0, f)``.
    threshold_factor : float or (float, float), default 0.0
        Range of the threshold, in the same form.
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value.
    seed : int, optional
        As in ``Dropout``.
    data_format : {"channels_last", "channels_first"}, optional
    **base
        See ``Layer``, and ``RandomFlip`` for ``bounding_box_format``.

    Examples
    --------
    >>> import numpy as np
    >>> import lamina
    >>> lamina.layers.Solarization()(np.array([[[[59, 62, 63]]]]), training=True).ravel()
    array([196., 193., 192.], dtype=float32)
    """

    def __init__(
        self,
        addition_factor: float | tuple[float, float] = 0.0,
        threshold_factor: float | tuple[float, float] = 0.0,
        value_range: tuple[float, float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        who = "Solarization"
        self.addition_factor = checked(who, "addition_factor", addition_factor, 0.0, 1.0)
        self.threshold_factor = checked(who, "threshold_factor", threshold_factor, 0.0, 1.0)
        self.value_range = pixels(who, value_range)

    def _draw(self, x: Any) -> list[Any]:
        low, high = self.value_range
        return [
            self._uniform(x, *span("Solarization", "factor", factor, 0.0, 1.0)) * (high - low)
            for factor in (self.addition_factor, self.threshold_factor)
        ]

    def _changed(self, x: Any, drawn: Any) -> Any:
        (low, high), (added, threshold) = self.value_range, drawn
        y = ops.clip(x + added, low, high)
        return ops.where(y - low < threshold, y, low + high - y)
