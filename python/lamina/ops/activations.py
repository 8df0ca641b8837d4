"""Activation functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import record
from lamina.ops._axes import axes_of
from lamina.ops._elements import elementwise, floats
from lamina.ops._numbers import real
from lamina.ops.arithmetic import (
    add,
    clip,
    divide,
    maximum,
    minimum,
    multiply,
    negative,
    square,
    subtract,
)
from lamina.ops.comparisons import greater, less, less_equal, where
from lamina.ops.exponentials import exp, expm1, log, sqrt
from lamina.ops.joining import split
from lamina.ops.reductions import max as max_of
from lamina.ops.reductions import sum as sum_of
from lamina.ops.scans import cumsum
from lamina.ops.shaping import moveaxis
from lamina.ops.sorting import sort

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh_shrink",
    "threshold",
]


@operation
def relu(x: Any) -> Any:
    """Return ``max(x, 0)``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.relu([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """
    return elementwise("relu", x)


@operation
def relu6(x: Any) -> Any:
    """Return ``min(max(x, 0), 6)``."""
    return minimum(elementwise("relu", x), 6.0)


@operation
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Return x, and ``negative_slope * x`` below 0."""
    return elementwise(
        "leaky_relu", floats(x), real("leaky_relu", "negative_slope", negative_slope)
    )


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
def hard_sigmoid(x: Any) -> Any:
    """Return ``x / 6 + 1/2``, within 0 and 1."""
    return elementwise("hard_sigmoid", x)


@operation
def hard_silu(x: Any) -> Any:
    """Return ``x * hard_sigmoid(x)``."""
    x = floats(x)
    return multiply(x, elementwise("hard_sigmoid", x))


hard_swish = hard_silu


@operation
def hard_tanh(x: Any) -> Any:
    """Return x within -1 and 1."""
    return clip(floats(x), -1.0, 1.0)


@operation
def sparse_sigmoid(x: Any) -> Any:
    """Return ``(x + 1) / 2``, within 0 and 1."""
    return clip(multiply(add(floats(x), 1.0), 0.5), 0.0, 1.0)


@operation
def sparse_plus(x: Any) -> Any:
    """Return 0 up to -1, x from 1 on, and ``(x + 1)**2 / 4`` between."""
    x = floats(x)
    between = multiply(square(add(x, 1.0)), 0.25)
    return where(less_equal(x, -1.0), 0.0, where(less(x, 1.0), between, x))


@operation
def squareplus(x: Any, b: float = 4) -> Any:
    """Return ``(x + sqrt(x**2 + b)) / 2``."""
    x = floats(x)
    return multiply(add(x, sqrt(add(square(x), real("squareplus", "b", b)))), 0.5)


# --- thresholds


@operation
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Return x moved towards 0 by ``threshold``, and 0 where ``|x|`` is smaller."""
    x = floats(x)
    below = where(less(x, -threshold), add(x, threshold), 0.0)
    return where(greater(x, threshold), subtract(x, threshold), below)


@operation
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Return x, and 0 where ``|x|`` is at most ``threshold``."""
    x = floats(x)
    return where(greater(elementwise("abs", x), threshold), x, 0.0)


@operation
def tanh_shrink(x: Any) -> Any:
    """Return ``x - tanh(x)``."""
    x = floats(x)
    return subtract(x, elementwise("tanh", x))


@operation
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """Return x where it is above ``threshold``, else ``default_value``."""
    x = floats(x)
    return where(greater(x, threshold), x, default_value)


# --- functions of several elements


@operation
def glu(x: Any, axis: int = -1) -> Any:
    """Return the first half of an axis times the sigmoid of the second half."""
    first, second = split(floats(x), 2, axis)
    return multiply(first, elementwise("sigmoid", second))


@operation
def softmax(x: Any, axis: Any = -1) -> Any:
    """Return ``exp(x)``, divided by its sum.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, default -1
        The axes that sum to 1; None for all.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.softmax([0.0, 0.0])
    array([0.5, 0.5], dtype=float32)
    """
    x = floats(x)
    if _last(x, "softmax", axis):
        return record("softmax", x)
    powers = exp(subtract(x, _shift(x, axis)))
    return divide(powers, sum_of(powers, axis, keepdims=True))


@operation
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Return the logarithm of ``softmax``, without underflow."""
    x = floats(x)
    if _last(x, "log_softmax", axis):
        return record("log_softmax", x)
    x = subtract(x, _shift(x, axis))
    return subtract(x, log(sum_of(exp(x), axis, keepdims=True)))


def _shift(x: Any, axis: Any) -> Any:
    """Return the largest elements, as constants: results depend on them only by rounding."""
    return record("stop_gradient", max_of(x, axis, keepdims=True))


def _last(x: Any, who: str, axis: Any) -> bool:
    """Return whether the axis is the last of a row, for which there are kernels."""
    return axes_of(who, axis, x.ndim) == [x.ndim - 1] and len(x.value.shape) > 0


@operation
def sparsemax(x: Any, axis: int = -1) -> Any:
    """Return the point of the probability simplex that is nearest to x (Martins, Astudillo, 2016).

    Parameters
    ----------
    x : tensor or array_like
    axis : int, default -1
        The axis that sums to 1.
    """
    x = moveaxis(floats(x), axis, -1)
    z = negative(sort(negative(x), axis=-1))
    count = np.arange(1, z.shape[-1] + 1)
    sums = cumsum(z, axis=-1)
    inside = greater(add(multiply(z, count), 1.0), sums)
    size = sum_of(where(inside, 1.0, 0.0), -1, keepdims=True)
    bound = divide(subtract(sum_of(where(inside, z, 0.0), -1, keepdims=True), 1.0), size)
    return moveaxis(maximum(subtract(x, bound), 0.0), -1, axis)
