"""Matrix factorisations: Cholesky, QR, eigenvalues, singular values, LU.

Gradients follow Murray 2016 (Cholesky) and Seeger and others 2017 (QR, eigenvalues).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina._check import choice
from lamina._tensors.dispatch import operation
from lamina.ops._elements import converted
from lamina.ops._matrices import called, matrices, square, symmetric, transposed

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "eigh",
    "lu_factor",
    "qr",
    "svd",
]


@operation
def cholesky(x: Any, upper: bool = False) -> Any:
    """Return the triangular factors of symmetric positive matrices: L with x = L L^T.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n, n)
        Only their symmetric part is used.
    upper : bool, default False
        Whether to return L^T.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.cholesky([[4.0, 2.0], [2.0, 5.0]])
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    x = square("cholesky", x)

    def forward(a: Any) -> Any:
        factor = np.linalg.cholesky(symmetric(a))
        return transposed(factor) if upper else factor

    def backward(dy: Any, a: Any) -> Any:
        factor = np.linalg.cholesky(symmetric(a))
        given_now = transposed(dy[0]) if upper else dy[0]
        inner = np.tril(transposed(factor) @ np.tril(given_now))
        inner = inner - 0.5 * _diagonal(inner)
        inverse = np.linalg.inv(factor)
        return symmetric(transposed(inverse) @ inner @ inverse)

    return called("cholesky", [x], [x.value.shape], forward, backward)[0]


@operation
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """Return the inverses of L L^T, or of U^T U, given the triangular factors.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n, n)
    upper : bool, default False
        Whether the factors are upper triangular, U.

    Raises
    ------
    ValueError
        If a matrix is singular, or not square.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.cholesky_inverse([[2.0, 0.0], [0.0, 0.5]])
    array([[0.25, 0.  ],
           [0.  , 4.  ]], dtype=float32)
    """
    x = square("cholesky_inverse", x)

    def forward(a: Any) -> Any:
        return np.linalg.inv(transposed(a) @ a if upper else a @ transposed(a))

    def backward(dy: Any, a: Any) -> Any:
        y = forward(a)
        inner = -y @ (dy[0] + transposed(dy[0])) @ y
        return a @ inner if upper else inner @ a

    return called("cholesky_inverse", [x], [x.value.shape], forward, backward)[0]


@operation
def qr(x: Any, mode: str = "reduced") -> Any:
    """Return orthonormal columns Q and an upper triangular R with ``x = Q R``.

    Parameters
    ----------
    x : tensor or array_like, shape (..., m, n)
    mode : {"reduced", "complete"}, default "reduced"
        Whether Q has min(m, n) columns, or m.  The reduced form has a gradient if m >= n.

    Examples
    --------
    >>> from lamina import ops
    >>> q, r = ops.qr([[3.0, 1.0], [4.0, 2.0], [0.0, 0.0]])
    >>> q.shape, r.shape
    ((3, 2), (2, 2))
    >>> (q @ r).round(4)
    array([[3., 1.],
           [4., 2.],
           [0., 0.]], dtype=float32)
    """
    choice("qr", "mode", mode, ("reduced", "complete"))
    x = matrices("qr", x)
    *lead, m, n = x.value.shape
    k = min(m, n) if mode == "reduced" else m

    def backward(dy: Any, a: Any) -> Any:
        q, r = np.linalg.qr(a)
        inner = r @ transposed(dy[1]) - transposed(dy[0]) @ q
        inner = np.tril(inner) + transposed(np.tril(inner, -1))
        return np.linalg.solve(r, transposed(dy[0] + q @ inner)).swapaxes(-1, -2)

    shapes = [(*lead, m, k), (*lead, k, n)]
    has = mode == "reduced" and m >= n
    kind: Any = mode

    def forward(a: Any) -> Any:
        return tuple(np.linalg.qr(a, kind))

    return tuple(called("qr", [x], shapes, forward, backward if has else None))


@operation
def eigh(x: Any) -> Any:
    """Return the eigenvalues of symmetric matrices, ascending, and their vectors as columns.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n, n)
        Only their symmetric part is used.

    Examples
    --------
    >>> from lamina import ops
    >>> values, vectors = ops.eigh([[2.0, 1.0], [1.0, 2.0]])
    >>> values.round(4)
    array([1., 3.], dtype=float32)
    """
    x = square("eigh", x)

    def forward(a: Any) -> Any:
        return tuple(np.linalg.eigh(symmetric(a)))

    def backward(dy: Any, a: Any) -> Any:
        values, vectors = forward(a)
        apart = values[..., None, :] - values[..., :, None]
        with np.errstate(divide="ignore"):
            factor = np.where(apart == 0, 0.0, 1.0 / apart)
        inner = factor * (transposed(vectors) @ dy[1]) + dy[0][..., None] * np.eye(values.shape[-1])
        return symmetric(vectors @ inner @ transposed(vectors))

    shape = x.value.shape
    return tuple(called("eigh", [x], [shape[:-1], shape], forward, backward))


@operation
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Return the singular value decomposition: U, the singular values and V^T.

    Parameters
    ----------
    x : tensor or array_like, shape (..., m, n)
    full_matrices : bool, default True
        Whether U and V^T are square.
    compute_uv : bool, default True
        Whether to return U and V^T, or only the singular values, which have a gradient.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.svd([[3.0, 0.0], [0.0, -2.0]], compute_uv=False)
    array([3., 2.], dtype=float32)
    >>> [part.shape for part in ops.svd(ops.ones((2, 3)), full_matrices=False)]
    [(2, 2), (2,), (2, 3)]
    """
    x = matrices("svd", x)
    *lead, m, n = x.value.shape
    k = min(m, n)
    if not compute_uv:

        def backward(dy: Any, a: Any) -> Any:
            u, _, vt = np.linalg.svd(a, full_matrices=False)
            return (u * dy[0][..., None, :]) @ vt

        def values(a: Any) -> Any:
            return np.linalg.svd(a, compute_uv=False)

        return called("svd", [x], [(*lead, k)], values, backward)[0]
    rows, columns = (m, n) if full_matrices else (k, k)
    shapes = [(*lead, m, rows), (*lead, k), (*lead, columns, n)]
    return tuple(
        called("svd", [x], shapes, lambda a: np.linalg.svd(a, full_matrices=full_matrices))
    )


@operation
def lu_factor(x: Any) -> Any:
    """Return L and U of square matrices in one matrix, and the row exchanges.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n, n)

    Returns
    -------
    lu : tensor or array, shape (..., n, n)
        U, and below its diagonal L, whose diagonal is 1.
    pivots : tensor or array of int32, shape (..., n)
        Row i was exchanged with row pivots[i].

    Examples
    --------
    >>> from lamina import ops
    >>> lu, pivots = ops.lu_factor([[1.0, 2.0], [4.0, 6.0]])
    >>> lu
    array([[4.  , 6.  ],
           [0.25, 0.5 ]], dtype=float32)
    >>> pivots
    array([1, 1], dtype=int32)
    """
    x = square("lu_factor", x)
    shape = x.value.shape
    lu, pivots = called("lu_factor", [x], [shape, shape[:-1]], _factored)
    return lu, converted(pivots, "int32")


def _factored(a: Any) -> Any:
    n = a.shape[-1]
    lu = a.reshape(-1, n, n).copy()
    pivots = np.empty((len(lu), n), a.dtype)
    for matrix, swapped in zip(lu, pivots, strict=True):
        for i in range(n):
            p = i + int(np.argmax(np.abs(matrix[i:, i])))
            swapped[i] = p
            matrix[[i, p]] = matrix[[p, i]]
            if matrix[i, i] != 0:
                matrix[i + 1 :, i] /= matrix[i, i]
            matrix[i + 1 :, i + 1 :] -= np.outer(matrix[i + 1 :, i], matrix[i, i + 1 :])
    return lu.reshape(a.shape), pivots.reshape(a.shape[:-1])


def _diagonal(x: Any) -> Any:
    return x * np.eye(x.shape[-1], dtype=x.dtype)
