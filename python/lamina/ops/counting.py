"""Counting, finding and distinguishing elements by their values."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from lamina import _check
from lamina._calls import answering_calls
from lamina._tensors.arguments import flat
from lamina._tensors.dispatch import dtype_of, on_tensors, operation
from lamina._tensors.given import all_rows, constant_array, given
from lamina.ops._arguments import known_array
from lamina.ops._axes import axis_of, shown
from lamina.ops._elements import floats, numbers
from lamina.ops._numbers import integer, integers, number, real
from lamina.ops.arithmetic import add, floor_divide, mod, multiply, subtract
from lamina.ops.bounds import minimum
from lamina.ops.comparisons import equal, less, logical_not, where
from lamina.ops.creation import ones_like
from lamina.ops.gathering import one_hot
from lamina.ops.indexing import get_item, taken
from lamina.ops.reductions import any as any_of
from lamina.ops.reductions import max as max_of
from lamina.ops.reductions import min as min_of
from lamina.ops.reductions import sum as sum_of
from lamina.ops.segments import segment_sum
from lamina.ops.sequences import linspace
from lamina.ops.shaping import expand_dims, ravel
from lamina.ops.sorting import FEW, before_each, digitize, sort

__all__ = ["bincount", "histogram", "isin", "nonzero", "unique", "unravel_index"]


@operation
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:  # noqa: ARG001
    """Return where an element of ``x1`` is one of ``x2``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        Of any shape.
    assume_unique : bool, default False
        Has no effect.
    invert : bool, default False
        Whether to return where an element is none of them.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.isin([0, 1, 2, 5], [0, 2])
    array([ True, False,  True, False])
    """
    x, known = given(x1), ravel(given(x2))
    if known.shape[0] is None or known.shape[0] <= FEW:
        found = any_of(equal(expand_dims(x, -1), known), -1)
    else:
        ordered = sort(all_rows(known))
        place = minimum(before_each(ordered, x, less), ordered.shape[0] - 1)
        found = equal(taken(ordered, place, 0), x)
    return logical_not(found) if invert else found


# --- counts


@operation
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Any:
    """Return the number of occurrences of 0, 1, 2, ...

    Parameters
    ----------
    x : tensor or array_like of int, shape (n,) or (m, n)
        Not negative.  For a matrix each row is counted.
    weights : tensor or array_like, optional
        Of the shape of x: the weight of each occurrence, by default 1.
    minlength : int, default 0
        Minimum number of counts.  It is required for recorded tensors, whose values are not known,
        and is then the exact number: larger elements are ignored.
    sparse : bool, default False
        Must be False.

    Returns
    -------
    tensor or array, shape (length,) or (m, length)
        Integers, or sums of weights.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.bincount([1, 2, 2, 3], minlength=6)
    array([0, 1, 2, 1, 0, 0], dtype=int32)
    >>> ops.bincount([0, 2, 2], weights=[0.5, 1.0, 2.0])
    array([0.5, 0. , 3. ], dtype=float32)
    """
    if sparse:
        raise ValueError("bincount: sparse must be False: tensors are dense")
    least, values = integer("bincount", "minlength", minlength), x
    x = numbers(x)
    if x.dtype != "int32" or x.ndim not in (1, 2):
        raise ValueError(
            f"bincount: needs integers with one axis or two; got {x.dtype} of shape {shown(x)}"
        )
    length = _length(values, least)
    weights = ones_like(x) if weights is None else numbers(weights)
    if tuple(weights.shape) != tuple(x.shape):
        raise ValueError(
            f"bincount: weights must have the shape of x; got {shown(weights)} for {shown(x)}"
        )
    if x.ndim == 1:
        return segment_sum(weights, x, length)
    return sum_of(multiply(one_hot(x, length, dtype="int32"), expand_dims(weights, -1)), 1)


def _length(x: Any, minlength: int) -> int:
    """Return the number of counts."""
    if on_tensors(x):
        if minlength < 1:
            raise ValueError(
                f"bincount: minlength must be given, and positive, for {x!r}: the largest element, "
                f"which determines the number of counts, is not known; got {minlength}"
            )
        return minlength
    values = np.asarray(x)
    if minlength < 0 or (values.size and values.min() < 0):
        raise ValueError(
            f"bincount: x and minlength must not be negative; got {values.min(initial=0)} and "
            f"{minlength}"
        )
    return max(int(values.max(initial=-1)) + 1, minlength)


@operation
def histogram(x: Any, bins: int = 10, range: Any = None) -> Any:  # noqa: A002
    """Return the number of elements in each of several intervals of equal width, and their edges.

    Parameters
    ----------
    x : tensor or array_like
    bins : int, default 10
        Number of intervals.  Each includes its lower edge; the last one includes both.
    range : tuple of 2 float, optional
        The lower edge of the first and the upper edge of the last interval; elements outside are
        not counted.  By default the smallest and the largest element.

    Returns
    -------
    counts : tensor or array of int, shape (bins,)
    edges : tensor or array, shape (bins + 1,)

    Examples
    --------
    >>> from lamina import ops
    >>> ops.histogram([0.0, 0.2, 0.9, 1.0], bins=2)
    (array([2, 2], dtype=int32), array([0. , 0.5, 1. ], dtype=float32))
    """
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or bins < 1:
        raise ValueError(f"histogram: bins must be a positive integer; got {bins!r}")
    x = ravel(floats(x))
    if range is not None:
        low, high = (floats(end) for end in _ends(range))
    elif x.shape == (0,):
        low, high = floats(0.0), floats(1.0)
    else:
        low, high = min_of(x), max_of(x)
    alone = where(equal(low, high), 0.5, 0.0)
    edges = linspace(subtract(low, alone), add(high, alone), int(bins) + 1)
    last = get_item(edges, -1)
    place = where(equal(x, last), int(bins) - 1, subtract(digitize(x, edges), 1))
    return segment_sum(ones_like(place), place, int(bins)), edges


def _ends(ends: Any) -> list[Any]:
    """Return the ends of a histogram; recorded values cannot be checked."""
    if isinstance(ends, (str, bytes)) or not hasattr(ends, "__len__") or len(ends) != 2:
        raise ValueError(f"histogram: range must be (low, high); got {ends!r}")
    listed = list(ends)
    if not on_tensors(*listed):
        low, high = (number("histogram", f"range[{i}]", end) for i, end in enumerate(listed))
        if high < low:
            raise ValueError(f"histogram: range must be (low, high); got {ends!r}")
    return listed


@operation
def unravel_index(indices: Any, shape: Any) -> Any:
    """Return the indices along each axis for indices into the flattened elements.

    Parameters
    ----------
    indices : tensor or array_like of int
        Negative indices count from the end.
    shape : tuple of int, or int
        The shape of the indexed array.

    Returns
    -------
    tuple of tensor or array
        One for each axis.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.unravel_index([5, 7], (3, 3))
    (array([1, 2], dtype=int32), array([2, 1], dtype=int32))
    """
    sizes = integers("unravel_index", "shape", shape)
    count = prod(sizes)
    if not on_tensors(indices):
        places = known_array("unravel_index", "indices", indices)
        if places.size and not (places.min() >= -count and places.max() < count):
            raise IndexError(
                f"unravel_index: indices must lie within the {count} elements of shape "
                f"{tuple(sizes)}; got {places.min()} to {places.max()}"
            )
    left = given(indices)
    if left.dtype != "int32":
        raise TypeError(f"unravel_index: indices must be integers; got {left.dtype}")
    left = where(less(left, 0), add(left, count), left)
    found: list[Any] = []
    for size in reversed(sizes):
        found.insert(0, mod(left, size))
        left = floor_divide(left, size)
    return tuple(found)


# --- results whose number of elements depends on values: for arrays only


@answering_calls
def nonzero(x: Any) -> Any:
    """Return the indices of the elements that are not 0, one array for each axis.

    Parameters
    ----------
    x : array_like
        Not a tensor of a model, as the number of elements would depend on its values.

    Returns
    -------
    tuple of array of int, shape (count,)

    Examples
    --------
    >>> from lamina import ops
    >>> ops.nonzero([[1, 0], [0, 2]])
    (array([0, 1], dtype=int32), array([0, 1], dtype=int32))
    """
    array = _known("nonzero", x, "use ops.where, or ops.count_nonzero")
    if array.ndim == 0:
        raise ValueError(f"nonzero: x must have an axis; got {x!r}")
    return tuple(places.astype(np.int32) for places in np.nonzero(array))


@answering_calls
def unique(
    x: Any, sorted: bool = True, return_index: bool = False, return_inverse: bool = False,  # noqa: A002
    return_counts: bool = False, axis: Any = None, size: Any = None, fill_value: Any = None,
) -> Any:  # fmt: skip
    """Return the distinct elements, in ascending order.

    Parameters
    ----------
    x : array_like
        Not a tensor of a model, as the number of elements would depend on its values.
    sorted : bool, default True
        Has no effect: they are always in ascending order.
    return_index, return_inverse, return_counts : bool, default False
        Whether to also return the first index of each value, the index of the value of each
        element, and the number of occurrences of each value.
    axis : int, optional
        Compare the entries of an axis instead of elements.
    size : int, optional
        Number of values to return: the first ones, or all followed by ``fill_value``.
    fill_value : float, optional
        0 if not given.

    Returns
    -------
    array, or tuple of array
        The values, then the requested arrays.  Each NaN is distinct.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.unique([3, 1, 3], return_counts=True)
    (array([1, 3], dtype=int32), array([1, 2], dtype=int32))
    """
    array = _known("unique", x, "use ops.sort, or ops.bincount with minlength")
    wanted = [
        _check.boolean("unique", name, value, numbers=True)
        for name, value in (
            ("return_index", return_index),
            ("return_inverse", return_inverse),
            ("return_counts", return_counts),
        )
    ]
    _check.boolean("unique", "sorted", sorted, numbers=True)
    if fill_value is not None:
        real("unique", "fill_value", fill_value)
    if axis is not None:
        axis = axis_of("unique", axis, array.ndim)
    values, *more = np.unique(array, True, True, True, axis, equal_nan=False)
    if size is not None:
        count, at = integer("unique", "size", size, 0), 0 if axis is None else axis
        values = _sized(values, count, 0 if fill_value is None else fill_value, at)
        more = [_sized(more[0], count, 0, 0), more[1], _sized(more[2], count, 0, 0)]
    told = [
        each.astype(np.int32) for each, is_wanted in zip(more, wanted, strict=True) if is_wanted
    ]
    return (values, *told) if told else values


def _sized(x: Any, count: int, fill: Any, axis: int) -> Any:
    x = np.moveaxis(x, axis, 0)[:count]
    margins = [(0, count - len(x)), *[(0, 0)] * (x.ndim - 1)]
    return np.moveaxis(np.pad(x, margins, constant_values=fill), 0, axis)


def _known(who: str, x: Any, instead: str) -> Any:
    """Return an array of one of the library's types; tensors of a model are rejected."""
    if on_tensors(x):
        raise TypeError(
            f"{who}: only takes arrays; got {x!r}: the number of elements of the result depends on "
            f"the values, and shapes of tensors may not; {instead}"
        )
    return constant_array(known_array(who, "x", x), dtype_of(flat(x)) or "float32", who=who)
