"""The parts of an axis, of given lengths or one by one."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axis_of, shown
from lamina.ops._numbers import integer, integers
from lamina.ops.shaping import squeeze

__all__ = [
    "array_split",
    "dsplit",
    "hsplit",
    "split",
    "unstack",
    "vsplit",
]


def part(x: Tensor, place: int, start: int, length: int, step: int = 1) -> Tensor:
    """Return a range of indices along one axis."""
    if start == 0 and step == 1 and x.shape[place] == length:
        return x
    if x.rows and place == 0:
        x = all_rows(x)
    sizes = list(x.value.shape)
    starts, steps = [0] * len(sizes), [1] * len(sizes)
    axis = place - x.rows
    starts[axis], sizes[axis], steps[axis] = start, length, step
    return record("slice", x, starts, sizes, steps)  # type: ignore[no-any-return]


def length_of(x: Tensor, place: int) -> int:
    """Return the size of an axis as a number."""
    return int(x.recording.need_rows() if x.rows and place == 0 else x.shape[place])


@operation
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Return the parts of an axis as a list.

    Parameters
    ----------
    x : tensor or array_like
    indices_or_sections : int or sequence of int
        The number of equal parts, or the starts of the second, third, ... part.
    axis : int, default 0

    Examples
    --------
    >>> from lamina import ops
    >>> ops.split([1, 2, 3], [1])
    [array([1], dtype=int32), array([2, 3], dtype=int32)]
    """
    x = given(x)
    place = axis_of("split", axis, x.ndim)
    length = length_of(x, place)
    if isinstance(indices_or_sections, (int, np.integer)):
        count = int(indices_or_sections)
        if count < 1 or length % count:
            raise ValueError(
                f"split: indices_or_sections must divide the axis; got {count} parts of axis "
                f"{place} of shape {shown(x)}"
            )
        bounds = list(range(0, length + 1, length // count)) if length else [0] * (count + 1)
    else:
        inner = [
            slice(i, None).indices(length)[0]
            for i in integers("split", "indices_or_sections", indices_or_sections)
        ]
        bounds = [0, *inner, length]
    return [part(x, place, first, max(last - first, 0)) for first, last in pairwise(bounds)]


@operation
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """Return nearly equal parts of an axis as a list: the first ones may be longer by 1.

    Parameters
    ----------
    x : tensor or array_like
    indices_or_sections : int or sequence of int
        The number of parts, or the starts of the second, third, ... part.
    axis : int, default 0

    Examples
    --------
    >>> from lamina import ops
    >>> ops.array_split([1, 2, 3, 4, 5], 3)
    [array([1, 2], dtype=int32), array([3, 4], dtype=int32), array([5], dtype=int32)]
    """
    x = given(x)
    if not isinstance(indices_or_sections, (int, np.integer)):
        return split(x, indices_or_sections, axis)
    length = length_of(x, axis_of("array_split", axis, x.ndim))
    short, longer = divmod(length, int(indices_or_sections))
    sizes = [short + 1] * longer + [short] * (int(indices_or_sections) - longer)
    return split(x, np.cumsum(sizes)[:-1].tolist(), axis)


@operation
def hsplit(x: Any, indices_or_sections: Any) -> Any:
    """Return the parts of axis 1, or of the only axis, as a list.

    Parameters
    ----------
    x : tensor or array_like
    indices_or_sections : int or sequence of int
        As in ``split``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.hsplit([[1, 2], [3, 4]], 2)
    [array([[1],
           [3]], dtype=int32), array([[2],
           [4]], dtype=int32)]
    """
    x = given(x)
    return split(x, indices_or_sections, 0 if x.ndim == 1 else 1)


@operation
def vsplit(x: Any, indices_or_sections: Any) -> Any:
    """Return the parts of axis 0 as a list.

    Parameters
    ----------
    x : tensor or array_like
    indices_or_sections : int or sequence of int
        As in ``split``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.vsplit([[1, 2], [3, 4]], 2)
    [array([[1, 2]], dtype=int32), array([[3, 4]], dtype=int32)]
    """
    return split(x, indices_or_sections, 0)


@operation
def dsplit(x: Any, indices_or_sections: Any) -> Any:
    """Return the parts of axis 2 as a list.

    Parameters
    ----------
    x : tensor or array_like
    indices_or_sections : int or sequence of int
        As in ``split``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.dsplit([[[1, 2, 3]]], [1])
    [array([[[1]]], dtype=int32), array([[[2, 3]]], dtype=int32)]
    """
    return split(x, indices_or_sections, 2)


@operation
def unstack(x: Any, num: Any = None, axis: int = 0) -> Any:
    """Return the entries of an axis as a list.

    Parameters
    ----------
    x : tensor or array_like
    num : int, optional
        The size of the axis, which is known in any case.
    axis : int, default 0

    Examples
    --------
    >>> from lamina import ops
    >>> ops.unstack([[1, 2], [3, 4]], axis=1)
    [array([1, 3], dtype=int32), array([2, 4], dtype=int32)]
    """
    x = given(x)
    place = axis_of("unstack", axis, x.ndim)
    length = length_of(x, place)
    if num is not None and integer("unstack", "num", num) != length:
        raise ValueError(f"unstack: num must be {length}, for shape {shown(x)}; got {num}")
    return [squeeze(part(x, place, i, 1), place) for i in range(length)]
