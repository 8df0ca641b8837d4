"""Identity matrices, triangles of matrices, and the powers of a vector."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._calls import answering_calls
from lamina._tensors.dataflow import mappable
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given
from lamina.ops._axes import shown
from lamina.ops._numbers import integer
from lamina.ops._types import array_type
from lamina.ops.arithmetic import power
from lamina.ops.comparisons import where
from lamina.ops.shaping import expand_dims

__all__ = [
    "eye",
    "identity",
    "tri",
    "tril",
    "triu",
    "vander",
]


def _matrix(who: str, N: Any, M: Any, k: Any) -> tuple[int, int, int]:
    """Return the rows and the columns of a matrix, and one of its diagonals."""
    rows = integer(who, "N", N, 0)
    return rows, rows if M is None else integer(who, "M", M, 0), integer(who, "k", k)


@mappable
@answering_calls
def eye(N: int, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    """Return a matrix with ones on its k-th diagonal.

    Parameters
    ----------
    N : int
        Number of rows.
    M : int, optional
        Number of columns, by default N.
    k : int, default 0
        Above the main diagonal, or below if negative.
    dtype : str, optional
        By default "float32".

    Examples
    --------
    >>> from lamina import ops
    >>> ops.eye(2)
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    return np.eye(*_matrix("eye", N, M, k), dtype=array_type("eye", dtype))


@mappable
@answering_calls
def identity(n: int, dtype: Any = None) -> Any:
    """Return the identity matrix.

    Parameters
    ----------
    n : int
        Number of rows and of columns.
    dtype : str, optional
        By default "float32".

    Examples
    --------
    >>> from lamina import ops
    >>> ops.identity(2, "int32")
    array([[1, 0],
           [0, 1]], dtype=int32)
    """
    return np.eye(integer("identity", "n", n, 0), dtype=array_type("identity", dtype))


@mappable
@answering_calls
def tri(N: int, M: Any = None, k: int = 0, dtype: Any = None) -> Any:
    """Return a matrix with ones on and below its k-th diagonal.

    Parameters
    ----------
    N : int
        Number of rows.
    M : int, optional
        Number of columns, by default N.
    k : int, default 0
        Above the main diagonal, or below if negative.
    dtype : str, optional
        By default "float32".

    Examples
    --------
    >>> from lamina import ops
    >>> ops.tri(2, 3, dtype="int32")
    array([[1, 0, 0],
           [1, 1, 0]], dtype=int32)
    >>> ops.tri(2, 3, -1)
    array([[0., 0., 0.],
           [1., 0., 0.]], dtype=float32)
    """
    return np.tri(*_matrix("tri", N, M, k), dtype=array_type("tri", dtype))


@operation
def tril(x: Any, k: int = 0) -> Any:
    """Return the matrices in the last two axes with zeros above the k-th diagonal.

    Parameters
    ----------
    x : tensor or array_like, shape (..., m, n)
    k : int, default 0
        Above the main diagonal, or below if negative.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.tril([[1, 2], [3, 4]])
    array([[1, 0],
           [3, 4]], dtype=int32)
    """
    return _triangle("tril", x, k)


@operation
def triu(x: Any, k: int = 0) -> Any:
    """Return the matrices in the last two axes with zeros below the k-th diagonal.

    Parameters
    ----------
    x : tensor or array_like, shape (..., m, n)
    k : int, default 0
        Above the main diagonal, or below if negative.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.triu([[1, 2], [3, 4]], k=1)
    array([[0, 2],
           [0, 0]], dtype=int32)
    """
    return _triangle("triu", x, k)


def _triangle(who: str, x: Any, k: int) -> Any:
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
    """Return the powers of a vector's elements as columns.

    Parameters
    ----------
    x : tensor or array_like, shape (n,)
    N : int, optional
        Number of columns, by default n.
    increasing : bool, default False
        Whether the powers ascend from 0.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.vander([1, 2, 3])
    array([[1, 1, 1],
           [4, 2, 1],
           [9, 3, 1]], dtype=int32)
    >>> ops.vander([1, 2, 3], 2, increasing=True)
    array([[1, 1],
           [1, 2],
           [1, 3]], dtype=int32)
    """
    x = given(x)
    exponents = np.arange(x.shape[0] if N is None else integer("vander", "N", N, 0))
    return power(expand_dims(x, -1), exponents if increasing else exponents[::-1].copy())
