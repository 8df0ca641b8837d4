"""Trigonometric and hyperbolic functions, and their inverses."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina.ops._elements import elementwise

__all__ = [
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "cos",
    "cosh",
    "sin",
    "sinh",
    "tan",
    "tanh",
]


@operation
def sin(x: Any) -> Any:
    """Return the sine of x, in radians."""
    return elementwise("sin", x)


@operation
def cos(x: Any) -> Any:
    """Return the cosine of x, in radians."""
    return elementwise("cos", x)


@operation
def tan(x: Any) -> Any:
    """Return the tangent of x, in radians."""
    return elementwise("tan", x)


@operation
def sinh(x: Any) -> Any:
    """Return the hyperbolic sine."""
    return elementwise("sinh", x)


@operation
def cosh(x: Any) -> Any:
    """Return the hyperbolic cosine."""
    return elementwise("cosh", x)


@operation
def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent."""
    return elementwise("tanh", x)


@operation
def arcsin(x: Any) -> Any:
    """Return the angle in [-pi/2, pi/2] whose sine is x."""
    return elementwise("arcsin", x)


@operation
def arccos(x: Any) -> Any:
    """Return the angle in [0, pi] whose cosine is x."""
    return elementwise("arccos", x)


@operation
def arctan(x: Any) -> Any:
    """Return the angle in (-pi/2, pi/2) whose tangent is x."""
    return elementwise("arctan", x)


@operation
def arcsinh(x: Any) -> Any:
    """Return the number whose hyperbolic sine is x."""
    return elementwise("arcsinh", x)


@operation
def arccosh(x: Any) -> Any:
    """Return the non-negative number whose hyperbolic cosine is x."""
    return elementwise("arccosh", x)


@operation
def arctanh(x: Any) -> Any:
    """Return the number whose hyperbolic tangent is x."""
    return elementwise("arctanh", x)


@operation
def arctan2(x1: Any, x2: Any) -> Any:
    """Return the angle in [-pi, pi] of the point (x2, x1).

    Examples
    --------
    >>> from lamina import ops
    >>> ops.arctan2([1.0, -1.0], [0.0, 0.0])
    array([ 1.5707964, -1.5707964], dtype=float32)
    """
    return elementwise("arctan2", x1, x2)
