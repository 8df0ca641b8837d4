"""Reading elements by index, labels as vectors, and diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import _room
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given, record, wrap
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axis_of, shown
from lamina.ops._elements import converted
from lamina.ops._numbers import integer
from lamina.ops._types import kind_named
from lamina.ops.comparisons import equal
from lamina.ops.indexing import checked, row_indices, taken
from lamina.ops.reductions import max as max_of
from lamina.ops.reductions import sum as sum_of
from lamina.ops.repeating import pad
from lamina.ops.shaping import broadcast_to, expand_dims, moveaxis, ravel

__all__ = [
    "diag",
    "diagflat",
    "diagonal",
    "multi_hot",
    "one_hot",
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
    """Return 1 at the labels of each row, and 0 elsewhere; labels out of range are ignored.

    The labels of a row are those along axis 1, regardless of the following axes, as in Keras.

    Parameters
    ----------
    inputs : tensor or array_like of int
    num_classes : int
        The size of the axis of the classes, which replaces that of the labels.
    axis : int, default -1
        Position of the axis of the classes in the result.
    dtype : str, optional
        Floats by default.
    sparse : bool, default False
        Must be False.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.multi_hot([[0, 2], [1, 1]], 3)
    array([[1., 0., 1.],
           [0., 1., 0.]], dtype=float32)
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

    Examples
    --------
    >>> from lamina import ops
    >>> ops.diagonal([[1, 2, 3], [4, 5, 6]], offset=1)
    array([2, 6], dtype=int32)
    >>> ops.diagonal(ops.zeros((2, 3, 4))).shape
    (4, 2)
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
    """Return the sum of the diagonal of two axes.

    Parameters
    ----------
    x : tensor or array_like
    offset : int, default 0
        Above the main diagonal, or below if negative.
    axis1, axis2 : int, default 0 and 1
        The axes of rows and columns.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.trace([[1, 2], [3, 4]])
    array(5, dtype=int32)
    """
    return sum_of(diagonal(x, offset, axis1, axis2), -1)


@operation
def diag(x: Any, k: int = 0) -> Any:
    """Return a matrix with x on its k-th diagonal, or the k-th diagonal of a matrix.

    Parameters
    ----------
    x : tensor or array_like
        With one axis, or two.
    k : int, default 0
        Above the main diagonal, or below if negative.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.diag([1, 2], 1)
    array([[0, 1, 0],
           [0, 0, 2],
           [0, 0, 0]], dtype=int32)
    >>> ops.diag([[1, 2], [3, 4]])
    array([1, 4], dtype=int32)
    """
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
    """Return a matrix with all elements of x on its k-th diagonal.

    Parameters
    ----------
    x : tensor or array_like
    k : int, default 0
        Above the main diagonal, or below if negative.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.diagflat([[1, 2]], -1)
    array([[0, 0, 0],
           [1, 0, 0],
           [0, 2, 0]], dtype=int32)
    """
    return diag(ravel(given(x)), k)
