"""Transposed convolution, over one or two spatial axes."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from lamina.kernels._arguments import whole
from lamina.kernels._convolution import convolved, gradients, spatial_of
from lamina.kernels._windows import Array, Padding, Sizes, pads_of, settings, sizes_of

_NAMES = ("valid", "same")


def _transposed_window(
    who: str,
    x: Any,
    kernel: Any,
    axes: int,
    strides: Any,
    padding: Any,
    dilation: Any,
    groups: Any,
) -> dict[str, Any]:
    """Return the settings, with the spatial sizes of the output, Keras's."""
    steps = sizes_of(who, "strides", strides, axes)
    spread = sizes_of(who, "dilation", dilation, axes)
    taps = spatial_of(who, "kernel", kernel, axes)
    length = [(n - 1) * d + 1 for n, d in zip(taps, spread, strict=True)]
    inputs = spatial_of(who, "x", x, axes)
    word = padding if isinstance(padding, str) else None
    if word == "same":
        sizes = tuple(n * s for n, s in zip(inputs, steps, strict=True))
    elif word == "valid":
        sizes = tuple(n * s + max(k - s, 0) for n, s, k in zip(inputs, steps, length, strict=True))
    else:
        pads = pads_of(who, padding, inputs, length, steps, _NAMES)
        sizes = tuple(
            (n - 1) * s + k - before - after
            for n, s, k, (before, after) in zip(inputs, steps, length, pads, strict=True)
        )
    if min(sizes) < 1:
        raise ValueError(f"{who}: padding must leave an output; got {padding!r}")
    pads = pads_of(who, padding, sizes, length, steps, _NAMES)
    return settings(pads, strides=steps, dilation=spread, size=sizes) | {
        "groups": whole(who, "groups", groups, 1)
    }


def conv1d_transpose_forward(
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
    r"""Transposed convolution: the input gradient of `conv1d_forward`, run forward.

    Along an axis of ``n`` positions and a dilated window of ``k``, the output has
    ``n * stride + max(k - stride, 0)`` positions for ``"valid"`` and ``n * stride`` for
    ``"same"``, as in Keras, and ``(n - 1) * stride + k - before - after`` for explicit padding.

    Parameters
    ----------
    x : array_like of shape (batch, steps, channels)
        Input.
    kernel : array_like of shape (size, filters / groups, channels)
        Weights; filters before channels, as in Keras.
    bias : array_like of shape (filters,), optional
        None by default.
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
    >>> x = np.array([[[1.0], [2.0]]])
    >>> kernels.conv1d_transpose_forward(x, np.ones((3, 1, 1)), strides=2).ravel()
    array([1., 1., 3., 2., 2.])
    """
    who = "conv1d_transpose_forward"
    window = _transposed_window(who, x, kernel, 1, strides, padding, dilation, groups)
    return convolved(who, 1, x, kernel, bias, activation, alpha, window)


def conv1d_transpose_backward(
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
    r"""Gradients of `conv1d_transpose_forward` from the gradient at its pre-activation.

    Parameters
    ----------
    dz : array_like of the shape of the output
        Gradient at the pre-activation.
    x, kernel : array_like
        The layer's input and weights, as in `conv1d_transpose_forward`.
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
    >>> dx, dkernel, dbias = kernels.conv1d_transpose_backward(
    ...     np.ones((1, 5, 1)), np.array([[[1.0], [2.0]]]), np.ones((3, 1, 1)), strides=2
    ... )
    >>> dx.ravel(), dkernel.ravel(), dbias
    (array([3., 3.]), array([3., 3., 3.]), array([5.]))
    """
    who = "conv1d_transpose_backward"
    window = _transposed_window(who, x, kernel, 1, strides, padding, dilation, groups)
    return gradients(who, 1, dz, x, kernel, dkernel, dbias, window)


def conv2d_transpose_forward(
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
    r"""Transposed convolution: the input gradient of `conv2d_forward`, run forward.

    Along an axis of ``n`` positions and a dilated window of ``k``, the output has
    ``n * stride + max(k - stride, 0)`` positions for ``"valid"`` and ``n * stride`` for
    ``"same"``, as in Keras, and ``(n - 1) * stride + k - before - after`` for explicit padding.

    Parameters
    ----------
    x : array_like of shape (batch, height, width, channels)
        Input.
    kernel : array_like of shape (kernel_height, kernel_width, filters / groups, channels)
        Weights; filters before channels, as in Keras.
    bias : array_like of shape (filters,), optional
        None by default.
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
    >>> kernels.conv2d_transpose_forward(
    ...     np.array([[[[1.0], [2.0]]]]), np.ones((1, 2, 1, 1)), strides=(1, 2)
    ... ).ravel()
    array([1., 1., 2., 2.])
    """
    who = "conv2d_transpose_forward"
    window = _transposed_window(who, x, kernel, 2, strides, padding, dilation, groups)
    return convolved(who, 2, x, kernel, bias, activation, alpha, window)


def conv2d_transpose_backward(
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
    r"""Gradients of `conv2d_transpose_forward` from the gradient at its pre-activation.

    Parameters
    ----------
    dz : array_like of the shape of the output
        Gradient at the pre-activation.
    x, kernel : array_like
        The layer's input and weights, as in `conv2d_transpose_forward`.
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
    >>> dx, dkernel, dbias = kernels.conv2d_transpose_backward(
    ...     np.ones((1, 1, 4, 1)), np.array([[[[1.0], [2.0]]]]), np.ones((1, 2, 1, 1)), (1, 2)
    ... )
    >>> dx.ravel(), dkernel.ravel(), dbias
    (array([2., 2.]), array([3., 3.]), array([4.]))
    """
    who = "conv2d_transpose_backward"
    window = _transposed_window(who, x, kernel, 2, strides, padding, dilation, groups)
    return gradients(who, 2, dz, x, kernel, dkernel, dbias, window)
