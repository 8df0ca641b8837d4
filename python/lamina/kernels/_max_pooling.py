"""Maximum pooling, over one or two spatial axes."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from lamina.kernels._arguments import shape_of, wholes
from lamina.kernels._operation import backward, forward
from lamina.kernels._windows import IMAGE, Array, Padding, Sizes, pool_window


def max_pool1d_forward(
    x: ArrayLike,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> tuple[Array, Array]:
    r"""Maximum over windows, and the position of each maximum.

    Among equal maxima the first in row order counts; a NaN is larger than any number.  Padding is
    never the maximum.

    Parameters
    ----------
    x : array_like of shape (batch, steps, channels)
        Each channel is pooled separately.
    pool_size : int or sequence of int
        Cells of the window along each spatial axis.
    strides : int or sequence of int, optional
        Steps of the window; its size by default.
    padding : str, int or sequence, default "valid"
        ``"valid"``, ``"same"``, or cells: one number, or (before, after) for each spatial axis;
        smaller than the window.

    Returns
    -------
    y : ndarray
        The maxima.
    index : ndarray of uint8 (windows of at most 255 cells) or int32, of the shape of ``y``
        The position of each maximum in its whole window, row by row; for `max_pool1d_backward`.

    Raises
    ------
    ValueError
        If shapes do not fit or the window is larger than the padded image.
    TypeError
        If the arrays' dtypes are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> y, index = kernels.max_pool1d_forward(np.array([[[1.0], [3.0], [2.0], [2.0]]]), 2)
    >>> y.ravel(), index.ravel()
    (array([3., 2.]), array([1, 0], dtype=uint8))
    """
    who = "max_pool1d_forward"
    window = pool_window(who, shape_of(who, "x", x), 1, pool_size, strides, padding)
    y, saved = forward(who, "pool2d", [("x", "x", x, IMAGE[1])], kind="max", **window)
    return y, saved.view(np.uint8 if prod(window["pool"]) < 256 else np.int32).reshape(y.shape)


def max_pool1d_backward(
    dy: ArrayLike,
    index: ArrayLike,
    shape: Sequence[int],
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> Array:
    r"""Gradient of `max_pool1d_forward`: ``dy`` at each window's maximum, zero elsewhere.

    Parameters
    ----------
    dy : array_like of the shape of the output
        Gradient at the output.
    index : array_like of the shape of the output
        As returned by the forward pass.
    shape : sequence of int
        The shape of the input.
    pool_size : int or sequence of int
        Cells of the window along each spatial axis.
    strides : int or sequence of int, optional
        Steps of the window; its size by default.
    padding : str, int or sequence, default "valid"
        ``"valid"``, ``"same"``, or cells: one number, or (before, after) for each spatial axis;
        smaller than the window.

    Returns
    -------
    ndarray of shape ``shape``

    Raises
    ------
    ValueError
        If shapes do not fit or the window is larger than the padded image.
    TypeError
        If the arrays' dtypes are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> index = np.zeros((1, 2, 1), np.uint8)
    >>> kernels.max_pool1d_backward(np.array([[[5.0], [6.0]]]), index, (1, 4, 1), 2).ravel()
    array([5., 0., 6., 0.])
    """
    who = "max_pool1d_backward"
    sizes = wholes(who, "shape", shape, 0)
    window = pool_window(who, sizes, 1, pool_size, strides, padding)
    arrays = [
        ("gradient", "dy", dy, "of the output"),
        ("saved", "index", index, "of the output", (prod(window["pool"]), "cells")),
        ("x", "", sizes, IMAGE[1]),
    ]
    return backward(who, "pool2d", arrays, ["x"], kind="max", **window)[0]


def max_pool2d_forward(
    x: ArrayLike,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> tuple[Array, Array]:
    r"""Maximum over windows, and the position of each maximum.

    Among equal maxima the first in row order counts; a NaN is larger than any number.  Padding is
    never the maximum.

    Parameters
    ----------
    x : array_like of shape (batch, height, width, channels)
        Each channel is pooled separately.
    pool_size : int or sequence of int
        Cells of the window along each spatial axis.
    strides : int or sequence of int, optional
        Steps of the window; its size by default.
    padding : str, int or sequence, default "valid"
        ``"valid"``, ``"same"``, or cells: one number, or (before, after) for each spatial axis;
        smaller than the window.

    Returns
    -------
    y : ndarray
        The maxima.
    index : ndarray of uint8 (windows of at most 255 cells) or int32, of the shape of ``y``
        The position of each maximum in its whole window, row by row; for `max_pool2d_backward`.

    Raises
    ------
    ValueError
        If shapes do not fit or the window is larger than the padded image.
    TypeError
        If the arrays' dtypes are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> y, index = kernels.max_pool2d_forward(np.array([[[[1.0], [3.0], [2.0], [2.0]]]]), (1, 2))
    >>> y.ravel(), index.ravel()
    (array([3., 2.]), array([1, 0], dtype=uint8))
    """
    who = "max_pool2d_forward"
    window = pool_window(who, shape_of(who, "x", x), 2, pool_size, strides, padding)
    y, saved = forward(who, "pool2d", [("x", "x", x, IMAGE[2])], kind="max", **window)
    return y, saved.view(np.uint8 if prod(window["pool"]) < 256 else np.int32).reshape(y.shape)


def max_pool2d_backward(
    dy: ArrayLike,
    index: ArrayLike,
    shape: Sequence[int],
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> Array:
    r"""Gradient of `max_pool2d_forward`: ``dy`` at each window's maximum, zero elsewhere.

    Parameters
    ----------
    dy : array_like of the shape of the output
        Gradient at the output.
    index : array_like of the shape of the output
        As returned by the forward pass.
    shape : sequence of int
        The shape of the input.
    pool_size : int or sequence of int
        Cells of the window along each spatial axis.
    strides : int or sequence of int, optional
        Steps of the window; its size by default.
    padding : str, int or sequence, default "valid"
        ``"valid"``, ``"same"``, or cells: one number, or (before, after) for each spatial axis;
        smaller than the window.

    Returns
    -------
    ndarray of shape ``shape``

    Raises
    ------
    ValueError
        If shapes do not fit or the window is larger than the padded image.
    TypeError
        If the arrays' dtypes are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> index = np.zeros((1, 1, 2, 1), np.uint8)
    >>> dy = np.array([[[[5.0], [6.0]]]])
    >>> kernels.max_pool2d_backward(dy, index, (1, 1, 4, 1), (1, 2)).ravel()
    array([5., 0., 6., 0.])
    """
    who = "max_pool2d_backward"
    sizes = wholes(who, "shape", shape, 0)
    window = pool_window(who, sizes, 2, pool_size, strides, padding)
    arrays = [
        ("gradient", "dy", dy, "of the output"),
        ("saved", "index", index, "of the output", (prod(window["pool"]), "cells")),
        ("x", "", sizes, IMAGE[2]),
    ]
    return backward(who, "pool2d", arrays, ["x"], kind="max", **window)[0]
