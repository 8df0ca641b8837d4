"""Quantiles of the elements that are not NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina._tensors.tensor import Tensor
from lamina.ops.comparisons import logical_not
from lamina.ops.gathering import take, take_along_axis
from lamina.ops.reductions import count_nonzero
from lamina.ops.shaping import expand_dims, squeeze
from lamina.ops.special_numbers import isnan
from lamina.ops.statistics import by_shares, mixed, places_between, shares_of

__all__ = [
    "nanmedian",
    "nanpercentile",
    "nanquantile",
]


@operation
def nanquantile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return the quantiles ``q`` of the elements that are not NaN.

    Parameters
    ----------
    x : tensor or array_like
    q : float or sequence of float
        Probabilities from 0 to 1; a sequence gives a new first axis.
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    method : {"linear", "lower", "higher", "midpoint", "nearest"}, default "linear"
        The value between two elements.
    keepdims : bool, default False
        Whether to keep the axes, with size 1.

    Returns
    -------
    tensor or array
        NaN if all elements are NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.nanquantile([4.0, np.nan, 1.0, 2.0], [0.5, 0.75])
    array([2., 3.], dtype=float32)
    """

    def at(ordered: Tensor, share: float) -> Any:
        # NaN is sorted last.  Positions depend on the number of other elements, which may differ
        # between lanes.
        count = count_nonzero(logical_not(isnan(ordered)), -1)
        counts = np.maximum(np.arange(ordered.shape[-1] + 1), 1)
        low, high, weight = places_between("nanquantile", share, counts, method)
        below, above = (_element(ordered, take(places, count)) for places in (low, high))
        return mixed(below, above, take(weight, count) if weight.any() else 0.0)

    return by_shares("nanquantile", x, q, axis, keepdims, at)


def _element(x: Tensor, index: Any) -> Any:
    return squeeze(take_along_axis(x, expand_dims(index, -1), -1), -1)


@operation
def nanpercentile(
    x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    """Return ``nanquantile`` for percentages from 0 to 100.

    Parameters
    ----------
    x : tensor or array_like
    q : float or sequence of float
        Percentages; a sequence gives a new first axis.
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    method : {"linear", "lower", "higher", "midpoint", "nearest"}, default "linear"
        The value between two elements.
    keepdims : bool, default False
        Whether to keep the axes, with size 1.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.nanpercentile([4.0, np.nan, 1.0, 2.0], [0, 75])
    array([1., 3.], dtype=float32)
    """
    return nanquantile(given(x), shares_of("nanpercentile", q, 100), axis, method, keepdims)


@operation
def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the median of the elements that are not NaN.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    keepdims : bool, default False
        Whether to keep them, with size 1.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.nanmedian([[4.0, np.nan, 1.0], [np.nan, np.nan, np.nan]], axis=1)
    array([2.5, nan], dtype=float32)
    """
    return nanquantile(x, 0.5, axis, "linear", keepdims)
