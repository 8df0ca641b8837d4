"""Special numbers: NaN, infinities, the sign of 0; and numbers that are close."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina._tensors.tensor import Tensor
from lamina.ops._elements import elementwise, floats, kept
from lamina.ops.comparisons import equal, less_equal, logical_and, logical_or, where

__all__ = [
    "allclose",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "nan_to_num",
    "signbit",
]


@operation
def isnan(x: Any) -> Any:
    """Return where x is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.isnan([1.0, np.nan, np.inf])
    array([False,  True, False])
    """
    return elementwise("isnan", x)


@operation
def isinf(x: Any) -> Any:
    """Return where x is infinite.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.isinf([np.nan, np.inf, -np.inf])
    array([False,  True,  True])
    """
    return elementwise("isinf", x)


@operation
def isfinite(x: Any) -> Any:
    """Return where x is neither infinite nor NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.isfinite([1.0, np.nan, -np.inf])
    array([ True, False, False])
    """
    return elementwise("isfinite", x)


@operation
def isposinf(x: Any) -> Any:
    """Return where x is positive infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.isposinf([np.nan, np.inf, -np.inf])
    array([False,  True, False])
    """
    return elementwise("equal", given(x), float("inf"))


@operation
def isneginf(x: Any) -> Any:
    """Return where x is negative infinity.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.isneginf([np.nan, np.inf, -np.inf])
    array([False, False,  True])
    """
    return elementwise("equal", given(x), float("-inf"))


@operation
def isreal(x: Any) -> Any:
    """Return True everywhere: all numbers here are real.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.isreal([1.0, np.nan])
    array([ True,  True])
    """
    x = given(x)
    return logical_or(elementwise("equal", x, x), True)


@operation
def signbit(x: Any) -> Any:
    """Return where x is below 0, or is -0.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.signbit([-2.0, -0.0, 0.0])
    array([ True,  True, False])
    """
    return negative_sign(floats(x))


def negative_sign(x: Tensor) -> Tensor:
    """Return where numbers of any type are below 0, or -0."""
    if x.dtype.startswith("float"):  # 1 / -0 is below 0
        x = elementwise("minimum", x, elementwise("reciprocal", x), dtype="float")
    return elementwise("less", x, 0.0)


def signs_of(x: Tensor) -> Tensor:
    """Return 1 or, below 0 and for -0, -1, in the type of x."""
    kind = "float" if x.dtype.startswith("float") else "int32"
    return elementwise("where", negative_sign(x), -1, 1, dtype=kind)


@operation
def isclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Return where two numbers differ by at most ``atol + rtol * |x2|``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.
    rtol : float, default 1e-5
    atol : float, default 1e-8
    equal_nan : bool, default False
        Whether NaN counts as close to NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.isclose([100.0, 0.0, np.nan], [100.0001, 1e-7, np.nan])
    array([ True, False, False])
    >>> ops.isclose([np.inf, np.nan], [np.inf, np.nan], equal_nan=True)
    array([ True,  True])
    """
    x1, x2 = floats(x1), floats(x2)
    apart = elementwise("abs", elementwise("subtract", x1, x2))
    allowed = elementwise("add", elementwise("multiply", elementwise("abs", x2), rtol), atol)
    finite = logical_and(isfinite(x1), isfinite(x2))
    close = logical_or(equal(x1, x2), logical_and(finite, less_equal(apart, allowed)))
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close


@operation
def allclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Return whether all elements are close, as defined by ``isclose``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.
    rtol : float, default 1e-5
    atol : float, default 1e-8
    equal_nan : bool, default False
        Whether NaN counts as close to NaN.

    Returns
    -------
    tensor or array of one bool

    Examples
    --------
    >>> from lamina import ops
    >>> ops.allclose([100.0, 1.0], [100.0001, 1.0])
    array(True)
    """
    from lamina.ops.reductions import all as all_of

    return all_of(isclose(x1, x2, rtol, atol, equal_nan))


@operation
def nan_to_num(x: Any, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Return x with numbers in place of NaN and of the infinities.

    Parameters
    ----------
    x : tensor or array_like
    nan : float, default 0.0
    posinf, neginf : float, optional
        By default the largest and the smallest number of the dtype.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.nan_to_num([1.0, np.nan, -np.inf], neginf=-9.0)
    array([ 1.,  0., -9.], dtype=float32)
    """
    x = given(x)
    if not x.dtype.startswith("float"):
        return x
    most = float(np.finfo(x.dtype).max)
    high, low = most if posinf is None else posinf, -most if neginf is None else neginf
    x = where(isnan(x), kept(nan), x)
    return where(isposinf(x), high, where(isneginf(x), low, x))
