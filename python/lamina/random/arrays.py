"""Elements of given arrays dropped or put in a random order."""

from __future__ import annotations

from typing import Any

from lamina import _check, ops
from lamina._tensors.dataflow import drawing
from lamina._tensors.dispatch import operation
from lamina._tensors.given import all_rows, given
from lamina.random._numbers import numbers


@drawing
@operation
def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Set elements to 0 at random, and scale the rest by ``1 / (1 - rate)``; also in inference.

    Parameters
    ----------
    inputs : tensor or array_like
    rate : float
        Share of zeros, in [0, 1].
    noise_shape : tuple of int or None, optional
        Axes of size 1 share their zeros; None means the size of the input.
    seed : int or SeedGenerator, optional
        An integer gives the same numbers in each call; a generator, or None, new ones.

    Returns
    -------
    tensor or ndarray
        Of the shape of `inputs`.

    Raises
    ------
    ValueError
        If `rate` is not in [0, 1], or `noise_shape` does not fit, or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> random.dropout([[0.0, 1.0, 2.0, 3.0]], 0.5, seed=1)
    array([[0., 2., 0., 6.]], dtype=float32)
    """
    x = given(inputs)
    rate = _check.number("dropout", "rate", rate, 0.0, 1.0)
    if rate in (0, 1):
        return x if rate == 0 else ops.zeros_like(x)
    sizes = ops.shape(x)
    if noise_shape is not None:
        sizes = tuple(s if n is None else n for s, n in zip(sizes, noise_shape, strict=True))
    u = given(numbers("dropout", "uniform", sizes, 0.0, 1.0, seed))
    return ops.where(ops.less(u, rate), 0.0, ops.divide(x, 1.0 - rate))


@drawing
@operation
def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """Return the entries along an axis in random order, which is the same for all other axes.

    Parameters
    ----------
    x : tensor or array_like
    axis : int, default 0
    seed : int or SeedGenerator, optional
        An integer gives the same numbers in each call; a generator, or None, new ones.

    Returns
    -------
    tensor or ndarray
        Of the shape of `x`.

    Raises
    ------
    ValueError
        If `x` does not have the axis, or the seed is negative.
    TypeError
        If an argument is of the wrong type.

    Examples
    --------
    >>> from lamina import random
    >>> random.shuffle([1, 2, 3, 4], seed=1)
    array([3, 2, 4, 1], dtype=int32)
    """
    x = given(x)
    if not -x.ndim <= _check.integer("shuffle", "axis", axis, -_check.MAX_ELEMENTS) < x.ndim:
        raise ValueError(f"shuffle: axis must be one of x, which has {x.ndim}; got {axis}")
    x = all_rows(x) if axis in (0, -x.ndim) else x
    keys = numbers("shuffle", "uniform", (x.shape[axis],), 0.0, 1.0, seed)
    return ops.take(x, ops.argsort(given(keys)), axis)
