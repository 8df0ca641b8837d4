"""Enlarging arrays along their axes: repeat, upsample, resize.

Errors as in ``lamina.kernels._arrays``.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from lamina import _core
from lamina.kernels._arguments import Shape, axis_of, shape_of, whole, wholes
from lamina.kernels._arrays import Array, strides_of


def _times(shape: Shape, times: Sequence[int]) -> tuple[Shape, Shape, Shape]:
    """Return sizes with the repeats as separate axes, and the strides of both arrays."""
    few = strides_of(shape)
    many = strides_of(tuple(n * t for n, t in zip(shape, times, strict=True)))
    sizes: list[int] = []
    long: list[int] = []
    short: list[int] = []
    for n, t, a, b in zip(shape, times, many, few, strict=True):
        sizes += [n, t] if t > 1 else [n]
        long += [a * t, a] if t > 1 else [a]
        short += [b, 0] if t > 1 else [b]
    return tuple(sizes), tuple(long), tuple(short)


def _repeated(who: str, x: ArrayLike, shape: Shape, times: Sequence[int]) -> Array:
    sizes, many, few = _times(shape, times)
    result = tuple(n * t for n, t in zip(shape, times, strict=True))
    return _core.kernels.moved(who, result, [(x, 0, 0, sizes, many, few)], False, False)


def _gathered(who: str, dy: ArrayLike, whole_shape: Shape, times: Sequence[int]) -> Array:
    if any(n % t for n, t in zip(whole_shape, times, strict=True)):
        raise ValueError(
            f"{who}: dy must have axes that are multiples of {tuple(times)}; got shape "
            f"{whole_shape}"
        )
    shape = tuple(n // t for n, t in zip(whole_shape, times, strict=True))
    sizes, many, few = _times(shape, times)
    return _core.kernels.moved(who, shape, [(dy, 0, 0, sizes, few, many)], False, True)


def _times_of_axis(who: str, shape: Shape, times: int, axis: int) -> list[int]:
    result = [1] * len(shape)
    result[axis_of(who, axis, len(shape))] = whole(who, "times", times, 1)
    return result


def repeat_forward(x: ArrayLike, times: int, axis: int = 0) -> Array:
    """Repeat every element along one axis, like ``numpy.repeat``.

    Parameters
    ----------
    x : array_like
        Input of at least one axis.
    times : int
        At least 1.
    axis : int, default 0
        The axis.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If `times` or `axis` is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.repeat_forward(np.array([1.0, 2.0]), 2)
    array([1., 1., 2., 2.])
    """
    who = "repeat_forward"
    shape = shape_of(who, "x", x)
    return _repeated(who, x, shape, _times_of_axis(who, shape, times, axis))


def repeat_backward(dy: ArrayLike, times: int, axis: int = 0) -> Array:
    """Gradient at the input of `repeat_forward`: the gradients of the repeats are summed in order.

    Parameters
    ----------
    dy : array_like
        Gradient at the output.
    times, axis : int
        As in the forward pass.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If `times` or `axis` is outside its range, or `times` does not divide the axis.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.repeat_backward(np.array([1.0, 2.0, 3.0, 4.0]), 2)
    array([3., 7.])
    """
    who = "repeat_backward"
    shape = shape_of(who, "dy", dy)
    return _gathered(who, dy, shape, _times_of_axis(who, shape, times, axis))


def _times_of_size(who: str, shape: Shape, size: Sequence[int]) -> list[int]:
    times = wholes(who, "size", size, 1)
    if len(shape) != len(times) + 2:
        raise ValueError(
            f"{who}: size must hold one integer for each axis between batch and channels; "
            f"got {size!r} for shape {shape}"
        )
    return [1, *times, 1]


def upsample_forward(x: ArrayLike, size: Sequence[int]) -> Array:
    """Repeat every pixel (time step), Keras's ``UpSampling2D(interpolation="nearest")``.

    Parameters
    ----------
    x : array_like of shape (batch, ..., channels)
        Image, signal or volume.
    size : sequence of int
        Repeats along each axis between batch and channels.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If `size` does not hold one integer of at least 1 for each axis in between.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.upsample_forward(np.ones((1, 2, 3, 4)), (2, 3)).shape
    (1, 4, 9, 4)
    """
    who = "upsample_forward"
    shape = shape_of(who, "x", x)
    return _repeated(who, x, shape, _times_of_size(who, shape, size))


def upsample_backward(dy: ArrayLike, size: Sequence[int]) -> Array:
    """Gradient at the input of `upsample_forward`.

    Parameters
    ----------
    dy : array_like of shape (batch, ..., channels)
        Gradient at the output.
    size : sequence of int
        As in the forward pass.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If `size` does not fit or does not divide the axes.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.upsample_backward(np.ones((1, 4, 1)), (2,)).ravel()
    array([2., 2.])
    """
    who = "upsample_backward"
    shape = shape_of(who, "dy", dy)
    return _gathered(who, dy, shape, _times_of_size(who, shape, size))


def _around(
    who: str, name: str, x: ArrayLike, axis: int
) -> tuple[Shape, int, tuple[int, int, int]]:
    """Return x's shape, the axis, and the sizes before, of and after it."""
    shape = shape_of(who, name, x)
    k = axis_of(who, axis, len(shape))
    return shape, k, (prod(shape[:k]), shape[k], prod(shape[k + 1 :]))


def resize_forward(x: ArrayLike, size: int, axis: int) -> Array:
    r"""Resize one axis linearly, between the two nearest elements.

    Element i of the result lies at :math:`(i + 1/2)\,\mathrm{from}/\mathrm{to} - 1/2`: pixels are
    squares, as in TensorFlow and Keras (``UpSampling2D(interpolation="bilinear")`` is this along
    height and width).  Beyond the outermost centres the element at the edge is used.

    Parameters
    ----------
    x : array_like
        Input, at least one element along the axis.
    size : int
        New length, at least 1.
    axis : int
        The axis.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If `size` or `axis` is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.resize_forward(np.array([0.0, 4.0]), 4, axis=0)
    array([0., 1., 3., 4.])
    """
    shape, k, sizes = _around("resize_forward", "x", x, axis)
    to = whole("resize_forward", "size", size, 1)
    y = _core.kernels.resize_forward(np.reshape(x, sizes), to)
    return y.reshape((*shape[:k], to, *shape[k + 1 :]))


def resize_backward(dy: ArrayLike, size: int, axis: int) -> Array:
    """Gradient at the input of `resize_forward`, its transpose.

    Parameters
    ----------
    dy : array_like
        Gradient at the output.
    size : int
        Length of the input's axis.
    axis : int
        The axis.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If `size` or `axis` is outside its range.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> kernels.resize_backward(np.array([1.0, 1.0, 1.0, 1.0]), 2, axis=0)
    array([2., 2.])
    """
    shape, k, sizes = _around("resize_backward", "dy", dy, axis)
    to = whole("resize_backward", "size", size, 1)
    dx = _core.kernels.resize_backward(np.reshape(dy, sizes), to)
    return dx.reshape((*shape[:k], to, *shape[k + 1 :]))
