"""Normal and uniform random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from lamina import ops
from lamina._calls import answering_calls
from lamina._tensors.dataflow import drawing
from lamina.random._numbers import floating, numbers, single


@drawing
@answering_calls
def normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return normal numbers, ``mean + stddev * z`` with z standard normal.

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    mean, stddev : float, tensor or array_like, default 0.0 and 1.0
        They broadcast to `shape`.
    dtype : str, optional
        By default "float32".
    seed : int or SeedGenerator, optional
        An integer gives the same numbers in each call; a generator, or None, new ones.

    Returns
    -------
    tensor or ndarray of shape `shape`
        A tensor while a graph is recorded, otherwise an array.

    Raises
    ------
    ValueError
        If a size or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> random.normal((2, 3), seed=1).shape
    (2, 3)
    """
    return _moved("normal", shape, mean, stddev, dtype, seed)


@drawing
@answering_calls
def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return normal numbers within two standard deviations of the mean; those outside are redrawn.

    Their own standard deviation is ``0.88 * stddev``.

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    mean, stddev : float, tensor or array_like, default 0.0 and 1.0
        Of the normal distribution that is truncated.  They broadcast to `shape`.
    dtype : str, optional
        By default "float32".
    seed : int or SeedGenerator, optional
        An integer gives the same numbers in each call; a generator, or None, new ones.

    Returns
    -------
    tensor or ndarray of shape `shape`
        A tensor while a graph is recorded, otherwise an array.

    Raises
    ------
    ValueError
        If a size or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> x = random.truncated_normal((1000,), mean=5.0, stddev=2.0, seed=1)
    >>> bool(x.min() >= 1.0 and x.max() <= 9.0)
    True
    """
    return _moved("truncated_normal", shape, mean, stddev, dtype, seed)


def _moved(kind: str, shape: Any, mean: Any, stddev: Any, dtype: Any, seed: Any) -> Any:
    if all(isinstance(v, (int, float)) for v in (mean, stddev)):
        return floating(kind, numbers(kind, kind, shape, mean, stddev, seed), dtype)
    standard = floating(kind, numbers(kind, kind, shape, 0.0, 1.0, seed), dtype)
    return ops.add(ops.multiply(standard, stddev), mean)


@drawing
@answering_calls
def uniform(
    shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> Any:
    """Return numbers uniform in [minval, maxval).

    Parameters
    ----------
    shape : tuple of int
        The first entry may be that of ``ops.shape`` for a tensor with rows.
    minval, maxval : float, default 0.0 and 1.0
        The bounds; `maxval` itself is not drawn.
    dtype : str, optional
        By default "float32".
    seed : int or SeedGenerator, optional
        An integer gives the same numbers in each call; a generator, or None, new ones.

    Returns
    -------
    tensor or ndarray of shape `shape`
        A tensor while a graph is recorded, otherwise an array.

    Raises
    ------
    ValueError
        If a size or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> bool(random.uniform((4,), 2.0, 3.0, seed=1).min() >= 2.0)
    True
    """
    low, high = (
        single("uniform", "minval", minval, float),
        single("uniform", "maxval", maxval, float),
    )
    x = numbers("uniform", "uniform", shape, low, high, seed)
    y = floating("uniform", x, dtype)
    if isinstance(y, np.ndarray) and y.size:  # rounding must not reach the upper bound
        y = np.minimum(y, np.nextafter(y.dtype.type(high), y.dtype.type(low)))
    return y
