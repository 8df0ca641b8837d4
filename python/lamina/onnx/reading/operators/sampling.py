"""Reading images at computed positions."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from lamina import ops
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.registry import operator
from lamina.onnx.reading.views import sizes

CUBIC = -0.75


@operator("GridSample")
def grid_sample(node: Node, x: Any, grid: Any) -> Any:
    """Return images at the positions of a grid, with coordinates in [-1, 1] inside an image."""
    n, channels, *image = sizes(x)
    axes = len(image)
    mode = {"bilinear": "linear", "bicubic": "cubic"}.get(
        node.text("mode", "linear"), node.text("mode", "linear")
    )
    if mode not in ("nearest", "linear", "cubic"):
        raise ValueError(f"mode must be nearest, linear or cubic; got {mode!r}")
    corners, padding = node.int("align_corners", 0), node.text("padding_mode", "zeros")
    at = []
    for axis, size in enumerate(image):  # the grid has the last axis first
        place = ops.get_item(grid, (..., axes - 1 - axis))
        place = ops.multiply(ops.add(place, 1.0), (size - 1) / 2 if corners else size / 2)
        place = place if corners else ops.subtract(place, 0.5)
        if mode != "cubic":
            place = _within(place, size, padding, bool(corners))
        at.append(place)
    table = ops.reshape(ops.moveaxis(x, 1, -1), (n, int(np.prod(image)), channels))
    return ops.moveaxis(_sum_of_taps(table, at, image, mode, padding, bool(corners)), -1, 1)


def _within(place: Any, size: int, padding: str, corners: bool) -> Any:
    """Return positions with those outside an image clamped to its edge, or reflected."""
    if padding == "border":
        return ops.clip(place, 0.0, float(size - 1))
    if padding == "reflection":
        low, high = (0.0, size - 1.0) if corners else (-0.5, size - 0.5)
        span = high - low
        if span <= 0:
            return ops.multiply(place, 0.0)
        turn = ops.mod(ops.subtract(place, low), 2 * span)
        back = ops.where(ops.greater(turn, span), ops.subtract(2 * span, turn), turn)
        return ops.clip(ops.add(back, low), 0.0, float(size - 1))
    return place


def _taps(place: Any, mode: str) -> list[tuple[Any, Any]]:
    """Return the pixels of an axis for a position, and their weights."""
    if mode == "nearest":
        return [(ops.round(place), 1.0)]
    first = ops.floor(place)
    part = ops.subtract(place, first)
    if mode == "linear":
        return [(first, ops.subtract(1.0, part)), (ops.add(first, 1.0), part)]
    weights: list[Callable[[Any], Any]] = [_far, _near]
    made = []
    for offset in (-1, 0, 1, 2):
        distance = ops.abs(ops.subtract(part, float(offset)))
        made.append((ops.add(first, float(offset)), weights[offset in (0, 1)](distance)))
    return made


def _near(d: Any) -> Any:
    return (CUBIC + 2) * d**3 - (CUBIC + 3) * d**2 + 1.0


def _far(d: Any) -> Any:
    return CUBIC * d**3 - 5 * CUBIC * d**2 + 8 * CUBIC * d - 4 * CUBIC


def _sum_of_taps(
    table: Any, at: list[Any], image: list[int], mode: str, padding: str, corners: bool
) -> Any:
    """Return the sums of pixels (n, ..., channels) of a table (n, pixels, channels)."""
    shape = sizes(at[0])
    total: Any = None
    for taps in product(*(_taps(place, mode) for place in at)):
        weight: Any = 1.0
        index: Any = 0
        for (pixel, share), size in zip(taps, image, strict=True):
            if mode == "cubic":
                pixel = _within(pixel, size, padding, corners)  # noqa: PLW2901
            inside = ops.logical_and(ops.greater_equal(pixel, 0.0), ops.less(pixel, float(size)))
            weight = ops.multiply(ops.multiply(weight, share), ops.cast(inside, "float32"))
            index = ops.add(ops.multiply(index, size), ops.clip(pixel, 0.0, float(size - 1)))
        flat = ops.reshape(ops.cast(index, "int32"), (shape[0], int(np.prod(shape[1:])), 1))
        values = ops.take_along_axis(table, flat, 1)
        values = ops.reshape(values, (*shape, sizes(table)[-1]))
        part = ops.multiply(values, ops.expand_dims(weight, -1))
        total = part if total is None else ops.add(total, part)
    return total
