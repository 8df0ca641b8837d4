"""Pooling."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import prod
from typing import Any

import numpy as np

from lamina import ops
from lamina._tensors.given import given, record
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.operators._elements import is_integer
from lamina.onnx.reading.operators._rows import by_row
from lamina.onnx.reading.operators._windows import Windows, around, pair, windows_of
from lamina.onnx.reading.operators.convolution import images
from lamina.onnx.reading.operators.shaping import padded
from lamina.onnx.reading.registry import operator, whole
from lamina.onnx.reading.views import opened, rank, sizes, viewed


def _windows(node: Node, stored: Any) -> Windows:
    window = node.list("kernel_shape")
    if not window or any(not isinstance(k, int) or k < 1 for k in window):
        raise ValueError(f"kernel_shape must hold positive integers; got {window}")
    return windows_of(node, sizes(stored)[1:-1], window)


def _margins(stored: Any, w: Windows) -> list[tuple[int, int]]:
    """Return the margins that the windows cover, which may differ from pads."""
    made = []
    for size, span, stride, count, (low, _) in zip(
        sizes(stored)[1:-1], w.spans, w.strides, w.counts, w.pads, strict=True
    ):
        made.append((low, (count - 1) * stride + span - size - low))
    return made


def _kernel(kind: str, x: Any, w: Windows, pads: list[tuple[int, int]]) -> Any:
    """Return the pooling of an image or signal by the engine's kernel; margins do not count."""
    cut = [(0, 0), *((0, min(0, b)) for _, b in pads), (0, 0)]
    x = padded(x, cut, "constant", 0.0)
    pads = [(a, max(0, b)) for a, b in pads]
    return by_row(
        lambda rows: record("pool2d", kind, rows, pair(w.size), pair(w.strides), around(pads)), x
    )


def _fits(w: Windows, pads: list[tuple[int, int]]) -> bool:
    """Return whether the engine's kernel supports the windows."""
    inside = all(max(ends) < k for ends, k in zip(pads, w.size, strict=True))
    return len(w.size) < 3 and inside and all(d == 1 for d in w.dilations)


def _taps(x: Any, w: Windows) -> list[Any]:
    """Return the elements at each cell of a window, for all windows."""
    taps = []
    for cell in product(*(range(k) for k in w.size)):
        keys = [slice(None)]
        for c, d, s, n in zip(cell, w.dilations, w.strides, w.counts, strict=True):
            keys.append(slice(c * d, c * d + (n - 1) * s + 1, s))
        taps.append(ops.get_item(x, tuple(keys)))
    return taps


def _by_taps(x: Any, w: Windows, fill: Any, join: Callable[[Any, Any], Any]) -> Any:
    x = padded(x, [(0, 0), *_margins(x, w), (0, 0)], "constant", fill)
    taps = _taps(x, w)
    made = taps[0]
    for tap in taps[1:]:
        made = join(made, tap)
    return made


@operator("MaxPool", views=True)
def max_pool(node: Node, x: Any) -> Any:
    """Return the largest element of each window, and its index."""
    stored, order = images(x)
    stored = given(stored)
    w = _windows(node, stored)
    pads = _margins(stored, w)
    whole_numbers = is_integer(stored)
    if len(node.outputs) > 1 and node.outputs[1]:
        y, places = _with_places(stored, w, node.int("storage_order", 0))
        return viewed(y, order), viewed(places, order)
    if not whole_numbers and _fits(w, pads):
        return viewed(_kernel("max", stored, w, pads), order)
    # A margin is smaller than all elements.
    fill = -(2**24) if whole_numbers else -np.inf
    return viewed(_by_taps(stored, w, fill, ops.maximum), order)


def _with_places(x: Any, w: Windows, column_major: int) -> tuple[Any, Any]:
    """Return the maxima, and their indices in the flattened input, in logical order."""
    n, *image, channels = sizes(x)
    number = np.arange(prod(image))
    if column_major:
        number = number.reshape(image[::-1]).transpose()
    number = number.reshape(1, *image, 1).astype(np.int32)
    margins = [(0, 0), *_margins(x, w), (0, 0)]
    values = ops.stack(_taps(padded(x, margins, "constant", -np.inf), w), axis=-1)
    spots = padded(number, margins, "constant", 0)
    spots = np.stack([np.asarray(t) for t in _taps(spots, w)], axis=-1)
    best = ops.argmax(values, axis=-1)
    here = ops.sum(ops.multiply(ops.one_hot(best, values.shape[-1], dtype="int32"), spots), axis=-1)
    image_number = np.arange(int(n + 0) * channels).reshape(n, *(1,) * len(image), channels)
    return ops.max(values, axis=-1), ops.cast(
        ops.add(here, (image_number * prod(image)).astype(np.int32)), "int32"
    )


@operator("AveragePool", views=True)
def average_pool(node: Node, x: Any) -> Any:
    """Return the mean of each window, including the margins with ``count_include_pad``."""
    stored, order = images(x)
    stored = given(stored)
    w = _windows(node, stored)
    counted = node.int("count_include_pad", 0)
    if counted:
        stored = padded(stored, [(0, 0), *w.pads, (0, 0)], "constant", 0.0)
        w = w._replace(pads=[(0, 0)] * len(w.size))
    pads = _margins(stored, w)
    if _fits(w, pads):
        return viewed(_kernel("average", stored, w, pads), order)
    ones = np.ones((1, *sizes(stored)[1:-1], 1), np.float32)
    total = _by_taps(stored, w, 0.0, ops.add)
    count = _by_taps(ones, w, 0.0, ops.add)
    return viewed(ops.divide(total, np.maximum(np.asarray(count), 1)), order)


@operator("LpPool", views=True)
def lp_pool(node: Node, x: Any) -> Any:
    """Return the norm of each window."""
    stored, order = images(x)
    w = _windows(node, stored)
    p = float(node.int("p", 2))
    total = _by_taps(ops.power(ops.abs(stored), p), w, 0.0, ops.add)
    return viewed(ops.power(total, 1.0 / p), order)


def _global(x: Any, function: Callable[..., Any]) -> Any:
    stored, order = opened(x)
    axes = tuple(sorted(order[axis] for axis in range(2, rank(x))))
    return viewed(function(stored, axes, True) if axes else stored, order)


@operator("GlobalAveragePool", views=True)
def global_average_pool(_: Node, x: Any) -> Any:
    """Return the mean of each channel."""
    return _global(x, ops.mean)


@operator("GlobalMaxPool", views=True)
def global_max_pool(_: Node, x: Any) -> Any:
    """Return the largest element of each channel."""
    return _global(x, ops.max)


@operator("GlobalLpPool", views=True)
def global_lp_pool(node: Node, x: Any) -> Any:
    """Return the norm of each channel."""
    p = float(node.int("p", 2))

    def norm(v: Any, axes: Any, keep: bool) -> Any:
        return ops.power(ops.sum(ops.power(ops.abs(v), p), axes, keep), 1.0 / p)

    return _global(x, norm)


@operator("MaxUnpool", known=(2,))
def max_unpool(node: Node, x: Any, places: Any, shape: Any = None) -> Any:
    """Return maxima at their original positions, with zeros elsewhere."""
    axes = rank(x) - 2
    window, strides = node.list("kernel_shape"), node.list("strides") or [1] * axes
    pads = node.list("pads") or [0] * 2 * axes
    n, c, *image = sizes(x)
    out = [
        (size - 1) * s + k - pads[i] - pads[i + axes]
        for i, (size, s, k) in enumerate(zip(image, strides, window, strict=True))
    ]
    index = ops.reshape(ops.cast(places, "int32"), (-1, 1))
    flat = ops.scatter(index, ops.reshape(x, (-1,)), (int(n * c * prod(out)),))
    y = ops.reshape(flat, (n, c, *out))
    target = whole(shape, "output_shape") or [n, c, *out]
    margins = [(0, to - own) for to, own in zip(target, sizes(y), strict=True)]
    return padded(y, margins, "constant", 0.0)
