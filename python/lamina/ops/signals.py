"""Signals: integrals, cross-correlations, frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import choice
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given
from lamina.ops._axes import axis_of, shown
from lamina.ops._elements import floats
from lamina.ops._numbers import integer
from lamina.ops.arithmetic import add, multiply
from lamina.ops.indexing import get_item
from lamina.ops.reductions import sum as sum_of
from lamina.ops.repeating import chosen, flip, pad
from lamina.ops.scans import diff
from lamina.ops.shaping import moveaxis, reshape
from lamina.ops.splitting import length_of
from lamina.ops.windows import conv

__all__ = ["correlate", "extract_sequences", "trapezoid"]


@operation
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """Return the integral along an axis by the trapezoidal rule.

    Parameters
    ----------
    y : tensor or array_like
    x : tensor or array_like, optional
        Positions of the elements of y: of the shape of y, or one number for each index of the axis.
    dx : float, default 1.0
        Distance of the elements, if x is not given.
    axis : int, default -1

    Examples
    --------
    >>> from lamina import ops
    >>> ops.trapezoid([1.0, 2.0, 3.0], x=[0.0, 1.0, 3.0])
    array(6.5, dtype=float32)
    """
    y = floats(y)
    place = axis_of("trapezoid", axis, y.ndim)
    if x is None:
        width = dx
    else:
        x = given(x)
        if x.shape not in (y.shape, (y.shape[place],)):
            raise ValueError(
                f"trapezoid: x must have the shape of y, {shown(y)}, or one number for each index "
                f"of axis {axis}; got {shown(x)}"
            )
        width = diff(x, axis=0 if x.ndim == 1 else place)
        width = width if x.ndim == 1 else moveaxis(width, place, -1)
    y = moveaxis(y, place, -1)
    ends = add(get_item(y, (..., slice(1, None))), get_item(y, (..., slice(None, -1))))
    return multiply(sum_of(multiply(ends, width), -1), 0.5)


@operation
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """Return the cross-correlation of two vectors.

    Element k is the sum of ``x1[n + k] * x2[n]`` over n.

    Parameters
    ----------
    x1, x2 : tensor or array_like, shape (m,) and (n,)
    mode : {"valid", "same", "full"}, default "valid"
        Whether k runs over the ``max(m, n) - min(m, n) + 1`` positions where the shorter vector
        lies within the longer; over the ``max(m, n)`` central positions; or over all ``m + n - 1``
        positions with an overlap.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.correlate([1, 2, 3], [0, 1], "full")
    array([1., 2., 3., 0.], dtype=float32)
    """
    choice("correlate", "mode", mode, ("valid", "same", "full"))
    a, v = given(x1), given(x2)
    if a.ndim != 1 or v.ndim != 1 or 0 in (length_of(a, 0), length_of(v, 0)):
        raise ValueError(
            f"correlate: needs two vectors of at least one element; got {shown(a)} and {shown(v)}"
        )
    a, v = all_rows(floats(a)), all_rows(floats(v))
    swapped = a.shape[0] < v.shape[0]
    long, short = (v, a) if swapped else (a, v)
    reach = short.shape[0] - 1
    margins = {"valid": (0, 0), "same": ((reach + 1) // 2, reach // 2), "full": (reach, reach)}
    long = pad(long, margins[mode])
    y = conv(reshape(long, (1, -1, 1)), reshape(short, (-1, 1, 1)))
    y = reshape(y, (-1,))
    return flip(y) if swapped else y


@operation
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Return frames of the last axis whose starts are a number of steps apart.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n)
    sequence_length, sequence_stride : int

    Returns
    -------
    tensor or array, shape (..., (n - sequence_length) // sequence_stride + 1, sequence_length)

    Examples
    --------
    >>> from lamina import ops
    >>> ops.extract_sequences([1, 2, 3, 4, 5, 6], 3, 2)
    array([[1, 2, 3],
           [3, 4, 5]], dtype=int32)
    """
    x = given(x)
    place = axis_of("extract_sequences", -1, x.ndim)
    size = length_of(x, place)
    sequence_length = integer("extract_sequences", "sequence_length", sequence_length)
    sequence_stride = integer("extract_sequences", "sequence_stride", sequence_stride)
    if not 1 <= sequence_length <= size or sequence_stride < 1:
        raise ValueError(
            f"extract_sequences: sequence_length must be from 1 to {size}, the last axis of "
            f"{shown(x)}, and sequence_stride positive; got {sequence_length} and {sequence_stride}"
        )
    starts = np.arange(0, size - sequence_length + 1, sequence_stride)
    return chosen(x, starts[:, None] + np.arange(sequence_length), place)
