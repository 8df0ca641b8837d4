"""Linear algebra: factors, inverses, determinants and solutions, by NumPy's LAPACK.

Matrices stand in the last two axes.  Within a model NumPy is called for each batch; where there is
a formula for the gradient, it is that of the exact result (Giles 2008; Murray 2016; Seeger 2017).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, by_rows, each_row, given
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._elements import converted, elementwise, floats
from lamina.ops.joining import part
from lamina.ops.shaping import expand_dims, reshape, squeeze

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "det",
    "eigh",
    "inv",
    "logdet",
    "lstsq",
    "lu_factor",
    "matrix_rank",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
]

Shape = tuple[int, ...]


def _t(x: Any) -> Any:
    return np.swapaxes(x, -1, -2)


def _even(x: Any) -> Any:
    return 0.5 * (x + _t(x))


@operation
def inv(x: Any) -> Any:
    """Return the inverses of square matrices.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n, n)

    Raises
    ------
    ValueError
        A matrix that is singular, or not square.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.inv([[2.0, 0.0], [0.0, 4.0]])
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    (x,) = _square("inv", x)

    def backward(dy: Any, a: Any) -> Any:
        y = np.linalg.inv(a)
        return -_t(y) @ dy[0] @ _t(y)

    return called("inv", [x], [x.value.shape], np.linalg.inv, backward)[0]


@operation
def det(x: Any) -> Any:
    """Return the determinants of square matrices, shape (...)."""
    (x,) = _square("det", x)

    def backward(dy: Any, a: Any) -> Any:
        return (dy[0] * np.linalg.det(a))[..., None, None] * _t(np.linalg.inv(a))

    return called("det", [x], [x.value.shape[:-2]], np.linalg.det, backward)[0]


@operation
def slogdet(x: Any) -> Any:
    """Return the signs of determinants, and the logarithms of their absolute values."""
    (x,) = _square("slogdet", x)

    def backward(dy: Any, a: Any) -> Any:
        return dy[1][..., None, None] * _t(np.linalg.inv(a))

    shape = x.value.shape[:-2]
    return tuple(called("slogdet", [x], [shape, shape], np.linalg.slogdet, backward))


@operation
def logdet(x: Any) -> Any:
    """Return the logarithms of the determinants of symmetric positive matrices."""
    (x,) = _square("logdet", x)

    def forward(a: Any) -> Any:
        return 2.0 * np.log(np.diagonal(np.linalg.cholesky(_even(a)), axis1=-2, axis2=-1)).sum(-1)

    def backward(dy: Any, a: Any) -> Any:
        return dy[0][..., None, None] * np.linalg.inv(_even(a))

    return called("logdet", [x], [x.value.shape[:-2]], forward, backward)[0]


@operation
def cholesky(x: Any, upper: bool = False) -> Any:
    """Return the triangular factors of symmetric positive matrices: L of L L^T.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n, n)
        What is not symmetric in them is left out.
    upper : bool, default False
        Whether L^T is returned.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.cholesky([[4.0, 2.0], [2.0, 5.0]])
    array([[2., 0.],
           [1., 2.]], dtype=float32)
    """
    (x,) = _square("cholesky", x)

    def forward(a: Any) -> Any:
        factor = np.linalg.cholesky(_even(a))
        return _t(factor) if upper else factor

    def backward(dy: Any, a: Any) -> Any:
        factor = np.linalg.cholesky(_even(a))
        given_now = _t(dy[0]) if upper else dy[0]
        inner = np.tril(_t(factor) @ np.tril(given_now))
        inner = inner - 0.5 * _diagonal(inner)
        inverse = np.linalg.inv(factor)
        return _even(_t(inverse) @ inner @ inverse)

    return called("cholesky", [x], [x.value.shape], forward, backward)[0]


@operation
def cholesky_inverse(x: Any, upper: bool = False) -> Any:
    """Return the inverses of L L^T, or of U^T U, for triangular factors."""
    (x,) = _square("cholesky_inverse", x)

    def forward(a: Any) -> Any:
        return np.linalg.inv(_t(a) @ a if upper else a @ _t(a))

    def backward(dy: Any, a: Any) -> Any:
        y = forward(a)
        inner = -y @ (dy[0] + _t(dy[0])) @ y
        return a @ inner if upper else inner @ a

    return called("cholesky_inverse", [x], [x.value.shape], forward, backward)[0]


@operation
def solve(a: Any, b: Any) -> Any:
    """Return x of ``a x = b``.

    Parameters
    ----------
    a : tensor or array_like, shape (..., n, n)
    b : tensor or array_like, shape (..., n) or (..., n, k)
        Of one axis fewer than a: vectors.

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
        Which triangle of a counts.
    """
    return _solution("solve_triangular", a, b, np.tril if lower else np.triu)


def _solution(who: str, a: Any, b: Any, kept: Callable[[Any], Any]) -> Any:
    (a,) = _square(who, a)
    b = floats(given(b))
    vectors = b.ndim == a.ndim - 1
    if b.ndim not in (a.ndim, a.ndim - 1) or b.shape[a.ndim - 2] != a.shape[-1]:
        raise ValueError(
            f"{who}: b must have shape (..., n) or (..., n, k) for a of (..., n, n); got "
            f"{shown(a)} and {shown(b)}"
        )
    b = expand_dims(b, -1) if vectors else b
    a, b = _alike([a, b])

    def forward(m: Any, v: Any) -> Any:
        return np.linalg.solve(kept(m), v)

    def backward(dy: Any, m: Any, v: Any) -> Any:
        db = np.linalg.solve(_t(kept(m)), dy[0])
        return kept(-db @ _t(forward(m, v))), db

    (y,) = called(who, [a, b], [b.value.shape], forward, backward)
    return squeeze(y, -1) if vectors else y


@operation
def qr(x: Any, mode: str = "reduced") -> Any:
    """Return orthonormal columns Q and an upper triangle R with ``x = Q R``.

    Parameters
    ----------
    x : tensor or array_like, shape (..., m, n)
    mode : {"reduced", "complete"}, default "reduced"
        Whether Q has min(m, n) columns, or m.  A reduced one has a gradient where m >= n.
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: mode must be 'reduced' or 'complete'; got {mode!r}")
    x = _matrices("qr", x)
    *lead, m, n = x.value.shape
    k = min(m, n) if mode == "reduced" else m

    def backward(dy: Any, a: Any) -> Any:
        q, r = np.linalg.qr(a)
        inner = r @ _t(dy[1]) - _t(dy[0]) @ q
        inner = np.tril(inner) + _t(np.tril(inner, -1))
        return np.linalg.solve(r, _t(dy[0] + q @ inner)).swapaxes(-1, -2)

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
        What is not symmetric in them is left out.
    """
    (x,) = _square("eigh", x)

    def forward(a: Any) -> Any:
        return tuple(np.linalg.eigh(_even(a)))

    def backward(dy: Any, a: Any) -> Any:
        values, vectors = forward(a)
        apart = values[..., None, :] - values[..., :, None]
        with np.errstate(divide="ignore"):
            factor = np.where(apart == 0, 0.0, 1.0 / apart)
        inner = factor * (_t(vectors) @ dy[1]) + dy[0][..., None] * np.eye(values.shape[-1])
        return _even(vectors @ inner @ _t(vectors))

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
        Whether there are U and V^T, or the singular values alone, which have a gradient.
    """
    x = _matrices("svd", x)
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
def pinv(x: Any, rcond: Any = None) -> Any:
    """Return the pseudo-inverses of matrices (Moore and Penrose), shape (..., n, m).

    Parameters
    ----------
    x : tensor or array_like, shape (..., m, n)
    rcond : float, optional
        Singular values up to this share of the largest count as 0; ``max(m, n)`` times the
        precision of the dtype if not given.
    """
    x = _matrices("pinv", x)
    *lead, m, n = x.value.shape

    def forward(a: Any) -> Any:
        limit = max(m, n) * np.finfo(a.dtype).eps if rcond is None else rcond
        return np.linalg.pinv(a, limit)

    def backward(dy: Any, a: Any) -> Any:
        # Golub and Pereyra 1973, of constant rank.
        y, d = forward(a), _t(dy[0])
        left, right = np.eye(m) - a @ y, np.eye(n) - y @ a
        made = -_t(y) @ _t(d) @ _t(y)
        return made + left @ d @ y @ _t(y) + _t(y) @ y @ d @ right

    return called("pinv", [x], [(*lead, n, m)], forward, backward)[0]


@operation
def matrix_rank(x: Any, tol: Any = None) -> Any:
    """Return how many singular values of matrices exceed ``tol``, int32.

    Parameters
    ----------
    x : tensor or array_like, shape (..., m, n)
    tol : float, optional
        ``max(m, n)`` times the largest singular value times the dtype's precision if not given.
    """
    x = _matrices("matrix_rank", x)

    def forward(a: Any) -> Any:
        return np.asarray(np.linalg.matrix_rank(a, tol), a.dtype)

    return converted(called("matrix_rank", [x], [x.value.shape[:-2]], forward)[0], "int32")


@operation
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """Return x that makes the sum of squares of ``a x - b`` least.

    Parameters
    ----------
    a : tensor or array_like, shape (m, n)
    b : tensor or array_like, shape (m,) or (m, k)
    rcond : float, optional
        Singular values up to this share of the largest count as 0; ``max(m, n)`` times the
        precision of the dtype if not given.
    """
    a, b = (all_rows(floats(given(each))) for each in (a, b))
    if a.ndim != 2 or b.ndim not in (1, 2) or a.shape[0] != b.shape[0]:
        raise ValueError(
            f"lstsq: needs a of (m, n) and b of (m,) or (m, k); got {shown(a)} and {shown(b)}"
        )
    return _least_squares(a, b, rcond)


def _least_squares(a: Tensor, b: Tensor, rcond: Any) -> Any:
    from lamina.ops.products import matmul

    return matmul(pinv(a, rcond), b)


@operation
def lu_factor(x: Any) -> Any:
    """Return L and U of square matrices in one matrix, and which rows changed places.

    Parameters
    ----------
    x : tensor or array_like, shape (..., n, n)

    Returns
    -------
    lu : tensor or array, shape (..., n, n)
        U, and below its diagonal L, whose diagonal is 1.
    pivots : tensor or array of int32, shape (..., n)
        Row i changed places with row pivots[i].
    """
    (x,) = _square("lu_factor", x)
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


# --- pieces


def _diagonal(x: Any) -> Any:
    return x * np.eye(x.shape[-1], dtype=x.dtype)


def _matrices(who: str, x: Any) -> Tensor:
    x = floats(given(x))
    if x.ndim < 2:
        raise ValueError(f"{who}: needs matrices; got {shown(x)}")
    return all_rows(x) if x.rows and x.ndim == 2 else x


def _square(who: str, x: Any) -> list[Tensor]:
    x = _matrices(who, x)
    if x.value.shape[-1] != x.value.shape[-2]:
        raise ValueError(f"{who}: matrices must be square; got {shown(x)}")
    return [x]


def _alike(tensors: Sequence[Tensor]) -> list[Tensor]:
    """Return tensors that all have rows, or none."""
    if not any(t.rows for t in tensors) or all(t.rows for t in tensors):
        return list(tensors)
    if any(t.rows and t.ndim == 2 for t in tensors):
        return [all_rows(t) for t in tensors]
    most = max(t.ndim for t in tensors)
    return [t if t.rows else by_rows(t) if t.ndim == most else each_row(t) for t in tensors]


def called(
    who: str,
    tensors: Sequence[Tensor],
    shapes: Sequence[Sequence[int]],
    forward: Callable[..., Any],
    backward: Callable[..., Any] | None = None,
) -> list[Tensor]:
    """Record a function of arrays, with the axis of rows first, and that of its gradients.

    ``shapes`` are those of a row of its results, which the engine holds as one.
    """
    sizes = [prod(shape) for shape in shapes]
    ends = np.cumsum(sizes)[:-1]

    def all_at_once(*arrays: Any) -> Any:
        try:
            made = forward(*arrays)
        except np.linalg.LinAlgError as error:
            raise ValueError(f"{who}: {error}") from None
        made = made if isinstance(made, tuple) else (made,)
        return np.concatenate([each.reshape(len(arrays[0]), -1) for each in made], 1)

    def gradients(dy: Any, *arrays: Any) -> Any:
        assert backward is not None
        rows = len(dy)
        parts = [
            each.reshape(rows, *shape)
            for each, shape in zip(np.split(dy, ends, 1), shapes, strict=True)
        ]
        made = backward(parts, *arrays)
        return made if isinstance(made, tuple) else (made,)

    recording = tensors[0].recording
    # What Python is called with are values, not weights.
    tensors = [t if t.rows else elementwise("copy", t) for t in tensors]
    value = recording.graph.python(
        [t.value for t in tensors], (int(sum(sizes)),), all_at_once,
        None if backward is None else gradients, name=who,
    )  # fmt: skip
    y, found, start = Tensor(recording, value), [], 0
    for size, shape in zip(sizes, shapes, strict=True):
        piece = part(y, y.ndim - 1, start, size) if len(sizes) > 1 else y
        found.append(reshape(piece, (-1, *shape) if y.rows else tuple(shape)))
        start += size
    return found
