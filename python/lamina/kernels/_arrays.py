"""Moving data: permute, pad, crop.

Every function raises ``ValueError`` if a shape or number does not fit, and ``TypeError`` if
an array does not hold real numbers or a number is not an integer.  At most 8 axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from numpy.typing import ArrayLike, NDArray

from lamina import _core
from lamina.kernels._arguments import Shape, axis_of, is_pair, several, shape_of, wholes

Array = NDArray[Any]
Pairs = Sequence[Sequence[int]]


def strides_of(shape: Shape) -> Shape:
    """Return the strides of a C-contiguous array, in elements."""
    return tuple(prod(shape[k + 1 :]) for k in range(len(shape)))


def permute(x: ArrayLike, axes: Sequence[int]) -> Array:
    """Reorder the axes: axis k of the result is axis ``axes[k]`` of `x`.

    Its backward pass is the same with the inverse order, ``numpy.argsort(axes)``.

    Parameters
    ----------
    x : array_like
        Input of any shape.
    axes : sequence of int
        Each axis of `x` once.

    Returns
    -------
    ndarray
        C-contiguous.

    Raises
    ------
    ValueError
        If `axes` is not a permutation of the axes.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.permute(np.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    shape = shape_of("permute", "x", x)
    named = several("permute", "axes", axes)
    order = tuple(axis_of("permute", axis, len(shape), "axes") for axis in named)
    if sorted(order) != list(range(len(shape))):
        raise ValueError(f"permute: axes must name each of {len(shape)} axes once; got {axes!r}")
    return permuted("permute", x, shape, order)


def permuted(who: str, x: ArrayLike, shape: Shape, order: Shape) -> Array:
    """Return x, of the given shape, with its axes in a valid order."""
    strides = strides_of(shape)
    sizes = tuple(shape[k] for k in order)
    part = (x, 0, 0, sizes, strides_of(sizes), tuple(strides[k] for k in order))
    return _core.kernels.moved(who, sizes, [part], False, False)


def _margins(who: str, name: str, margins: Pairs, rank: int) -> list[Shape]:
    pairs = several(who, name, margins, "(before, after)")
    if len(pairs) != rank or not all(is_pair(pair) for pair in pairs):
        raise ValueError(f"{who}: {name} must hold (before, after) for each axis; got {margins!r}")
    return [wholes(who, name, pair, 0) for pair in pairs]


def pad(x: ArrayLike, padding: Pairs) -> Array:
    """Pad an array with zeros; `crop` by the same numbers is the backward pass.

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
    shape = shape_of("pad", "x", x)
    pairs = _margins("pad", "padding", padding, len(shape))
    result = tuple(a + n + b for n, (a, b) in zip(shape, pairs, strict=True))
    strides = strides_of(result)
    start = sum(a * s for (a, _), s in zip(pairs, strides, strict=True))
    part = (x, start, 0, shape, strides, strides_of(shape))
    return _core.kernels.moved("pad", result, [part], True, False)


def crop(x: ArrayLike, cropping: Pairs) -> Array:
    """Remove the elements at the edges; `pad` by the same numbers is the backward pass.

    Parameters
    ----------
    x : array_like
        Input of any shape.
    cropping : sequence of (int, int)
        The numbers of elements to remove before and after, for each axis.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If `cropping` does not hold two non-negative integers for each axis, or removes
        more than there is.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.crop(np.arange(5.0), [(1, 2)])
    array([1., 2.])
    """
    shape = shape_of("crop", "x", x)
    pairs = _margins("crop", "cropping", cropping, len(shape))
    result = tuple(n - a - b for n, (a, b) in zip(shape, pairs, strict=True))
    if any(n < 0 for n in result):
        raise ValueError(f"crop: cropping must leave something of shape {shape}; got {cropping!r}")
    strides = strides_of(shape)
    start = sum(a * s for (a, _), s in zip(pairs, strides, strict=True))
    part = (x, 0, start, result, strides_of(result), strides)
    return _core.kernels.moved("crop", result, [part], False, False)
