"""Exponentials, logarithms, roots and the error function."""

from __future__ import annotations

import math
from typing import Any

from lamina._tensors.dispatch import operation
from lamina.ops._elements import elementwise, floats
from lamina.ops.arithmetic import absolute, add, divide, multiply, negative, subtract
from lamina.ops.bounds import maximum, minimum
from lamina.ops.comparisons import where
from lamina.ops.special_numbers import isnan

__all__ = [
    "erf",
    "erfc",
    "erfinv",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logaddexp2",
    "rsqrt",
    "sinc",
    "sqrt",
]


@operation
def exp(x: Any) -> Any:
    """Return e to the power x.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.exp([0.0, 1.0])
    array([1.       , 2.7182817], dtype=float32)
    """
    return elementwise("exp", x)


@operation
def exp2(x: Any) -> Any:
    """Return 2 to the power x.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.exp2([3, -1])
    array([8. , 0.5], dtype=float32)
    """
    return elementwise("power", 2.0, floats(x), dtype="float")


@operation
def expm1(x: Any) -> Any:
    """Return ``exp(x) - 1``, accurate near 0.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.expm1([0.0, 1e-10])
    array([0.e+00, 1.e-10], dtype=float32)
    """
    return elementwise("expm1", x)


@operation
def log(x: Any) -> Any:
    """Return the natural logarithm.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.log([1.0, 0.0, -1.0])
    array([  0., -inf,  nan], dtype=float32)
    """
    return elementwise("log", x)


@operation
def log1p(x: Any) -> Any:
    """Return ``log(1 + x)``, accurate near 0.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.log1p([0.0, 1e-10, -1.0])
    array([0.e+00, 1.e-10,   -inf], dtype=float32)
    """
    return elementwise("log1p", x)


@operation
def log2(x: Any) -> Any:
    """Return the logarithm to base 2.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.log2([8, 0])
    array([  3., -inf], dtype=float32)
    """
    return elementwise("log2", x)


@operation
def log10(x: Any) -> Any:
    """Return the logarithm to base 10.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.log10([1000.0, 0.01])
    array([ 3., -2.], dtype=float32)
    """
    return elementwise("log10", x)


@operation
def logaddexp(x1: Any, x2: Any) -> Any:
    """Return ``log(exp(x1) + exp(x2))``, without overflow.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.logaddexp([0.0, 100.0], [0.0, 0.0]).round(4)
    array([  0.6931, 100.    ], dtype=float32)
    """
    x1, x2 = floats(x1), floats(x2)
    apart = subtract(x1, x2)
    # Two equal infinities have no difference: the result is the same infinity.
    sure = where(isnan(apart), 0.0, apart)
    larger = add(maximum(x1, x2), log1p(exp(negative(absolute(sure)))))
    return where(isnan(apart), add(x1, x2), larger)


@operation
def logaddexp2(x1: Any, x2: Any) -> Any:
    """Return ``log2(2**x1 + 2**x2)``, without overflow.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.logaddexp2([3.0, 500.0], [3.0, 0.0]).round(4)
    array([  4., 500.], dtype=float32)
    """
    ln2 = math.log(2)
    return divide(logaddexp(multiply(floats(x1), ln2), multiply(floats(x2), ln2)), ln2)


@operation
def sqrt(x: Any) -> Any:
    """Return the square root; NaN for negative numbers.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.sqrt([9, -1])
    array([ 3., nan], dtype=float32)
    """
    return elementwise("sqrt", x)


@operation
def rsqrt(x: Any) -> Any:
    """Return ``1 / sqrt(x)``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.rsqrt([4.0, 0.0])
    array([0.5, inf], dtype=float32)
    """
    return elementwise("rsqrt", x)


@operation
def erf(x: Any) -> Any:
    """Return the error function.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.erf([-np.inf, 0.0, 1.0]).round(4)
    array([-1.    ,  0.    ,  0.8427], dtype=float32)
    """
    return elementwise("erf", x)


@operation
def erfc(x: Any) -> Any:
    """Return ``1 - erf(x)``, without cancellation where ``erf(x)`` is close to 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.erfc([0.0, 1.0]).round(6)
    array([1.      , 0.157299], dtype=float32)
    """
    x = floats(x)
    # The tail is that of the normal distribution: gelu(t) / t = erfc(-t / sqrt(2)) / 2.
    t = multiply(minimum(maximum(x, 0.5), 30.0), -math.sqrt(2))
    tail = multiply(absolute(divide(elementwise("gelu", t), t)), 2.0)
    return where(elementwise("less", x, 0.5), subtract(1.0, erf(x)), tail)


@operation
def erfinv(x: Any) -> Any:
    """Return the inverse of the error function, defined from -1 to 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.erfinv([0.0, 0.5, 1.0]).round(4)
    array([0.    , 0.4769,    inf], dtype=float32)
    """
    return elementwise("erfinv", x)


@operation
def sinc(x: Any) -> Any:
    """Return ``sin(pi x) / (pi x)``, and 1 at 0.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.sinc([0.0, 0.5]).round(4)
    array([1.    , 0.6366], dtype=float32)
    """
    x = floats(x)
    nothing = elementwise("equal", x, 0.0)
    y = multiply(where(nothing, 1.0, x), math.pi)
    return where(nothing, 1.0, divide(elementwise("sin", y), y))
