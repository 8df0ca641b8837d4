"""Element-wise arithmetic with NumPy's broadcasting."""

from __future__ import annotations

import math
from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.ops._elements import arithmetic, elementwise, floats, numbers
from lamina.ops._numbers import integer
from lamina.ops.comparisons import signbit, where

__all__ = [
    "abs",
    "absolute",
    "add",
    "angle",
    "cbrt",
    "ceil",
    "clip",
    "conj",
    "conjugate",
    "deg2rad",
    "divide",
    "divide_no_nan",
    "fabs",
    "floor",
    "floor_divide",
    "fmax",
    "fmin",
    "fmod",
    "heaviside",
    "hypot",
    "imag",
    "ldexp",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "power",
    "rad2deg",
    "real",
    "reciprocal",
    "round",
    "sign",
    "square",
    "subtract",
    "true_divide",
    "trunc",
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
    return _of_numbers("abs", x)


def _of_numbers(op: str, x: Any) -> Any:
    """Return booleans unchanged, and the result of an operation for numbers."""
    x = given(x)
    return x if x.dtype == "bool" else arithmetic(op, x)


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
def maximum(x1: Any, x2: Any) -> Any:
    """Return the larger of two numbers, and NaN if either is NaN."""
    return arithmetic("maximum", x1, x2)


@operation
def minimum(x1: Any, x2: Any) -> Any:
    """Return the smaller of two numbers, and NaN if either is NaN."""
    return arithmetic("minimum", x1, x2)


@operation
def fmax(x1: Any, x2: Any) -> Any:
    """Return the larger of two numbers, and the other one if one is NaN."""
    x1, x2 = given(x1), given(x2)
    return where(elementwise("isnan", x1), x2, where(elementwise("isnan", x2), x1, maximum(x1, x2)))


@operation
def fmin(x1: Any, x2: Any) -> Any:
    """Return the smaller of two numbers, and the other one if one is NaN."""
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


# --- rounding


@operation
def floor(x: Any) -> Any:
    """Return the largest integer that is not above x, as a float."""
    return elementwise("floor", x, dtype="float")


@operation
def ceil(x: Any) -> Any:
    """Return the smallest integer that is not below x, as a float."""
    return elementwise("ceil", x, dtype="float")


@operation
def trunc(x: Any) -> Any:
    """Return x rounded towards 0."""
    return _of_numbers("trunc", x)


@operation
def round(x: Any, decimals: int = 0) -> Any:  # noqa: A001
    """Return the nearest number with a given number of decimals, with ties to even."""
    x, decimals = given(x), integer("round", "decimals", decimals)
    if decimals == 0:
        return arithmetic("round", x)
    # Powers of ten are exact, so dividing by one rounds only once.
    factor = 10.0 ** (decimals if decimals > 0 else -decimals)
    if decimals > 0:
        return divide(elementwise("round", multiply(floats(x), factor)), factor)
    rounded = multiply(elementwise("round", divide(x, factor)), factor)
    return elementwise("copy", rounded, dtype=x.dtype if x.dtype == "int32" else "float")


# --- angles, and the parts of real numbers


@operation
def deg2rad(x: Any) -> Any:
    """Return degrees as radians."""
    return multiply(floats(x), math.pi / 180)


@operation
def rad2deg(x: Any) -> Any:
    """Return radians as degrees."""
    return multiply(floats(x), 180 / math.pi)


@operation
def real(x: Any) -> Any:
    """Return x: all numbers here are real."""
    return given(x)


@operation
def conjugate(x: Any) -> Any:
    """Return x: all numbers here are real."""
    return given(x)


conj = conjugate


@operation
def imag(x: Any) -> Any:
    """Return zeros: all numbers here are real."""
    from lamina.ops.creation import zeros_like

    return zeros_like(x)


@operation
def angle(x: Any) -> Any:
    """Return pi below 0 and at -0.0, else 0: the angle of a real number."""
    x = floats(x)
    return where(elementwise("isnan", x), x, where(signbit(x), math.pi, 0.0))
