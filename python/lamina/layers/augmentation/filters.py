"""Blurring and sharpening images, and erasing parts of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lamina import _check, ops, random
from lamina.layers.augmentation._arguments import checked, pixels, span
from lamina.layers.augmentation.base import Augmentation, within
from lamina.layers.augmentation.by_factor import ByFactor

if TYPE_CHECKING:
    from lamina._typing import ImageArguments, Unpack

__all__ = ["RandomErasing", "RandomGaussianBlur", "RandomSharpness"]


class RandomGaussianBlur(Augmentation):
    """In training, blur some of the images.

    Parameters
    ----------
    factor : float or (float, float), default 1.0
        Range, within [0, 1], of the probability that an image is blurred; one number f stands for
        ``(0, f)``.
    kernel_size : int or (int, int), default 3
        Width and height of the neighbourhood, odd numbers.
    sigma : float or (float, float), default 1.0
        Range of the standard deviations of the weights, across and downwards, in pixels, within
        [0, 1]; they are the same for all images of a batch.  One number f stands for ``(0, f)``.
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
    >>> lamina.layers.RandomGaussianBlur()(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        kernel_size: int | tuple[int, int] = 3,
        sigma: float | tuple[float, float] = 1.0,
        value_range: tuple[float, float] = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        who = "RandomGaussianBlur"
        self.factor = checked(who, "factor", factor, 0.0, 1.0)
        self.kernel_size = _odd(who, kernel_size)
        self.sigma = checked(who, "sigma", sigma, 0.0, 1.0)
        self.value_range = pixels(who, value_range)

    def _draw(self, x: Any) -> list[Any]:
        chosen = self._chosen(x, self.factor)
        sigma = self._drawn((2,), *span("RandomGaussianBlur", "sigma", self.sigma, 0.0, 1.0)) + 1e-6
        return [chosen, sigma]

    def _changed(self, x: Any, drawn: Any) -> Any:
        chosen, sigma = drawn
        across, down = (
            _bell(size, sigma[axis : axis + 1]) for axis, size in enumerate(self.kernel_size)
        )
        kernel = ops.expand_dims(down, 1) * ops.expand_dims(across, 0)
        return ops.clip(ops.where(chosen, _smoothed(x, kernel), x), *self.value_range)


def _odd(who: str, value: Any) -> tuple[int, int]:
    sizes = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(sizes) != 2 or any(_check.integer(who, "kernel_size", n) % 2 == 0 for n in sizes):
        raise ValueError(f"{who}: kernel_size must be an odd number or two; got {value!r}")
    return sizes


def _bell(size: int, sigma: Any) -> Any:
    """Return weights of a normal density, normalised to sum 1."""
    places = np.arange(size) - (size - 1) / 2
    weights = ops.exp(-0.5 * ops.square(places / sigma))
    return weights / ops.sum(weights)


def _smoothed(x: Any, kernel: Any) -> Any:
    """Return each channel of images filtered by a kernel (height, width), with zeros outside."""
    kernel = ops.reshape(kernel, (*kernel.shape, 1, 1))
    kernel = ops.concatenate([kernel] * x.shape[-1], 2)
    return ops.depthwise_conv(x, kernel, 1, "same")


class RandomSharpness(ByFactor):
    """In training, sharpen or smooth images.

    Parameters
    ----------
    factor : float or (float, float)
        Range within [0, 1]: 0 smooths an image, 0.5 leaves it unchanged, and 1 adds the same amount
        that smoothing removes.  One number f stands for ``(0, f)``.
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
    >>> lamina.layers.RandomSharpness(0.7)(images, training=True).shape
    (2, 8, 8, 3)
    """

    def _draw(self, x: Any) -> Any:
        return self._share(x) * 2.0

    def _changed(self, x: Any, drawn: Any) -> Any:
        weights = np.ones((3, 3)) / 13
        weights[1, 1] = 5 / 13
        y = x + (1.0 - drawn) * (_smoothed(x, ops.convert_to_tensor(weights)) - x)
        return ops.clip(y, *self.value_range)


class RandomErasing(Augmentation):
    """In training, erase a rectangle in some of the images.

    Parameters
    ----------
    factor : float or (float, float), default 1.0
        Range, within [0, 1], of the probability that a part of an image is erased; one number f
        stands for ``(0, f)``.
    scale : float or (float, float), default (0.02, 0.33)
        Range from which values are drawn whose square roots are the height and the width of the
        rectangle, as shares of those of the image; within [0, 1].  One number f stands for ``(0,
        f)``.
    fill_value : float or (float, ...), optional
        The value in the rectangle, one number or one for each channel; by default normal noise
        times the largest pixel value.
    value_range : (float, float), default (0, 255)
        The smallest and the largest pixel value; the filling is clipped to it.
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
    >>> lamina.layers.RandomErasing()(images, training=True).shape
    (2, 8, 8, 3)
    """

    def __init__(
        self,
        factor: float | tuple[float, float] = 1.0,
        scale: float | tuple[float, float] = (0.02, 0.33),
        fill_value: float | tuple[float, ...] | None = None,
        value_range: tuple[float, float] = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **base: Unpack[ImageArguments],
    ) -> None:
        super().__init__(seed, data_format, **base)
        who = "RandomErasing"
        self.factor = checked(who, "factor", factor, 0.0, 1.0)
        self.scale = checked(who, "scale", scale, 0.0, 1.0)
        self.fill_value = None if fill_value is None else _filling(who, fill_value)
        self.value_range = pixels(who, value_range)

    def _draw(self, x: Any) -> list[Any]:
        rows = ops.shape(x)[0]
        ends = span("RandomErasing", "scale", self.scale, 0.0, 1.0)
        share = ops.sqrt(self._drawn((rows, 2), *ends))
        stretches = [self._stretch(x, axis, share[:, 2 - axis]) for axis in (2, 1)]
        erased = ops.logical_and(*(within(x, *stretch) for stretch in stretches))
        chosen = self._chosen(x, self.factor)
        if self.fill_value is None:
            filling = random.normal(ops.shape(x), seed=self._source()) * self.value_range[1]
        else:
            filling = ops.zeros_like(x) + np.asarray(self.fill_value, float)
        return [ops.logical_and(chosen, erased), ops.clip(filling, *self.value_range)]

    def _changed(self, x: Any, drawn: Any) -> Any:
        erased, filling = drawn
        return ops.where(erased, filling, x)


def _filling(who: str, value: Any) -> float | tuple[float, ...]:
    if isinstance(value, (tuple, list)):
        return tuple(_check.number(who, "fill_value", each) for each in value)
    return _check.number(who, "fill_value", value)
