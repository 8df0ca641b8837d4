"""Values scaled by their norm, or standardised by mean and variance."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import axes_of, axis_of, shown
from lamina.ops._elements import floats
from lamina.ops._numbers import real
from lamina.ops.arithmetic import add, divide, multiply, square, subtract
from lamina.ops.bounds import maximum
from lamina.ops.exponentials import rsqrt
from lamina.ops.linalg import norm
from lamina.ops.reductions import mean
from lamina.ops.reductions import sum as sum_of
from lamina.ops.shaping import reshape
from lamina.ops.statistics import var

__all__ = [
    "batch_normalization",
    "layer_normalization",
    "moments",
    "normalize",
    "rms_normalization",
]

EPSILON = 1e-7


@operation
def normalize(x: Any, axis: Any = -1, order: int = 2, epsilon: Any = None) -> Any:
    """Return x divided by its norm along an axis.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, default -1
    order : int, default 2
        Order of the norm.
    epsilon : float, optional
        Lower bound of the norm, by default 1e-7.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.normalize([3.0, 4.0])
    array([0.6, 0.8], dtype=float32)
    """
    x = floats(x)
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ValueError(f"normalize: order must be a positive integer; got {order!r}")
    least = _least("normalize", epsilon)
    if order == 2:
        total = sum_of(square(x), axis, keepdims=True)
        return multiply(x, rsqrt(maximum(total, least * least)))
    return divide(x, maximum(norm(x, order, axis, keepdims=True), least))


@operation
def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> Any:
    """Return mean and variance over axes.

    Parameters
    ----------
    x : tensor or array_like
    axes : int or tuple of int
    keepdims : bool, default False
    synchronized : bool, default False
        Must be False: there are no other devices.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.moments([[1.0, 2.0], [3.0, 6.0]], axes=0)
    (array([2., 4.], dtype=float32), array([1., 4.], dtype=float32))
    """
    if synchronized:
        raise ValueError("moments: synchronized must be False: there are no other devices")
    x = floats(x)
    return mean(x, axes, keepdims), var(x, axes, keepdims)


def _least(who: str, epsilon: Any) -> float:
    return EPSILON if epsilon is None else real(who, "epsilon", epsilon)


def _along(who: str, name: str, v: Any, x: Tensor, axes: list[int]) -> Any:
    """Return a weight for each index of axes, shaped to broadcast with x."""
    w = floats(v)
    sizes = [x.shape[axis] for axis in axes]
    if list(w.shape) == sizes:
        return reshape(w, [size if i in axes else 1 for i, size in enumerate(x.shape)])
    if w.ndim != x.ndim and axes != [x.ndim - 1]:
        raise ValueError(
            f"{who}: {name} must have shape {tuple(sizes)} for inputs of shape {shown(x)}; got "
            f"{shown(w)}"
        )
    return w


@operation
def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: Any, offset: Any = None, scale: Any = None,
    epsilon: float = 1e-3,
) -> Any:  # fmt: skip
    """Return ``(x - mean) / sqrt(variance + epsilon) * scale + offset``.

    Parameters
    ----------
    x : tensor or array_like
    mean, variance, offset, scale : tensor or array_like, shape (channels,)
        The last two may be omitted.
    axis : int
        The axis of the channels.
    epsilon : float, default 1e-3

    Examples
    --------
    >>> from lamina import ops
    >>> x = [[1.0, 10.0], [3.0, 30.0]]
    >>> ops.batch_normalization(x, [2.0, 20.0], [1.0, 100.0], axis=-1, epsilon=0.0)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    """
    who, x = "batch_normalization", floats(x)
    axes = [axis_of(who, axis, x.ndim)]
    inverse = rsqrt(add(_along(who, "variance", variance, x, axes), real(who, "epsilon", epsilon)))
    if scale is not None:
        inverse = multiply(inverse, _along(who, "scale", scale, x, axes))
    y = multiply(subtract(x, _along(who, "mean", mean, x, axes)), inverse)
    return y if offset is None else add(y, _along(who, "offset", offset, x, axes))


@operation
def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: Any = None
) -> Any:
    """Return x with mean 0 and variance 1 along axes, times ``gamma``, plus ``beta``.

    Parameters
    ----------
    x : tensor or array_like
    gamma, beta : tensor or array_like, optional
        One number for each index of the axes.
    axis : int or tuple of int, default -1
    epsilon : float, optional
        Added to the variance, by default 1e-7.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.layer_normalization([[1.0, 3.0], [10.0, 30.0]]).round(4)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """
    who, x = "layer_normalization", floats(x)
    axes, more = axes_of(who, axis, x.ndim), _least(who, epsilon)
    if not axes:
        raise ValueError(f"layer_normalization: axis must name at least one axis; got {axis!r}")
    if len(axes) == x.ndim - axes[0] and not (x.rows and axes[0] == 0):
        y = record("layer_norm", x, len(axes), None, None, more)
    else:
        apart = subtract(x, mean(x, axes, keepdims=True))
        y = multiply(apart, rsqrt(add(mean(square(apart), axes, keepdims=True), more)))
    if gamma is not None:
        y = multiply(y, _along(who, "gamma", gamma, x, axes))
    return y if beta is None else add(y, _along(who, "beta", beta, x, axes))


@operation
def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: Any = None) -> Any:
    """Return x divided by its root mean square along axes, times ``scale``.

    Parameters
    ----------
    x : tensor or array_like
    scale : tensor or array_like, optional
    axis : int or tuple of int, default -1
    epsilon : float, optional
        Added to the mean square, by default 1e-7.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.rms_normalization([3.0, 3.0, -3.0]).round(4)
    array([ 1.,  1., -1.], dtype=float32)
    """
    x = floats(x)
    more = _least("rms_normalization", epsilon)
    y = multiply(x, rsqrt(add(mean(square(x), axis, keepdims=True), more)))
    return y if scale is None else multiply(y, floats(scale))
