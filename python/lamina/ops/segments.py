"""Reductions over entries that share an id."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._elements import converted, floats, numbers
from lamina.ops._numbers import integer
from lamina.ops.arithmetic import multiply, negative
from lamina.ops.bounds import maximum, minimum
from lamina.ops.comparisons import equal, greater, where
from lamina.ops.indexing import row_indices, taken
from lamina.ops.joining import concatenate
from lamina.ops.shaping import reshape
from lamina.ops.sorting import argsort, searchsorted
from lamina.ops.splitting import part

__all__ = ["segment_max", "segment_min", "segment_prod", "segment_sum"]


def _segments(
    who: str, data: Any, segment_ids: Any, num_segments: Any
) -> tuple[Tensor, Tensor, int]:
    count = None if num_segments is None else integer(who, "num_segments", num_segments, 0)
    if count is None:
        if isinstance(segment_ids, Tensor):
            raise ValueError(f"{who}: num_segments must be given: the ids are not known yet")
        array = np.asarray(segment_ids)
        count = int(array.max()) + 1 if array.size else 0
    x, ids = numbers(data), given(segment_ids)
    if ids.ndim != 1 or x.ndim < 1:
        raise ValueError(
            f"{who}: segment_ids must have one axis, the first of data; got {shown(ids)} and "
            f"{shown(x)}"
        )
    x, ids = row_indices(x, ids)
    if x.shape[0] != ids.shape[0]:
        raise ValueError(
            f"{who}: data and segment_ids must have the same length; got {shown(x)} and "
            f"{shown(ids)}"
        )
    return x, ids, count


@operation
def segment_sum(data: Any, segment_ids: Any, num_segments: Any = None, sorted: bool = False) -> Any:  # noqa: A002, ARG001
    """Return the sums of the entries of data that share an id.

    Parameters
    ----------
    data : tensor or array_like, shape (n, ...)
    segment_ids : tensor or array_like of int, shape (n,)
        Entries whose id is not in [0, num_segments) are ignored.
    num_segments : int, optional
        By default the largest id + 1, if the ids are known.
    sorted : bool, default False
        Has no effect.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.segment_sum([1.0, 2.0, 4.0], [0, 1, 0])
    array([5., 2.], dtype=float32)
    """
    return record("segment_sum", *_segments("segment_sum", data, segment_ids, num_segments))


@operation
def segment_max(data: Any, segment_ids: Any, num_segments: Any = None, sorted: bool = False) -> Any:  # noqa: A002, ARG001
    """Return the maximum over the entries that share an id.

    Parameters
    ----------
    data : tensor or array_like, shape (n, ...)
    segment_ids : tensor or array_like of int, shape (n,)
        Entries whose id is not in [0, num_segments) are ignored.
    num_segments : int, optional
        By default the largest id + 1, if the ids are known.
    sorted : bool, default False
        Has no effect.

    Returns
    -------
    tensor or array, shape (num_segments, ...)
        For an id without entries -inf, or the smallest integer.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.segment_max([1.0, 2.0, 4.0], [0, 2, 0], 3)
    array([  4., -inf,   2.], dtype=float32)
    """
    x, ids, count = _segments("segment_max", data, segment_ids, num_segments)
    y = record("segment_max", floats(x), ids, count)
    return converted(maximum(y, -(2.0**31)), "int32") if x.dtype == "int32" else y


@operation
def segment_min(data: Any, segment_ids: Any, num_segments: Any = None, sorted: bool = False) -> Any:  # noqa: A002, ARG001
    """Return the minimum over the entries that share an id.

    Parameters
    ----------
    data : tensor or array_like, shape (n, ...)
    segment_ids : tensor or array_like of int, shape (n,)
        Entries whose id is not in [0, num_segments) are ignored.
    num_segments : int, optional
        By default the largest id + 1, if the ids are known.
    sorted : bool, default False
        Has no effect.

    Returns
    -------
    tensor or array, shape (num_segments, ...)
        For an id without entries inf, or the largest integer.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.segment_min([1.0, 2.0, 4.0], [0, 2, 0], 3)
    array([ 1., inf,  2.], dtype=float32)
    """
    x, ids, count = _segments("segment_min", data, segment_ids, num_segments)
    y = negative(record("segment_max", negative(floats(x)), ids, count))
    return converted(minimum(y, 2.0**31 - 1), "int32") if x.dtype == "int32" else y


@operation
def segment_prod(
    data: Any, segment_ids: Any, num_segments: Any = None, sorted: bool = False  # noqa: A002, ARG001
) -> Any:  # fmt: skip
    """Return the products of the entries that share an id; 1 for an id without entries.

    Parameters
    ----------
    data : tensor or array_like, shape (n, ...)
    segment_ids : tensor or array_like of int, shape (n,)
        Entries whose id is not in [0, num_segments) are ignored.
    num_segments : int, optional
        By default the largest id + 1, if the ids are known.
    sorted : bool, default False
        Has no effect.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.segment_prod([2.0, 5.0, 4.0], [0, 1, 0], 3)
    array([8., 5., 1.], dtype=float32)
    """
    x, ids, count = _segments("segment_prod", data, segment_ids, num_segments)
    x, ids = all_rows(x), all_rows(ids)
    order = argsort(ids)
    x, ids = taken(x, order, 0), taken(ids, order, 0)
    length, step = x.shape[0], 1
    while step < length:  # each entry is multiplied by the product that ends `step` before
        alike = equal(part(ids, 0, step, length - step), part(ids, 0, 0, length - step))
        before = where(_wide(alike, x), part(x, 0, 0, length - step), 1)
        x = concatenate([part(x, 0, 0, step), multiply(part(x, 0, step, length - step), before)])
        step *= 2
    numbered = given(np.arange(count, dtype=np.int32))
    ends = searchsorted(ids, numbered, "right")
    some = greater(ends, searchsorted(ids, numbered, "left"))
    one = given(np.ones((1, *x.shape[1:])), None if x.dtype != "int32" else "int32")
    return where(_wide(some, x), taken(concatenate([one, x]), ends, 0), 1)


def _wide(flags: Tensor, x: Any) -> Any:
    return reshape(flags, (flags.shape[0], *[1] * (x.ndim - 1)))
