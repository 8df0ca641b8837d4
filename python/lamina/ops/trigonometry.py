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
    """Return the sine of x, in radians.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.sin([0.0, np.pi / 2]).round(4)
    array([0., 1.], dtype=float32)
    """
    return elementwise("sin", x)


@operation
def cos(x: Any) -> Any:
    """Return the cosine of x, in radians.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.cos([0.0, np.pi]).round(4)
    array([ 1., -1.], dtype=float32)
    """
    return elementwise("cos", x)


@operation
def tan(x: Any) -> Any:
    """Return the tangent of x, in radians.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.tan([0.0, np.pi / 4]).round(4)
    array([0., 1.], dtype=float32)
    """
    return elementwise("tan", x)


@operation
def sinh(x: Any) -> Any:
    """Return the hyperbolic sine.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.sinh([0.0, 1.0]).round(4)
    array([0.    , 1.1752], dtype=float32)
    """
    return elementwise("sinh", x)


@operation
def cosh(x: Any) -> Any:
    """Return the hyperbolic cosine.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.cosh([0.0, 1.0]).round(4)
    array([1.    , 1.5431], dtype=float32)
    """
    return elementwise("cosh", x)


@operation
def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.tanh([-100.0, 0.0, 1.0]).round(4)
    array([-1.    ,  0.    ,  0.7616], dtype=float32)
    """
    return elementwise("tanh", x)


@operation
def arcsin(x: Any) -> Any:
    """Return the angle in [-pi/2, pi/2] whose sine is x; NaN if x is not from -1 to 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.arcsin([0.0, 1.0, 2.0]).round(4)
    array([0.    , 1.5708,    nan], dtype=float32)
    """
    return elementwise("arcsin", x)


@operation
def arccos(x: Any) -> Any:
    """Return the angle in [0, pi] whose cosine is x; NaN if x is not from -1 to 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.arccos([1.0, -1.0, 2.0]).round(4)
    array([0.    , 3.1416,    nan], dtype=float32)
    """
    return elementwise("arccos", x)


@operation
def arctan(x: Any) -> Any:
    """Return the angle in (-pi/2, pi/2) whose tangent is x.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.arctan([-np.inf, 0.0, 1.0]).round(4)
    array([-1.5708,  0.    ,  0.7854], dtype=float32)
    """
    return elementwise("arctan", x)


@operation
def arcsinh(x: Any) -> Any:
    """Return the number whose hyperbolic sine is x.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.arcsinh([0.0, -1.0]).round(4)
    array([ 0.    , -0.8814], dtype=float32)
    """
    return elementwise("arcsinh", x)


@operation
def arccosh(x: Any) -> Any:
    """Return the non-negative number whose hyperbolic cosine is x; NaN if x is below 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.arccosh([1.0, 2.0, 0.0]).round(4)
    array([0.   , 1.317,   nan], dtype=float32)
    """
    return elementwise("arccosh", x)


@operation
def arctanh(x: Any) -> Any:
    """Return the number whose hyperbolic tangent is x; NaN if x is not from -1 to 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.arctanh([0.5, 1.0, 2.0]).round(4)
    array([0.5493,    inf,    nan], dtype=float32)
    """
    return elementwise("arctanh", x)


@operation
def arctan2(x1: Any, x2: Any) -> Any:
    """Return the angle in [-pi, pi] of the point (x2, x1).

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.arctan2([1.0, -1.0], [0.0, 0.0])
    array([ 1.5707964, -1.5707964], dtype=float32)
    """
    return elementwise("arctan2", x1, x2)
