"""Activation functions of several elements, whose results are probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import record
from lamina.ops._axes import axes_of
from lamina.ops._elements import floats
from lamina.ops.arithmetic import add, divide, multiply, negative, subtract
from lamina.ops.bounds import maximum
from lamina.ops.comparisons import greater, where
from lamina.ops.exponentials import exp, log
from lamina.ops.reductions import max as max_of
from lamina.ops.reductions import sum as sum_of
from lamina.ops.scans import cumsum
from lamina.ops.shaping import moveaxis
from lamina.ops.sorting import sort

__all__ = [
    "log_softmax",
    "softmax",
    "sparsemax",
]


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
    """Return the logarithm of ``softmax``, without underflow.

    Parameters
    ----------
    x : tensor or array_like
    axis : int or tuple of int, default -1
        The axes of the softmax; None for all.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.log_softmax([0.0, 1000.0])
    array([-1000.,     0.], dtype=float32)
    """
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

    Examples
    --------
    >>> from lamina import ops
    >>> ops.sparsemax([0.5, 1.0, -1.0])
    array([0.25, 0.75, 0.  ], dtype=float32)
    """
    x = moveaxis(floats(x), axis, -1)
    z = negative(sort(negative(x), axis=-1))
    count = np.arange(1, z.shape[-1] + 1)
    sums = cumsum(z, axis=-1)
    inside = greater(add(multiply(z, count), 1.0), sums)
    size = sum_of(where(inside, 1.0, 0.0), -1, keepdims=True)
    bound = divide(subtract(sum_of(where(inside, z, 0.0), -1, keepdims=True), 1.0), size)
    return moveaxis(maximum(subtract(x, bound), 0.0), -1, axis)
