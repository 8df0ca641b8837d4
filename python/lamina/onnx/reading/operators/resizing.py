"""Resizing images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina import ops
from lamina._tensors import RowCount
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.registry import known_array, operator, whole
from lamina.onnx.reading.views import axis_of, opened, rank, sizes, viewed

Array = NDArray[Any]


@operator("Upsample", views=True, known=(1,))
def upsample(node: Node, x: Any, scales: Any = None) -> Any:
    """Return an enlarged image."""
    factors = node.list("scales") if node.opset < 9 else known_array(scales, "scales").tolist()
    settings = {"mode": node.text("mode", "nearest"), "nearest_mode": "floor",
                "coordinate_transformation_mode": "asymmetric"}  # fmt: skip
    as_resize = Node("Resize", node.name, [], [], settings, 11)
    return _resized(as_resize, x, list(range(rank(x))), factors, None, None)


@operator("Resize", views=True, known=(1, 2, 3))
def resize(node: Node, x: Any, *more: Any) -> Any:
    """Return a resized image."""
    roi, scales, target = (
        (None, *more, None, None)[:3] if node.opset < 11 else (*more, None, None, None)[:3]
    )
    places = [axis_of(a, rank(x)) for a in node.list("axes") or range(rank(x))]
    factors = None
    if scales is not None and known_array(scales, "scales").size:
        factors = scales.astype(np.float64).tolist()
    wanted = (
        whole(target, "sizes") if target is not None and known_array(target, "sizes").size else None
    )
    box = None
    if node.text("coordinate_transformation_mode") == "tf_crop_and_resize":
        box = known_array(roi, "roi").astype(np.float64).tolist()
    if (factors is None) == (wanted is None):
        raise ValueError("needs scales or sizes")
    return _resized(node, x, places, factors, wanted, box)


def _resized(node: Node, x: Any, places: list[int], factors: Any, wanted: Any, box: Any) -> Any:
    stored, order = opened(x)
    own = sizes(x)
    if node.opset < 11 and "coordinate_transformation_mode" not in node.attributes:
        node = Node(node.op, node.name, [], [], {
            "nearest_mode": "floor", "coordinate_transformation_mode": "asymmetric",
            **node.attributes,
        }, node.opset)  # fmt: skip
    if wanted is not None:
        factors, wanted = _by_sizes(node, [own[p] for p in places], wanted)
    for i, place in enumerate(places):
        size = own[place]
        if isinstance(size, RowCount):
            if wanted is None and factors[i] == 1.0:
                continue
            if wanted is not None and isinstance(wanted[i], RowCount):
                continue
            size = size + 0
        out = int(wanted[i]) if wanted is not None else int(np.floor(size * factors[i]))
        ends = (0.0, 1.0) if box is None else (box[i], box[i + len(places)])
        if out == size and factors[i] == 1.0 and box is None:
            continue
        if not 0 < out <= 1 << 16:
            raise ValueError(f"sizes must be in [1, 65536]; got {out}")
        matrix, outside = matrix_of(node, size, out, factors[i], ends)
        stored = _applied(matrix, stored, order[place])
        if outside.any():
            shape = [1] * len(order)
            shape[order[place]] = out
            fill = node.float("extrapolation_value", 0.0)
            stored = ops.where(outside.reshape(shape), fill, stored)
    return viewed(stored, order)


def _by_sizes(node: Node, own: list[Any], wanted: list[Any]) -> tuple[list[float], list[Any]]:
    """Return factors and sizes, whose ratio a policy may preserve."""
    policy = node.text("keep_aspect_ratio_policy", "stretch")
    if policy == "stretch":
        return [
            1.0 if isinstance(s, RowCount) else w / s for s, w in zip(own, wanted, strict=True)
        ], wanted
    ratios = [w / s for s, w in zip(own, wanted, strict=True)]
    factor = min(ratios) if policy == "not_larger" else max(ratios)
    return [factor] * len(own), [int(np.floor(s * factor + 0.5)) for s in own]


def _applied(matrix: Array, x: Any, axis: int) -> Any:
    """Return an axis of x multiplied by a matrix; one that only selects becomes a selection."""
    if ((matrix != 0).sum(1) == 1).all() and (matrix.max(1) == 1).all():
        return ops.take(x, matrix.argmax(1).astype(np.int32), axis)
    moved = ops.moveaxis(x, axis, -1)
    made = ops.matmul(moved, np.ascontiguousarray(matrix.T.astype(np.float32)))
    return ops.moveaxis(made, -1, axis)


def matrix_of(
    node: Node, size: int, out: int, factor: float, ends: tuple[float, float]
) -> tuple[Array, Array]:
    """Return the weights of the old pixels in each new one along an axis, and which are outside."""
    at = _coordinates(node, size, out, factor, ends)
    outside = (at < 0) | (at > size - 1) if "crop" in node.text("coordinate_transformation_mode") \
        else np.zeros(out, bool)  # fmt: skip
    mode = node.text("mode", "nearest")
    matrix = np.zeros((out, size))
    rows = np.arange(out)
    if mode == "nearest":
        matrix[rows, np.clip(_nearest(node, at), 0, size - 1)] = 1.0
        return matrix, outside
    if mode not in ("linear", "cubic"):
        raise ValueError(f"mode must be nearest, linear or cubic; got {mode!r}")
    shrink = min(factor, 1.0) if node.int("antialias", 0) else 1.0
    reach = int(np.ceil((2 if mode == "cubic" else 1) / shrink))
    first = np.floor(at).astype(int)
    a = node.float("cubic_coeff_a", -0.75)
    taps = []
    for offset in range(1 - reach - (shrink < 1), reach + 1 + (shrink < 1)):
        place = first + offset
        distance = np.abs(at - place) * shrink
        weight = np.maximum(0.0, 1.0 - distance) if mode == "linear" else _cubic(distance, a)
        if node.int("exclude_outside", 0):
            weight = np.where((place < 0) | (place >= size), 0.0, weight)
        taps.append((np.clip(place, 0, size - 1), weight))
    for place, weight in taps:
        np.add.at(matrix, (rows, place), weight)
    return matrix / matrix.sum(1, keepdims=True), outside


def _coordinates(
    node: Node, size: int, out: int, factor: float, ends: tuple[float, float]
) -> Array:
    i = np.arange(out, dtype=np.float64)
    mode = node.text("coordinate_transformation_mode", "half_pixel")
    if mode == "half_pixel":
        return (i + 0.5) / factor - 0.5
    if mode == "half_pixel_symmetric":
        adjust = out / (factor * size)
        return size / 2 * (1 - adjust) + (i + 0.5) / factor - 0.5
    if mode == "pytorch_half_pixel":
        return (i + 0.5) / factor - 0.5 if out > 1 else np.full(out, -0.5)
    if mode == "asymmetric":
        return i / factor
    if mode == "align_corners":
        return i * (size - 1) / (size * factor - 1) if size * factor != 1 else i * 0
    if mode == "tf_half_pixel_for_nn":
        return (i + 0.5) / factor
    if mode == "tf_crop_and_resize":
        begin, end = ends
        if out > 1:
            return begin * (size - 1) + i * (end - begin) * (size - 1) / (out - 1)
        return np.full(out, 0.5 * (begin + end) * (size - 1))
    raise ValueError(f"unknown coordinate_transformation_mode {mode!r}")


def _nearest(node: Node, at: Array) -> Array:
    mode = node.text("nearest_mode", "round_prefer_floor")
    if mode == "round_prefer_floor":
        return np.ceil(at - 0.5).astype(int)
    if mode == "round_prefer_ceil":
        return np.floor(at + 0.5).astype(int)
    if mode == "floor":
        return np.floor(at).astype(int)
    if mode == "ceil":
        return np.ceil(at).astype(int)
    raise ValueError(f"unknown nearest_mode {mode!r}")


def _cubic(d: Array, a: float) -> Array:
    near = (a + 2) * d**3 - (a + 3) * d**2 + 1
    far = a * d**3 - 5 * a * d**2 + 8 * a * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0.0))
