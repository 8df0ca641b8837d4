"""Tensors made from known numbers: arrays, or tensors with rows if the shape has them."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from lamina._calls import answering_calls
from lamina._tensors.dataflow import mappable
from lamina._tensors.dispatch import operation
from lamina._tensors.given import array_of, each_row, given
from lamina._tensors.recording import NeedsRows, Recording, RowCount, Rows, unread
from lamina._tensors.tensor import Tensor
from lamina.ops._elements import converted
from lamina.ops._types import array_type, kind_named
from lamina.ops.shaping import broadcast_to

__all__ = [
    "empty",
    "empty_like",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


@mappable
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


@mappable
@answering_calls
def ones(shape: Any, dtype: Any = None) -> Any:
    """Return ones.

    Parameters
    ----------
    shape : int or tuple of int
        As in ``zeros``.
    dtype : str, optional
        By default "float32".

    Examples
    --------
    >>> from lamina import ops
    >>> ops.ones((2, 2), "int32")
    array([[1, 1],
           [1, 1]], dtype=int32)
    """
    return _filled("ones", shape, 1, dtype)


@mappable
@answering_calls
def empty(shape: Any, dtype: Any = None) -> Any:
    """Return zeros: memory is never uninitialised.

    Parameters
    ----------
    shape : int or tuple of int
        As in ``zeros``.
    dtype : str, optional
        By default "float32".

    Examples
    --------
    >>> from lamina import ops
    >>> ops.empty((2, 0)).shape
    (2, 0)
    >>> ops.empty(2)
    array([0., 0.], dtype=float32)
    """
    return _filled("empty", shape, 0, dtype)


@mappable
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

    Examples
    --------
    >>> from lamina import ops
    >>> ops.full((2, 3), [1, 2, 3])
    array([[1., 2., 3.],
           [1., 2., 3.]], dtype=float32)
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
        row = _repeated(who, tuple(sizes[1:]), value, kind)
        return each_row(given(row, kind_named(who, kind)))
    return _repeated(who, tuple(sizes), value, kind)


def _repeated(who: str, sizes: tuple[int, ...], value: Any, kind: str) -> Any:
    rule = f"{who}: fill_value must be numbers that broadcast to {sizes}; got {value!r:.100}"
    if array_of(who, value).dtype.kind not in "fiub":
        raise TypeError(rule)
    try:
        if unread(sizes):
            return broadcast_to(given(np.asarray(value).astype(kind)), sizes)
        return np.full(sizes, value, kind)
    except ValueError:
        raise ValueError(rule) from None


def _sizes(who: str, shape: Any) -> list[Any]:
    several = hasattr(shape, "__iter__") and getattr(shape, "ndim", 1) > 0
    unordered = isinstance(shape, (str, bytes, Mapping, Set))
    listed = list(shape) if several and not unordered else [shape]
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
    """Return zeros with the shape, including rows, and the type of x.

    Parameters
    ----------
    x : tensor or array_like
    dtype : str, optional
        Another type.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.zeros_like([1, 2, 3])
    array([0, 0, 0], dtype=int32)
    >>> ops.zeros_like([1, 2, 3], "float32")
    array([0., 0., 0.], dtype=float32)
    """
    return _like("zeros_like", x, 0, dtype)


@operation
def ones_like(x: Any, dtype: Any = None) -> Any:
    """Return ones with the shape, including rows, and the type of x.

    Parameters
    ----------
    x : tensor or array_like
    dtype : str, optional
        Another type.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.ones_like([[1.5, 2.5]])
    array([[1., 1.]], dtype=float32)
    """
    return _like("ones_like", x, 1, dtype)


@operation
def empty_like(x: Any, dtype: Any = None) -> Any:
    """Return zeros with the shape, including rows, and the type of x.

    Parameters
    ----------
    x : tensor or array_like
    dtype : str, optional
        Another type.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.empty_like([True, True])
    array([False, False])
    """
    return _like("empty_like", x, 0, dtype)


@operation
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Any:
    """Return a value repeated in the shape, including rows, and the type of x.

    Parameters
    ----------
    x : tensor or array_like
    fill_value : float, tensor or array_like
        It broadcasts to the shape of x.
    dtype : str, optional
        Another type.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.full_like([1, 2], 7)
    array([7, 7], dtype=int32)
    >>> ops.full_like([1, 2], 0.5, "float32")
    array([0.5, 0.5], dtype=float32)
    """
    return _like("full_like", x, fill_value, dtype)


def _like(who: str, x: Any, value: Any, dtype: Any) -> Tensor:
    x = given(x)
    kind = kind_named(who, x.dtype if dtype is None else dtype)
    if isinstance(value, Tensor):
        return converted(broadcast_to(value, x.shape), kind)
    row = _repeated(who, tuple(x.value.shape), value, "float64" if kind == "float" else kind)
    filled = given(row)
    return each_row(filled) if x.rows else filled
