"""The limits of ONNX's Slice as slices of Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lamina._tensors import RowCount
from lamina.onnx.reading.graph import Node
from lamina.onnx.reading.registry import whole
from lamina.onnx.reading.views import axis_of


def slices_of(node: Node, sizes: Sequence[Any], limits: Sequence[Any]) -> list[slice]:
    """Return a slice for each axis; limits are attributes before version 10, inputs from then on.

    An axis of an unknown number of rows may only be taken whole.
    """
    names = ("starts", "ends", "axes", "steps")
    if node.opset < 10:
        starts, ends, axes, steps = node.list("starts"), node.list("ends"), node.list("axes"), None
    else:
        listed = [whole(v, n) for v, n in zip(limits, names, strict=False)]
        starts, ends, axes, steps = [*listed, None, None][:4]
    if starts is None or ends is None:
        raise ValueError("needs starts and ends")
    axes = list(range(len(starts))) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps):
        raise ValueError(
            f"starts, ends, axes and steps must have the same length; got {starts}, {ends}, ..."
        )
    made = [slice(None)] * len(sizes)
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = axis_of(int(axis), len(sizes))
        made[place] = _slice(start, end, int(step), sizes[place])
    return made


def _slice(start: Any, end: Any, step: int, size: Any) -> slice:
    if step == 0:
        raise ValueError("steps must not be 0")
    if isinstance(size, RowCount):
        to_end = isinstance(end, RowCount) or end >= 2**31 - 1
        if not isinstance(start, RowCount) and start == 0 and step == 1 and to_end:
            return slice(None)
        size = size + 0  # requires a recording for a known number
    if isinstance(start, RowCount) or isinstance(end, RowCount):
        start, end = start + 0, end + 0
    low, high = (0, size) if step > 0 else (0, size - 1)
    start = min(max(start + size if start < 0 else start, low), high)
    end = end + size if end < 0 else end
    end = min(max(end, 0 if step > 0 else -1), size)
    return slice(start, None if end < 0 else end, step)
