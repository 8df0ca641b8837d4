"""Smooth activation functions, most of them built from exponentials."""

from __future__ import annotations

import math
from typing import Any

from lamina._tensors.dispatch import operation
from lamina.ops._elements import elementwise, floats
from lamina.ops._numbers import real
from lamina.ops.arithmetic import add, divide, multiply, negative, square, subtract
from lamina.ops.bounds import maximum, minimum
from lamina.ops.exponentials import expm1, sqrt
from lamina.ops.joining import split

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "log_sigmoid",
    "mish",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "squareplus",
    "swish",
    "tanh_shrink",
]


@operation
def elu(x: Any, alpha: float = 1.0) -> Any:
    """Return x, and ``alpha * (exp(x) - 1)`` below 0."""
    return elementwise("elu", floats(x), real("elu", "alpha", alpha))


@operation
def celu(x: Any, alpha: float = 1.0) -> Any:
    """Return x, and ``alpha * (exp(x / alpha) - 1)`` below 0."""
    x, scale = floats(x), real("celu", "alpha", alpha)
    below = multiply(expm1(divide(minimum(x, 0.0), scale)), scale)
    return add(maximum(x, 0.0), below)


@operation
def selu(x: Any) -> Any:
    """Return the scaled exponential linear unit, which keeps mean 0 and variance 1."""
    return elementwise("selu", x)


@operation
def gelu(x: Any, approximate: bool = True) -> Any:
    """Return ``x`` times the normal distribution function of x.

    Parameters
    ----------
    x : tensor or array_like
    approximate : bool, default True
        Whether the function is approximated by a tanh.
    """
    x = floats(x)
    if not approximate:
        return multiply(multiply(x, 0.5), add(elementwise("erf", multiply(x, math.sqrt(0.5))), 1.0))
    inner = multiply(add(x, multiply(multiply(square(x), x), 0.044715)), math.sqrt(2 / math.pi))
    return multiply(multiply(x, 0.5), add(elementwise("tanh", inner), 1.0))


@operation
def silu(x: Any) -> Any:
    """Return ``x * sigmoid(x)``."""
    return elementwise("silu", x)


swish = silu


@operation
def mish(x: Any) -> Any:
    """Return ``x * tanh(softplus(x))``."""
    return elementwise("mish", x)


# --- sigmoids and related functions


@operation
def sigmoid(x: Any) -> Any:
    """Return ``1 / (1 + exp(-x))``."""
    return elementwise("sigmoid", x)


@operation
def softplus(x: Any) -> Any:
    """Return ``log(1 + exp(x))``."""
    return elementwise("softplus", x)


@operation
def log_sigmoid(x: Any) -> Any:
    """Return ``log(sigmoid(x))``, without underflow."""
    return negative(elementwise("softplus", negative(floats(x))))


@operation
def softsign(x: Any) -> Any:
    """Return ``x / (1 + |x|)``."""
    return elementwise("softsign", x)


@operation
def squareplus(x: Any, b: float = 4) -> Any:
    """Return ``(x + sqrt(x**2 + b)) / 2``."""
    x = floats(x)
    return multiply(add(x, sqrt(add(square(x), real("squareplus", "b", b)))), 0.5)


@operation
def tanh_shrink(x: Any) -> Any:
    """Return ``x - tanh(x)``."""
    x = floats(x)
    return subtract(x, elementwise("tanh", x))


@operation
def glu(x: Any, axis: int = -1) -> Any:
    """Return the first half of an axis times the sigmoid of the second half."""
    first, second = split(floats(x), 2, axis)
    return multiply(first, elementwise("sigmoid", second))
