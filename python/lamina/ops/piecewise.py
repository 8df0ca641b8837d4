"""Activation functions made of pieces, most of them straight."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina.ops._elements import arithmetic, elementwise, floats, kept
from lamina.ops._numbers import real
from lamina.ops.arithmetic import add, multiply, negative, square, subtract
from lamina.ops.bounds import clip, minimum
from lamina.ops.comparisons import greater, less, less_equal, where

__all__ = [
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "relu",
    "relu6",
    "soft_shrink",
    "sparse_plus",
    "sparse_sigmoid",
    "threshold",
]


@operation
def relu(x: Any) -> Any:
    """Return ``max(x, 0)``, of integers for integers.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.relu([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """
    return arithmetic("relu", x)


@operation
def relu6(x: Any) -> Any:
    """Return ``min(max(x, 0), 6)``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.relu6([-1.0, 3.0, 8.0])
    array([0., 3., 6.], dtype=float32)
    """
    return minimum(elementwise("relu", x), 6.0)


@operation
def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Return x, and ``negative_slope * x`` below 0.

    Parameters
    ----------
    x : tensor or array_like
    negative_slope : float, default 0.2

    Examples
    --------
    >>> from lamina import ops
    >>> ops.leaky_relu([-10.0, 2.0])
    array([-2.,  2.], dtype=float32)
    >>> ops.leaky_relu([-10.0, 2.0], negative_slope=0.5)
    array([-5.,  2.], dtype=float32)
    """
    return elementwise(
        "leaky_relu", floats(x), real("leaky_relu", "negative_slope", negative_slope)
    )


@operation
def hard_sigmoid(x: Any) -> Any:
    """Return ``x / 6 + 1/2``, within 0 and 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.hard_sigmoid([-4.0, 0.0, 1.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return elementwise("hard_sigmoid", x)


@operation
def hard_silu(x: Any) -> Any:
    """Return ``x * hard_sigmoid(x)``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.hard_silu([-1.5, 1.5, 4.0])
    array([-0.375,  1.125,  4.   ], dtype=float32)
    """
    x = floats(x)
    return multiply(x, elementwise("hard_sigmoid", x))


hard_swish = hard_silu


@operation
def hard_tanh(x: Any) -> Any:
    """Return x within -1 and 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.hard_tanh([-2.0, 0.5, 3.0])
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    return clip(floats(x), -1.0, 1.0)


@operation
def sparse_sigmoid(x: Any) -> Any:
    """Return ``(x + 1) / 2``, within 0 and 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.sparse_sigmoid([-2.0, 0.0, 0.5])
    array([0.  , 0.5 , 0.75], dtype=float32)
    """
    return clip(multiply(add(floats(x), 1.0), 0.5), 0.0, 1.0)


@operation
def sparse_plus(x: Any) -> Any:
    """Return 0 up to -1, x from 1 on, and ``(x + 1)**2 / 4`` between.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.sparse_plus([-2.0, 0.0, 3.0])
    array([0.  , 0.25, 3.  ], dtype=float32)
    """
    x = floats(x)
    between = multiply(square(add(x, 1.0)), 0.25)
    return where(less_equal(x, -1.0), 0.0, where(less(x, 1.0), between, x))


@operation
def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Return x moved towards 0 by ``threshold``, and 0 where ``|x|`` is smaller.

    Parameters
    ----------
    x : tensor or array_like
    threshold : float, default 0.5

    Examples
    --------
    >>> from lamina import ops
    >>> ops.soft_shrink([-1.0, 0.5, 2.0])
    array([-0.5,  0. ,  1.5], dtype=float32)
    """
    x, threshold = floats(x), kept(threshold)
    below = where(less(x, negative(threshold)), add(x, threshold), 0.0)
    return where(greater(x, threshold), subtract(x, threshold), below)


@operation
def hard_shrink(x: Any, threshold: float = 0.5) -> Any:
    """Return x, and 0 where ``|x|`` is at most ``threshold``.

    Parameters
    ----------
    x : tensor or array_like
    threshold : float, default 0.5

    Examples
    --------
    >>> from lamina import ops
    >>> ops.hard_shrink([-1.0, 0.5, 2.0])
    array([-1.,  0.,  2.], dtype=float32)
    """
    x = floats(x)
    return where(greater(elementwise("abs", x), threshold), x, 0.0)


@operation
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    """Return x where it is above ``threshold``, else ``default_value``.

    Parameters
    ----------
    x : tensor or array_like
    threshold, default_value : float

    Examples
    --------
    >>> from lamina import ops
    >>> ops.threshold([-1.0, 1.0, 2.0], 1.0, 0.0)
    array([0., 0., 2.], dtype=float32)
    """
    x = floats(x)
    return where(greater(x, threshold), x, kept(default_value))
