"""Constants whose shape depends on a length, such as ``arange`` or causal masks.

They are written as nodes that compute them for any length.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from lamina.onnx.writing.sheet import Array
from lamina.onnx.writing.translation import ELEMENTS


class Writer(Protocol):
    """A writer of nodes that come before all others."""

    def whole(self, arrays: Sequence[Array], stem: str) -> str | None:
        """Write integers that may grow linearly with a length, an array for each; or None."""

    def constant(self, array: Array) -> str:
        """Write an array."""

    def node(self, op: str, inputs: list[str], stem: str, **attributes: Any) -> str:
        """Write a node."""


def grid(writer: Writer, arrays: Sequence[Array], stem: str) -> str | None:
    """Write an array with a different shape for each length; None if no rule is found for it.

    Numbers may grow linearly along each axis; booleans may depend on the difference of the last two
    indices.
    """
    if len({array.ndim for array in arrays}) > 1 or any(array.size == 0 for array in arrays):
        return None
    shape = writer.whole([np.array(array.shape, np.int64) for array in arrays], stem)
    if shape is None:
        return None
    make = _band if arrays[0].dtype.kind == "b" else _slope
    return make(writer, arrays, shape, stem)


def _places(writer: Writer, shape: str, axis: int, rank: int, stem: str) -> str:
    """Write the index along an axis, in an array of as many axes."""
    at = writer.constant(np.array(axis, np.int64))
    size = writer.node("Gather", [shape, at], stem, axis=0)
    zero, one = (writer.constant(np.array(n, np.int64)) for n in (0, 1))
    count = writer.node("Range", [zero, size, one], stem)
    form = writer.constant(np.array([-1 if k == axis else 1 for k in range(rank)], np.int64))
    return writer.node("Reshape", [count, form], stem)


# --- numbers


def _slope(writer: Writer, arrays: Sequence[Array], shape: str, stem: str) -> str | None:
    found = [_rises(array) for array in arrays]
    laws = [law for law in found if law is not None]
    if len(laws) < len(arrays):
        return None
    rank = arrays[0].ndim
    for axis in range(rank):  # the slope along an axis of one element is unknown
        known = [law[1 + axis] for law, a in zip(laws, arrays, strict=True) if a.shape[axis] > 1]
        for law, array in zip(laws, arrays, strict=True):
            if array.shape[axis] == 1 and known:
                law[1 + axis] = known[0]
    numbers = np.array(laws)
    if np.array_equal(numbers, np.round(numbers)) and np.abs(numbers).max() < 2**31:
        kind = "int64"
        each = [writer.whole(list(numbers[:, k].astype(np.int64)), stem) for k in range(rank + 1)]
    elif (numbers == numbers[0]).all():
        kind = arrays[0].dtype.name
        each = [writer.constant(np.array(n, kind)) for n in numbers[0]]
    else:
        return None
    if any(name is None for name in each):
        return None
    total = str(each[0])
    for axis in range(rank):
        if not numbers[:, 1 + axis].any():
            continue
        places = _places(writer, shape, axis, rank, stem)
        if kind != "int64":
            places = writer.node("Cast", [places], stem, to=ELEMENTS[kind])
        rise = writer.node("Mul", [places, str(each[1 + axis])], stem)
        total = writer.node("Add", [total, rise], stem)
    return writer.node("Expand", [total, shape], stem)


def _rises(array: Array) -> list[float] | None:
    """Return the first number, and the slope along each axis; None if it is not linear."""
    first = array.reshape(-1)[0]
    rises = []
    total = np.full(array.shape, first, array.dtype)
    for axis, size in enumerate(array.shape):
        ahead = [0] * array.ndim
        ahead[axis] = min(1, size - 1)
        rise = array[tuple(ahead)] - first
        form = [-1 if k == axis else 1 for k in range(array.ndim)]
        total = total + rise * np.arange(size).astype(array.dtype).reshape(form)
        rises.append(rise)
    return [first, *rises] if np.array_equal(total, array) else None


# --- booleans


def _band(writer: Writer, arrays: Sequence[Array], shape: str, stem: str) -> str | None:
    rank = arrays[0].ndim
    if rank < 2 or any(size != 1 for array in arrays for size in array.shape[:-2]):
        return None
    matrices = [array[(0,) * (rank - 2)] for array in arrays]
    low, high = _ends(matrices[0])
    if not all(np.array_equal(_between(m.shape, low, high), m) for m in matrices):
        return None
    rows, columns = (_places(writer, shape, axis, rank, stem) for axis in (rank - 2, rank - 1))
    apart = writer.node("Sub", [rows, columns], stem)
    total = writer.node("Expand", [writer.constant(np.array(True)), shape], stem)
    for op, end in (("GreaterOrEqual", low), ("LessOrEqual", high)):
        if end is not None:
            inside = writer.node(op, [apart, writer.constant(np.array(end, np.int64))], stem)
            total = writer.node("And", [total, inside], stem)
    return total


def _apart(shape: tuple[int, ...]) -> Array:
    return np.arange(shape[0])[:, None] - np.arange(shape[1])


def _between(shape: tuple[int, ...], low: int | None, high: int | None) -> Array:
    apart = _apart(shape)
    above = True if low is None else apart >= low
    return above & (True if high is None else apart <= high) & np.ones(shape, bool)


def _ends(matrix: Array) -> tuple[int | None, int | None]:
    """Return the limits of row minus column where a matrix may be true, None for no limit."""
    apart = _apart(matrix.shape)
    if not matrix.any():
        return 1, 0
    low, high = int(apart[matrix].min()), int(apart[matrix].max())
    return (None if low == apart.min() else low), (None if high == apart.max() else high)
