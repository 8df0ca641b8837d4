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
from lamina.ops.splitting import split

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
    """Return x, and ``alpha * (exp(x) - 1)`` below 0.

    Parameters
    ----------
    x : tensor or array_like
    alpha : float, default 1.0
        The result approaches ``-alpha`` for small x.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.elu([-100.0, -1.0, 2.0]).round(4)
    array([-1.    , -0.6321,  2.    ], dtype=float32)
    """
    return elementwise("elu", floats(x), real("elu", "alpha", alpha))


@operation
def celu(x: Any, alpha: float = 1.0) -> Any:
    """Return x, and ``alpha * (exp(x / alpha) - 1)`` below 0.

    Parameters
    ----------
    x : tensor or array_like
    alpha : float, default 1.0
        Not 0.  Unlike that of ``elu``, the slope at 0 is 1 for any ``alpha``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.celu([-1.0, 2.0], alpha=2.0).round(4)
    array([-0.7869,  2.    ], dtype=float32)
    """
    x, scale = floats(x), real("celu", "alpha", alpha)
    below = multiply(expm1(divide(minimum(x, 0.0), scale)), scale)
    return add(maximum(x, 0.0), below)


@operation
def selu(x: Any) -> Any:
    """Return ``1.0507 * elu(x, 1.6733)``, the scaled exponential linear unit.

    With these constants layers keep mean 0 and variance 1 (Klambauer et al., 2017).

    Examples
    --------
    >>> from lamina import ops
    >>> ops.selu([-1.0, 1.0]).round(4)
    array([-1.1113,  1.0507], dtype=float32)
    """
    return elementwise("selu", x)


@operation
def gelu(x: Any, approximate: bool = True) -> Any:
    """Return ``x`` times the normal distribution function of x.

    Parameters
    ----------
    x : tensor or array_like
    approximate : bool, default True
        Whether the function is approximated by a tanh.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.gelu([-2.0, 1.0]).round(4)
    array([-0.0454,  0.8412], dtype=float32)
    >>> ops.gelu([-2.0, 1.0], approximate=False).round(4)
    array([-0.0455,  0.8413], dtype=float32)
    """
    x = floats(x)
    if not approximate:
        return multiply(multiply(x, 0.5), add(elementwise("erf", multiply(x, math.sqrt(0.5))), 1.0))
    inner = multiply(add(x, multiply(multiply(square(x), x), 0.044715)), math.sqrt(2 / math.pi))
    return multiply(multiply(x, 0.5), add(elementwise("tanh", inner), 1.0))


@operation
def silu(x: Any) -> Any:
    """Return ``x * sigmoid(x)``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.silu([-1.0, 0.0, 1.0]).round(4)
    array([-0.2689,  0.    ,  0.7311], dtype=float32)
    """
    return elementwise("silu", x)


swish = silu


@operation
def mish(x: Any) -> Any:
    """Return ``x * tanh(softplus(x))``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.mish([-1.0, 0.0, 1.0]).round(4)
    array([-0.3034,  0.    ,  0.8651], dtype=float32)
    """
    return elementwise("mish", x)


# --- sigmoids and related functions


@operation
def sigmoid(x: Any) -> Any:
    """Return ``1 / (1 + exp(-x))``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.sigmoid([-1000.0, 0.0, 1.0]).round(4)
    array([0.    , 0.5   , 0.7311], dtype=float32)
    """
    return elementwise("sigmoid", x)


@operation
def softplus(x: Any) -> Any:
    """Return ``log(1 + exp(x))``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.softplus([-1.0, 0.0, 50.0]).round(4)
    array([ 0.3133,  0.6931, 50.    ], dtype=float32)
    """
    return elementwise("softplus", x)


@operation
def log_sigmoid(x: Any) -> Any:
    """Return ``log(sigmoid(x))``, without underflow.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.log_sigmoid([-50.0, 0.0]).round(4)
    array([-50.    ,  -0.6931], dtype=float32)
    """
    return negative(elementwise("softplus", negative(floats(x))))


@operation
def softsign(x: Any) -> Any:
    """Return ``x / (1 + |x|)``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.softsign([-1.0, 3.0])
    array([-0.5 ,  0.75], dtype=float32)
    """
    return elementwise("softsign", x)


@operation
def squareplus(x: Any, b: float = 4) -> Any:
    """Return ``(x + sqrt(x**2 + b)) / 2``, a smooth ``relu``.

    Parameters
    ----------
    x : tensor or array_like
    b : float, default 4
        How far the result is above ``relu``: by ``sqrt(b) / 2`` at 0.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.squareplus([-1.5, 0.0, 1.5])
    array([0.5, 1. , 2. ], dtype=float32)
    """
    x = floats(x)
    return multiply(add(x, sqrt(add(square(x), real("squareplus", "b", b)))), 0.5)


@operation
def tanh_shrink(x: Any) -> Any:
    """Return ``x - tanh(x)``.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.tanh_shrink([-1.0, 0.0, 1.0]).round(4)
    array([-0.2384,  0.    ,  0.2384], dtype=float32)
    """
    x = floats(x)
    return subtract(x, elementwise("tanh", x))


@operation
def glu(x: Any, axis: int = -1) -> Any:
    """Return the first half of an axis times the sigmoid of the second half.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, default -1
        An axis of even size, which is halved.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.glu([1.0, 2.0, 0.0, 1000.0])
    array([0.5, 2. ], dtype=float32)
    """
    first, second = split(floats(x), 2, axis)
    return multiply(first, elementwise("sigmoid", second))
