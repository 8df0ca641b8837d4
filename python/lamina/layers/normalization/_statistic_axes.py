"""The argument ``axis`` of layers that have a mean and a variance for each index of some axes."""

from __future__ import annotations

import operator
from typing import Any

from lamina import _check
from lamina._check import Shape

Axes = int | tuple[int, ...] | None


def given_axes(axis: Any) -> Axes:
    """Return the argument as integers; TypeError for anything else."""
    if axis is None:
        return None
    try:
        return tuple(map(operator.index, axis)) if isinstance(axis, (list, tuple)) else (
            operator.index(axis)
        )  # fmt: skip
    except TypeError:
        raise TypeError(
            f"Normalization: axis must be an integer, a tuple of integers or None; got {axis!r}"
        ) from None


def listed_axes(axis: int | tuple[int, ...]) -> tuple[int, ...]:
    """Return one axis or several as a tuple."""
    return axis if isinstance(axis, tuple) else (axis,)


def kept_axes(who: str, axis: Axes, input_shape: Shape) -> list[int]:
    """Return the kept axes of a row, in order; they were counted with the axis of rows."""
    if axis is None or not input_shape:
        return []
    axes, kept = len(input_shape) + 1, []
    for each in listed_axes(axis):
        place = each + axes if each < 0 else each
        if not 0 < place < axes:
            raise ValueError(
                f"{who}: axis must be among 1 to {axes - 1}, or -{axes - 1} to -1, for "
                f"input {_check.show_shape(input_shape)}; got {each}"
            )
        kept.append(place - 1)
    return sorted(set(kept))
