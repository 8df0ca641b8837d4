"""Reductions and scans that ignore NaN."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axes_of
from lamina.ops._elements import floats, numbers
from lamina.ops.arithmetic import divide, square, subtract
from lamina.ops.comparisons import logical_not, where
from lamina.ops.exponentials import sqrt
from lamina.ops.reductions import all as all_of
from lamina.ops.reductions import argmax, argmin, max, min, prod, sum  # noqa: A004
from lamina.ops.scans import cumprod, cumsum
from lamina.ops.special_numbers import isnan

__all__ = [
    "nanargmax",
    "nanargmin",
    "nancumprod",
    "nancumsum",
    "nanmax",
    "nanmean",
    "nanmin",
    "nanprod",
    "nanstd",
    "nansum",
    "nanvar",
]


def _filled(who: str, x: Any, axis: Any, value: float) -> Tensor:
    """Return numbers with NaN replaced, and check the axis."""
    x = numbers(x)
    axes_of(who, axis, x.ndim)
    return where(isnan(x), value, x) if x.dtype.startswith("float") else x  # type: ignore[no-any-return]


@operation
def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the sum of the elements that are not NaN; 0 if there are none.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        The axes to reduce, possibly including that of the rows (0); by default all.
    keepdims : bool, default False
        Whether to keep them, with size 1.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.nansum([[1.0, np.nan], [3.0, 4.0]], axis=1)
    array([1., 7.], dtype=float32)
    """
    return sum(_filled("nansum", x, axis, 0.0), axis, keepdims)


@operation
def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the product of the elements that are not NaN; 1 if there are none.

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
    >>> ops.nanprod([[2.0, np.nan], [3.0, 4.0]], axis=0)
    array([6., 4.], dtype=float32)
    """
    return prod(_filled("nanprod", x, axis, 1.0), axis, keepdims)


@operation
def nancumsum(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the cumulative sum, with NaN counted as 0.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, optional
        By default all elements, as one axis.
    dtype : str, optional
        The dtype of the result.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.nancumsum([1.0, np.nan, 3.0])
    array([1., 1., 4.], dtype=float32)
    """
    return cumsum(_filled("nancumsum", x, axis, 0.0), axis, dtype)


@operation
def nancumprod(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the cumulative product, with NaN counted as 1.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, optional
        By default all elements, as one axis.
    dtype : str, optional
        The dtype of the result.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.nancumprod([[2.0, np.nan], [3.0, 4.0]], axis=0)
    array([[2., 1.],
           [6., 4.]], dtype=float32)
    """
    return cumprod(_filled("nancumprod", x, axis, 1.0), axis, dtype)


# --- means


@operation
def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean of the elements that are not NaN; NaN if there are none.

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
    >>> ops.nanmean([[1.0, np.nan], [3.0, 4.0]], axis=1)
    array([1. , 3.5], dtype=float32)
    """
    x = floats(x)
    return _mean("nanmean", x, x, axis, keepdims)


def _mean(who: str, x: Tensor, values: Any, axis: Any, keepdims: bool) -> Any:
    """Return the mean of the values where x is not NaN."""
    axes_of(who, axis, x.ndim)
    total = sum(where(isnan(x), 0.0, values), axis, keepdims)
    return divide(total, sum(floats(logical_not(isnan(x))), axis, keepdims))


@operation
def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the variance of the elements that are not NaN; NaN if there are none.

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
    >>> ops.nanvar([1.0, np.nan, 3.0])
    array(1., dtype=float32)
    """
    x = floats(x)
    apart = where(isnan(x), 0.0, subtract(x, _mean("nanvar", x, x, axis, True)))
    return _mean("nanvar", x, square(apart), axis, keepdims)


@operation
def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the standard deviation of the elements that are not NaN, the root of ``nanvar``.

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
    >>> ops.nanstd([[1.0, np.nan, 3.0], [2.0, 2.0, 2.0]], axis=1)
    array([1., 0.], dtype=float32)
    """
    return sqrt(nanvar(x, axis, keepdims))


# --- extremes


@operation
def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the largest of the elements that are not NaN; NaN if there are none.

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
    >>> ops.nanmax([[1.0, np.nan], [3.0, 4.0]], axis=0)
    array([3., 4.], dtype=float32)
    """
    return _extreme("nanmax", max, x, axis, keepdims)


@operation
def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the smallest of the elements that are not NaN; NaN if there are none.

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
    >>> ops.nanmin([[1.0, np.nan], [np.nan, np.nan]], axis=1)
    array([ 1., nan], dtype=float32)
    """
    return _extreme("nanmin", min, x, axis, keepdims)


def _extreme(who: str, reduction: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    x = given(x)
    if not x.dtype.startswith("float"):
        return reduction(x, axis, keepdims)
    limit = float("-inf") if reduction is max else float("inf")
    y = reduction(_filled(who, x, axis, limit), axis, keepdims)
    return where(all_of(isnan(x), axis, keepdims), float("nan"), y)


@operation
def nanargmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the index of the largest element that is not NaN; -1 if there are none.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, optional
        The axis to search; by default all elements, in order.
    keepdims : bool, default False
        Whether to keep the axis, with size 1.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.nanargmax([[np.nan, 3.0], [4.0, 2.0], [np.nan, np.nan]], axis=1)
    array([ 1,  0, -1], dtype=int32)
    """
    return _place("nanargmax", argmax, x, axis, keepdims)


@operation
def nanargmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the index of the smallest element that is not NaN; -1 if there are none.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, optional
        The axis to search; by default all elements, in order.
    keepdims : bool, default False
        Whether to keep the axis, with size 1.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.nanargmin([[np.nan, 3.0], [4.0, 2.0]], axis=1)
    array([1, 1], dtype=int32)
    """
    return _place("nanargmin", argmin, x, axis, keepdims)


def _place(who: str, search: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    x = floats(x)
    limit = float("-inf") if search is argmax else float("inf")
    found = search(_filled(who, x, axis, limit), axis, keepdims)
    return where(all_of(isnan(x), axis, keepdims), -1, found)
