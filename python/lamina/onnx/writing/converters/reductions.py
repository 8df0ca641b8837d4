"""Sums, means, extremes, and cumulative operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina.onnx.writing.converters.moves import backwards
from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.translation import Translation

_REDUCTIONS = {
    "sum": "ReduceSum", "mean": "ReduceMean", "prod": "ReduceProd", "max": "ReduceMax",
    "min": "ReduceMin",
}  # fmt: skip


def _axes(asked: Asked) -> list[int]:
    """Return the axes to reduce."""
    of_row = sorted(asked.x.axis(int(axis)) for axis in asked["axes"])
    return [0, *of_row] if asked["rows"] else of_row


def _reduction(op: str) -> Any:
    def reduce(t: Translation, asked: Asked) -> str:
        axes = _axes(asked)
        if not axes:
            return t.name_of(asked.x)
        return t.node(op, t.name_of(asked.x), t.integers(axes), keepdims=0)

    return reduce


for _kind, _op in _REDUCTIONS.items():
    converts(_kind)(_reduction(_op))


@converts("argmax")
def argmax(t: Translation, asked: Asked) -> str:
    """Write the index of the first maximum."""
    return _place(t, asked, "ArgMax")


@converts("argmin")
def argmin(t: Translation, asked: Asked) -> str:
    """Write the index of the first minimum."""
    return _place(t, asked, "ArgMin")


def _place(t: Translation, asked: Asked, op: str) -> str:
    axes, x = _axes(asked), t.name_of(asked.x)
    if len(axes) > 1:  # adjacent: they are merged, the sizes before are kept
        after = asked.x.shape[axes[-1] + 1 - asked.x.rows :]
        x = t.reshaped(x, [0] * axes[0] + [-1, *after])
    return t.cast(t.node(op, x, axis=axes[0], keepdims=0), "int32")


@converts("cumsum")
def cumsum(t: Translation, asked: Asked) -> str:
    """Write the sum of the elements up to each position."""
    axis = t.scalar(asked.x.axis(asked["axis"]), "int64")
    return t.node("CumSum", t.name_of(asked.x), axis, reverse=int(asked["reverse"]))


@converts("cumprod")
def cumprod(t: Translation, asked: Asked) -> str:
    """Write the product of the elements up to each position, in doubling steps."""
    axis, size = asked.x.axis(asked["axis"]), asked.x.shape[asked["axis"]]
    y = t.name_of(asked.x)
    if asked["reverse"]:
        y = backwards(t, y, axis)
    one = t.scalar(1, asked.x.kind)
    reach = 1
    while reach < size:
        margins = [0] * (2 * asked.x.rank)
        margins[axis], margins[axis + asked.x.rank] = reach, -reach
        moved = t.node("Pad", y, t.integers(margins), one, mode="constant")
        y = t.node("Mul", y, moved)
        reach *= 2
    return backwards(t, y, axis) if asked["reverse"] else y


@converts("segment_sum")
def segment_sum(t: Translation, asked: Asked) -> str:
    """Write the sums of the positions with the same id."""
    return _segments(t, asked, t.scalar(0, asked.x.kind), "add")


@converts("segment_max")
def segment_max(t: Translation, asked: Asked) -> str:
    """Write the maxima of the positions with the same id."""
    return _segments(t, asked, t.number(-np.inf), "max")


def _segments(t: Translation, asked: Asked, nothing: str, reduction: str) -> str:
    """Write positions into segments, with an additional one for those without a segment."""
    count, inner = int(asked["segments"]), list(asked.shape[1:])
    ids = t.name_of(asked["ids"])
    last, zero = t.scalar(count, "int32"), t.scalar(0, "int32")
    known = t.node("And", t.node("Less", ids, last), t.node("GreaterOrEqual", ids, zero))
    places = t.cast(t.node("Where", known, ids, last), "int64")
    places = t.reshaped(places, [-1, 1])
    updates = t.reshaped(t.name_of(asked.x), [-1, *inner])
    start = t.node("Expand", nothing, t.integers([count + 1, *inner]))
    y = t.node("ScatterND", start, places, updates, reduction=reduction)
    each = [t.integers([n]) for n in (0, count, 0)]
    return t.node("Slice", y, *each)
