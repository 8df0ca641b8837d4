"""Sorting: sorted elements, the largest ones, positions in a sorted sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import choice
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axis_of, shown
from lamina.ops._elements import converted, floats, numbers
from lamina.ops._numbers import integer
from lamina.ops.arithmetic import add, subtract
from lamina.ops.bounds import minimum
from lamina.ops.comparisons import equal, less, less_equal, logical_and, where
from lamina.ops.indexing import taken
from lamina.ops.reductions import any as any_of
from lamina.ops.reductions import count_nonzero
from lamina.ops.shaping import expand_dims, ravel
from lamina.ops.special_numbers import isnan
from lamina.ops.splitting import length_of

__all__ = ["argpartition", "argsort", "digitize", "in_top_k", "searchsorted", "sort", "top_k"]


@operation
def sort(x: Any, axis: Any = -1) -> Any:
    """Return the elements of an axis in ascending order, NaN last.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, default -1
        None for all elements, as one axis.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.sort([3, 1, 2])
    array([1, 2, 3], dtype=int32)
    """
    return _ordered("sort", x, axis)


@operation
def argsort(x: Any, axis: Any = -1) -> Any:
    """Return the indices that sort an axis; equal elements keep their order.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, default -1
        None for all elements, as one axis.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.argsort([3, 1, 3, 1])
    array([1, 3, 0, 2], dtype=int32)
    """
    return _ordered("argsort", x, axis)


def _ordered(kind: str, x: Any, axis: Any) -> Tensor:
    tensor = given(x)
    truth = tensor.dtype == "bool"
    single = tensor.ndim == 0 and kind == "argsort" and axis in (0, -1)  # as in NumPy
    axis = None if single else axis
    tensor = numbers(ravel(tensor) if axis is None else tensor)
    place = axis_of(kind, 0 if axis is None else axis, tensor.ndim)
    tensor = all_rows(tensor) if place == 0 else tensor
    y = record(kind, tensor, place - tensor.rows)
    return converted(y, "bool") if truth and kind == "sort" else y


@operation
def argpartition(x: Any, kth: int, axis: Any = -1) -> Any:
    """Return indices that put the smallest ``kth`` elements first; all are in order here.

    Parameters
    ----------
    x : tensor or array_like
    kth : int
    axis : int, default -1
        If None, all elements as one axis.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.argpartition([3, 1, 2], 1)[:2]
    array([1, 2], dtype=int32)
    """
    x = given(x)
    x, axis = (ravel(x), 0) if axis is None else (x, axis)
    length = x.shape[axis_of("argpartition", axis, x.ndim)]
    kth = integer("argpartition", "kth", kth)
    if length is not None and not -length <= kth < length:
        raise ValueError(f"argpartition: kth must be in [{-length}, {length}); got {kth}")
    return argsort(x, axis)


@operation
def top_k(x: Any, k: int, sorted: bool = True) -> Any:  # noqa: A002, ARG001
    """Return the k largest elements along the last axis, and their indices.

    Parameters
    ----------
    x : tensor or array_like
    k : int
    sorted : bool, default True
        Has no effect: they are always in descending order.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.top_k([1, 4, 2], 2)
    (array([4, 2], dtype=int32), array([1, 2], dtype=int32))
    """
    x = numbers(x)
    if x.ndim == 0:
        raise ValueError("top_k: needs an axis; got a single number")
    x = all_rows(x) if x.ndim == 1 else x
    if not isinstance(k, (int, np.integer)) or not 0 <= k <= x.shape[-1]:
        raise ValueError(
            f"top_k: k must be an integer in [0, {x.shape[-1]}], for shape {shown(x)}; got {k!r}"
        )
    return tuple(record("top_k", x, int(k)))


@operation
def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Return whether the prediction for each target is among the k largest in its row.

    Parameters
    ----------
    targets : tensor or array_like of int, shape (n,)
    predictions : tensor or array_like, shape (n, classes)
    k : int

    Examples
    --------
    >>> from lamina import ops
    >>> ops.in_top_k([0, 1], [[0.9, 0.1], [0.8, 0.2]], 1)
    array([ True, False])
    """
    from lamina.ops.reductions import sum as sum_of
    from lamina.ops.sequences import arange

    predictions, labels = floats(predictions), given(targets)
    if predictions.ndim != labels.ndim + 1:
        raise ValueError(
            f"in_top_k: needs targets (n,) and predictions (n, classes); got {shown(labels)} and "
            f"{shown(predictions)}"
        )
    k = integer("in_top_k", "k", k)
    classes = np.asarray(arange(predictions.shape[-1]))
    here = equal(expand_dims(labels, -1), classes)
    own = sum_of(where(here, predictions, 0.0), -1, keepdims=True)
    own = where(isnan(own), float("-inf"), own)  # NaN is not among the largest
    larger = count_nonzero(less(own, predictions), -1)
    return less(larger, k) & any_of(here, -1)


@operation
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Return the positions of values in a sorted sequence; NaN belongs at its end.

    Parameters
    ----------
    sorted_sequence : tensor or array_like, shape (n,)
    values : tensor or array_like
    side : {"left", "right"}, default "left"
        Before or after equal elements.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.searchsorted([1, 2, 2, 3], [2, 9])
    array([1, 4], dtype=int32)
    >>> ops.searchsorted([1, 2, 2, 3], [2, 9], side="right")
    array([3, 4], dtype=int32)
    """
    choice("searchsorted", "side", side, ("left", "right"))
    sequence = given(sorted_sequence)
    if sequence.ndim != 1:
        raise ValueError(f"searchsorted: needs a sequence of one axis; got {shown(sequence)}")
    return before_each(sequence, given(values), less if side == "left" else less_equal)


@operation
def digitize(x: Any, bins: Any) -> Any:
    """Return the bin of each element: the number of edges that are at or below it, as int32.

    Parameters
    ----------
    x : tensor or array_like
    bins : tensor or array_like, shape (n,)
        Edges in ascending order.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.digitize([0.5, 1.0, 9.0], [1.0, 2.0])
    array([0, 1, 2], dtype=int32)
    """
    edges = given(bins)
    if edges.ndim != 1:
        raise ValueError(f"digitize: bins must have one axis; got {shown(edges)}")
    return before_each(edges, given(x), less_equal)


FEW = 64  # up to this many comparisons per value are faster than a search


def before_each(sequence: Tensor, values: Tensor, before: Any) -> Any:
    """Return the number of elements of a sorted sequence before each value; all before NaN."""
    length = length_of(sequence, 0)
    if length <= FEW:
        found = count_nonzero(before(sequence, expand_dims(values, -1)), -1)
    else:  # by bisection
        sequence, found = all_rows(sequence), given(np.int32(0))
        step = 1 << (length.bit_length() - 1)
        while step:
            further = add(found, step)
            element = taken(sequence, minimum(subtract(further, 1), length - 1), 0)
            ahead = logical_and(less_equal(further, length), before(element, values))
            found = where(ahead, further, found)
            step //= 2
    return where(isnan(values), length, found) if values.dtype.startswith("float") else found
