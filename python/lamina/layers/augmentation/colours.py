"""Random changes of the colours of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lamina import _check, ops
from lamina.layers.augmentation._arguments import checked, pixels
from lamina.layers.augmentation.base import Augmentation
from lamina.layers.augmentation.by_factor import ByFactor
from lamina.layers.augmentation.random_brightness import RandomBrightness
from lamina.layers.augmentation.random_contrast import RandomContrast

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = [
    "RandomColorDegeneration",
    "RandomColorJitter",
    "RandomGrayscale",
    "RandomHue",
    "RandomSaturation",
]

EPSILON = 1e-7


def _coloured(who: str, x: Any, channels: tuple[int, ...] = (3,)) -> Any:
    """Return images, which must have the given number of channels."""
    if x.shape[-1] not in channels:
        needed = " or ".join(map(str, channels))
        raise ValueError(f"{who}: images must have {needed} channels; got {x.shape[-1]}")
    return x


class RandomHue(ByFactor):
    """In training, shift the hues of images with three channels.

    Parameters
    ----------
    factor : float or (float, float)
        Range of the shift as a share of half the circle of hues, within [0, 1]; one number f stands
        for ``(0, f)``.  Half of the images are shifted in the opposite direction.
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
    >>> lamina.layers.RandomHue(0.2)(images, training=True).shape
    (2, 8, 8, 3)
    """

    def _draw(self, x: Any) -> Any:
        turned = ops.where(self._uniform(x, 0.0, 1.0) > 0.5, -0.5, 0.5)
        return turned * self._share(x)

    def _changed(self, x: Any, drawn: Any) -> Any:
        low, high = self.value_range
        hsv = ops.image.rgb_to_hsv((_coloured(self.name, x) - low) / (high - low))
        hue = hsv[..., :1] + drawn
        hue = hue - ops.floor(hue)
        y = ops.image.hsv_to_rgb(ops.concatenate([hue, hsv[..., 1:]], -1))
        return ops.clip(y, 0.0, 1.0) * (high - low) + low


class RandomSaturation(ByFactor):
    """In training, change the saturation of images with three channels.

    Parameters
    ----------
    factor : float or (float, float)
        Range within [0, 1]: 0 makes images gray, 0.5 leaves them unchanged, 1 saturates them fully,
        as the saturation is multiplied by ``factor / (1 - factor)``.  One number f stands for ``(0,
        f)``.
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
    >>> lamina.layers.RandomSaturation((0.3, 0.7))(images, training=True).shape
    (2, 8, 8, 3)
    """

    def _draw(self, x: Any) -> Any:
        factor = self._share(x)
        return factor / (1.0 - factor + EPSILON)

    def _changed(self, x: Any, drawn: Any) -> Any:
        low, high = self.value_range
        hsv = ops.image.rgb_to_hsv((_coloured(self.name, x) - low) / (high - low))
        saturation = ops.clip(hsv[..., 1:2] * drawn, 0.0, 1.0)
        parts = [hsv[..., :1], saturation, hsv[..., 2:]]
        return ops.image.hsv_to_rgb(ops.concatenate(parts, -1)) * (high - low) + low


class RandomGrayscale(Augmentation):
    """In training, make some of the images gray, keeping the number of channels.

    Parameters
    ----------
    factor : float, default 0.5
        The share of the images, within [0, 1].
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
    >>> lamina.layers.RandomGrayscale()(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: float = 0.5,
        data_format: str | None = None,
        seed: int | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        self.factor = _check.number("RandomGrayscale", "factor", factor, 0.0, 1.0)

    def _draw(self, x: Any) -> Any:
        return self._uniform(x, 0.0, 1.0) < self.factor

    def _changed(self, x: Any, drawn: Any) -> Any:
        return ops.where(drawn, ops.image.rgb_to_grayscale(_coloured(self.name, x, (1, 3))), x)


class RandomColorDegeneration(ByFactor):
    """In training, blend images with three channels with gray: ``x + factor * (gray - x)``.

    Parameters
    ----------
    factor : float or (float, float)
        Range of the share of gray, within [0, 1]; one number f stands for ``(0, f)``.
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
    >>> lamina.layers.RandomColorDegeneration(0.5)(images, training=True).shape
    (2, 8, 8, 3)
    """

    def _draw(self, x: Any) -> Any:
        return self._share(x)

    def _changed(self, x: Any, drawn: Any) -> Any:
        x = _coloured(self.name, x, (1, 3))
        y = x + drawn * (ops.image.rgb_to_grayscale(x) - x)
        return ops.clip(y, *self.value_range)


class RandomColorJitter(Augmentation):
    """In training, change brightness, contrast, saturation and hue of images, in this order.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value.
    brightness_factor, contrast_factor, saturation_factor, hue_factor : optional
        The factors of ``RandomBrightness``, ``RandomContrast``, ``RandomSaturation`` and
        ``RandomHue``; None omits the change.
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
    >>> lamina.layers.RandomColorJitter(brightness_factor=0.1)(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        value_range: tuple[float, float] = (0, 255),
        brightness_factor: float | tuple[float, float] | None = None,
        contrast_factor: float | tuple[float, float] | None = None,
        saturation_factor: float | tuple[float, float] | None = None,
        hue_factor: float | tuple[float, float] | None = None,
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        who = "RandomColorJitter"
        self.value_range = pixels(who, value_range)
        self.brightness_factor = _optional(who, "brightness_factor", brightness_factor, -1.0)
        self.contrast_factor = _optional(who, "contrast_factor", contrast_factor, 0.0)
        self.saturation_factor = _optional(who, "saturation_factor", saturation_factor, 0.0)
        self.hue_factor = _optional(who, "hue_factor", hue_factor, 0.0)

    def _draw(self, x: Any) -> list[Any]:
        return [part._draw(x) for part in self._parts()]

    def _changed(self, x: Any, drawn: Any) -> Any:
        for part, numbers in zip(self._parts(), drawn, strict=True):
            x = part._changed(x, numbers)
        return x

    def _parts(self) -> list[Augmentation]:
        kinds: list[tuple[Any, Any]] = [
            (RandomBrightness, self.brightness_factor),
            (RandomContrast, self.contrast_factor),
            (RandomSaturation, self.saturation_factor),
            (RandomHue, self.hue_factor),
        ]
        return [
            kind(factor, self.value_range, seed=self.seed, name=self.name)
            for kind, factor in kinds
            if factor is not None
        ]


def _optional(who: str, name: str, factor: Any, low: float) -> Any:
    return None if factor is None else checked(who, name, factor, low, 1.0)
