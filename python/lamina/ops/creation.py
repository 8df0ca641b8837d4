"""Tensors made from known numbers: arrays, or tensors with rows if the shape has them."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from lamina._calls import answering_calls
from lamina._tensors.dispatch import operation
from lamina._tensors.given import each_row, given
from lamina._tensors.recording import NeedsRows, Recording, RowCount, Rows
from lamina._tensors.tensor import Tensor
from lamina.ops._elements import converted
from lamina.ops._numbers import integer, number
from lamina.ops._types import array_type, kind_named
from lamina.ops.arithmetic import add, floor, multiply
from lamina.ops.comparisons import where
from lamina.ops.shaping import broadcast_to

__all__ = [
    "arange",
    "bartlett",
    "blackman",
    "empty",
    "empty_like",
    "eye",
    "full",
    "full_like",
    "geomspace",
    "hamming",
    "hanning",
    "identity",
    "kaiser",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
    "tri",
    "tril",
    "triu",
    "vander",
    "zeros",
    "zeros_like",
]


@answering_calls
def zeros(shape: Any, dtype: Any = None) -> Any:
    """Return zeros.

    Parameters
    ----------
    shape : int or tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows: the result then has
        rows too.
    dtype : str, optional
        By default "float32".

    Examples
    --------
    >>> from lamina import ops
    >>> ops.zeros((2,))
    array([0., 0.], dtype=float32)
    """
    return _filled("zeros", shape, 0, dtype)


@answering_calls
def ones(shape: Any, dtype: Any = None) -> Any:
    """Return ones; arguments as in ``zeros``."""
    return _filled("ones", shape, 1, dtype)


@answering_calls
def empty(shape: Any, dtype: Any = None) -> Any:
    """Return zeros: memory is never uninitialised."""
    return _filled("empty", shape, 0, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Return an array filled with a value.

    Parameters
    ----------
    shape : int or tuple of int
        As in ``zeros``.
    fill_value : float, tensor or array_like
        It broadcasts to the shape.
    dtype : str, optional
        Floats by default.
    """
    if isinstance(fill_value, Tensor) or getattr(type(fill_value), "symbolic", False):
        y = broadcast_to(fill_value, shape)
        from lamina.ops.core import cast

        return y if dtype is None else cast(y, dtype)
    return _filled("full", shape, fill_value, dtype)


def _filled(who: str, shape: Any, value: Any, dtype: Any) -> Any:
    sizes = _sizes(who, shape)
    kind = array_type(who, dtype)
    if any(isinstance(size, RowCount) for size in sizes):
        if any(isinstance(size, RowCount) for size in sizes[1:]) or Recording.current() is None:
            raise NeedsRows
        row = np.full(tuple(sizes[1:]), value, kind)
        return each_row(given(row, kind_named(who, kind)))
    try:
        return np.full(tuple(sizes), value, kind)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{who}: fill_value must be numbers that broadcast to {tuple(sizes)}; got {value!r}"
        ) from None


def _sizes(who: str, shape: Any) -> list[Any]:
    listed = list(shape) if isinstance(shape, (list, tuple, np.ndarray)) else [shape]
    if listed and listed[0] is None and Recording.current() is not None:  # x.shape[0]: the rows
        listed[0] = Rows
    try:
        sizes = [s if isinstance(s, RowCount) else operator.index(s) for s in listed]
    except TypeError:
        raise TypeError(f"{who}: shape must be made of integers; got {shape!r}") from None
    if any(not isinstance(s, RowCount) and s < 0 for s in sizes):
        raise ValueError(f"{who}: shape must not be negative; got {tuple(listed)}")
    return sizes


@operation
def zeros_like(x: Any, dtype: Any = None) -> Any:
    """Return zeros with the shape, including rows, and the type of x."""
    return _like("zeros_like", x, 0, dtype)


@operation
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Return ones with the shape and type of x."""
    return _like("ones_like", x, 1, dtype)


@operation
def empty_like(x: Any, dtype: Any = None) -> Any:
    """Return zeros with the shape and type of x."""
    return _like("empty_like", x, 0, dtype)


@operation
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Return a value repeated in the shape and type of x."""
    return _like("full_like", x, fill_value, dtype)


def _like(who: str, x: Any, value: Any, dtype: Any) -> Tensor:
    x = given(x)
    kind = kind_named(who, x.dtype if dtype is None else dtype)
    if isinstance(value, Tensor):
        return converted(broadcast_to(value, x.shape), kind)
    row = np.full(tuple(x.value.shape), value, "float64" if kind == "float" else kind)
    filled = given(row)
    return each_row(filled) if x.rows else filled


# --- numbers in order


@answering_calls
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """Return ``start``, ``start + step``, ... below ``stop``.

    Parameters
    ----------
    start, stop, step : int or float
        A single number is the stop: counting then starts at 0.
    dtype : str, optional
        By default int32 if all are integers, otherwise float32.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.arange(3)
    array([0, 1, 2], dtype=int32)
    """
    ends = [_number("arange", value) for value in (start, stop, step) if value is not None]
    kind = array_type("arange", dtype, _type_of(ends))
    begin, end = (0, start) if stop is None else (start, stop)
    return np.arange(_number("arange", begin), _number("arange", end), step or 1).astype(kind)


def _number(who: str, value: Any) -> Any:
    if isinstance(value, (RowCount, Tensor)):
        return operator.index(value)
    if np.ndim(value) or np.asarray(value).dtype.kind not in "fiu":
        raise TypeError(f"{who}: needs numbers; got {value!r}")
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
    from lamina.ops.core import cast
    from lamina.ops.shaping import expand_dims, moveaxis

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
    """Return powers of a base with evenly spaced exponents."""
    from lamina.ops.core import cast

    y = float(base) ** linspace(start, stop, num, endpoint, axis=axis)
    return y if dtype is None else cast(y, dtype)


@operation
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    """Return positive numbers with a constant ratio of neighbours."""
    from lamina.ops.core import cast
    from lamina.ops.exponentials import exp, log

    y = exp(linspace(log(given(start)), log(given(stop)), num, endpoint, axis=axis))
    return y if dtype is None else cast(y, dtype)


# --- matrices


def _matrix(who: str, N: Any, M: Any, k: Any) -> tuple[int, int, int]:
    """Return the rows and the columns of a matrix, and one of its diagonals."""
    rows = integer(who, "N", N, 0)
    return rows, rows if M is None else integer(who, "M", M, 0), integer(who, "k", k)


@answering_calls
def eye(N: int, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    """Return a matrix with ones on its k-th diagonal.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.eye(2)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    return np.eye(*_matrix("eye", N, M, k), dtype=array_type("eye", dtype))


@answering_calls
def identity(n: int, dtype: Any = None) -> Any:
    """Return the identity matrix."""
    return np.eye(integer("identity", "n", n, 0), dtype=array_type("identity", dtype))


@answering_calls
def tri(N: int, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    """Return a matrix with ones on and below its k-th diagonal."""
    return np.tri(*_matrix("tri", N, M, k), dtype=array_type("tri", dtype))


@operation
def tril(x: Any, k: int = 0) -> Any:
    """Return the matrices in the last two axes with zeros above the k-th diagonal."""
    return _triangle("tril", x, k)


@operation
def triu(x: Any, k: int = 0) -> Any:
    """Return the matrices in the last two axes with zeros below the k-th diagonal."""
    return _triangle("triu", x, k)


def _triangle(who: str, x: Any, k: int) -> Any:
    from lamina._tensors.given import all_rows
    from lamina.ops._axes import shown

    x = given(x)
    if x.ndim < 2:
        raise ValueError(f"{who}: needs at least two axes; got shape {shown(x)}")
    k = integer(who, "k", k)
    x = all_rows(x) if x.ndim == 2 else x
    lower = np.tri(x.shape[-2], x.shape[-1], k if who == "tril" else k - 1, dtype=bool)
    zero = False if x.dtype == "bool" else 0
    return where(lower if who == "tril" else ~lower, x, zero)


@operation
def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    """Return the powers of a vector's elements as columns."""
    from lamina.ops.arithmetic import power
    from lamina.ops.shaping import expand_dims

    x = given(x)
    exponents = np.arange(x.shape[0] if N is None else integer("vander", "N", N, 0))
    return power(expand_dims(x, -1), exponents if increasing else exponents[::-1].copy())


# --- windows of signals


def _window(who: str, x: Any, make: Any) -> Any:
    return np.asarray(make(integer(who, "x", x)), "float32")


def bartlett(x: int) -> Any:
    """Return a triangular window with x elements."""
    return _window("bartlett", x, np.bartlett)


def blackman(x: int) -> Any:
    """Return a Blackman window with x elements."""
    return _window("blackman", x, np.blackman)


def hamming(x: int) -> Any:
    """Return a Hamming window with x elements."""
    return _window("hamming", x, np.hamming)


def hanning(x: int) -> Any:
    """Return a Hann window with x elements."""
    return _window("hanning", x, np.hanning)


def kaiser(x: int, beta: float) -> Any:
    """Return a Kaiser window with x elements."""
    return _window("kaiser", x, lambda n: np.kaiser(n, number("kaiser", "beta", beta)))
