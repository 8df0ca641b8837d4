"""Parts of a tensor, with NumPy's indexing."""

from __future__ import annotations

import builtins
import operator
from math import prod
from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, array_of, by_rows, given, record, wrap
from lamina._tensors.recording import RowCount, Rows
from lamina._tensors.tensor import Tensor
from lamina.ops._arguments import several
from lamina.ops._axes import shown
from lamina.ops._numbers import integer, integers
from lamina.ops.arithmetic import add, multiply
from lamina.ops.comparisons import less, where
from lamina.ops.shaping import broadcast_to, transpose

__all__ = ["get_item", "slice", "slice_update"]


@operation
def get_item(x: Any, key: Any) -> Any:
    """Return ``x[key]``.

    Parameters
    ----------
    x : tensor or array_like
    key : int, slice, None, Ellipsis, array of int, or a tuple of these
        As in NumPy.  Booleans are not supported, as the number of selected elements would depend on
        their values; use ``where`` or ``take_along_axis``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.get_item([[1, 2], [3, 4]], (..., -1))
    array([2, 4], dtype=int32)
    """
    x = given(x)
    keys = _expanded(x, list(key) if isinstance(key, tuple) else [key])
    if any(_is_array(k) for k in keys):  # then a number is also an array of one
        keys = [np.asarray(k) if isinstance(k, int) else k for k in keys]
    along = [k for k in keys if k is not None]
    if x.rows and not _whole(along[0], x.shape[0]):
        x = all_rows(x)
    x = _sliced(x, along)
    if not any(_is_array(k) for k in keys):
        return _shaped(x, keys)
    return _gathered(x, keys)


def _expanded(x: Tensor, keys: list[Any]) -> list[Any]:
    """Return one entry for each axis, and None for each new one."""
    keys = [_entry(k) for k in keys]
    used = len([k for k in keys if k is not None and k is not Ellipsis])
    if used > x.ndim:
        raise IndexError(f"get_item: {used} indices are too many for shape {shown(x)}")
    dots = [i for i, k in enumerate(keys) if k is Ellipsis]
    if len(dots) > 1:
        raise IndexError("get_item: an index may hold one Ellipsis; got more")
    at = dots[0] if dots else len(keys)
    return [*keys[:at], *[builtins.slice(None)] * (x.ndim - used), *keys[at + 1 :]]


def _entry(k: Any) -> Any:
    if k is None or k is Ellipsis or isinstance(k, builtins.slice):
        return k
    if not isinstance(k, Tensor) and not isinstance(k, (list, tuple, np.ndarray)):
        k = k if hasattr(k, "dtype") else _integer(k)
        if isinstance(k, int):
            return k
    if isinstance(k, (list, tuple)):
        k = array_of("get_item", k) if len(k) else np.zeros(0, np.int32)
    dtype = k.dtype if isinstance(k.dtype, str) else np.dtype(k.dtype).name
    if dtype.startswith("bool"):
        raise TypeError(
            "get_item: booleans cannot be used as an index, as shapes may not depend on values; "
            "use ops.where(mask, x, other)"
        )
    if "int" not in dtype:
        raise TypeError(f"get_item: an index must be integers; got {dtype}")
    return int(k) if isinstance(k, np.generic) else k


def _integer(k: Any) -> int:
    if isinstance(k, (bool, np.bool_)):
        raise TypeError(
            "get_item: a boolean cannot be used as an index; use ops.where(mask, x, other)"
        )
    try:
        return operator.index(k)
    except TypeError:
        raise TypeError(
            f"get_item: an index must be made of integers, slices, None and Ellipsis; got {k!r}"
        ) from None


def _is_array(k: Any) -> bool:
    return isinstance(k, (Tensor, np.ndarray))


def _whole(k: Any, length: int | None) -> bool:
    """Return whether an entry selects all rows."""
    if not isinstance(k, builtins.slice):
        return False
    if length is None:
        stops = k.stop is None or isinstance(k.stop, RowCount)
        return stops and k.start in (None, 0) and k.step in (None, 1)
    return k.indices(length) == (0, length, 1)


def _sliced(x: Tensor, along: list[Any]) -> Tensor:
    """Return the selection by slices and numbers; the axes of numbers have size 1."""
    starts: list[int] = []
    sizes: list[int] = []
    steps: list[int] = []
    for k, size in list(zip(along, x.shape, strict=True))[x.rows :]:
        start, count, step = 0, size, 1
        if isinstance(k, int):
            if not -size <= k < size:
                raise IndexError(f"get_item: index {k} is outside an axis of shape {shown(x)}")
            start, count = k % size, 1
        elif isinstance(k, builtins.slice):
            start, stop, step = k.indices(size)
            count = len(range(start, stop, step))
            start, step = (start, step) if count else (0, 1)
        starts.append(start)
        sizes.append(count)
        steps.append(step)
    if sizes == list(x.value.shape) and all(step == 1 for step in steps):
        return x
    return record("slice", x, starts, sizes, steps)  # type: ignore[no-any-return]


def _shaped(x: Tensor, keys: list[Any]) -> Tensor:
    """Return x with new axes for None, and without those of numbers."""
    sizes, new = iter(x.shape), []
    for k in keys:
        if k is None:
            new.append(1)
            continue
        size = next(sizes)
        if not isinstance(k, int):
            new.append(size)
    return _with_shape(x, new, x.rows and keys[0] is not None)


def _with_shape(x: Tensor, new: list[Any], rows_first: bool) -> Tensor:
    if tuple(new) == tuple(x.shape):
        return x
    if x.rows and not rows_first:
        shape = [x.recording.need_rows() if size is None else size for size in new]
        return wrap(x.recording.graph.reshape(all_rows(x).value, shape))
    return wrap(x.recording.graph.reshape(x.value, new[1:] if x.rows else new))


# --- arrays as indices


def _gathered(x: Tensor, keys: list[Any]) -> Tensor:
    """Return the selection by arrays: their axes are at the position of the first, or in front.

    They are in front if other entries stand between them, as in NumPy.
    """
    at = [i for i, k in enumerate(keys) if _is_array(k)]
    together = at == list(range(at[0], at[-1] + 1))
    axes = [i for i, k in enumerate([k for k in keys if k is not None]) if _is_array(k)]
    arrays = [checked(x, k, axis) for k, axis in zip([keys[i] for i in at], axes, strict=True)]
    first = axes[0] if together else 0
    rest = [axis for axis in range(x.ndim) if axis not in axes]
    order = [*rest[:first], *axes, *rest[first:]]
    if order != list(range(x.ndim)):
        x = transpose(x, order)
    sizes = [x.shape[first + i] for i in range(len(axes))]
    if len(axes) > 1:
        merged = [*x.shape[:first], prod(sizes), *x.shape[first + len(axes) :]]
        x = _with_shape(x, merged, True)
    index = flat_index(arrays, sizes)
    y = taken(x, index, first)
    block = y.ndim - len(rest)
    sizes_left = [*y.shape[:first], *y.shape[first + block :]]
    return _with_new_axes(y, keys, at[0] if together else 0, sizes_left, first, block)


def _with_new_axes(
    y: Tensor, keys: list[Any], at: int, left: list[Any], first: int, block: int
) -> Tensor:
    sizes, new = iter(left), []
    middle = list(y.shape[first : first + block])
    for i, k in enumerate(keys):
        if i == at:
            new += middle
        if k is None:
            new.append(1)
        elif not _is_array(k):
            new.append(next(sizes))
    return _with_shape(y, new, bool(new) and new[0] == y.shape[0] and keys[0] is not None)


def checked(x: Tensor, indices: Any, place: int, who: str = "get_item") -> Any:
    """Return indices counted from 0; known indices must be within the axis."""
    size = x.shape[place]
    if isinstance(indices, Tensor):
        if size is None:
            size = x.recording.need_rows()
        return where(less(indices, 0), add(indices, size), indices)
    array = array_of(who, indices)
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"{who}: indices must be integers; got {array.dtype}")
    array = array.astype(np.int64)
    size = x.recording.need_rows() if size is None else size
    outside = array[(array < -size) | (array >= size)]
    if outside.size:
        raise IndexError(
            f"{who}: index {int(outside[0])} is outside of axis {place} of shape {shown(x)}"
        )
    return np.where(array < 0, array + size, array)


def flat_index(arrays: list[Any], sizes: list[int]) -> Any:
    """Return the index into flattened axes."""
    index = arrays[0]
    for array, size in zip(arrays[1:], sizes[1:], strict=True):
        if isinstance(index, Tensor) or isinstance(array, Tensor):
            index = add(multiply(index, size), array)
        else:
            index = index * size + array
    return index


def taken(x: Tensor, indices: Any, place: int) -> Tensor:
    """Return the elements of one axis at indices, whose axes replace it."""
    index = given(indices)
    if index.rows and (x.rows or place):
        index = all_rows(index)
    if x.rows and place == 0:
        x = all_rows(x)
    return record("take", x, index, place - x.rows)  # type: ignore[no-any-return]


# --- boxes


@operation
def slice(inputs: Any, start_indices: Any, shape: Any) -> Any:  # noqa: A001
    """Return a box of a tensor.

    Parameters
    ----------
    inputs : tensor or array_like
    start_indices : sequence of int
        Its start along each axis; an entry may be a recorded integer.
    shape : sequence of int
        Its shape.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, 2))
    array([[2, 3],
           [5, 6]], dtype=int32)
    """
    x = given(inputs)
    starts = start_indices
    if isinstance(starts, Tensor):
        starts = [get_item(starts, i) for i in range(starts.shape[0])]
    starts = several("slice", "start_indices", starts)
    sizes = several("slice", "shape", shape)
    if len(starts) != x.ndim or len(sizes) != x.ndim:
        raise ValueError(
            f"slice: start_indices and shape must have an entry for each axis of shape {shown(x)}; "
            f"got {tuple(starts)} and {tuple(sizes)}"
        )
    for place, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        if isinstance(size, RowCount) and place == 0 and _is_zero(start) and x.rows:
            continue
        if isinstance(start, Tensor):
            x = taken(x, add(np.arange(size), start), place)
            continue
        length = x.recording.need_rows() if x.shape[place] is None else x.shape[place]
        begin, count = integer("slice", "start_indices", start), integer("slice", "shape", size)
        if not (begin >= 0 and count >= 0 and begin + count <= length):
            raise ValueError(
                f"slice: start {begin} and size {count} lie outside of axis {place} of shape "
                f"{shown(x)}"
            )
        if (begin, count) != (0, length):
            key = [builtins.slice(None)] * x.ndim
            key[place] = builtins.slice(begin, begin + count)
            x = get_item(x, tuple(key))
    return x


def _is_zero(start: Any) -> bool:
    return not isinstance(start, Tensor) and start == 0


@operation
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Any:
    """Return a tensor with a box replaced.

    Parameters
    ----------
    inputs, updates : tensor or array_like
        With the same number of axes.
    start_indices : sequence of int
        The position of ``updates``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.slice_update([1.0, 2.0, 3.0], [1], [9.0])
    array([1., 9., 3.], dtype=float32)
    """
    from lamina.ops.repeating import pad

    x, new = given(inputs), given(updates)
    starts = integers("slice_update", "start_indices", start_indices)
    if len(starts) != x.ndim or new.ndim != x.ndim:
        raise ValueError(
            f"slice_update: start_indices and updates must fit shape {shown(x)}; got "
            f"{tuple(starts)} and {shown(new)}"
        )
    keep_rows = x.rows and new.rows and starts[0] == 0
    if not keep_rows:
        x, new = all_rows(x), all_rows(new)
    sizes, box = list(x.shape), list(new.shape)
    margins = [(0, 0)] if keep_rows else []
    for axis in range(len(margins), x.ndim):
        after = sizes[axis] - starts[axis] - box[axis]
        if starts[axis] < 0 or after < 0:
            raise ValueError(
                f"slice_update: updates of shape {shown(new)} at {tuple(starts)} reach out of "
                f"shape {shown(x)}"
            )
        margins.append((starts[axis], after))
    first = int(keep_rows)
    inside = np.pad(np.ones([*[1] * first, *box[first:]], bool), margins)
    return where(inside, pad(new, margins), x)


def row_indices(x: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
    """Return two tensors that either both have rows, or neither."""
    if x.rows == indices.rows:
        return x, indices
    whole = indices if x.rows else x
    if whole.shape[:1] == (1,):
        whole = broadcast_to(whole, (Rows, *whole.shape[1:]))
    else:
        whole = by_rows(whole)
    return (x, whole) if x.rows else (whole, indices)
