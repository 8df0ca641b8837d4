"""Writing elements by index."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from lamina._check import choice
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._arguments import known_array
from lamina.ops._axes import shown
from lamina.ops._elements import alike, converted, numbers
from lamina.ops._numbers import integers
from lamina.ops.arithmetic import add, multiply, negative
from lamina.ops.bounds import maximum, minimum
from lamina.ops.comparisons import greater, where
from lamina.ops.indexing import flat_index, taken
from lamina.ops.segments import segment_prod
from lamina.ops.shaping import ravel, reshape
from lamina.ops.splitting import unstack

__all__ = [
    "scatter",
    "scatter_update",
]


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
        indices = known_array(who, "indices", indices)
    whole = np.dtype(indices.dtype).kind in "iu"
    if not len(indices.shape) or not (whole or 0 in indices.shape):
        raise TypeError(
            f"{who}: indices must be integers of shape (..., k); got {indices.dtype} of shape "
            f"{tuple(indices.shape)}"
        )
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
        parts = [part.astype(np.int64) for part in parts]  # flat indices are larger
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

    Examples
    --------
    >>> from lamina import ops
    >>> ops.scatter_update([1, 2, 3], [[0], [2]], [10, 30])
    array([10,  2, 30], dtype=int32)
    >>> ops.scatter_update([1, 2, 3], [[0], [0]], [10, 30], "add")
    array([41,  2,  3], dtype=int32)
    """
    if reduction is not None:
        choice("scatter_update", "reduction", reduction, ("add", "max", "min", "mul"))
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
    positions = given(np.arange(float(prod(ids.shape))).reshape(tuple(ids.shape)))
    last = converted(maximum(record("segment_max", positions, ids, segments), 0.0), "int32")
    flat = reshape(new, (prod(ids.shape), *shape[depth:]))
    return where(_hit(ids, segments, shape, depth), reshape(taken(flat, last, 0), shape), x)


def _hit(ids: Tensor, segments: int, shape: tuple[int, ...], depth: int) -> Any:
    """Return which positions are selected by any index, to broadcast with ``shape``."""
    ones = given(np.ones(tuple(ids.shape), np.int32))
    count = record("segment_sum", ones, ids, segments)
    return greater(reshape(count, shape[:depth] + (1,) * (len(shape) - depth)), 0)
