"""Special numbers: NaN, infinities, the sign of 0; and numbers that are close."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.ops._elements import elementwise, floats
from lamina.ops.comparisons import equal, less, less_equal, logical_and, logical_or, where

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
    """Return where x is NaN."""
    return elementwise("isnan", x)


@operation
def isinf(x: Any) -> Any:
    """Return where x is infinite."""
    return elementwise("isinf", x)


@operation
def isfinite(x: Any) -> Any:
    """Return where x is neither infinite nor NaN."""
    return elementwise("isfinite", x)


@operation
def isposinf(x: Any) -> Any:
    """Return where x is positive infinity."""
    return elementwise("equal", given(x), float("inf"))


@operation
def isneginf(x: Any) -> Any:
    """Return where x is negative infinity."""
    return elementwise("equal", given(x), float("-inf"))


@operation
def isreal(x: Any) -> Any:
    """Return True everywhere: all numbers here are real."""
    x = given(x)
    return logical_or(elementwise("equal", x, x), True)


@operation
def signbit(x: Any) -> Any:
    """Return where x is below 0, or is -0."""
    x = floats(x)
    inverse = elementwise("reciprocal", x)
    return logical_or(less(x, 0.0), logical_and(equal(x, 0.0), less(inverse, 0.0)))


@operation
def isclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    """Return where two numbers differ by at most ``atol + rtol * |x2|``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
    rtol, atol : float
    equal_nan : bool, default False
        Whether NaN counts as close to NaN.
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
    """Return whether all elements are close, as defined by ``isclose``."""
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
    """
    x = given(x)
    if not x.dtype.startswith("float"):
        return x
    most = float(np.finfo(x.dtype).max)
    high, low = most if posinf is None else posinf, -most if neginf is None else neginf
    x = where(isnan(x), nan, x)
    return where(isposinf(x), high, where(isneginf(x), low, x))
