"""Sums, means, extremes and other reductions over axes, possibly including that of the rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axes_of, axis_of, of_row, shown
from lamina.ops._elements import converted, elementwise, floats, numbers
from lamina.ops.arithmetic import add, subtract
from lamina.ops.bounds import maximum, minimum
from lamina.ops.comparisons import where
from lamina.ops.exponentials import exp, log
from lamina.ops.shaping import reshape
from lamina.ops.special_numbers import isfinite

__all__ = [
    "all",
    "amax",
    "amin",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "ptp",
    "sum",
]


def reduced(kind: str, x: Tensor, axis: Any, keepdims: bool, who: str | None = None) -> Tensor:
    """Record a reduction over axes, as users count them."""
    who = who or kind
    axes = axes_of(who, axis, x.ndim)
    if not axes:
        return x
    if kind not in ("sum", "prod") and 0 in [x.shape[a] for a in axes]:
        raise ValueError(f"{who}: an empty array has no {kind}; got shape {shown(x)}, axis {axis}")
    places, rows = of_row(x, axes)
    y = record(kind, x, places, rows)
    return with_ones(y, axes, x) if keepdims else y


def with_ones(y: Tensor, axes: list[int], x: Tensor) -> Tensor:
    """Return the reduced x with axes of size 1 in place of the reduced axes."""
    sizes = [1 if i in axes else size for i, size in enumerate(x.shape)]
    return Tensor(y.recording, y.recording.graph.reshape(y.value, sizes[1:] if y.rows else sizes))


def _of_numbers(kind: str, x: Any, axis: Any, keepdims: bool) -> Tensor:
    """Record a reduction whose result has the type of its argument."""
    x = numbers(x)
    if x.dtype != "int32":
        return reduced(kind, x, axis, keepdims)
    return converted(reduced(kind, floats(x), axis, keepdims), "int32")


@operation
def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A001
    """Return the sum.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        The axes to reduce, possibly including that of the rows (0); by default all.
    keepdims : bool, default False
        Whether to keep them, with size 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.sum([[1.0, 2.0], [3.0, 4.0]], axis=1)
    array([3., 7.], dtype=float32)
    """
    return _of_numbers("sum", x, axis, keepdims)


@operation
def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Return the product; 1 if there are no elements.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    keepdims : bool, default False
        Whether to keep them, with size 1.
    dtype : str, optional
        The dtype of the result.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.prod([[1, 2], [3, 4]], axis=0)
    array([3, 8], dtype=int32)
    >>> ops.prod(ops.ones((2, 0)), axis=1)
    array([1., 1.], dtype=float32)
    """
    from lamina.ops.core import cast

    y = _of_numbers("prod", x, axis, keepdims)
    return y if dtype is None else cast(y, dtype)


@operation
def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the mean, as a float.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    keepdims : bool, default False
        Whether to keep them, with size 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.mean([[1, 2], [3, 6]], axis=1, keepdims=True)
    array([[1.5],
           [4.5]], dtype=float32)
    """
    return reduced("mean", floats(x), axis, keepdims)


@operation
def max(  # noqa: A001
    x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None
) -> Any:
    """Return the largest element, or NaN if there is one.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    keepdims : bool, default False
        Whether to keep them, with size 1.
    initial : float, optional
        Lower bound of the result.  Required if there are no elements.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.max([[1.0, 5.0], [np.nan, 2.0]], axis=1)
    array([ 5., nan], dtype=float32)
    >>> ops.max([3, 4], initial=10)
    array(10, dtype=int32)
    """
    return _extreme("max", x, axis, keepdims, initial)


@operation
def min(  # noqa: A001
    x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None
) -> Any:
    """Return the smallest element, or NaN if there is one.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    keepdims : bool, default False
        Whether to keep them, with size 1.
    initial : float, optional
        Upper bound of the result.  Required if there are no elements.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.min([[1.0, 5.0], [np.nan, 2.0]], axis=0)
    array([nan,  2.], dtype=float32)
    >>> ops.min(ops.ones((2, 0)), axis=1, initial=0.0)
    array([0., 0.], dtype=float32)
    """
    return _extreme("min", x, axis, keepdims, initial)


def _extreme(kind: str, x: Any, axis: Any, keepdims: bool, initial: Any) -> Tensor:
    x = given(x)
    if x.dtype == "bool":
        return converted(_of_numbers(kind, x, axis, keepdims), "bool")
    if initial is None:
        return _of_numbers(kind, x, axis, keepdims)
    axes = axes_of(kind, axis, x.ndim)
    left = [size for i, size in enumerate(x.shape) if i not in axes]
    if 0 in [x.shape[a] for a in axes] and None not in left:
        sizes = [1 if i in axes else s for i, s in enumerate(x.shape)] if keepdims else left
        return given(np.full(tuple(sizes), initial))
    join = maximum if kind == "max" else minimum
    return join(_of_numbers(kind, x, axis, keepdims), initial)  # type: ignore[no-any-return]


amax, amin = max, min


@operation
def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the largest element minus the smallest.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    keepdims : bool, default False
        Whether to keep them, with size 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.ptp([[1, 5], [4, 2]], axis=0)
    array([3, 3], dtype=int32)
    """
    return subtract(max(x, axis, keepdims), min(x, axis, keepdims))


@operation
def argmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the index of the largest element, the first of several.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, optional
        The axis to search; by default all elements, in order.
    keepdims : bool, default False
        Whether to keep the axis, with size 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.argmax([[1.0, 3.0], [4.0, 2.0]], axis=1)
    array([1, 0], dtype=int32)
    """
    return _place("argmax", x, axis, keepdims)


@operation
def argmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return the index of the smallest element, the first of several.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, optional
        The axis to search; by default all elements, in order.
    keepdims : bool, default False
        Whether to keep the axis, with size 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.argmin([[4.0, 1.0], [1.0, 2.0]])
    array(1, dtype=int32)
    >>> ops.argmin([[4.0, 1.0], [1.0, 2.0]], axis=0)
    array([1, 0], dtype=int32)
    """
    return _place("argmin", x, axis, keepdims)


def _place(kind: str, x: Any, axis: Any, keepdims: bool) -> Tensor:
    x = floats(x)
    if axis is not None:
        axis = axis_of(kind, axis, x.ndim)
    if x.ndim > 0:
        return reduced(kind, x, axis, keepdims)
    return reduced(kind, reshape(x, (1,)), 0, False)


# --- booleans


@operation
def any(x: Any, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A001
    """Return whether any element is true; False if there are none.

    Parameters
    ----------
    x : tensor or array_like
        All numbers except 0 are true.
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    keepdims : bool, default False
        Whether to keep them, with size 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.any([[0, 2], [0, 0]], axis=1)
    array([ True, False])
    >>> ops.any([])
    array(False)
    """
    true = floats(converted(x, "bool"))
    return elementwise("greater", reduced("sum", true, axis, keepdims, "any"), 0.0)


@operation
def all(x: Any, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A001
    """Return whether all elements are true; True if there are none.

    Parameters
    ----------
    x : tensor or array_like
        All numbers except 0 are true.
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    keepdims : bool, default False
        Whether to keep them, with size 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.all([[1, 2], [0, 3]], axis=1)
    array([ True, False])
    >>> ops.all([])
    array(True)
    """
    false = floats(elementwise("logical_not", given(x)))
    return elementwise("equal", reduced("sum", false, axis, keepdims, "all"), 0.0)


@operation
def count_nonzero(x: Any, axis: Any = None) -> Any:
    """Return the number of elements that are not 0, as int32.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        The axes to reduce; by default all.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.count_nonzero([[0.0, 2.0], [np.nan, -0.0]])
    array(2, dtype=int32)
    """
    true = floats(converted(x, "bool"))
    return converted(reduced("sum", true, axis, False, "count_nonzero"), "int32")


@operation
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Return ``log(sum(exp(x)))``, without overflow.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, optional
        The axes to reduce; by default all.
    keepdims : bool, default False
        Whether to keep them, with size 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.logsumexp([1000.0])
    array(1000., dtype=float32)
    """
    x = floats(x)
    most = reduced("max", x, axis, True, "logsumexp")
    # Infinities are not subtracted, which would give NaN.
    shift = record("stop_gradient", where(isfinite(most), most, 0.0))
    y = add(log(reduced("sum", exp(subtract(x, shift)), axis, True)), shift)
    if keepdims:
        return y
    from lamina.ops.shaping import squeeze

    axes = axes_of("logsumexp", axis, x.ndim)
    return squeeze(y, tuple(axes)) if axes else y
