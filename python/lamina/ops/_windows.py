"""Positions of windows along the spatial axes of images, and convolving images without rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from lamina._check import choice
from lamina._tensors.given import all_rows, by_rows, current, each_row, record, wrap
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._numbers import integers
from lamina.ops.shaping import moveaxis

Pads = list[tuple[int, int]]


def sizes_of(who: str, name: str, value: Any, axes: int, low: int = 1) -> list[int]:
    """Return one integer, by default a positive one, for each spatial axis."""
    sizes = integers(who, name, value)
    sizes = sizes if isinstance(value, (list, tuple, np.ndarray)) else sizes * axes
    if len(sizes) != axes or min(sizes) < low:
        rule = "a positive integer" if low == 1 else "an integer, not negative"
        raise ValueError(
            f"{who}: {name} must be {rule}, or one for each of {axes} axes; got {value!r}"
        )
    return sizes


def channels_last(who: str, x: Tensor, data_format: Any) -> tuple[Tensor, Callable[[Tensor], Any]]:
    """Return images with the channels after the spatial axes, and a function that undoes it."""
    if data_format is not None:
        choice(who, "data_format", data_format, ("channels_last", "channels_first"))
    if not 3 <= x.ndim <= 5:
        raise ValueError(
            f"{who}: needs images (n, ..., channels) of 1 to 3 spatial axes; got shape {shown(x)}"
        )
    if data_format != "channels_first":
        return x, lambda y: y
    return moveaxis(x, 1, -1), lambda y: moveaxis(y, -1, 1)


def placed(
    who: str, sizes: Sequence[int], spans: Sequence[int], strides: Sequence[int], padding: Any
) -> tuple[list[int], Pads]:
    """Return the number of windows along each axis, and the cells that "same" adds around it."""
    choice(who, "padding", padding, ("valid", "same"))
    counts, pads = [], []
    for size, span, stride in zip(sizes, spans, strides, strict=True):
        if padding == "valid":
            if span > size:
                raise ValueError(
                    f"{who}: a window of {tuple(spans)} cells is larger than the image, "
                    f"{tuple(sizes)}"
                )
            counts.append((size - span) // stride + 1)
            pads.append((0, 0))
        else:
            counts.append(-(-size // stride))
            more = max((counts[-1] - 1) * stride + span - size, 0)
            pads.append((more // 2, more - more // 2))
    return counts, pads


def pair(sizes: Sequence[int]) -> list[int]:
    """Return two sizes: a signal is an image of height 1."""
    return [1, *sizes] if len(sizes) == 1 else list(sizes)


def around(pads: Pads) -> list[int]:
    """Return (top, bottom, left, right)."""
    both = [(0, 0), *pads] if len(pads) == 1 else pads
    return [cells for ends in both for cells in ends]


# --- images without rows


def each_image(x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the result of a function of rows for images, also for those without rows."""
    if x.rows:
        return function(x)
    rows, count = current().need_rows(), x.shape[0]
    if count == rows:
        return all_rows(function(by_rows(x)))
    # The images are steps of a single row that all rows share; the result is that of the first row.
    y = record("unfold", function(record("fold", each_row(x))), count)
    y = all_rows(y)
    sizes = list(y.shape)
    first = record("slice", y, [0] * len(sizes), [1, *sizes[1:]], [1] * len(sizes))
    return wrap(first.recording.graph.reshape(first.value, sizes[1:]))


def each_frame(x: Tensor, function: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the result of a function of images for (n, depth, height, width, channels)."""
    depth = x.value.shape[0 if x.rows else 1]
    if x.rows:
        return record("unfold", function(record("fold", x)), depth)  # type: ignore[no-any-return]
    graph, shape = x.recording.graph, list(x.value.shape)
    frames = wrap(graph.reshape(x.value, [prod(shape[:2]), *shape[2:]]))
    y = each_image(frames, function)
    return wrap(graph.reshape(y.value, [*shape[:2], *y.value.shape[1:]]))
