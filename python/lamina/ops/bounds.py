"""The larger and the smaller of two numbers, and bounds."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.ops._elements import arithmetic, elementwise, numbers
from lamina.ops.comparisons import where

__all__ = [
    "clip",
    "fmax",
    "fmin",
    "maximum",
    "minimum",
]


@operation
def maximum(x1: Any, x2: Any) -> Any:
    """Return the larger of two numbers, and NaN if either is NaN.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast as in NumPy.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.maximum([1.0, np.nan], [[2.0], [0.0]])
    array([[ 2., nan],
           [ 1., nan]], dtype=float32)
    """
    return arithmetic("maximum", x1, x2)


@operation
def minimum(x1: Any, x2: Any) -> Any:
    """Return the smaller of two numbers, and NaN if either is NaN.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast as in NumPy.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.minimum([1.0, np.nan], [[2.0], [0.0]])
    array([[ 1., nan],
           [ 0., nan]], dtype=float32)
    """
    return arithmetic("minimum", x1, x2)


@operation
def fmax(x1: Any, x2: Any) -> Any:
    """Return the larger of two numbers, and the other one if one is NaN.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast as in NumPy.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.fmax([1.0, np.nan, np.nan], [2.0, 0.0, np.nan])
    array([ 2.,  0., nan], dtype=float32)
    """
    x1, x2 = given(x1), given(x2)
    return where(elementwise("isnan", x1), x2, where(elementwise("isnan", x2), x1, maximum(x1, x2)))


@operation
def fmin(x1: Any, x2: Any) -> Any:
    """Return the smaller of two numbers, and the other one if one is NaN.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast as in NumPy.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.fmin([1.0, np.nan, np.nan], [2.0, 0.0, np.nan])
    array([ 1.,  0., nan], dtype=float32)
    """
    x1, x2 = given(x1), given(x2)
    return where(elementwise("isnan", x1), x2, where(elementwise("isnan", x2), x1, minimum(x1, x2)))


@operation
def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Return the nearest number in ``[x_min, x_max]``.

    Parameters
    ----------
    x : tensor or array_like
    x_min, x_max : tensor, array_like or None
        They broadcast; None means no bound.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.clip([-2.0, 0.5, 3.0], 0, 1)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    x = numbers(x)
    x = x if x_min is None else maximum(x, x_min)
    return x if x_max is None else minimum(x, x_max)
