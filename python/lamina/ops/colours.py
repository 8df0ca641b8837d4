"""Colours of images."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._images import as_given, last_channels
from lamina.ops.arithmetic import add, divide_no_nan, mod, multiply, subtract
from lamina.ops.bounds import maximum, minimum
from lamina.ops.comparisons import equal, where
from lamina.ops.contractions import tensordot
from lamina.ops.indexing import get_item
from lamina.ops.joining import stack
from lamina.ops.reductions import max as max_of
from lamina.ops.reductions import min as min_of
from lamina.ops.shaping import expand_dims

__all__ = ["hsv_to_rgb", "rgb_to_grayscale", "rgb_to_hsv"]


def _colours(
    who: str, images: Any, data_format: Any, channels: tuple[int, ...] = (3,)
) -> tuple[Tensor, Callable[[Any], Any]]:
    """Return images with the channels last, checked, and a function that moves them back."""
    x, _, back = last_channels(who, images, data_format)
    if x.shape[-1] not in channels:
        raise ValueError(
            f"{who}: needs {' or '.join(map(str, channels))} channels; got {x.shape[-1]}, for "
            f"shape {shown(x)}"
        )
    return x, back


@operation
def rgb_to_grayscale(images: Any, data_format: Any = None) -> Any:
    """Return the luma of colours, as one channel; images with one channel are unchanged.

    Parameters
    ----------
    images : tensor or array_like, shape (height, width, 3), or with axes of images before
    data_format : {"channels_last", "channels_first"}, optional

    Returns
    -------
    tensor or array
        Of one channel; integers, truncated towards 0, for integers.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.image.rgb_to_grayscale([[[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]])
    array([[[0.2989],
            [0.8859]]], dtype=float32)
    >>> ops.image.rgb_to_grayscale([[[255, 0, 0]]])
    array([[[76]]], dtype=int32)
    """
    x, back = _colours("rgb_to_grayscale", images, data_format, (1, 3))
    if x.shape[-1] == 1:
        return as_given(images, back(x))
    weights = np.array([0.2989, 0.5870, 0.1140])
    return as_given(images, back(expand_dims(tensordot(x, weights, 1), -1)))


@operation
def rgb_to_hsv(images: Any, data_format: Any = None) -> Any:
    """Return hue, saturation and value, all from 0 to 1, of red, green and blue.

    Parameters
    ----------
    images : tensor or array_like, shape (height, width, 3), or with axes of images before
        From 0 to 1.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> ops.image.rgb_to_hsv([[[0.0, 0.5, 0.0], [1.0, 1.0, 1.0]]]).round(4)
    array([[[0.3333, 1.    , 0.5   ],
            [0.    , 0.    , 1.    ]]], dtype=float32)
    """
    x, back = _colours("rgb_to_hsv", images, data_format)
    red, green, blue = (get_item(x, (..., i)) for i in range(3))
    value, least = max_of(x, -1), min_of(x, -1)
    spread = subtract(value, least)
    saturation = divide_no_nan(spread, value)

    def part(ahead: Any, behind: Any, start: float) -> Any:
        return add(divide_no_nan(subtract(ahead, behind), multiply(spread, 6.0)), start)

    hue = where(
        equal(red, value),
        part(green, blue, 0.0),
        where(equal(green, value), part(blue, red, 1 / 3), part(red, green, 2 / 3)),
    )
    hue = where(equal(spread, 0.0), 0.0, mod(hue, 1.0))
    return back(stack([hue, saturation, value], -1))


@operation
def hsv_to_rgb(images: Any, data_format: Any = None) -> Any:
    """Return red, green and blue of hue, saturation and value.

    Parameters
    ----------
    images : tensor or array_like, shape (height, width, 3), or with axes of images before
        From 0 to 1.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> ops.image.hsv_to_rgb([[[0.5, 1.0, 1.0], [0.5, 0.0, 0.25]]])
    array([[[0.  , 1.  , 1.  ],
            [0.25, 0.25, 0.25]]], dtype=float32)
    """
    x, back = _colours("hsv_to_rgb", images, data_format)
    hue, saturation, value = (get_item(x, (..., i)) for i in range(3))
    turn = multiply(hue, 6.0)

    def colour(shift: float) -> Any:
        k = mod(add(turn, shift), 6.0)
        reach = minimum(maximum(minimum(k, subtract(4.0, k)), 0.0), 1.0)
        return subtract(value, multiply(multiply(value, saturation), reach))

    return back(stack([colour(5.0), colour(3.0), colour(1.0)], -1))
