"""Counter-based random numbers and dropout: value = f(seed, stream, step, element)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from lamina import _core

Array = NDArray[Any]


def random_uniform(
    shape: int | tuple[int, ...],
    seed: int,
    stream: int = 0,
    step: int = 0,
    dtype: DTypeLike = "float32",
) -> Array:
    """Draw uniform numbers in [0, 1) from Philox 4x32-10 (Salmon et al. 2011).

    An element only depends on the key and its position in C order: the same call returns the same
    bits for any number of threads, and a longer array begins with the shorter one.  float32 has 24
    random bits, float64 53.

    Parameters
    ----------
    shape : int or tuple of int
        Shape of the result.
    seed : int
        In [0, 2**64).
    stream, step : int, default 0
        In [0, 2**32): the number of the use, and of the step.
    dtype : {"float32", "float64"}, default "float32"
        Type of the result.

    Returns
    -------
    ndarray of shape `shape`

    Raises
    ------
    ValueError
        If a number is outside its range, or the size overflows.
    TypeError
        If a number is not an integer, or `dtype` is neither float32 nor float64.

    Examples
    --------
    >>> from lamina import kernels
    >>> a = kernels.random_uniform(3, seed=7)
    >>> b = kernels.random_uniform((5,), seed=7)
    >>> bool((a == b[:3]).all())
    True
    """
    return _core.kernels.random_uniform(shape, seed, stream, step, dtype)


def random_bits(
    shape: int | tuple[int, ...], seed: int, stream: int = 0, step: int = 0
) -> NDArray[np.uint32]:
    """Draw words of 32 random bits from Philox 4x32-10 (Salmon et al. 2011).

    Parameters
    ----------
    shape : int or tuple of int
        Shape of the result.
    seed, stream, step : int
        The key, as in `random_uniform`.

    Returns
    -------
    ndarray of uint32

    Raises
    ------
    ValueError
        If a number is outside its range, or the size overflows.
    TypeError
        If a number is not an integer.

    Examples
    --------
    >>> from lamina import kernels
    >>> kernels.random_bits(2, seed=0).dtype
    dtype('uint32')
    """
    return _core.kernels.random_bits(shape, seed, stream, step)


def permutation(n: int, seed: int, stream: int = 0, step: int = 0) -> NDArray[np.int64]:
    """Draw a uniform permutation of 0 .. n-1.

    Fisher-Yates from the last element down, with Lemire's unbiased bounded draw (2019) from the
    words of `random_bits`.

    Parameters
    ----------
    n : int
        In [0, 2**32).
    seed, stream, step : int
        The key, as in `random_uniform`.

    Returns
    -------
    ndarray of int64, shape (n,)

    Raises
    ------
    ValueError
        If a number is outside its range.
    TypeError
        If a number is not an integer.

    Examples
    --------
    >>> from lamina import kernels
    >>> sorted(kernels.permutation(5, seed=1).tolist())
    [0, 1, 2, 3, 4]
    """
    return _core.kernels.permutation(n, seed, stream, step)


def dropout_forward(x: ArrayLike, rate: float, seed: int, stream: int = 0, step: int = 0) -> Array:
    r"""Zero each element with probability `rate` and scale the rest by :math:`1/(1-rate)`.

    Inverted dropout (Srivastava et al. 2014): the expectation is `x`, so nothing needs to be done
    for predictions.

    Parameters
    ----------
    x : array_like
        Input of any shape.
    rate : float
        In [0, 1).
    seed, stream, step : int
        The key, as in `random_uniform`.

    Returns
    -------
    ndarray of the shape of `x`

    Raises
    ------
    ValueError
        If `rate` or a part of the key is outside its range.
    TypeError
        If `x` does not hold real numbers, or a part of the key is not an integer.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> y = kernels.dropout_forward(np.ones(100), 0.5, seed=3)
    >>> sorted(set(y.tolist()))
    [0.0, 2.0]
    """
    return _core.kernels.dropout_forward(x, rate, seed, stream, step)


def dropout_backward(
    dy: ArrayLike,
    rate: float,
    seed: int,
    stream: int = 0,
    step: int = 0,
    *,
    y: ArrayLike | None = None,
) -> Array:
    r"""Gradient at the input of dropout: the same mask, drawn again, times :math:`1/(1-rate)`.

    Parameters
    ----------
    dy : array_like
        Gradient at the output.
    rate, seed, stream, step
        As given to `dropout_forward`.
    y : array_like of the shape of `dy`, optional
        The output of `dropout_forward`, if its input is the output of a ReLU: then ``y > 0`` is
        used as the mask, and no numbers are drawn.

    Returns
    -------
    ndarray of the shape of `dy`

    Raises
    ------
    ValueError
        If the shapes differ, or a number is outside its range.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> x = np.ones(100)
    >>> y = kernels.dropout_forward(x, 0.5, seed=3)
    >>> bool((kernels.dropout_backward(x, 0.5, seed=3) == y).all())
    True
    """
    return _core.kernels.dropout_backward(dy, rate, seed, stream, step, y)
