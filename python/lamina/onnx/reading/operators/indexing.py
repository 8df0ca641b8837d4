"""Elements at indices, and values put at indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops
from lamina._tensors import RowCount
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.known import check_size
from lamina.onnx.reading.operators._elements import is_integer
from lamina.onnx.reading.registry import known_array, number, operator
from lamina.onnx.reading.views import axis_of, opened, plain, rank, sizes, viewed, without


def _integers(indices: Any) -> Any:
    if isinstance(indices, np.ndarray):
        return indices.astype(np.int32)
    return ops.cast(indices, "int32")


@operator("Gather", views=True)
def gather(node: Node, x: Any, indices: Any) -> Any:
    """Return the elements of an axis at indices."""
    axis = axis_of(node.int("axis", 0), rank(x))
    if isinstance(indices, np.ndarray) and not isinstance(sizes(x)[axis], RowCount):
        size = sizes(x)[axis]
        if indices.size and not (-size <= indices.min() and indices.max() < size):
            raise ValueError(f"an index is outside an axis of {size}; got {indices.ravel()[:5]}")
    stored, order = opened(x)
    if isinstance(indices, np.ndarray) and indices.ndim == 0:
        keys: list[Any] = [slice(None)] * len(order)
        keys[order[axis]] = int(indices)
        return viewed(ops.get_item(stored, tuple(keys)), without(order, [order[axis]]))
    if isinstance(indices, np.ndarray) and indices.ndim == 1:
        return viewed(ops.take(stored, _integers(indices), order[axis]), order)
    return ops.take(plain(x), _integers(plain(indices)), axis)


@operator("GatherElements")
def gather_elements(node: Node, x: Any, indices: Any) -> Any:
    """Return the elements at indices along an axis, in the shape of the indices."""
    axis = axis_of(node.int("axis", 0), rank(x))
    keys = []
    for i, (own, wanted) in enumerate(zip(sizes(x), sizes(indices), strict=True)):
        if isinstance(own, RowCount) or isinstance(wanted, RowCount) or i == axis:
            keys.append(slice(None))
        else:
            keys.append(slice(0, wanted))
    x = ops.get_item(x, tuple(keys))
    return ops.take_along_axis(x, _integers(indices), axis)


@operator("GatherND")
def gather_nd(node: Node, x: Any, indices: Any) -> Any:
    """Return the parts of x at positions in the last axis of the indices."""
    shared = node.int("batch_dims", 0)
    depth = sizes(indices)[-1]
    parts = [ops.get_item(_integers(indices), (..., i)) for i in range(depth)]
    own = sizes(x)
    lead = []
    for i in range(shared):
        shape = [1] * len(sizes(parts[0]))
        shape[i] = own[i]
        lead.append(np.arange(own[i] + 0, dtype=np.int32).reshape(shape))
    flat: Any = 0
    for part, size in zip([*lead, *parts], own, strict=False):
        positive = ops.where(ops.less(part, 0), ops.add(part, size), part)
        flat = ops.add(ops.multiply(flat, size), positive)
    used = shared + depth
    count = 1
    for size in own[:used]:
        count = size * count
    table = ops.reshape(x, (count, *own[used:]))
    return ops.take(table, ops.cast(flat, "int32"), 0)


@operator("Scatter", "ScatterElements")
def scatter_elements(node: Node, x: Any, indices: Any, updates: Any) -> Any:
    """Return x with values set, or combined, at indices along an axis."""
    axis = axis_of(node.int("axis", 0), rank(x))
    own = [s + 0 for s in sizes(x)]
    shape = [s + 0 for s in sizes(indices)]
    grids = np.meshgrid(*(np.arange(s, dtype=np.int32) for s in shape), indexing="ij")
    at = _integers(indices)
    at = ops.where(ops.less(at, 0), ops.add(at, own[axis]), at)
    places = [ops.cast(at, "int32") if i == axis else grid for i, grid in enumerate(grids)]
    return _put(x, ops.stack(places, axis=-1), updates, node.text("reduction", "none"))


@operator("ScatterND")
def scatter_nd(node: Node, x: Any, indices: Any, updates: Any) -> Any:
    """Return x with values set, or combined, at positions in the last axis of the indices."""
    at = _integers(indices)
    limits = np.array([s + 0 for s in sizes(x)[: sizes(indices)[-1]]], np.int32)
    at = ops.where(ops.less(at, 0), ops.add(at, limits), at)
    return _put(x, ops.cast(at, "int32"), updates, node.text("reduction", "none"))


def _put(x: Any, places: Any, updates: Any, reduction: str) -> Any:
    if reduction not in ("none", "add", "mul", "max", "min"):
        raise ValueError(f"reduction must be none, add, mul, max or min; got {reduction!r}")
    return ops.scatter_update(x, places, updates, None if reduction == "none" else reduction)


@operator("TensorScatter")
def tensor_scatter(node: Node, past: Any, update: Any, begin: Any = None) -> Any:
    """Return a cache with new entries from a position on, which differs between rows."""
    axis = axis_of(node.int("axis", -2), rank(past))
    size, steps = sizes(past)[axis], sizes(update)[axis]
    n = sizes(past)[0]
    start: Any = np.zeros(n + 0, np.int32) if begin is None else _integers(begin)
    places = ops.add(ops.expand_dims(start, 1), np.arange(steps, dtype=np.int32)[None])
    if node.text("mode", "linear") == "circular":
        places = ops.mod(places, size)
    shape = [1] * rank(past)
    shape[0], shape[axis] = sizes(update)[0], steps
    index = ops.broadcast_to(ops.reshape(places, tuple(shape)), tuple(sizes(update)))
    inner = Node("ScatterElements", node.name, [], [], {"axis": axis}, node.opset)
    return scatter_elements(inner, past, ops.cast(index, "int32"), update)


@operator("OneHot", known=(1,))
def one_hot(node: Node, indices: Any, depth: Any, values: Any) -> Any:
    """Return one value at each index along a new axis, and another elsewhere."""
    count = int(number(depth, "depth"))
    check_size([count])
    axis = node.int("axis", -1)
    axes = rank(indices) + 1
    at = _integers(indices)
    at = ops.where(ops.less(at, 0), ops.add(at, count), at)
    hot = ops.one_hot(ops.cast(at, "int32"), count, axis=axis_of(axis, axes))
    off, on = ops.get_item(values, 0), ops.get_item(values, 1)
    made = ops.where(ops.greater(hot, 0.5), on, off)
    return ops.cast(made, "int32") if is_integer(values) else made


@operator("Compress", known=(1,))
def compress(node: Node, x: Any, condition: Any) -> Any:
    """Return the selected entries of an axis; the selection must be known."""
    chosen = np.nonzero(known_array(condition, "condition"))[0].astype(np.int32)
    axis = node.int("axis")
    if axis is None:
        return ops.take(ops.reshape(x, (-1,)), chosen, 0)
    return ops.take(x, chosen, axis_of(axis, rank(x)))
