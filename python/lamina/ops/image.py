"""Images: resized, padded, cropped, and their colours."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from lamina._answers import answering
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._elements import floats
from lamina.ops._windows import placed, sizes_of
from lamina.ops.arithmetic import add, divide_no_nan, maximum, minimum, mod, multiply, subtract
from lamina.ops.comparisons import equal, where
from lamina.ops.indexing import get_item
from lamina.ops.joining import concatenate, stack
from lamina.ops.products import tensordot
from lamina.ops.reductions import max as max_of
from lamina.ops.reductions import min as min_of
from lamina.ops.repeating import chosen, pad
from lamina.ops.shaping import expand_dims, moveaxis

__all__ = [
    "crop_images",
    "extract_patches",
    "hsv_to_rgb",
    "pad_images",
    "resize",
    "rgb_to_grayscale",
    "rgb_to_hsv",
]

if not TYPE_CHECKING:
    __getattr__ = answering(__name__)


def _last(who: str, images: Any, data_format: Any) -> tuple[Tensor, int, Callable[[Any], Any]]:
    """Return images with the channels last, the first spatial axis, and the way back."""
    x = floats(images)
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueError(
            f"{who}: data_format must be 'channels_last' or 'channels_first'; got {data_format!r}"
        )
    if x.ndim not in (3, 4):
        raise ValueError(
            f"{who}: needs an image (height, width, channels), or several; got shape {shown(x)}"
        )
    x = all_rows(x) if x.ndim == 3 else x  # its first axis is one of the image
    if data_format != "channels_first":
        return x, x.ndim - 3, lambda y: y
    return moveaxis(x, -3, -1), x.ndim - 3, lambda y: moveaxis(y, -1, -3)


# --- sizes


@operation
def resize(
    images: Any, size: Any, interpolation: str = "bilinear", antialias: bool = False,
    crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant", fill_value: float = 0.0, data_format: Any = None,
) -> Any:  # fmt: skip
    """Return images of another size.

    Parameters
    ----------
    images : tensor or array_like, shape (n, height, width, channels) or (height, width, channels)
    size : tuple of 2 int
        (height, width).
    interpolation : {"bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"}, default "bilinear"
    antialias : bool, default False
        Whether smaller images are smoothed.
    crop_to_aspect_ratio, pad_to_aspect_ratio : bool, default False
        Whether the images get the new proportions by a crop, or by margins, instead of distortion.
    fill_mode : {"constant"}
    fill_value : float, default 0.0
        What stands in the margins.
    data_format : {"channels_last", "channels_first"}, optional

    Examples
    --------
    >>> from lamina import ops
    >>> ops.image.resize([[[0.0], [4.0]]], (1, 4))[0, :, 0]
    array([0., 1., 3., 4.], dtype=float32)
    """
    x, first, back = _last("resize", images, data_format)
    new = sizes_of("resize", "size", size, 2)
    if interpolation not in ("bilinear", "nearest", *KERNELS):
        raise ValueError(
            f"resize: interpolation must be 'bilinear', 'nearest', 'bicubic', 'lanczos3' or "
            f"'lanczos5'; got {interpolation!r}"
        )
    if fill_mode != "constant" or (crop_to_aspect_ratio and pad_to_aspect_ratio):
        raise ValueError(
            f"resize: fill_mode must be 'constant', and a crop and margins exclude each other; got "
            f"{fill_mode!r}, {crop_to_aspect_ratio} and {pad_to_aspect_ratio}"
        )
    old = x.shape[first : first + 2]
    wanted = [int(old[1] * new[0] / new[1]), int(old[0] * new[1] / new[0])]
    if crop_to_aspect_ratio:
        for axis, want in enumerate(wanted):
            length = max(min(old[axis], want), 1)
            x = _cut(x, first + axis, int((old[axis] - length) / 2), length)
    if pad_to_aspect_ratio:
        margins = [(0, 0)] * x.ndim
        for axis, want in enumerate(wanted):
            more = int((max(old[axis], want) - old[axis]) / 2)
            margins[first + axis] = (more, more)
        x = pad(x, margins, constant_values=fill_value)
    for axis, length in enumerate(new, first):
        x = _resized(x, axis, length, interpolation, antialias)
    return back(x)


def _cut(x: Tensor, axis: int, start: int, length: int) -> Tensor:
    key = [slice(None)] * axis + [slice(start, start + length)]
    return get_item(x, tuple(key))  # type: ignore[no-any-return]


def _resized(x: Tensor, axis: int, length: int, interpolation: str, antialias: bool) -> Tensor:
    size = x.shape[axis]
    if size == length:
        return x
    if interpolation == "nearest":
        places = np.floor((np.arange(length) + 0.5) * size / length).astype(int)
        return chosen(x, places, axis)
    if interpolation == "bilinear" and not (antialias and length < size):
        return record("resize", x, axis - x.rows, length)  # type: ignore[no-any-return]
    kernel = KERNELS.get(interpolation, _triangle)
    weights = _weights(size, length, kernel, antialias)
    return moveaxis(tensordot(x, weights, [[axis], [0]]), -1, axis)  # type: ignore[no-any-return]


def _weights(size: int, length: int, kernel: Callable[[Any], Any], antialias: bool) -> Any:
    """Return how much each old pixel counts for each new one, (size, length)."""
    ratio = size / length
    spread = max(ratio, 1.0) if antialias else 1.0
    centres = (np.arange(length) + 0.5) * ratio - 0.5
    weights = kernel(np.abs(centres - np.arange(size)[:, None]) / spread)
    return weights / weights.sum(0)


def _triangle(x: Any) -> Any:
    return np.maximum(1 - x, 0)


def _cubic(x: Any) -> Any:
    """Keys's kernel with a = -1/2 (1981)."""
    near, far = ((1.5 * x - 2.5) * x) * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def _lanczos(radius: float) -> Callable[[Any], Any]:
    return lambda x: np.where(x > radius, 0, np.sinc(x) * np.sinc(x / radius))


KERNELS = {"bicubic": _cubic, "lanczos3": _lanczos(3.0), "lanczos5": _lanczos(5.0)}


@operation
def pad_images(
    images: Any, top_padding: Any = None, left_padding: Any = None, bottom_padding: Any = None,
    right_padding: Any = None, target_height: Any = None, target_width: Any = None,
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Return images with zeros around them; of each axis two of the three numbers are given."""
    x, first, back = _last("pad_images", images, data_format)
    height, width = x.shape[first : first + 2]
    rows = _ends("pad_images", top_padding, bottom_padding, target_height, height, 1)
    columns = _ends("pad_images", left_padding, right_padding, target_width, width, 1)
    return back(pad(x, [(0, 0)] * first + [rows, columns, (0, 0)]))


@operation
def crop_images(
    images: Any, top_cropping: Any = None, left_cropping: Any = None, bottom_cropping: Any = None,
    right_cropping: Any = None, target_height: Any = None, target_width: Any = None,
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Return images without their margins; of each axis two of the three numbers are given."""
    x, first, back = _last("crop_images", images, data_format)
    height, width = x.shape[first : first + 2]
    top, bottom = _ends("crop_images", top_cropping, bottom_cropping, target_height, height, -1)
    left, right = _ends("crop_images", left_cropping, right_cropping, target_width, width, -1)
    x = _cut(x, first, top, height - top - bottom)
    return back(_cut(x, first + 1, left, width - left - right))


def _ends(who: str, before: Any, after: Any, target: Any, size: int, sign: int) -> tuple[int, int]:
    if (before is None) + (after is None) + (target is None) != 1:
        raise ValueError(
            f"{who}: of each axis two of the margin before, the margin behind and the target size "
            f"must be given; got {before}, {after} and {target}"
        )
    more = None if target is None else sign * (target - size)
    if more is not None:
        before = more - after if before is None else before
        after = more - before
    if before < 0 or after < 0 or (sign < 0 and before + after >= size):
        raise ValueError(
            f"{who}: margins must not be negative, nor take all of an axis; got {before} and "
            f"{after} for {size} pixels"
        )
    return before, after


@operation
def extract_patches(
    images: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: Any = None,
) -> Any:  # fmt: skip
    """Return the pixels of windows of images: those of one window along the last axis.

    Parameters
    ----------
    images : tensor or array_like, shape (n, height, width, channels) or (height, width, channels)
    size : int or tuple of 2 int
        That of the windows.
    strides : int or tuple of 2 int, optional
        The size if not given.
    dilation_rate : int or tuple of 2 int, default 1
    padding : {"valid", "same"}, default "valid"
    data_format : {"channels_last", "channels_first"}, optional
    """
    who = "extract_patches"
    x, first, back = _last(who, images, data_format)
    window, steps = sizes_of(who, "size", size, 2), size if strides is None else strides
    steps, gaps = sizes_of(who, "strides", steps, 2), sizes_of(who, "dilation_rate", dilation_rate, 2)  # fmt: skip  # noqa: E501
    spans = [(k - 1) * d + 1 for k, d in zip(window, gaps, strict=True)]
    counts, pads = placed(who, x.shape[first : first + 2], spans, steps, padding)
    x = pad(x, [(0, 0)] * first + [*pads, (0, 0)])
    parts = []
    for i in range(window[0]):
        for j in range(window[1]):
            starts = [i * gaps[0], j * gaps[1]]
            keys = [
                slice(start, start + (count - 1) * step + 1, step)
                for start, count, step in zip(starts, counts, steps, strict=True)
            ]
            parts.append(get_item(x, (*[slice(None)] * first, *keys)))
    return back(concatenate(parts, -1))


# --- colours


@operation
def rgb_to_grayscale(images: Any, data_format: Any = None) -> Any:
    """Return the luma of colours, as one channel."""
    x, _, back = _last("rgb_to_grayscale", images, data_format)
    weights = np.array([0.2989, 0.5870, 0.1140])
    return back(expand_dims(tensordot(x, weights, 1), -1))


@operation
def rgb_to_hsv(images: Any, data_format: Any = None) -> Any:
    """Return hue, saturation and value, all from 0 to 1, of red, green and blue."""
    x, _, back = _last("rgb_to_hsv", images, data_format)
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
    """Return red, green and blue of hue, saturation and value."""
    x, _, back = _last("hsv_to_rgb", images, data_format)
    hue, saturation, value = (get_item(x, (..., i)) for i in range(3))
    turn = multiply(hue, 6.0)

    def colour(shift: float) -> Any:
        k = mod(add(turn, shift), 6.0)
        reach = minimum(maximum(minimum(k, subtract(4.0, k)), 0.0), 1.0)
        return subtract(value, multiply(multiply(value, saturation), reach))

    return back(stack([colour(5.0), colour(3.0), colour(1.0)], -1))
