"""Data moved: permute, pad, crop.

Every function raises ``ValueError`` where a shape or number does not fit, and ``TypeError`` where
an array does not hold real numbers or a number is not an integer.  At most 8 axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lamina import _core
from lamina.kernels._windows import whole

Array = NDArray[Any]
Shape = tuple[int, ...]
Pairs = Sequence[Sequence[int]]


def strides_of(shape: Shape) -> Shape:
    """Return the strides of a C-contiguous array, in elements."""
    return tuple(prod(shape[k + 1 :]) for k in range(len(shape)))


def axis_of(who: str, axis: int, rank: int) -> int:
    """Return an axis counted from the front."""
    number = whole(who, "axis", axis, -rank)
    if number >= rank:
        raise ValueError(f"{who}: axis must lie in [{-rank}, {rank}), the axes; got {axis!r}")
    return number % rank if rank else number


def permute(x: ArrayLike, axes: Sequence[int]) -> Array:
    """Reorder the axes: axis k of the result is axis ``axes[k]`` of `x`.

    The backward of it is the same with the inverse order, ``numpy.argsort(axes)``.

    Parameters
    ----------
    x : array_like
        Input of any shape.
    axes : sequence of int
        Every axis of `x` once.

    Returns
    -------
    ndarray
        C-contiguous.

    Raises
    ------
    ValueError
        If `axes` is no permutation of the axes.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.permute(np.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    shape = np.shape(x)
    order = tuple(axis_of("permute", axis, len(shape)) for axis in axes)
    if sorted(order) != list(range(len(shape))):
        raise ValueError(f"permute: axes must name each of {len(shape)} axes once; got {axes!r}")
    strides = strides_of(shape)
    sizes = tuple(shape[k] for k in order)
    part = (x, 0, 0, sizes, strides_of(sizes), tuple(strides[k] for k in order))
    return _core.kernels.moved("permute", sizes, [part], False, False)


def _margins(who: str, name: str, margins: Pairs, rank: int) -> list[tuple[int, int]]:
    if len(margins) != rank or any(np.shape(pair) != (2,) for pair in margins):
        raise ValueError(f"{who}: {name} must hold (before, after) for each axis; got {margins!r}")
    return [(whole(who, name, a, 0), whole(who, name, b, 0)) for a, b in margins]


def pad(x: ArrayLike, padding: Pairs) -> Array:
    """Put zeros around an array; `crop` by the same numbers is the backward.

    Parameters
    ----------
    x : array_like
        Input of any shape.
    padding : sequence of (int, int)
        Zeros before and after, for each axis.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If `padding` does not hold two non-negative integers for each axis.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.pad(np.array([1.0, 2.0]), [(1, 2)])
    array([0., 1., 2., 0., 0.])
    """
    shape = np.shape(x)
    pairs = _margins("pad", "padding", padding, len(shape))
    result = tuple(a + n + b for n, (a, b) in zip(shape, pairs, strict=True))
    strides = strides_of(result)
    start = sum(a * s for (a, _), s in zip(pairs, strides, strict=True))
    part = (x, start, 0, shape, strides, strides_of(shape))
    return _core.kernels.moved("pad", result, [part], True, False)


def crop(x: ArrayLike, cropping: Pairs) -> Array:
    """Take the elements at the edges away; `pad` by the same numbers is the backward.

    Parameters
    ----------
    x : array_like
        Input of any shape.
    cropping : sequence of (int, int)
        Elements to drop before and after, for each axis.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If `cropping` does not hold two non-negative integers for each axis, or drops more than
        there is.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.crop(np.arange(5.0), [(1, 2)])
    array([1., 2.])
    """
    shape = np.shape(x)
    pairs = _margins("crop", "cropping", cropping, len(shape))
    result = tuple(n - a - b for n, (a, b) in zip(shape, pairs, strict=True))
    if any(n < 0 for n in result):
        raise ValueError(f"crop: cropping must leave something of shape {shape}; got {cropping!r}")
    strides = strides_of(shape)
    start = sum(a * s for (a, _), s in zip(pairs, strides, strict=True))
    part = (x, 0, start, result, strides_of(result), strides)
    return _core.kernels.moved("crop", result, [part], False, False)
