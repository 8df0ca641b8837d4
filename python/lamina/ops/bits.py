"""Bits and divisors of integers, and adjacent floating-point numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import each_row, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._elements import aligned, converted, floats
from lamina.ops._matrices import called
from lamina.ops.comparisons import logical_and, logical_not, logical_or, logical_xor

__all__ = [
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "gcd",
    "lcm",
    "left_shift",
    "nextafter",
    "right_shift",
]


@operation
def bitwise_and(x: Any, y: Any) -> Any:
    """Return the bits that both integers have; for booleans, whether both are true.

    Parameters
    ----------
    x, y : tensor or array_like
        Of int32 or bool; they broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.bitwise_and([6, 12], 5)
    array([4, 4], dtype=int32)
    """
    return _bits("bitwise_and", x, y, logical_and)


@operation
def bitwise_or(x: Any, y: Any) -> Any:
    """Return the bits that either integer has; for booleans, whether either is true.

    Parameters
    ----------
    x, y : tensor or array_like
        Of int32 or bool; they broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.bitwise_or([6, 12], 5)
    array([ 7, 13], dtype=int32)
    """
    return _bits("bitwise_or", x, y, logical_or)


@operation
def bitwise_xor(x: Any, y: Any) -> Any:
    """Return the bits that exactly one integer has; for booleans, whether they differ.

    Parameters
    ----------
    x, y : tensor or array_like
        Of int32 or bool; they broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.bitwise_xor([6, 12], 5)
    array([3, 9], dtype=int32)
    >>> ops.bitwise_xor([True, False], True)
    array([False,  True])
    """
    return _bits("bitwise_xor", x, y, logical_xor)


@operation
def bitwise_not(x: Any) -> Any:
    """Return the integer with all 32 bits inverted, -x - 1; for a boolean its negation.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.bitwise_not([0, 5, -1])
    array([-1, -6,  0], dtype=int32)
    >>> ops.bitwise_not([True, False])
    array([False,  True])
    """
    tensor = given(x)
    if tensor.dtype == "bool":
        return logical_not(tensor)
    return _pair("bitwise_xor", tensor, np.int32(-1), "bitwise_not")


@operation
def bitwise_invert(x: Any) -> Any:
    """Return the same as ``bitwise_not``; Keras's other name.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.bitwise_invert([0, 5, -1])
    array([-1, -6,  0], dtype=int32)
    """
    return bitwise_not(x)


@operation
def bitwise_left_shift(x: Any, y: Any) -> Any:
    """Return x with its bits shifted up by y: 0 if y is not from 0 to 31.

    Parameters
    ----------
    x, y : tensor or array_like
        Of int32 or bool; they broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.bitwise_left_shift([1, 3], 2)
    array([ 4, 12], dtype=int32)
    """
    return _pair("bitwise_left_shift", x, y)


@operation
def left_shift(x: Any, y: Any) -> Any:
    """Return the same as ``bitwise_left_shift``; Keras's other name.

    Parameters
    ----------
    x, y : tensor or array_like
        Of int32 or bool; they broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.left_shift([1, 3], 2)
    array([ 4, 12], dtype=int32)
    """
    return bitwise_left_shift(x, y)


@operation
def bitwise_right_shift(x: Any, y: Any) -> Any:
    """Return x with its bits shifted down by y, preserving the sign.

    Parameters
    ----------
    x, y : tensor or array_like
        Of int32 or bool; they broadcast.  The sign fills all bits if y is not from 0 to 31.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.bitwise_right_shift([12, -5], 1)
    array([ 6, -3], dtype=int32)
    """
    return _pair("bitwise_right_shift", x, y)


@operation
def right_shift(x: Any, y: Any) -> Any:
    """Return the same as ``bitwise_right_shift``; Keras's other name.

    Parameters
    ----------
    x, y : tensor or array_like
        Of int32 or bool; they broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.right_shift([12, -5], 1)
    array([ 6, -3], dtype=int32)
    """
    return bitwise_right_shift(x, y)


@operation
def gcd(x1: Any, x2: Any) -> Any:
    """Return the greatest common divisors of integers, which are not negative.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        Of int32; they broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.gcd([12, -18], 8)
    array([4, 2], dtype=int32)
    """
    return _pair("gcd", x1, x2)


@operation
def lcm(x1: Any, x2: Any) -> Any:
    """Return the least common multiples of integers, which are not negative; the lowest 32 bits.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        Of int32; they broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.lcm([4, -6, 0], 10)
    array([20, 30,  0], dtype=int32)
    """
    return _pair("lcm", x1, x2)


@operation
def nextafter(x1: Any, x2: Any) -> Any:
    """Return the next number of the dtype after x1 in the direction of x2.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        They broadcast.

    Examples
    --------
    >>> from lamina import ops
    >>> float(ops.nextafter(1.0, 2.0)) > 1.0
    True
    """
    pair = _alike("nextafter", floats(given(x1)), floats(given(x2)))
    return called("nextafter", pair, [pair[0].value.shape], np.nextafter)[0]


def _bits(kind: str, x: Any, y: Any, of_truths: Any) -> Any:
    a, b = given(x), given(y)
    if a.dtype == b.dtype == "bool":
        return of_truths(a, b)
    return _pair(kind, a, b)


def _pair(kind: str, x: Any, y: Any, who: str | None = None) -> Tensor:
    who = who or kind
    return record(kind, *_alike(who, _integers(who, x), _integers(who, y)))  # type: ignore[no-any-return]


def _alike(who: str, *tensors: Tensor) -> list[Tensor]:
    """Return tensors of the same shape, with or without rows."""
    found = aligned(tensors)
    if len({t.rows for t in found}) > 1:
        found = [each_row(t) for t in found]
    try:
        shape = np.broadcast_shapes(*(tuple(t.value.shape) for t in found))
    except ValueError:
        raise ValueError(
            f"{who}: shapes must broadcast; got {', '.join(shown(t) for t in tensors)}"
        ) from None
    return [_spread(t, shape) for t in found]


def _integers(who: str, x: Any) -> Tensor:
    tensor = given(x)
    if tensor.dtype.startswith("float"):
        raise TypeError(f"{who}: needs integers; got {tensor.dtype}")
    return converted(tensor, "int32")


def _spread(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return a tensor whose rows are repeated along axes of size 1, up to a shape."""
    old = tuple(x.value.shape)
    if old == shape:
        return x
    full = (1,) * (len(shape) - len(old)) + old
    x = record("reshape", x, full) if full != old else x
    if 0 in shape:
        left = [min(n, s) for n, s in zip(full, shape, strict=True)]
        x, full = record("slice", x, [0] * len(full), left, [1] * len(full)), tuple(left)
    times = [s // n if n else 1 for n, s in zip(full, shape, strict=True)]
    return record("repeat", x, times)  # type: ignore[no-any-return]
