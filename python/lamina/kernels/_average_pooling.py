"""Average pooling, over one or two spatial axes."""

from __future__ import annotations

from collections.abc import Sequence

from numpy.typing import ArrayLike

from lamina.kernels._arguments import shape_of, wholes
from lamina.kernels._operation import backward, forward
from lamina.kernels._windows import IMAGE, Array, Padding, Sizes, pool_window


def average_pool1d_forward(
    x: ArrayLike,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> Array:
    r"""Mean over windows; padding counts neither for the sum nor for the number of cells.

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
    ndarray
        The means.

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
    >>> kernels.average_pool1d_forward(np.array([[[1.0], [3.0], [2.0], [2.0]]]), 2).ravel()
    array([2., 2.])
    """
    who = "average_pool1d_forward"
    window = pool_window(who, shape_of(who, "x", x), 1, pool_size, strides, padding)
    return forward(who, "pool2d", [("x", "x", x, IMAGE[1])], kind="average", **window)[0]


def average_pool1d_backward(
    dy: ArrayLike,
    shape: Sequence[int],
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> Array:
    r"""Gradient of `average_pool1d_forward`: each ``dy`` distributed over its window.

    Parameters
    ----------
    dy : array_like of the shape of the output
        Gradient at the output.
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
    >>> kernels.average_pool1d_backward(np.array([[[5.0], [6.0]]]), (1, 4, 1), 2).ravel()
    array([2.5, 2.5, 3. , 3. ])
    """
    who = "average_pool1d_backward"
    sizes = wholes(who, "shape", shape, 0)
    window = pool_window(who, sizes, 1, pool_size, strides, padding)
    arrays = [("gradient", "dy", dy, "of the output"), ("x", "", sizes, IMAGE[1])]
    return backward(who, "pool2d", arrays, ["x"], kind="average", **window)[0]


def average_pool2d_forward(
    x: ArrayLike,
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> Array:
    r"""Mean over windows; padding counts neither for the sum nor for the number of cells.

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
    ndarray
        The means.

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
    >>> kernels.average_pool2d_forward(np.array([[[[1.0], [3.0], [2.0], [2.0]]]]), (1, 2)).ravel()
    array([2., 2.])
    """
    who = "average_pool2d_forward"
    window = pool_window(who, shape_of(who, "x", x), 2, pool_size, strides, padding)
    return forward(who, "pool2d", [("x", "x", x, IMAGE[2])], kind="average", **window)[0]


def average_pool2d_backward(
    dy: ArrayLike,
    shape: Sequence[int],
    pool_size: Sizes,
    strides: Sizes | None = None,
    padding: Padding = "valid",
) -> Array:
    r"""Gradient of `average_pool2d_forward`: each ``dy`` distributed over its window.

    Parameters
    ----------
    dy : array_like of the shape of the output
        Gradient at the output.
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
    >>> kernels.average_pool2d_backward(np.array([[[[5.0], [6.0]]]]), (1, 1, 4, 1), (1, 2)).ravel()
    array([2.5, 2.5, 3. , 3. ])
    """
    who = "average_pool2d_backward"
    sizes = wholes(who, "shape", shape, 0)
    window = pool_window(who, sizes, 2, pool_size, strides, padding)
    arrays = [("gradient", "dy", dy, "of the output"), ("x", "", sizes, IMAGE[2])]
    return backward(who, "pool2d", arrays, ["x"], kind="average", **window)[0]
