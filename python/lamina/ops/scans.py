"""Cumulative sums and products, and differences."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axis_of
from lamina.ops._elements import numbers
from lamina.ops._numbers import integer
from lamina.ops.arithmetic import subtract
from lamina.ops.comparisons import not_equal
from lamina.ops.shaping import ravel
from lamina.ops.splitting import length_of, part

__all__ = ["cumprod", "cumsum", "diff"]


@operation
def cumsum(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the cumulative sum along an axis.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, optional
        By default all elements, as one axis.
    dtype : str, optional
        The dtype of the result.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.cumsum([1, 2, 3])
    array([1, 3, 6], dtype=int32)
    """
    return _scanned("cumsum", x, axis, dtype)


@operation
def cumprod(x: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Return the cumulative product along an axis.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, optional
        By default all elements, as one axis.
    dtype : str, optional
        The dtype of the result.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.cumprod([[1, 2], [3, 4]], axis=1)
    array([[ 1,  2],
           [ 3, 12]], dtype=int32)
    """
    return _scanned("cumprod", x, axis, dtype)


def _scanned(kind: str, x: Any, axis: Any, dtype: Any) -> Tensor:
    from lamina.ops.core import cast

    tensor = numbers(given(x) if dtype is None else cast(x, dtype))
    tensor = ravel(tensor) if axis is None else tensor
    place = axis_of(kind, 0 if axis is None else axis, tensor.ndim)
    tensor = all_rows(tensor) if place == 0 else tensor
    return record(kind, tensor, place - tensor.rows)  # type: ignore[no-any-return]


@operation
def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Return the n-th differences of neighbours; for booleans, whether neighbours differ.

    Parameters
    ----------
    a : tensor or array_like
    n : int, default 1
        How often differences are taken; the axis gets shorter by 1 each time.
    axis : int, default -1

    Examples
    --------
    >>> from lamina import ops
    >>> ops.diff([1, 4, 9, 16])
    array([3, 5, 7], dtype=int32)
    >>> ops.diff([1, 4, 9, 16], n=2)
    array([2, 2], dtype=int32)
    """
    x = given(a)
    apart = not_equal if x.dtype == "bool" else subtract
    place = axis_of("diff", axis, x.ndim)
    for _ in range(integer("diff", "n", n, 0)):
        length = max(length_of(x, place) - 1, 0)
        x = apart(part(x, place, min(1, length), length), part(x, place, 0, length))
    return x
