"""Strides, dilation and padding of windows in the form that the core expects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.kernels._arguments import LARGEST, is_pair, several, whole, wholes

Array = NDArray[Any]
Sizes = int | Sequence[int]
Padding = str | int | Sequence[Any]

# The axes of images, and of kernels after their spatial ones, by the number of spatial axes.
IMAGE = ("", "(batch, steps, channels)", "(batch, height, width, channels)")
TAPS = ("", "(size, ", "(kernel_height, kernel_width, ")


def sizes_of(who: str, name: str, value: Any, axes: int, least: int = 1) -> tuple[int, ...]:
    """Return one integer for each axis from an integer or a sequence."""
    if isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim > 0):
        if len(value) != axes:
            raise ValueError(f"{who}: {name} must be an integer or {axes} of them; got {value!r}")
        return wholes(who, name, value, least)
    return (whole(who, name, value, least),) * axes


def _explicit(who: str, value: Sequence[Any], axes: int) -> list[tuple[int, ...]]:
    """Return pairs from pairs; for one axis a single pair is allowed."""
    alone = axes == 1 and len(value) == 2 and not isinstance(value[0], (list, tuple, np.ndarray))
    pairs = [value] if alone else value
    if len(pairs) != axes or not all(is_pair(pair) for pair in pairs):
        raise ValueError(f"{who}: padding must hold (before, after) for each axis; got {value!r}")
    return [wholes(who, "padding", pair, 0) for pair in pairs]


def pads_of(
    who: str,
    padding: Padding,
    sizes: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    names: Sequence[str],
) -> list[tuple[int, ...]]:
    """Return cells before and after each axis; ``window`` is the dilated kernel's length."""
    axes = len(window)
    if isinstance(padding, (list, tuple)) or (isinstance(padding, np.ndarray) and padding.ndim):
        return _explicit(who, several(who, "padding", padding), axes)
    if not isinstance(padding, str):
        cells = whole(who, "padding", padding, 0)
        return [(cells, cells)] * axes
    if padding not in names:
        known = ", ".join(repr(name) for name in names)
        raise ValueError(
            f"{who}: padding must be {known} or (before, after) for each axis; got {padding!r}"
        )
    if padding == "valid":
        return [(0, 0)] * axes
    if padding == "causal":
        return [(window[0] - 1, 0)]
    pads: list[tuple[int, ...]] = []
    for size, length, stride in zip(sizes, window, strides, strict=True):
        total = max((-(-size // stride) - 1) * stride + length - size, 0)
        pads.append((total // 2, total - total // 2))
    return pads


def settings(pads: Sequence[tuple[int, ...]], **sizes: Sequence[int]) -> dict[str, Any]:
    """Return the settings of an operation; signals are treated as images of height 1."""
    if len(pads) == 1:
        pads, sizes = [(0, 0), *pads], {name: (1, *size) for name, size in sizes.items()}
    return {"padding": (*pads[0], *pads[1]), **sizes}


def countable(who: str, pool: tuple[int, ...]) -> tuple[int, ...]:
    """Return a pool whose cells an int32 can count: max pooling stores the index of a maximum."""
    if math.prod(pool) > LARGEST:
        raise ValueError(f"{who}: pool_size must span at most {LARGEST} cells; got {pool}")
    return pool


def pool_window(
    who: str, shape: Sequence[int], axes: int, pool_size: Any, strides: Any, padding: Any
) -> dict[str, Any]:
    """Return the settings of a pooling operation."""
    pool = countable(who, sizes_of(who, "pool_size", pool_size, axes))
    steps = pool if strides is None else sizes_of(who, "strides", strides, axes)
    if len(shape) != axes + 2 or min(shape[1:]) < 1:
        raise ValueError(
            f"{who}: x must have {axes + 2} axes, none empty but the first; got shape {shape}"
        )
    pads = pads_of(who, padding, shape[1 : axes + 1], pool, steps, ("valid", "same"))
    return settings(pads, pool=pool, strides=steps)


def transposed_axis(
    size: int, span: int, stride: int, padding: str, extra: int | None
) -> tuple[int, tuple[int, int]]:
    """Return a transposed convolution's size, and the cells before and after it, as Keras does."""
    if padding == "valid":
        cells = max(span, stride) - span if extra is None else extra
        output, before = (size - 1) * stride + span + cells, 0
    else:
        even = span % 2
        # The cells of the dilated input that extend beyond both ends of the output.
        reach = stride + span - 2 if extra is None else span + even - 2 + extra
        before = span - 1 - min(reach // 2 + reach % 2, span - 1)
        output = size * stride if extra is None else (size - 1) * stride + even + extra
    return output, (before, max((size - 1) * stride + span - output - before, 0))
