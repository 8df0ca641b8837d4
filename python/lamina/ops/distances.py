"""Distances between vectors, and between signals."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina.ops._axes import shown
from lamina.ops._elements import floats
from lamina.ops.arithmetic import multiply, square, subtract
from lamina.ops.comparisons import equal, where
from lamina.ops.exponentials import log10, sqrt
from lamina.ops.reductions import mean, sum  # noqa: A004
from lamina.ops.shaping import expand_dims

__all__ = ["cdist", "psnr"]


@operation
def cdist(x: Any, y: Any) -> Any:
    """Return the Euclidean distances between all pairs of vectors from two sets.

    If two vectors are equal, the gradient of their distance is 0.

    Parameters
    ----------
    x : tensor or array_like, shape (..., m, d)
    y : tensor or array_like, shape (..., n, d)
        The leading axes broadcast.

    Returns
    -------
    tensor or array, shape (..., m, n)

    Examples
    --------
    >>> from lamina import ops
    >>> ops.cdist([[0.0, 0.0], [3.0, 0.0]], [[0.0, 4.0]])
    array([[4.],
           [5.]], dtype=float32)
    """
    x, y = floats(x), floats(y)
    if x.ndim < 2 or y.ndim < 2 or x.shape[-1] != y.shape[-1]:
        raise ValueError(
            f"cdist: needs vectors of one length, (..., m, d) and (..., n, d); got {shown(x)} and "
            f"{shown(y)}"
        )
    squares = sum(square(subtract(expand_dims(x, -2), expand_dims(y, -3))), -1)
    same = equal(squares, 0.0)
    return where(same, 0.0, sqrt(where(same, 1.0, squares)))


@operation
def psnr(x1: Any, x2: Any, max_val: Any) -> Any:
    """Return the peak signal-to-noise ratio of two signals, in decibels.

    It is ``20 log10(max_val) - 10 log10(mean((x1 - x2)**2))``, over all elements.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        With the same shape.
    max_val : float
        The largest possible value of a signal.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.psnr([0.0, 1.0], [0.0, 0.8], 1.0)
    array(16.9897, dtype=float32)
    """
    x1, x2 = floats(x1), floats(x2)
    if tuple(x1.shape) != tuple(x2.shape):
        raise ValueError(f"psnr: x1 and x2 must have one shape; got {shown(x1)} and {shown(x2)}")
    noise = mean(square(subtract(x1, x2)))
    return subtract(multiply(log10(floats(max_val)), 20.0), multiply(log10(noise), 10.0))
