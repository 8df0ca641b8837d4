"""Variances, averages and quantiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lamina._check import choice
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given
from lamina._tensors.tensor import Tensor
from lamina.ops._arguments import known_array
from lamina.ops._axes import axes_of, shown
from lamina.ops._elements import floats
from lamina.ops.arithmetic import add, divide, multiply, square, subtract
from lamina.ops.bounds import maximum, minimum
from lamina.ops.comparisons import where
from lamina.ops.exponentials import sqrt
from lamina.ops.gathering import take
from lamina.ops.products import matmul
from lamina.ops.reductions import any as any_of
from lamina.ops.reductions import mean, reduced
from lamina.ops.reductions import sum as sum_of
from lamina.ops.shaping import reshape, transpose
from lamina.ops.sorting import sort
from lamina.ops.special_numbers import isnan

__all__ = ["average", "corrcoef", "median", "percentile", "quantile", "std", "var"]


@operation
def var(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the variance: the mean squared distance from the mean.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        By default all axes.
    keepdims : bool, default False

    Examples
    --------
    >>> from lamina import ops
    >>> ops.var([1.0, 3.0])
    array(1., dtype=float32)
    """
    x = floats(x)
    apart = subtract(x, reduced("mean", x, axis, True, "var"))
    return reduced("mean", square(apart), axis, keepdims, "var")


@operation
def std(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the standard deviation, the root of ``var``.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        By default all axes.
    keepdims : bool, default False

    Examples
    --------
    >>> from lamina import ops
    >>> ops.std([[1.0, 3.0], [2.0, 2.0]], axis=1)
    array([1., 0.], dtype=float32)
    """
    return sqrt(var(x, axis, keepdims))


@operation
def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """Return the weighted mean.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        By default all axes.
    weights : tensor or array_like, optional
        Of the shape of x, or one number for each index of the axis.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.average([[1.0, 2.0], [3.0, 4.0]], axis=1, weights=[3, 1])
    array([1.25, 3.25], dtype=float32)
    """
    x = floats(x)
    if weights is None:
        return mean(x, axis)
    w = floats(weights)
    if w.ndim != x.ndim:
        axes = axes_of("average", axis, x.ndim)
        if w.ndim != 1 or len(axes) != 1 or w.shape[0] != x.shape[axes[0]]:
            raise ValueError(
                f"average: weights must have the shape of x, or one entry for each index of axis "
                f"{axis}; got {shown(w)} for {shown(x)}"
            )
        if not w.rows:
            w = reshape(w, [-1 if i == axes[0] else 1 for i in range(x.ndim)])
    w = add(w, multiply(x, 0.0)) if tuple(w.shape) != tuple(x.shape) else w
    return divide(sum_of(multiply(x, w), axis), sum_of(w, axis))


@operation
def corrcoef(x: Any) -> Any:
    """Return Pearson's correlation coefficients of all pairs of variables.

    Parameters
    ----------
    x : tensor or array_like, shape (variables, observations)

    Returns
    -------
    tensor or array, shape (variables, variables)
        NaN for constant variables.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.corrcoef([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]])
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """
    x = floats(x)
    if x.ndim not in (1, 2):
        raise ValueError(f"corrcoef: needs (variables, observations); got shape {shown(x)}")
    apart = subtract(x, mean(x, -1, True))
    spread = sqrt(sum_of(square(apart), -1, True))
    if x.ndim == 2:
        found = divide(matmul(apart, transpose(apart)), multiply(spread, transpose(spread)))
    else:
        found = divide(matmul(apart, apart), reshape(square(spread), ()))
    return minimum(maximum(found, -1.0), 1.0)  # rounding may exceed these


# --- by order


@operation
def quantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return the quantiles ``q`` of the elements.

    Parameters
    ----------
    x : tensor or array_like
    q : float or sequence of float
        From 0 to 1; several give a new first axis.
    axis : int or tuple of int, optional
        By default all axes.
    method : {"linear", "lower", "higher", "midpoint", "nearest"}, default "linear"
        The value between two elements.
    keepdims : bool, default False

    Examples
    --------
    >>> from lamina import ops
    >>> ops.quantile([1.0, 2.0, 4.0, 8.0], 0.5)
    array(3., dtype=float32)
    >>> ops.quantile([[1.0, 2.0], [3.0, 4.0]], [0.0, 1.0], axis=1, method="nearest")
    array([[1., 3.],
           [2., 4.]], dtype=float32)
    """

    def at(ordered: Tensor, share: float) -> Any:
        unsure = any_of(isnan(ordered), -1)
        low, high, weight = places_between("quantile", share, ordered.shape[-1], method)
        below, above = take(ordered, int(low), -1), take(ordered, int(high), -1)
        return where(unsure, float("nan"), mixed(below, above, float(weight)))

    return by_shares("quantile", x, q, axis, keepdims, at)


def shares_of(who: str, q: Any, whole: int = 1) -> Any:
    """Return an array of one share or several, given in parts of ``whole``."""
    shares = known_array(who, "q", q).astype(float) / whole
    if shares.ndim > 1 or not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"{who}: q must be numbers from 0 to {whole}; got {q!r:.100}")
    return shares


def by_shares(
    who: str, x: Any, q: Any, axis: Any, keepdims: bool, at: Callable[[Tensor, float], Any]
) -> Any:
    """Return the results of a function of the elements, sorted in the last axis, and each share."""
    shares = shares_of(who, q)
    x, axes = floats(x), axes_of(who, axis, floats(x).ndim)
    ordered = _last(x, axes)
    if ordered.shape[-1] == 0:
        raise ValueError(f"{who}: an empty array has no quantile; got shape {shown(x)}")
    ordered = sort(ordered, -1)
    found = []
    for share in shares.ravel():
        y = at(ordered, float(share))
        if keepdims:
            y = reshape(y, [1 if i in axes else _size(x, i) for i in range(x.ndim)])
        found.append(y)
    if shares.ndim == 0:
        return found[0]
    from lamina.ops.joining import stack

    return stack(found)


def _size(x: Tensor, axis: int) -> Any:
    return x.shape[axis]


def _last(x: Tensor, axes: list[int]) -> Tensor:
    """Return x with the axes combined as the last one."""
    rest = [i for i in range(x.ndim) if i not in axes]
    x = all_rows(x) if 0 in axes else x
    x = transpose(x, [*rest, *axes])
    return reshape(x, [*[_size(x, i) for i in range(len(rest))], math.prod(x.shape[len(rest) :])])  # type: ignore[no-any-return]


def places_between(who: str, share: float, counts: Any, method: str) -> tuple[Any, Any, Any]:
    """Return the two indices between which a share lies, and the weight of the second."""
    choice(who, "method", method, ("linear", "lower", "higher", "midpoint", "nearest"))
    place = share * (np.asarray(counts) - 1)
    low, high = np.floor(place), np.ceil(place)
    if method == "nearest":  # with ties to even
        low = high = np.round(place)
    elif method == "lower":
        high = low
    elif method == "higher":
        low = high
    weight = np.where(low == high, 0.0, 0.5 if method == "midpoint" else place - low)
    return low.astype(int), high.astype(int), weight


def mixed(below: Any, above: Any, weight: Any) -> Any:
    """Return the weighted mean of two values."""
    if isinstance(weight, float) and weight == 0.0:
        return below
    return add(multiply(below, 1.0 - weight), multiply(above, weight))


@operation
def percentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return ``quantile`` for percentages from 0 to 100.

    Parameters
    ----------
    x : tensor or array_like
    q : float or sequence of float
        Percentages; several give a new first axis.
    axis : int or tuple of int, optional
        By default all axes.
    method : {"linear", "lower", "higher", "midpoint", "nearest"}, default "linear"
        The value between two elements.
    keepdims : bool, default False

    Examples
    --------
    >>> from lamina import ops
    >>> ops.percentile([1.0, 2.0, 4.0], [50, 75])
    array([2., 3.], dtype=float32)
    """
    return quantile(given(x), shares_of("percentile", q, 100), axis, method, keepdims)


@operation
def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the median: the middle element in order, or the mean of the two middle ones.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        By default all axes.
    keepdims : bool, default False

    Examples
    --------
    >>> from lamina import ops
    >>> ops.median([3.0, 1.0, 2.0])
    array(2., dtype=float32)
    """
    return quantile(x, 0.5, axis, "linear", keepdims)
