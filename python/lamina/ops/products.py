"""Products of matrices and of tensors."""

from __future__ import annotations

from typing import Any

from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, by_rows, given, record
from lamina._tensors.tensor import Tensor
from lamina.ops._axes import shown
from lamina.ops._elements import converted, floats, joint_kind
from lamina.ops.arithmetic import multiply, subtract
from lamina.ops.contractions import tensordot
from lamina.ops.reductions import sum as sum_of
from lamina.ops.shaping import expand_dims, moveaxis, ravel, reshape, squeeze

__all__ = [
    "cross",
    "dot",
    "inner",
    "kron",
    "matmul",
    "outer",
    "vdot",
]


@operation
def matmul(x1: Any, x2: Any) -> Any:
    """Return the products of the matrices in the last two axes; leading axes broadcast.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        A vector before a matrix is a row, and after a matrix a column.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.matmul([[1.0, 2.0]], [[3.0], [4.0]])
    array([[11.]], dtype=float32)
    """
    a, b = given(x1), given(x2)
    return converted(_product(floats(a), floats(b)), joint_kind((a, b)))


def _product(a: Tensor, b: Tensor) -> Tensor:
    if not a.ndim or not b.ndim or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(
            f"matmul: the last axis of x1 must be as long as the second last of x2; got "
            f"{shown(a)} and {shown(b)}"
        )
    if a.ndim == 1 and b.ndim == 1:
        return sum_of(multiply(a, b))  # type: ignore[no-any-return]
    if a.ndim == 1:
        return squeeze(_product(expand_dims(a, 0), b), -2)  # type: ignore[no-any-return]
    if b.ndim == 1:
        if a.rows and a.ndim == 2 and not b.rows:
            return squeeze(_product(a, expand_dims(b, -1)), -1)  # type: ignore[no-any-return]
        return squeeze(_product(a, expand_dims(all_rows(b), -1)), -1)  # type: ignore[no-any-return]
    return matrices(a, b)


def matrices(a: Tensor, b: Tensor, transpose_a: bool = False, transpose_b: bool = False) -> Tensor:
    """Return the products of the matrices in the last two axes, each optionally transposed."""
    flags = transpose_a, transpose_b
    if not a.rows and not b.rows:
        return record("matmul", a, b, *flags)  # type: ignore[no-any-return]
    if a.rows and a.ndim == 2 and b.ndim == 2 and not b.rows and not transpose_a:
        # Each row is a vector: (rows, k) @ (k, n).
        y = record("matmul", expand_dims(a, 1), b, *flags)
        return squeeze(y, 1)  # type: ignore[no-any-return]
    rank = max(a.ndim, b.ndim)
    if any(t.rows and (t.ndim < rank or rank == 2) for t in (a, b)):
        return record("matmul", all_rows(a), all_rows(b), *flags)  # type: ignore[no-any-return]
    return record("matmul", _row_wise(a, rank), _row_wise(b, rank), *flags)  # type: ignore[no-any-return]


def _row_wise(x: Tensor, rank: int) -> Tensor:
    """Return a tensor that broadcasts, row by row, with tensors that have rows and more axes."""
    if x.rows or x.ndim < rank:
        return x
    return squeeze(x, 0) if x.shape[0] == 1 else by_rows(x)


@operation
def dot(x1: Any, x2: Any) -> Any:
    """Return the products over the last axis of ``x1`` and the second last of ``x2``.

    For vectors this is the inner product; with a number it is ``multiply``.

    Parameters
    ----------
    x1, x2 : tensor or array_like

    Examples
    --------
    >>> from lamina import ops
    >>> ops.dot([1, 2], [3, 4])
    array(11, dtype=int32)
    >>> ops.dot(ops.ones((2, 3)), ops.ones((4, 3, 5))).shape
    (2, 4, 5)
    """
    a, b = given(x1), given(x2)
    if a.ndim == 0 or b.ndim == 0:
        return multiply(a, b)
    if b.ndim <= 2:
        return matmul(a, b)
    return tensordot(a, b, [[-1], [-2]])


@operation
def inner(x1: Any, x2: Any) -> Any:
    """Return the inner products over the last axes of both.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        Last axes of the same size; the other axes of x1 come before those of x2.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.inner([[1, 2], [3, 4]], [[1, 0]])
    array([[1],
           [3]], dtype=int32)
    """
    a, b = given(x1), given(x2)
    if a.ndim == 0 or b.ndim == 0:
        return multiply(a, b)
    return tensordot(a, b, [[-1], [-1]])


@operation
def vdot(x1: Any, x2: Any) -> Any:
    """Return the inner product of all elements as one number.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        Of the same number of elements.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.vdot([[1, 2], [3, 4]], [1, 1, 1, 2])
    array(14, dtype=int32)
    """
    return matmul(ravel(given(x1)), ravel(given(x2)))


@operation
def outer(x1: Any, x2: Any) -> Any:
    """Return the products of all elements of ``x1`` with all of ``x2``, as a matrix.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        Flattened.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.outer([1, 2], [3, 4, 5])
    array([[ 3,  4,  5],
           [ 6,  8, 10]], dtype=int32)
    """
    return multiply(expand_dims(ravel(given(x1)), 1), ravel(given(x2)))


@operation
def kron(x1: Any, x2: Any) -> Any:
    """Return blocks of ``x2``, each multiplied by an element of ``x1``.

    Parameters
    ----------
    x1, x2 : tensor or array_like
        That with fewer axes gets further ones in front, of size 1.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.kron([1, 10], [[1, 2], [3, 4]])
    array([[ 1,  2, 10, 20],
           [ 3,  4, 30, 40]], dtype=int32)
    """
    a, b = all_rows(given(x1)), all_rows(given(x2))
    rank = max(a.ndim, b.ndim)
    a = reshape(a, (1,) * (rank - a.ndim) + tuple(a.shape))
    b = reshape(b, (1,) * (rank - b.ndim) + tuple(b.shape))
    wide = multiply(
        expand_dims(a, tuple(range(1, 2 * rank, 2))), expand_dims(b, tuple(range(0, 2 * rank, 2)))
    )
    return reshape(wide, [m * n for m, n in zip(a.shape, b.shape, strict=True)])


@operation
def cross(
    x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None
) -> Any:
    """Return the cross products of vectors with 3 elements, or 2.

    Parameters
    ----------
    x1, x2 : tensor or array_like
    axisa, axisb, axisc : int, default -1
        The axis of the vectors in x1, in x2 and in the result.
    axis : int, optional
        All three axes.

    Examples
    --------
    >>> from lamina import ops
    >>> ops.cross([1, 0, 0], [0, 1, 0])
    array([0, 0, 1], dtype=int32)
    >>> ops.cross([1, 2], [3, 4])
    array(-2, dtype=int32)
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = moveaxis(given(x1), axisa, -1), moveaxis(given(x2), axisb, -1)
    if a.shape[-1] not in (2, 3) or b.shape[-1] not in (2, 3):
        raise ValueError(
            f"cross: vectors must have 2 or 3 elements; got shapes {shown(a)} and {shown(b)}"
        )
    p, q = ([v[..., i] for i in range(v.shape[-1])] for v in (a, b))
    last = subtract(multiply(p[0], q[1]), multiply(p[1], q[0]))
    if len(p) == len(q) == 2:
        return last
    p, q = (v if len(v) == 3 else [*v, multiply(v[0], 0)] for v in (p, q))
    first = subtract(multiply(p[1], q[2]), multiply(p[2], q[1]))
    second = subtract(multiply(p[2], q[0]), multiply(p[0], q[2]))
    from lamina.ops.joining import stack

    return moveaxis(stack([first, second, last], -1), -1, axisc)
