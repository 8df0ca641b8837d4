"""Reading and writing elements by index."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from lamina import _room
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given, record, wrap
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axis_of, shown
from lamina.ops._elements import alike, converted, numbers
from lamina.ops._numbers import integer, integers
from lamina.ops._types import kind_named
from lamina.ops.arithmetic import add, maximum, minimum, multiply, negative
from lamina.ops.comparisons import equal, greater, where
from lamina.ops.indexing import checked, flat_index, row_indices, taken
from lamina.ops.joining import unstack
from lamina.ops.reductions import max as max_of
from lamina.ops.reductions import sum as sum_of
from lamina.ops.repeating import pad
from lamina.ops.segments import segment_prod
from lamina.ops.shaping import broadcast_to, expand_dims, moveaxis, ravel, reshape

__all__ = [
    "diag",
    "diagflat",
    "diagonal",
    "multi_hot",
    "one_hot",
    "scatter",
    "scatter_update",
    "take",
    "take_along_axis",
    "trace",
]


@operation
def take(x: Any, indices: Any, axis: Any = None) -> Any:
    """Return the elements of an axis at the indices, whose axes replace it.

    Parameters
    ----------
    x : tensor or array_like
    indices : tensor or array_like of int
        Negative indices count from the end.  Recorded indices out of range give NaN, 0 or False.
    axis : int, optional
        By default all elements, as one axis.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.take([[1, 2], [3, 4]], [1, 1, 0], axis=0)
    array([[3, 4],
           [3, 4],
           [1, 2]], dtype=int32)
    """
    x = ravel(given(x)) if axis is None else given(x)
    place = axis_of("take", 0 if axis is None else axis, x.ndim)
    if isinstance(indices, Tensor):
        return taken(x, _integers("take", indices), place)
    return taken(x, checked(x, indices, place, "take"), place)


def _integers(who: str, indices: Tensor) -> Tensor:
    if indices.dtype != "int32":
        raise TypeError(f"{who}: indices must be integers; got {indices.dtype}")
    return indices


@operation
def take_along_axis(x: Any, indices: Any, axis: Any = None) -> Any:
    """Return, along one axis, the element selected by each index.

    Parameters
    ----------
    x : tensor or array_like
    indices : tensor or array_like of int
        With as many axes as x; the other axes broadcast.
    axis : int, optional
        By default all elements, as one axis.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.take_along_axis([[1, 2], [3, 4]], [[1], [0]], axis=1)
    array([[2],
           [3]], dtype=int32)
    """
    x = given(x)
    if axis is None:
        x, axis = ravel(x), 0
        indices = ravel(indices)
    place = axis_of("take_along_axis", axis, x.ndim)
    if not isinstance(indices, Tensor):
        indices = checked(x, indices, place, "take_along_axis")
    index = _integers("take_along_axis", given(indices))
    if index.ndim != x.ndim:
        raise ValueError(
            f"take_along_axis: indices must have as many axes as x; got {shown(index)} and "
            f"{shown(x)}"
        )
    x, index = (all_rows(x), all_rows(index)) if place == 0 else row_indices(x, index)
    axis = place - x.rows
    sizes: list[int] = []
    for a, b in zip(x.value.shape, index.value.shape, strict=True):
        if len(sizes) != axis and a != b and 1 not in (a, b):
            raise ValueError(
                f"take_along_axis: shapes {shown(x)} and {shown(index)} must agree except for axis "
                f"{place}"
            )
        sizes.append(b if a == 1 else a)

    def wide(tensor: Tensor) -> Tensor:
        own = [s if i != axis else tensor.value.shape[i] for i, s in enumerate(sizes)]
        if own == list(tensor.value.shape):
            return tensor
        rows = [tensor.shape[0]] if tensor.rows else []
        return broadcast_to(tensor, (*rows, *own))  # type: ignore[no-any-return]

    return record("take_along_axis", wide(x), wide(index), axis)


@operation
def one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """Return 1 at each label along a new axis, and 0 elsewhere; labels out of range give zeros.

    Parameters
    ----------
    x : tensor or array_like of int
    num_classes : int
        The size of the new axis.
    axis : int, default -1
        Position of the new axis in the result.
    dtype : str, optional
        Floats by default.
    sparse : bool, default False
        Must be False.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.one_hot([1, 0], 2)
    array([[0., 1.],
           [1., 0.]], dtype=float32)
    """
    if sparse:
        raise ValueError("one_hot: sparse must be False: tensors are dense")
    x = given(x)
    place = axis_of("one_hot", axis, x.ndim + 1)
    kind = "float" if dtype is None else kind_named("one_hot", dtype)
    count = integer("one_hot", "num_classes", num_classes, 0)
    _room.take(8 * count, f"one_hot of {count} classes")
    classes = np.arange(count).reshape([-1, *[1] * (x.ndim - place)])
    return converted(equal(expand_dims(x, place), classes), kind)


@operation
def multi_hot(
    inputs: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Any:
    """Return 1 at the labels of each row, and 0 elsewhere.

    The labels of a row are those along axis 1, regardless of the following axes, as in Keras.
    """
    x = given(inputs)
    hot = one_hot(x, num_classes, -1, dtype, sparse)
    y = max_of(hot, min(x.ndim - 1, 1)) if x.ndim else hot
    return moveaxis(y, -1, axis)


# --- diagonals


@operation
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the diagonal of two axes, as the last one.

    Parameters
    ----------
    x : tensor or array_like
    offset : int, default 0
        Above the main diagonal, or below if negative.
    axis1, axis2 : int
        The axes of rows and columns.
    """
    x = given(x)
    one, other = axis_of("diagonal", axis1, x.ndim), axis_of("diagonal", axis2, x.ndim)
    if one == other:
        raise ValueError(f"diagonal: axis1 and axis2 must differ; got {axis1} and {axis2}")
    offset = integer("diagonal", "offset", offset)
    x = moveaxis(all_rows(x) if 0 in (one, other) else x, (one, other), (-2, -1))
    rows, columns = x.shape[-2:]
    first, second = max(-offset, 0), max(offset, 0)
    count = max(min(rows - first, columns - second), 0)
    flat = (np.arange(count) + first) * columns + np.arange(count) + second
    kept = x.value.shape[:-2]
    y = wrap(x.recording.graph.reshape(x.value, [*kept, rows * columns]))
    return taken(y, flat, y.ndim - 1)


@operation
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    """Return the sum of the diagonal of two axes."""
    return sum_of(diagonal(x, offset, axis1, axis2), -1)


@operation
def diag(x: Any, k: int = 0) -> Any:
    """Return a matrix with x on its k-th diagonal, or the k-th diagonal of a matrix."""
    x = given(x)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ValueError(f"diag: needs one axis or two; got shape {shown(x)}")
    x, k = all_rows(x), integer("diag", "k", k)
    size = x.shape[0] + abs(k)
    place = np.arange(x.shape[0])
    where_to = np.full((size, size), x.shape[0])
    where_to[place + max(-k, 0), place + max(k, 0)] = place
    return taken(pad(x, (0, 1)), where_to, 0)


@operation
def diagflat(x: Any, k: int = 0) -> Any:
    """Return a matrix with all elements of x on its k-th diagonal."""
    return diag(ravel(given(x)), k)


# --- writing by index


@operation
def scatter(indices: Any, values: Any, shape: Any) -> Any:
    """Return zeros with values added at indices.

    Parameters
    ----------
    indices : tensor or array_like of int, shape (..., k)
        The last axis holds a position along the first k axes.
    values : tensor or array_like, shape (...) + shape[k:]
    shape : tuple of int
        The shape of the result.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.scatter([[0], [2], [0]], [1.0, 2.0, 3.0], (3,))
    array([4., 0., 2.], dtype=float32)
    """
    values = numbers(values)
    shape = tuple(integers("scatter", "shape", shape))
    index, segments = _places("scatter", indices, values, shape)
    return reshape(record("segment_sum", values, given(index), segments), shape)


def _places(who: str, indices: Any, values: Tensor, shape: tuple[int, ...]) -> tuple[Any, int]:
    """Return the flat index of each position, and the number of positions."""
    if not isinstance(indices, Tensor):
        indices = np.asarray(indices)
    depth = indices.shape[-1]
    expected = (*indices.shape[:-1], *shape[depth:])
    if depth > len(shape) or tuple(values.shape) != expected:
        raise ValueError(
            f"{who}: indices of shape {tuple(indices.shape)} and values of shape {shown(values)} "
            f"do not fit shape {shape}: values must have shape {expected}"
        )
    if isinstance(indices, Tensor):
        parts = unstack(indices, axis=-1)
    else:
        parts = [indices[..., i] for i in range(depth)]
        for part, size in zip(parts, shape, strict=False):
            if part.size and not (part.min() >= -size and part.max() < size):
                raise IndexError(f"{who}: indices must lie within shape {shape}; got {part.max()}")
        parts = [np.where(p < 0, p + s, p) for p, s in zip(parts, shape, strict=False)]
    return flat_index(parts, list(shape[:depth])), prod(shape[:depth])


@operation
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: Any = None) -> Any:
    """Return a tensor with values set, or combined, at indices.

    Parameters
    ----------
    inputs : tensor or array_like
    indices : tensor or array_like of int, shape (..., k)
    updates : tensor or array_like, shape (...) + inputs.shape[k:]
    reduction : {None, "add", "max", "min", "mul"}, optional
        How a value is combined with the present one; None replaces it, with the last of several
        winning.
    """
    x, new = alike([all_rows(given(inputs)), all_rows(given(updates))])
    shape = tuple(x.shape)
    index, segments = _places("scatter_update", indices, new, shape)
    ids = given(index)
    depth = len(shape) - new.ndim + ids.ndim
    if reduction == "add":
        return add(x, reshape(record("segment_sum", new, ids, segments), shape))
    if reduction in ("max", "min"):
        side = negative(new) if reduction == "min" else new
        most = record("segment_max", side, ids, segments)
        most = reshape(negative(most) if reduction == "min" else most, shape)
        join = maximum if reduction == "max" else minimum
        return where(_hit(ids, segments, shape, depth), join(x, most), x)
    if reduction == "mul":
        entries = reshape(new, (prod(ids.shape), *shape[depth:]))
        return multiply(x, reshape(segment_prod(entries, ravel(ids), segments), shape))
    if reduction is not None:
        raise ValueError(
            f"scatter_update: reduction must be None, 'add', 'max', 'min' or 'mul'; got "
            f"{reduction!r}"
        )
    positions = given(np.arange(float(prod(ids.shape))).reshape(tuple(ids.shape)))
    last = converted(maximum(record("segment_max", positions, ids, segments), 0.0), "int32")
    flat = reshape(new, (prod(ids.shape), *shape[depth:]))
    return where(_hit(ids, segments, shape, depth), reshape(taken(flat, last, 0), shape), x)


def _hit(ids: Tensor, segments: int, shape: tuple[int, ...], depth: int) -> Any:
    """Return which positions are selected by any index, to broadcast with ``shape``."""
    ones = given(np.ones(tuple(ids.shape), np.int32))
    count = record("segment_sum", ones, ids, segments)
    return greater(reshape(count, shape[:depth] + (1,) * (len(shape) - depth)), 0)
