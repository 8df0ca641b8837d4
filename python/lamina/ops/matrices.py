"""Inverses, determinants and solutions of linear equations (gradients: Giles 2008)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given
from lamina.ops._axes import shown
from lamina.ops._elements import converted, floats
from lamina.ops._matrices import alike, called, matrices, square, symmetric, transposed
from lamina.ops._numbers import real
from lamina.ops.products import matmul
from lamina.ops.shaping import expand_dims, squeeze

__all__ = [
    "det",
    "inv",
    "logdet",
    "lstsq",
    "matrix_rank",
    "pinv",
    "slogdet",
    "solve",
    "solve_triangular",
]


@operation
def inv(x: Any) -> Any:
    """Return the inverses of square matrices.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n, n)

    Raises
    ------
    ValueError
        If a matrix is singular, or not square.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.inv([[2.0, 0.0], [0.0, 4.0]])
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    x = square("inv", x)

    def backward(dy: Any, a: Any) -> Any:
        y = np.linalg.inv(a)
        return -transposed(y) @ dy[0] @ transposed(y)

    return called("inv", [x], [x.value.shape], np.linalg.inv, backward)[0]


@operation
def det(x: Any) -> Any:
    """Return the determinants of square matrices, shape (...).

    Examples
    --------
    >>> from lamina import ops
    >>> ops.det([[[1.0, 2.0], [3.0, 4.0]]]).round(4)
    array([-2.], dtype=float32)
    """
    x = square("det", x)

    def backward(dy: Any, a: Any) -> Any:
        return (dy[0] * np.linalg.det(a))[..., None, None] * transposed(np.linalg.inv(a))

    return called("det", [x], [x.value.shape[:-2]], np.linalg.det, backward)[0]


@operation
def slogdet(x: Any) -> Any:
    """Return the signs of determinants, and the logarithms of their absolute values.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n, n)

    Returns
    -------
    sign, logarithm : tensor or array, shape (...)
        0 and -inf for singular matrices.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import ops
    >>> sign, logarithm = ops.slogdet([[[1.0, 2.0], [3.0, 4.0]]])
    >>> (sign * np.exp(logarithm)).round(4)
    array([-2.], dtype=float32)
    """
    x = square("slogdet", x)

    def backward(dy: Any, a: Any) -> Any:
        return dy[1][..., None, None] * transposed(np.linalg.inv(a))

    shape = x.value.shape[:-2]
    return tuple(called("slogdet", [x], [shape, shape], np.linalg.slogdet, backward))


@operation
def logdet(x: Any) -> Any:
    """Return the logarithms of the determinants of symmetric positive matrices, shape (...).

    Parameters
    ----------
    x : tensor or array_like, shape (..., n, n)
        Only their symmetric part is used.

    Raises
    ------
    ValueError
        If a matrix is not positive definite, or not square.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.logdet([[[2.0, 0.0], [0.0, 4.0]]]).round(4)
    array([2.0794], dtype=float32)
    """
    x = square("logdet", x)

    def forward(a: Any) -> Any:
        factor = np.linalg.cholesky(symmetric(a))
        return 2.0 * np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(-1)

    def backward(dy: Any, a: Any) -> Any:
        return dy[0][..., None, None] * np.linalg.inv(symmetric(a))

    return called("logdet", [x], [x.value.shape[:-2]], forward, backward)[0]


@operation
def solve(a: Any, b: Any) -> Any:
    """Return x of ``a x = b``.

    Parameters
    ----------
    a : tensor or array_like, shape (..., n, n)
    b : tensor or array_like, shape (..., n) or (..., n, k)
        With one axis fewer than a: vectors.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])
    array([1. , 0.5], dtype=float32)
    """
    return _solution("solve", a, b, lambda m: m)


@operation
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Any:
    """Return x of ``a x = b`` for triangular matrices.

    Parameters
    ----------
    a : tensor or array_like, shape (..., n, n)
    b : tensor or array_like, shape (..., n) or (..., n, k)
    lower : bool, default False
        Which triangle of a is used.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.solve_triangular([[2.0, 1.0], [9.0, 4.0]], [4.0, 8.0])
    array([1., 2.], dtype=float32)
    >>> ops.solve_triangular([[2.0, 9.0], [1.0, 4.0]], [4.0, 8.0], lower=True)
    array([2. , 1.5], dtype=float32)
    """
    return _solution("solve_triangular", a, b, np.tril if lower else np.triu)


def _solution(who: str, a: Any, b: Any, kept: Callable[[Any], Any]) -> Any:
    a = square(who, a)
    b = floats(given(b))
    vectors = b.ndim == a.ndim - 1
    if b.ndim not in (a.ndim, a.ndim - 1) or b.shape[a.ndim - 2] != a.shape[-1]:
        raise ValueError(
            f"{who}: b must have shape (..., n) or (..., n, k) for a of (..., n, n); got "
            f"{shown(a)} and {shown(b)}"
        )
    b = expand_dims(b, -1) if vectors else b
    a, b = alike([a, b])

    def forward(m: Any, v: Any) -> Any:
        return np.linalg.solve(kept(m), v)

    def backward(dy: Any, m: Any, v: Any) -> Any:
        db = np.linalg.solve(transposed(kept(m)), dy[0])
        return kept(-db @ transposed(forward(m, v))), db

    (y,) = called(who, [a, b], [b.value.shape], forward, backward)
    return squeeze(y, -1) if vectors else y


@operation
def pinv(x: Any, rcond: Any = None) -> Any:
    """Return the Moore-Penrose pseudo-inverses of matrices, shape (..., n, m).

    Parameters
    ----------
    x : tensor or array_like, shape (..., m, n)
    rcond : float, optional
        Singular values up to this share of the largest are treated as 0; ``max(m, n)`` times the
        precision of the dtype if not given.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.pinv([[2.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    array([[0.5, 0. , 0. ],
           [0. , 0. , 0. ]], dtype=float32)
    """
    x, rcond = matrices("pinv", x), None if rcond is None else real("pinv", "rcond", rcond)
    *lead, m, n = x.value.shape

    def forward(a: Any) -> Any:
        limit = max(m, n) * np.finfo(a.dtype).eps if rcond is None else rcond
        return np.linalg.pinv(a, limit)

    def backward(dy: Any, a: Any) -> Any:
        # Golub and Pereyra 1973, for constant rank.
        y, d = forward(a), transposed(dy[0])
        left, right = np.eye(m) - a @ y, np.eye(n) - y @ a
        made = -transposed(y) @ transposed(d) @ transposed(y)
        return made + left @ d @ y @ transposed(y) + transposed(y) @ y @ d @ right

    return called("pinv", [x], [(*lead, n, m)], forward, backward)[0]


@operation
def matrix_rank(x: Any, tol: Any = None) -> Any:
    """Return the number of singular values of matrices above ``tol``, int32.

    Parameters
    ----------
    x : tensor or array_like, shape (..., m, n)
    tol : float, optional
        By default ``max(m, n)`` times the largest singular value times the dtype's precision.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    array(1, dtype=int32)
    """
    x, tol = matrices("matrix_rank", x), None if tol is None else real("matrix_rank", "tol", tol)

    def forward(a: Any) -> Any:
        return np.asarray(np.linalg.matrix_rank(a, tol), a.dtype)

    return converted(called("matrix_rank", [x], [x.value.shape[:-2]], forward)[0], "int32")


@operation
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """Return the x that minimises the sum of squares of ``a x - b``.

    Parameters
    ----------
    a : tensor or array_like, shape (m, n)
    b : tensor or array_like, shape (m,) or (m, k)
    rcond : float, optional
        Singular values up to this share of the largest are treated as 0; ``max(m, n)`` times the
        precision of the dtype if not given.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 3.0, 5.0]).round(4)
    array([1., 2.], dtype=float32)
    """
    a, b = (all_rows(floats(given(each))) for each in (a, b))
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        raise ValueError(
            f"lstsq: needs a of (m, n) and b of (m,) or (m, k); got {shown(a)} and {shown(b)}"
        )
    return matmul(pinv(a, None if rcond is None else real("lstsq", "rcond", rcond)), b)
