"""Axes as users count them, starting with the rows, and as the engine does."""

from __future__ import annotations

import operator
from typing import Any

from lamina._tensors.tensor import Tensor


def axis_of(who: str, axis: Any, ndim: int, name: str = "axis") -> int:
    """Return an axis counted from 0; negative ones count from the end."""
    try:
        place = operator.index(axis)
    except TypeError:
        raise TypeError(f"{who}: {name} must be an integer; got {axis!r}") from None
    if isinstance(axis, bool) or not -ndim <= place < ndim:
        needed = f"in [{-ndim}, {ndim})" if ndim else "left out for a single number"
        raise ValueError(f"{who}: {name} must be {needed}; got {axis!r}")
    return place % ndim


def axes_of(who: str, axes: Any, ndim: int, name: str = "axis") -> list[int]:
    """Return sorted axes: one, several, or all for None."""
    if axes is None:
        return list(range(ndim))
    listed = list(axes) if isinstance(axes, (list, tuple)) else [axes]
    places = [axis_of(who, axis, ndim, name) for axis in listed]
    if len(set(places)) != len(places):
        raise ValueError(f"{who}: {name} must hold each axis once; got {axes!r}")
    return sorted(places)


def of_row(x: Tensor, axes: list[int]) -> tuple[list[int], bool]:
    """Return the axes of a row among ``axes``, and whether the axis of rows is one of them."""
    if not x.rows:
        return axes, False
    return [axis - 1 for axis in axes if axis > 0], 0 in axes


def shown(x: Tensor) -> str:
    """Return a tensor's shape as shown in messages."""
    shape = ", ".join("rows" if size is None else str(size) for size in x.shape)
    return f"({shape}{',' if x.ndim == 1 else ''})"
