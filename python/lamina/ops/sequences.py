"""Numbers in order."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from lamina._calls import answering_calls
from lamina._tensors.dataflow import mappable
from lamina._tensors.dispatch import operation
from lamina._tensors.given import fits_int32, given
from lamina._tensors.recording import RowCount, unread
from lamina._tensors.tensor import Tensor
from lamina.ops._elements import converted, floats
from lamina.ops._numbers import integer, real
from lamina.ops._types import array_type, kind_named
from lamina.ops.arithmetic import add, multiply, power, sign
from lamina.ops.core import cast
from lamina.ops.exponentials import exp, log
from lamina.ops.rounding import floor
from lamina.ops.shaping import expand_dims, moveaxis

__all__ = [
    "arange",
    "geomspace",
    "linspace",
    "logspace",
]


@mappable
@answering_calls
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """Return ``start``, ``start + step``, ... below ``stop``.

    Parameters
    ----------
    start, stop, step : int or float
        A single number is the stop: counting then starts at 0.  The step must not be 0.
    dtype : str, optional
        By default int32 if all are integers, otherwise float32.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.arange(3)
    array([0, 1, 2], dtype=int32)
    """
    given_ends = [_number("arange", value) for value in (start, stop, step) if value is not None]
    kind = array_type("arange", dtype, _type_of(given_ends))
    begin, end = (0, start) if stop is None else (start, stop)
    ends = [_number("arange", value) for value in (begin, end, 1 if step is None else step)]
    got = f"got {begin!r}, {end!r} and {step!r}"
    if not all(math.isfinite(value) for value in ends):
        raise ValueError(f"arange: start, stop and step must be finite; {got}")
    if ends[2] == 0:
        raise ValueError(f"arange: step must not be 0; {got}")
    try:
        numbers = np.arange(*ends)
    except (ValueError, MemoryError):
        raise ValueError(f"arange: memory cannot hold so many numbers; {got}") from None
    if kind == "int32":
        fits_int32("arange", numbers)
    numbers = numbers.astype(kind)
    return given(numbers) if unread(numbers.shape) else numbers


def _number(who: str, value: Any) -> Any:
    if isinstance(value, (RowCount, Tensor)):
        return operator.index(value)
    alone = isinstance(value, (int, float, np.number)) or getattr(value, "shape", None) == ()
    if not alone or np.asarray(value).dtype.kind not in "fiu":
        raise TypeError(f"{who}: needs numbers; got {value!r:.100}")
    return value


def _type_of(values: list[Any]) -> str:
    return "int32" if all(np.asarray(v).dtype.kind in "iub" for v in values) else "float32"


@operation
def linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False,
    dtype: Any = None, axis: int = 0,
) -> Any:  # fmt: skip
    """Return a number of evenly spaced values.

    Parameters
    ----------
    start, stop : float, tensor or array_like
        They broadcast.
    num : int, default 50
    endpoint : bool, default True
        Whether ``stop`` is the last number.
    retstep : bool, default False
        Whether to also return the distance.
    dtype : str, optional
        Floats by default.
    axis : int, default 0
        Position of the axis of the values in the result.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.linspace(0.0, 1.0, 3)
    array([0. , 0.5, 1. ], dtype=float32)
    """
    num = integer("linspace", "num", num, 0)
    parts = num - 1 if endpoint else num
    first, last = given(start, "float"), given(stop, "float")
    first, last = converted(first, "float"), converted(last, "float")
    share = np.arange(num) / parts if parts > 0 else np.zeros(num)
    # With exact ends: start (1 - t) + stop t.
    ahead = multiply(expand_dims(first, -1), 1.0 - share)
    y = moveaxis(add(ahead, multiply(expand_dims(last, -1), share)), -1, axis)
    if dtype is not None:  # integers are rounded down
        y = cast(floor(y) if kind_named("linspace", dtype) == "int32" else y, dtype)
    if not retstep:
        return y
    return y, (last - first) / parts if parts > 0 else (last - first) * float("nan")


@operation
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None,
    axis: int = 0,
) -> Any:  # fmt: skip
    """Return powers of a base with evenly spaced exponents.

    Parameters
    ----------
    start, stop : float, tensor or array_like
        The first and the last exponent; they broadcast.
    num : int, default 50
    endpoint : bool, default True
        Whether ``base**stop`` is the last number.
    base : float, default 10
    dtype : str, optional
        Floats by default.
    axis : int, default 0
        Position of the axis of the values in the result.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.logspace(0, 2, 3)
    array([  1.,  10., 100.], dtype=float32)
    >>> ops.logspace(0, 2, 2, endpoint=False, base=2)
    array([1., 2.], dtype=float32)
    """
    base = real("logspace", "base", base)
    y = power(base, linspace(floats(start), floats(stop), num, endpoint, axis=axis))
    return y if dtype is None else cast(y, dtype)


@operation
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """Return numbers with a constant ratio of neighbours.

    Parameters
    ----------
    start, stop : float, tensor or array_like
        Both above 0, or both below; they broadcast.
    num : int, default 50
    endpoint : bool, default True
        Whether ``stop`` is the last number.
    dtype : str, optional
        Floats by default.
    axis : int, default 0
        Position of the axis of the values in the result.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.geomspace(1.0, 8.0, 4).round(4)
    array([1., 2., 4., 8.], dtype=float32)
    >>> ops.geomspace(-1.0, -100.0, 3).round(4)
    array([  -1.,  -10., -100.], dtype=float32)
    """
    first, last = floats(start), floats(stop)
    signs = sign(first)
    ends = log(multiply(first, signs)), log(multiply(last, signs))
    sizes = exp(linspace(*ends, num, endpoint, axis=-1))
    y = moveaxis(multiply(expand_dims(signs, -1), sizes), -1, axis)
    return y if dtype is None else cast(y, dtype)
