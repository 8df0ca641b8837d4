"""Tensors repeated, padded, and reordered."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from lamina._check import choice
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axes_of, axis_of, of_row
from lamina.ops._numbers import integers, real
from lamina.ops.joining import concatenate
from lamina.ops.shaping import expand_dims, ravel, reshape
from lamina.ops.splitting import length_of, part

__all__ = ["flip", "fliplr", "flipud", "pad", "repeat", "roll", "tile"]


@operation
def tile(x: Any, repeats: Any) -> Any:
    """Return the tensor repeated along each axis.

    Parameters
    ----------
    x : tensor or array_like
    repeats : int or sequence of int
        The number of copies along each axis.  Fewer numbers are for the last axes; more add axes in
        front.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.tile([1, 2], 2)
    array([1, 2, 1, 2], dtype=int32)
    """
    x = given(x)
    times = _counts("tile", "repeats", repeats)
    times = [1] * (x.ndim - len(times)) + times
    if len(times) > x.ndim:
        x = expand_dims(x, tuple(range(len(times) - x.ndim)))
    if x.rows and times[0] != 1:
        x = all_rows(x)
    times = times[1:] if x.rows else times
    old = list(x.value.shape)
    if 0 in times:
        sizes = [size if count else 0 for size, count in zip(old, times, strict=True)]
        x = record("slice", x, [0] * len(old), sizes, [1] * len(old))
        old, times = sizes, [count or 1 for count in times]
    for place, count in enumerate(times):
        if count != 1:
            x = _copies(x, old, place, count)
            old[place] *= count
    return x


def _copies(x: Tensor, sizes: Sequence[int], place: int, count: int) -> Tensor:
    """Return a tensor repeated along an axis of its values."""
    graph = x.recording.graph
    apart = graph.reshape(x.value, [prod(sizes[:place]), 1, prod(sizes[place:])])
    y = record("repeat", Tensor(x.recording, apart), [1, count, 1])
    new = [*sizes[:place], sizes[place] * count, *sizes[place + 1 :]]
    return Tensor(x.recording, graph.reshape(y.value, new))


@operation
def repeat(x: Any, repeats: Any, axis: Any = None) -> Any:
    """Return each element repeated.

    Parameters
    ----------
    x : tensor or array_like
    repeats : int or sequence of int
        Number of repetitions: one number for all indices of the axis, or one for each.
    axis : int, optional
        The axis along which to repeat; by default all elements are flattened.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.repeat([[1, 2], [3, 4]], 2)
    array([1, 1, 2, 2, 3, 3, 4, 4], dtype=int32)
    >>> ops.repeat([[1, 2], [3, 4]], [0, 2], axis=0)
    array([[3, 4],
           [3, 4]], dtype=int32)
    """
    x = ravel(given(x)) if axis is None else given(x)
    place = axis_of("repeat", 0 if axis is None else axis, x.ndim)
    counts = _counts("repeat", "repeats", repeats)
    x = all_rows(x) if place == 0 else x
    if len(counts) == 1 and counts[0] > 0:
        times = [1] * len(x.value.shape)
        times[place - x.rows] = counts[0]
        return record("repeat", x, times)
    length = x.shape[place]
    if len(counts) not in (1, length):
        raise ValueError(
            f"repeat: repeats must be one number, or one for each of the {length} indices of axis "
            f"{place}; got {len(counts)}"
        )
    return chosen(x, np.repeat(np.arange(length), counts), place)


def chosen(x: Tensor, indices: Any, place: int) -> Tensor:
    """Return the indices of one axis that an array selects."""
    x = all_rows(x) if place == 0 else x
    return record("take", x, given(indices), place - x.rows)  # type: ignore[no-any-return]


def _counts(who: str, name: str, counts: Any) -> list[int]:
    numbers = integers(who, name, counts)
    if any(number < 0 for number in numbers):
        raise ValueError(f"{who}: {name} must not be negative; got {counts!r}")
    return numbers


# --- padding and reversal


@operation
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Any:
    """Return the tensor padded on all sides.

    Parameters
    ----------
    x : tensor or array_like
    pad_width : int, or sequence of (before, behind)
        For each axis; a single pair, or number, is used for all.
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}, default "constant"
        The values of the padding, as in ``numpy.pad``.
    constant_values : float, optional
        By default 0; only for mode "constant".

    Examples
    --------
    >>> from lamina import ops
    >>> ops.pad([1, 2], 1)
    array([0, 1, 2, 0], dtype=int32)
    """
    x = given(x)
    margins = _margins(pad_width, x.ndim)
    choice("pad", "mode", mode, ("constant", "edge", "reflect", "symmetric", "wrap"))
    if mode != "constant" and constant_values is not None:
        raise ValueError(f"pad: constant_values are for mode 'constant'; got mode {mode!r}")
    if x.rows and margins[0] != (0, 0):
        x = all_rows(x)
    margins = margins[1:] if x.rows else margins
    if mode == "constant":
        value = 0.0 if constant_values is None else real("pad", "constant_values", constant_values)
        return record("pad", x, margins, value)
    for i, margin in enumerate(margins):
        if margin != (0, 0):
            indices = np.arange(x.value.shape[i])
            x = chosen(x, np.pad(indices, margin, mode), i + x.rows)  # type: ignore[call-overload]
    return x


def _margins(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    try:
        widths = np.broadcast_to(np.asarray(pad_width, dtype=object), (ndim, 2))
        margins = [(operator.index(a), operator.index(b)) for a, b in widths]
    except (TypeError, ValueError):
        raise ValueError(
            f"pad: pad_width must be an integer, or (before, behind) for each of the {ndim} axes; "
            f"got {pad_width!r}"
        ) from None
    if any(a < 0 or b < 0 for a, b in margins):
        raise ValueError(f"pad: pad_width must not be negative; got {pad_width!r}")
    return margins


@operation
def flip(x: Any, axis: Any = None) -> Any:
    """Return the tensor with the given axes, or all, reversed.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        By default all axes.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.flip([[1, 2], [3, 4]])
    array([[4, 3],
           [2, 1]], dtype=int32)
    >>> ops.flip([[1, 2], [3, 4]], axis=0)
    array([[3, 4],
           [1, 2]], dtype=int32)
    """
    x = given(x)
    axes = axes_of("flip", axis, x.ndim)
    x = all_rows(x) if x.rows and 0 in axes else x
    for i in of_row(x, axes)[0]:
        x = record("flip", x, i)
    return x


@operation
def fliplr(x: Any) -> Any:
    """Return the tensor with axis 1 reversed.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.fliplr([[1, 2], [3, 4]])
    array([[2, 1],
           [4, 3]], dtype=int32)
    """
    return flip(x, 1)


@operation
def flipud(x: Any) -> Any:
    """Return the tensor with axis 0 reversed.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.flipud([[1, 2], [3, 4]])
    array([[3, 4],
           [1, 2]], dtype=int32)
    """
    return flip(x, 0)


@operation
def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """Return the tensor shifted along axes; elements shifted out reappear at the other end.

    Parameters
    ----------
    x : tensor or array_like
    shift : int or tuple of int
    axis : int or tuple of int, optional
        All elements, in order, if not given.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.roll([1, 2, 3, 4], 1)
    array([4, 1, 2, 3], dtype=int32)
    >>> ops.roll([[1, 2], [3, 4], [5, 6]], (-1, 1), axis=(0, 1))
    array([[4, 3],
           [6, 5],
           [2, 1]], dtype=int32)
    """
    x = given(x)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), x.shape)
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    shifts = integers("roll", "shift", shift)
    shifts = shifts if isinstance(shift, (list, tuple)) else shifts * len(axes)
    if len(shifts) != len(axes):
        raise ValueError(
            f"roll: shift and axis must have the same length; got {shift!r} and {axis!r}"
        )
    for each, by in zip(axes, shifts, strict=True):
        place = axis_of("roll", each, x.ndim)
        length = length_of(x, place)
        back = by % length if length else 0
        if back:
            ends = [part(x, place, length - back, back), part(x, place, 0, length - back)]
            x = concatenate(ends, place)
    return x
