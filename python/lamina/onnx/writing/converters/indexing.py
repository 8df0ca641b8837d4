"""Elements by index, and sorting."""

from __future__ import annotations

import numpy as np

from lamina.onnx.writing.converters.table import Asked, converts
from lamina.onnx.writing.translation import Translation, Value


@converts("take")
def take(t: Translation, asked: Asked) -> str:
    """Write the elements of one axis at indices; NaN, 0 or False outside."""
    x, indices = asked.x, asked["indices"]
    axis = x.axis(asked["axis"])
    size = x.shape[asked["axis"]]
    if indices.array is not None and _inside(indices, size):
        return t.node("Gather", t.name_of(x), t.name_of(indices), axis=axis)
    chosen, known = _checked(t, t.name_of(indices), size)
    y = t.node("Gather", t.name_of(x), chosen, axis=axis)
    behind = x.rank - 1 - axis
    if behind:
        known = t.node("Unsqueeze", known, t.integers(range(indices.rank, indices.rank + behind)))
    return _where_known(t, known, y, x.kind)


@converts("take_along_axis")
def take_along_axis(t: Translation, asked: Asked) -> str:
    """Write the element at each index along one axis."""
    x, indices = asked.x, asked["indices"]
    axis, size = x.axis(asked["axis"]), x.shape[asked["axis"]]
    if indices.array is not None and _inside(indices, size):
        return t.node("GatherElements", t.name_of(x), t.name_of(indices), axis=axis)
    chosen, known = _checked(t, t.name_of(indices), size)
    y = t.node("GatherElements", t.name_of(x), chosen, axis=axis)
    return _where_known(t, known, y, x.kind)


def _inside(indices: Value, size: int) -> bool:
    array = indices.array
    return array is not None and bool(((array >= -size) & (array < size)).all())


def _checked(t: Translation, indices: str, size: int) -> tuple[str, str]:
    """Write indices with 0 in place of those outside, and a mask of those inside."""
    low, high = (t.scalar(n, "int32") for n in (-size, size))
    known = t.node("And", t.node("GreaterOrEqual", indices, low), t.node("Less", indices, high))
    return t.node("Where", known, indices, t.scalar(0, "int32")), known


def _where_known(t: Translation, known: str, y: str, kind: str) -> str:
    if kind == "bool":
        return t.node("And", known, y)
    fill = t.number(np.nan) if kind == "float" else t.scalar(0, "int32")
    return t.node("Where", known, y, fill)


# --- sorting


def _sorted(t: Translation, asked: Asked, axis: int, kept: int, largest: bool) -> list[str]:
    name = t.name_of(asked.x)
    return t.nodes_of(
        "TopK", [name, t.integers([kept])], 2, axis=axis, largest=int(largest), sorted=1
    )


@converts("sort")
def sort(t: Translation, asked: Asked) -> str:
    """Write sorted elements along an axis."""
    axis = asked["axis"]
    at, size = asked.x.axis(axis), asked.x.shape[axis]
    return _sorted(t, asked, at, size, asked["descending"])[0]


@converts("argsort")
def argsort(t: Translation, asked: Asked) -> str:
    """Write the indices of the sorted elements."""
    axis = asked["axis"]
    at, size = asked.x.axis(axis), asked.x.shape[axis]
    return t.cast(_sorted(t, asked, at, size, asked["descending"])[1], "int32")


@converts("top_k")
def top_k(t: Translation, asked: Asked) -> list[str]:
    """Write the largest elements, and their indices."""
    values, places = _sorted(t, asked, asked.x.rank - 1, int(asked["k"]), True)
    return [values, t.cast(places, "int32")]
