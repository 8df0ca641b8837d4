"""Rounding."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import given
from lamina.ops._elements import arithmetic, elementwise, floats, of_numbers
from lamina.ops._numbers import integer
from lamina.ops.arithmetic import divide, multiply

__all__ = [
    "ceil",
    "floor",
    "round",
    "trunc",
]


@operation
def floor(x: Any) -> Any:
    """Return the largest integer that is not above x, as a float.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.floor([-1.5, 2.0])
    array([-2.,  2.], dtype=float32)
    """
    return elementwise("floor", x, dtype="float")


@operation
def ceil(x: Any) -> Any:
    """Return the smallest integer that is not below x, as a float.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.ceil([-1.5, 2.1])
    array([-1.,  3.], dtype=float32)
    """
    return elementwise("ceil", x, dtype="float")


@operation
def trunc(x: Any) -> Any:
    """Return x rounded towards 0; integers and booleans are unchanged.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.trunc([-1.7, 1.7])
    array([-1.,  1.], dtype=float32)
    """
    return of_numbers("trunc", x)


@operation
def round(x: Any, decimals: int = 0) -> Any:  # noqa: A001
    """Return the nearest number with a given number of decimals, with ties to even.

    Parameters
    ----------
    x : tensor or array_like
    decimals : int, default 0
        Negative for tens, hundreds, ...

    Examples
    --------
    >>> from lamina import ops
    >>> ops.round([0.5, 1.5, 2.5])
    array([0., 2., 2.], dtype=float32)
    >>> ops.round([15, 25, 26], -1)
    array([20, 20, 30], dtype=int32)
    """
    x, decimals = given(x), integer("round", "decimals", decimals)
    if decimals == 0:
        return arithmetic("round", x)
    # Powers of ten are exact, so dividing by one rounds only once.
    factor = 10.0 ** (decimals if decimals > 0 else -decimals)
    if decimals > 0:
        return divide(elementwise("round", multiply(floats(x), factor)), factor)
    rounded = multiply(elementwise("round", divide(x, factor)), factor)
    return elementwise("copy", rounded, dtype=x.dtype if x.dtype == "int32" else "float")
