"""Embedding: rows of a table by id, and their gradients."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina import _core
from lamina.kernels._arguments import shape_of, whole
from lamina.kernels._operation import backward, forward

Array = NDArray[Any]


def embedding_forward(table: ArrayLike, ids: ArrayLike) -> Array:
    r"""Rows of a table, ``table[ids]``.

    Parameters
    ----------
    table : array_like of shape (vocabulary, columns)
        One row for each id.
    ids : array_like of int
        Ids in [0, vocabulary), of any shape.

    Returns
    -------
    ndarray of shape (\*ids.shape, columns)

    Raises
    ------
    ValueError
        If the table does not have two axes, or an id is outside it.
    TypeError
        If the ids are not integers or the table does not hold real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.embedding_forward(np.array([[1.0, 2.0], [3.0, 4.0]]), [1, 0, 1])
    array([[3., 4.],
           [1., 2.],
           [3., 4.]])
    """
    arrays = [
        ("table", "table", table, "(vocabulary, columns)"),
        ("ids", "ids", ids, "(...)", ("vocabulary", "rows")),
        ("output", "", ..., "(..., columns)"),
    ]
    return forward("embedding_forward", "embedding", arrays)[0]


def embedding_backward(
    dy: ArrayLike, ids: ArrayLike, vocabulary: int, dtable: Array | None = None
) -> Array:
    r"""Gradient of the table: the sum of ``dy`` over the occurrences of each id.

    Parameters
    ----------
    dy : array_like of shape (\*ids.shape, columns)
        Gradient at the rows that were looked up.
    ids : array_like of int
        As in the forward pass.  The rows of each id are added in order.
    vocabulary : int
        Rows of the table.
    dtable : ndarray of shape (vocabulary, columns), optional
        Gradient to add to, in place.

    Returns
    -------
    ndarray of shape (vocabulary, columns)
        ``dtable`` if given.

    Raises
    ------
    ValueError
        If shapes do not fit, or an id is outside [0, vocabulary).
    TypeError
        If the ids are not integers or ``dy`` does not hold real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.embedding_backward(np.array([[1.0], [2.0], [4.0]]), [2, 0, 2], 3)
    array([[2.],
           [0.],
           [5.]])
    """
    who = "embedding_backward"
    shape = (whole(who, "vocabulary", vocabulary, 0), *shape_of(who, "dy", dy)[-1:])
    arrays = [
        ("gradient", "dy", dy, "(*ids.shape, columns)"),
        ("table", "", shape, "(vocabulary, columns)"),
        ("ids", "ids", ids, "(...)", ("vocabulary", "rows")),
        ("output", "", ..., "(..., columns)"),
        ("+table", "dtable", dtable, "(vocabulary, columns)"),
    ]
    return backward(who, "embedding", arrays, ["table"])[0]


def embedding_backward_sparse(
    dy: ArrayLike, ids: ArrayLike, vocabulary: int
) -> tuple[NDArray[Any], Array]:
    r"""Gradient of the table, only for the rows of ids that occur.

    Parameters
    ----------
    dy : array_like of shape (\*ids.shape, columns)
        Gradient at the rows that were looked up.
    ids : array_like of int
        As in the forward pass.
    vocabulary : int
        Rows of the table.

    Returns
    -------
    unique : ndarray of int32, shape (found,)
        The ids that occur, ascending.
    sums : ndarray of shape (found, columns)
        The rows ``unique`` of the result of `embedding_backward`, bit for bit.

    Raises
    ------
    ValueError
        If shapes do not fit, or an id is outside [0, vocabulary).
    TypeError
        If the ids are not integers or ``dy`` does not hold real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.embedding_backward_sparse(np.array([[1.0], [2.0], [4.0]]), [2, 0, 2], 3)
    (array([0, 2], dtype=int32), array([[2.],
           [5.]]))
    """
    unique, sums = _core.kernels.embedding_backward_sparse(dy, ids, vocabulary)
    return unique, sums
