"""Convolution and transposed convolution, over one or two spatial axes."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from lamina.kernels._arguments import shape_of, whole
from lamina.kernels._operation import Given, alpha_of, backward, forward
from lamina.kernels._windows import IMAGE, TAPS, Array, Padding, Sizes, pads_of, settings, sizes_of


def spatial_of(who: str, name: str, value: Any, axes: int) -> tuple[int, ...]:
    """Return the spatial sizes of an image, or of a kernel (``name``)."""
    shape = shape_of(who, name, value)
    if len(shape) != axes + 2:
        raise ValueError(f"{who}: {name} must have {axes + 2} axes; got shape {shape}")
    return shape[:axes] if name == "kernel" else shape[1 : axes + 1]


def window_of(
    who: str,
    x: Any,
    kernel: Any,
    axes: int,
    strides: Any,
    padding: Any,
    dilation: Any,
    groups: Any,
) -> dict[str, Any]:
    """Return the settings of a convolution."""
    steps = sizes_of(who, "strides", strides, axes)
    spread = sizes_of(who, "dilation", dilation, axes)
    taps = spatial_of(who, "kernel", kernel, axes)
    length = [(n - 1) * d + 1 for n, d in zip(taps, spread, strict=True)]
    names = ("valid", "same", "causal") if axes == 1 else ("valid", "same")
    pads = pads_of(who, padding, spatial_of(who, "x", x, axes), length, steps, names)
    return settings(pads, strides=steps, dilation=spread) | {
        "groups": whole(who, "groups", groups, 1)
    }


def _layer(axes: int, x: ArrayLike, kernel: ArrayLike, window: dict[str, Any]) -> tuple[str, Given]:
    """Return the operation, with input and kernel; a transposed one has the size of its output."""
    operation, last = "conv2d", "channels / groups, filters)"
    if "size" in window:
        operation, last = "conv2d_transpose", "filters / groups, channels)"
    arrays = [("x", "x", x, IMAGE[axes]), ("kernel", "kernel", kernel, TAPS[axes] + last)]
    return operation, arrays


def convolved(
    who: str,
    axes: int,
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None,
    activation: str,
    alpha: float | None,
    window: dict[str, Any],
) -> Array:
    """Return the output of a convolution, transposed or not."""
    alpha = alpha_of(who, activation, alpha)
    operation, arrays = _layer(axes, x, kernel, window)
    arrays.append(("bias?", "bias", bias, "(filters,)"))
    return forward(who, operation, arrays, activation=activation, alpha=alpha, **window)[0]


def gradients(
    who: str,
    axes: int,
    dz: ArrayLike,
    x: ArrayLike,
    kernel: ArrayLike,
    dkernel: Array | None,
    dbias: Array | None,
    window: dict[str, Any],
) -> tuple[Array, Array, Array]:
    """Return the gradients of `convolved` at input, kernel and bias."""
    operation, arrays = _layer(axes, x, kernel, window)
    sizes = shape_of(who, "kernel", kernel)
    filters = sizes[-2] * window["groups"] if "size" in window else sizes[-1]
    arrays = [
        ("gradient", "dz", dz, "of the output"),
        *arrays,
        ("bias", "", (filters,), "(filters,)"),
        ("+kernel", "dkernel", dkernel, "of the kernel"),
        ("+bias", "dbias", dbias, "(filters,)"),
    ]
    dx, dw, db = backward(who, operation, arrays, ["x", "kernel", "bias"], **window)
    return dx, dw, db


def conv1d_forward(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
    activation: str = "linear",
    alpha: float | None = None,
) -> Array:
    r"""Convolution of signals, :math:`y_{to} = g(\sum_{sc} x_{t+s,\,c} W_{sco} + b_o)`.

    A cross-correlation, as in Keras; the formula is for stride and dilation 1.  No im2col matrix
    is built: the product reads the signals in place.

    Parameters
    ----------
    x : array_like of shape (batch, steps, channels)
        Signals.
    kernel : array_like of shape (size, channels / groups, filters)
        Weights :math:`W`.
    bias : array_like of shape (filters,), optional
        :math:`b`; none by default.
    strides : int or sequence of int, default 1
        Steps of the window along each spatial axis.
    padding : str, int or sequence, default "valid"
        ``"valid"``, ``"same"``, ``"causal"``, or cells of zeros: one number, or (before, after) for
        each spatial axis.
    dilation : int or sequence of int, default 1
        Distance between neighbouring cells of the window.
    groups : int, default 1
        The number of groups into which channels and filters are divided; with one group per
        channel the convolution is depthwise.
    activation : str, default "linear"
        An element-wise activation, as in `activation_forward`.
    alpha : float, optional
        The activation's parameter; Keras's default if not given.

    Returns
    -------
    ndarray of shape (batch, out_steps, filters)

    Raises
    ------
    ValueError
        If shapes do not fit, the kernel is larger than the padded image, or a setting is unknown.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> x = np.arange(4.0).reshape(1, 4, 1)
    >>> kernels.conv1d_forward(x, np.ones((2, 1, 1)), padding="causal").ravel()
    array([0., 1., 3., 5.])
    """
    who = "conv1d_forward"
    window = window_of(who, x, kernel, 1, strides, padding, dilation, groups)
    return convolved(who, 1, x, kernel, bias, activation, alpha, window)


def conv1d_backward(
    dz: ArrayLike,
    x: ArrayLike,
    kernel: ArrayLike,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
    dkernel: Array | None = None,
    dbias: Array | None = None,
) -> tuple[Array, Array, Array]:
    r"""Gradients of `conv1d_forward` from the gradient at its pre-activation.

    The input's gradient is the convolution of ``dz`` with the flipped kernel; the kernel's sums
    :math:`x` times :math:`dz` over all positions of the window.

    Parameters
    ----------
    dz : array_like of the shape of the output
        Gradient at the pre-activation.
    x, kernel : array_like
        The layer's input and weights, as in `conv1d_forward`.
    strides : int or sequence of int, default 1
        Steps of the window along each spatial axis.
    padding : str, int or sequence, default "valid"
        ``"valid"``, ``"same"``, ``"causal"``, or cells of zeros: one number, or (before, after) for
        each spatial axis.
    dilation : int or sequence of int, default 1
        Distance between neighbouring cells of the window.
    groups : int, default 1
        The number of groups into which channels and filters are divided; with one group per
        channel the convolution is depthwise.
    dkernel, dbias : ndarray of the shapes of the kernel and the bias, optional
        Gradients to add to, in place; both or neither.

    Returns
    -------
    dx, dkernel, dbias : ndarray
        Of the shapes of ``x``, ``kernel`` and the bias.

    Raises
    ------
    ValueError
        If shapes do not fit, the kernel is larger than the padded image, or a setting is unknown.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> dx, dkernel, dbias = kernels.conv1d_backward(
    ...     np.ones((1, 3, 1)), np.arange(4.0).reshape(1, 4, 1), np.ones((2, 1, 1))
    ... )
    >>> dx.ravel(), dkernel.ravel(), dbias
    (array([1., 2., 2., 1.]), array([3., 6.]), array([3.]))
    """
    who = "conv1d_backward"
    window = window_of(who, x, kernel, 1, strides, padding, dilation, groups)
    return gradients(who, 1, dz, x, kernel, dkernel, dbias, window)


def conv2d_forward(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
    activation: str = "linear",
    alpha: float | None = None,
) -> Array:
    r"""Convolution of images, :math:`y_{hwo} = g(\sum_{rsc} x_{h+r,\,w+s,\,c} W_{rsco} + b_o)`.

    A cross-correlation, as in Keras; the formula is for stride and dilation 1.  No im2col matrix
    is built: the product reads the images in place.

    Parameters
    ----------
    x : array_like of shape (batch, height, width, channels)
        Images.
    kernel : array_like of shape (kernel_height, kernel_width, channels / groups, filters)
        Weights :math:`W`.
    bias : array_like of shape (filters,), optional
        :math:`b`; none by default.
    strides : int or sequence of int, default 1
        Steps of the window along each spatial axis.
    padding : str, int or sequence, default "valid"
        ``"valid"``, ``"same"``, or cells of zeros: one number, or (before, after) for
        each spatial axis.
    dilation : int or sequence of int, default 1
        Distance between neighbouring cells of the window.
    groups : int, default 1
        The number of groups into which channels and filters are divided; with one group per
        channel the convolution is depthwise.
    activation : str, default "linear"
        An element-wise activation, as in `activation_forward`.
    alpha : float, optional
        The activation's parameter; Keras's default if not given.

    Returns
    -------
    ndarray of shape (batch, out_height, out_width, filters)

    Raises
    ------
    ValueError
        If shapes do not fit, the kernel is larger than the padded image, or a setting is unknown.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> x = np.arange(9.0).reshape(1, 3, 3, 1)
    >>> kernels.conv2d_forward(x, np.ones((2, 2, 1, 1)))[0, :, :, 0]
    array([[ 8., 12.],
           [20., 24.]])
    """
    who = "conv2d_forward"
    window = window_of(who, x, kernel, 2, strides, padding, dilation, groups)
    return convolved(who, 2, x, kernel, bias, activation, alpha, window)


def conv2d_backward(
    dz: ArrayLike,
    x: ArrayLike,
    kernel: ArrayLike,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
    dkernel: Array | None = None,
    dbias: Array | None = None,
) -> tuple[Array, Array, Array]:
    r"""Gradients of `conv2d_forward` from the gradient at its pre-activation.

    The input's gradient is the convolution of ``dz`` with the flipped kernel; the kernel's sums
    :math:`x` times :math:`dz` over all positions of the window.

    Parameters
    ----------
    dz : array_like of the shape of the output
        Gradient at the pre-activation.
    x, kernel : array_like
        The layer's input and weights, as in `conv2d_forward`.
    strides : int or sequence of int, default 1
        Steps of the window along each spatial axis.
    padding : str, int or sequence, default "valid"
        ``"valid"``, ``"same"``, or cells of zeros: one number, or (before, after) for
        each spatial axis.
    dilation : int or sequence of int, default 1
        Distance between neighbouring cells of the window.
    groups : int, default 1
        The number of groups into which channels and filters are divided; with one group per
        channel the convolution is depthwise.
    dkernel, dbias : ndarray of the shapes of the kernel and the bias, optional
        Gradients to add to, in place; both or neither.

    Returns
    -------
    dx, dkernel, dbias : ndarray
        Of the shapes of ``x``, ``kernel`` and the bias.

    Raises
    ------
    ValueError
        If shapes do not fit, the kernel is larger than the padded image, or a setting is unknown.
    TypeError
        If the arrays' dtypes differ or are not real numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from lamina import kernels
    >>> dx, dkernel, dbias = kernels.conv2d_backward(
    ...     np.ones((1, 2, 2, 1)), np.arange(9.0).reshape(1, 3, 3, 1), np.ones((2, 2, 1, 1))
    ... )
    >>> dx[0, :, :, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    who = "conv2d_backward"
    window = window_of(who, x, kernel, 2, strides, padding, dilation, groups)
    return gradients(who, 2, dz, x, kernel, dkernel, dbias, window)
