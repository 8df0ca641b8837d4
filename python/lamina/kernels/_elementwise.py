"""Element-wise operations, reductions and row selection.

Every function raises ``ValueError`` if shapes do not fit or a number is outside its range, and
``TypeError`` if arrays' dtypes differ or are not real numbers.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina import _core
from lamina.kernels._arguments import shape_of
from lamina.kernels._operation import backward, forward

Array = NDArray[Any]


def add_into(y: Array, x: ArrayLike) -> None:
    """Add `x` to `y` in place.

    Parameters
    ----------
    y : ndarray
        Writable and C-contiguous; updated.
    x : array_like of the shape of `y`
        The array to add; must not share memory with `y`.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> y = np.ones(2)
    >>> kernels.add_into(y, [1, 2])
    >>> y
    array([2., 3.])
    """
    _core.kernels.add_into(y, x)


def scale(x: ArrayLike, factor: float) -> Array:
    """Multiply every element by `factor`.

    Parameters
    ----------
    x : array_like
        Input of any shape.
    factor : float
        The factor.

    Returns
    -------
    ndarray of the shape of `x`

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.scale(np.array([1.0, 2.0]), 3)
    array([3., 6.])
    """
    return _core.kernels.scale(x, factor)


def clip(x: ArrayLike, limit: float) -> Array:
    """Limit every element to [-limit, limit].

    Parameters
    ----------
    x : array_like
        Input of any shape.
    limit : float
        Not negative.

    Returns
    -------
    ndarray of the shape of `x`

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.clip(np.array([-3.0, 0.5]), 1)
    array([-1. ,  0.5])
    """
    return _core.kernels.clip(x, limit)


def normalize_forward(x: ArrayLike, mean: ArrayLike, std: ArrayLike) -> Array:
    """Center and scale by column, ``(x - mean) / std``.

    Parameters
    ----------
    x : array_like of shape (..., columns)
        Input.
    mean, std : array_like of shape (columns,)
        Of each column; `std` must not be zero.

    Returns
    -------
    ndarray of the shape of `x`

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.normalize_forward(np.array([[3.0, 4.0]]), np.array([1.0, 2.0]), np.ones(2))
    array([[2., 2.]])
    """
    arrays = [
        ("x", "x", x, "(..., columns)"),
        ("mean", "mean", mean, "(columns,)"),
        ("std", "std", std, "(columns,)"),
        ("output", "", ..., "(..., columns)"),
    ]
    return forward("normalize_forward", "normalize", arrays)[0]


def normalize_backward(dy: ArrayLike, std: ArrayLike) -> Array:
    """Gradient at the input of `normalize_forward`, ``dy / std``.

    Parameters
    ----------
    dy : array_like of shape (..., columns)
        Gradient at the output.
    std : array_like of shape (columns,)
        As in the forward pass.

    Returns
    -------
    ndarray of the shape of `dy`

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.normalize_backward(np.array([[1.0, 1.0]]), np.array([2.0, 1.0]))
    array([[0.5, 1. ]])
    """
    who = "normalize_backward"
    arrays = [
        ("gradient", "dy", dy, "(..., columns)"),
        ("x", "", shape_of(who, "dy", dy), "(..., columns)"),
        ("mean", "", ..., "(columns,)"),
        ("std", "std", std, "(columns,)"),
        ("output", "", ..., "(..., columns)"),
    ]
    return backward(who, "normalize", arrays, ["x"])[0]


def column_sums(x: ArrayLike, out: Array | None = None) -> Array:
    """Sum over all axes but the last, in row order within fixed chunks.

    Parameters
    ----------
    x : array_like of shape (..., columns)
        Input.
    out : ndarray of shape (columns,), optional
        Writable and C-contiguous; the sums are added to it.

    Returns
    -------
    ndarray of shape (columns,)
        `out` if given.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.column_sums(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([4., 6.])
    """
    return _core.kernels.column_sums(x, out)


def dot(a: ArrayLike, b: ArrayLike | None = None) -> float:
    """Sum of ``a * b`` over all elements (of `a` without `b`), in double precision.

    Parameters
    ----------
    a : array_like
        Of any shape.
    b : array_like of the shape of `a`, optional
        Second factor.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    11.0
    """
    return _core.kernels.dot(a, b)


def absolute_sum(a: ArrayLike) -> float:
    """Sum of the absolute values, in double precision.

    Parameters
    ----------
    a : array_like
        Of any shape.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.absolute_sum(np.array([-1.0, 2.0]))
    3.0
    """
    return _core.kernels.absolute_sum(a)


def penalty_backward(w: ArrayLike, l1: float, l2: float, dw: Array | None = None) -> Array:
    r"""Gradient of the penalty :math:`\lambda_1 \sum |w| + \lambda_2 \sum w^2`.

    It is :math:`\lambda_1 \mathrm{sign}(w) + 2 \lambda_2 w`, with :math:`\mathrm{sign}(0) = 0`.

    Parameters
    ----------
    w : array_like
        Weights of any shape.
    l1, l2 : float
        Not negative.
    dw : ndarray of the shape of `w`, optional
        Writable and C-contiguous; the gradient is added to it.

    Returns
    -------
    ndarray of the shape of `w`
        `dw` if given.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.penalty_backward(np.array([-2.0, 0.0]), l1=0.5, l2=0.25)
    array([-1.5,  0. ])
    """
    return _core.kernels.penalty_backward(w, l1, l2, dw)


def gather_rows(x: ArrayLike, index: ArrayLike) -> Array:
    """Select rows of `x` by index.

    Parameters
    ----------
    x : array_like of shape (rows, ...)
        Source.
    index : array_like of int, shape (rows wanted,)
        Each in [0, rows); an index may occur more than once.

    Returns
    -------
    ndarray of shape (rows wanted, ...)

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.gather_rows(np.array([[1.0], [2.0]]), [1, 1, 0]).ravel()
    array([2., 2., 1.])
    """
    return _core.kernels.gather_rows(x, index)


def find_nonfinite(x: ArrayLike) -> int:
    """Find the first NaN or infinity in C order.

    Parameters
    ----------
    x : array_like
        Of any shape.

    Returns
    -------
    int
        Its flat index, or -1.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.find_nonfinite(np.array([[0.0, 1.0], [np.inf, 2.0]]))
    2
    """
    return _core.kernels.find_nonfinite(x)
