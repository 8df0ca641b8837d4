"""Element-wise arithmetic with NumPy's broadcasting."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.ops._elements import arithmetic, elementwise, floats, of_numbers
from lamina.ops.bounds import maximum, minimum
from lamina.ops.comparisons import where

__all__ = [
    "abs",
    "absolute",
    "add",
    "cbrt",
    "divide",
    "divide_no_nan",
    "fabs",
    "floor_divide",
    "fmod",
    "heaviside",
    "hypot",
    "ldexp",
    "mod",
    "multiply",
    "negative",
    "power",
    "reciprocal",
    "sign",
    "square",
    "subtract",
    "true_divide",
]


@operation
def add(x1: Any, x2: Any) -> Any:
    """Return ``x1 + x2``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast as in NumPy.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.add([1.0, 2.0], 1)
    array([2., 3.], dtype=float32)
    """
    return arithmetic("add", x1, x2)


@operation
def subtract(x1: Any, x2: Any) -> Any:
    """Return ``x1 - x2``."""
    return arithmetic("subtract", x1, x2)


@operation
def multiply(x1: Any, x2: Any) -> Any:
    """Return ``x1 * x2``."""
    return arithmetic("multiply", x1, x2)


@operation
def divide(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``, in floating-point numbers."""
    return elementwise("divide", x1, x2, dtype="float")


true_divide = divide


@operation
def divide_no_nan(x1: Any, x2: Any) -> Any:
    """Return ``x1 / x2``, and 0 where ``x2`` is 0."""
    x2 = given(x2)
    nothing = elementwise("equal", x2, 0.0)
    return where(nothing, 0.0, divide(x1, where(nothing, 1.0, x2)))


@operation
def floor_divide(x1: Any, x2: Any) -> Any:
    """Return the largest integer that is not above ``x1 / x2``."""
    return arithmetic("floor_divide", x1, x2)


@operation
def mod(x1: Any, x2: Any) -> Any:
    """Return the remainder of ``floor_divide``, which has the sign of ``x2``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.mod([-3, 5], 2)
    array([1, 1], dtype=int32)
    """
    return arithmetic("mod", x1, x2)


@operation
def fmod(x1: Any, x2: Any) -> Any:
    """Return the remainder of a division towards 0, which has the sign of ``x1``."""
    x1, x2 = given(x1), given(x2)
    return multiply(sign(x1), mod(absolute(x1), absolute(x2)))


@operation
def power(x1: Any, x2: Any) -> Any:
    """Return ``x1`` to the power ``x2``."""
    return arithmetic("power", x1, x2)


@operation
def negative(x: Any) -> Any:
    """Return ``-x``."""
    return arithmetic("negative", x)


@operation
def absolute(x: Any) -> Any:
    """Return ``|x|``; its gradient at 0 is 0."""
    return of_numbers("abs", x)


abs = absolute  # noqa: A001


@operation
def fabs(x: Any) -> Any:
    """Return ``|x|`` in floating-point numbers."""
    return elementwise("abs", x, dtype="float")


@operation
def sign(x: Any) -> Any:
    """Return -1, 0 or 1."""
    return arithmetic("sign", x)


@operation
def square(x: Any) -> Any:
    """Return ``x * x``."""
    return arithmetic("square", x)


@operation
def reciprocal(x: Any) -> Any:
    """Return ``1 / x``."""
    return elementwise("reciprocal", x, dtype="float")


@operation
def cbrt(x: Any) -> Any:
    """Return the cube root, also of negative numbers."""
    x = given(x)
    return multiply(sign(x), power(fabs(x), 1 / 3))


@operation
def hypot(x1: Any, x2: Any) -> Any:
    """Return the square root of ``x1**2 + x2**2``, without intermediate overflow."""
    a, b = fabs(given(x1)), fabs(given(x2))
    large, small = maximum(a, b), minimum(a, b)
    ratio = divide_no_nan(small, large)
    return multiply(large, elementwise("sqrt", add(square(ratio), 1.0)))


@operation
def heaviside(x1: Any, x2: Any) -> Any:
    """Return 0 below 0, ``x2`` at 0, 1 above."""
    x1 = floats(x1)
    at = where(elementwise("equal", x1, 0.0), x2, where(elementwise("less", x1, 0.0), 0.0, 1.0))
    return where(elementwise("isnan", x1), x1, at)


@operation
def ldexp(x1: Any, x2: Any) -> Any:
    """Return ``x1 * 2**x2``."""
    return multiply(floats(x1), power(2.0, floats(x2)))
