"""Angles, and the parts of real numbers."""

from __future__ import annotations

import math
from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.ops._elements import elementwise, floats
from lamina.ops.arithmetic import multiply
from lamina.ops.comparisons import where
from lamina.ops.special_numbers import signbit

__all__ = [
    "angle",
    "conj",
    "conjugate",
    "deg2rad",
    "imag",
    "rad2deg",
    "real",
]


@operation
def deg2rad(x: Any) -> Any:
    """Return degrees as radians.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.deg2rad([180, 90]).round(4)
    array([3.1416, 1.5708], dtype=float32)
    """
    return multiply(floats(x), math.pi / 180)


@operation
def rad2deg(x: Any) -> Any:
    """Return radians as degrees.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> ops.rad2deg([np.pi, np.pi / 2])
    array([180.,  90.], dtype=float32)
    """
    return multiply(floats(x), 180 / math.pi)


@operation
def real(x: Any) -> Any:
    """Return x: all numbers here are real.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.real([1.0, -2.0])
    array([ 1., -2.], dtype=float32)
    """
    return given(x)


@operation
def conjugate(x: Any) -> Any:
    """Return x: all numbers here are real.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.conjugate([1.0, -2.0])
    array([ 1., -2.], dtype=float32)
    """
    return given(x)


conj = conjugate


@operation
def imag(x: Any) -> Any:
    """Return zeros: all numbers here are real.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.imag([1.0, -2.0])
    array([0., 0.], dtype=float32)
    """
    from lamina.ops.creation import zeros_like

    return zeros_like(x)


@operation
def angle(x: Any) -> Any:
    """Return pi below 0 and at -0.0, else 0: the angle of a real number.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.angle([-2.0, 2.0, 0.0]).round(4)
    array([3.1416, 0.    , 0.    ], dtype=float32)
    >>> ops.angle([-0.0]).round(4)
    array([3.1416], dtype=float32)
    """
    x = floats(x)
    return where(elementwise("isnan", x), x, where(signbit(x), math.pi, 0.0))
